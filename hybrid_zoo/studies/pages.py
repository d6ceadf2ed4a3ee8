"""The templates of the pages."""

import jinja2

from hybrid_zoo.studies.words_numbers import tied


def page_template(name: str) -> jinja2.Template:
    """Return a template of `templates/`, which escapes whatever is put in.

    Args:
        name: Its file.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hybrid_zoo.studies", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tied"] = tied
    return environment.get_template(name)
