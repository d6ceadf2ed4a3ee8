"""A page as its tags: what is open, what has an identifier, what asks for something."""

import html.parser


class Outline(html.parser.HTMLParser):
    """The tags of a page, checked for balance, and its links and identifiers."""

    VOID = ("meta", "br", "link", "img", "input", "hr")

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.headers = [], [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[key] for key in ("href", "src") if key in found]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise ValueError(f"unbalanced {tag} at {self.getpos()}")
