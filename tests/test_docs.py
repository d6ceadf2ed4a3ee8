"""The built documentation, as a browser shows it; `make docs` builds it."""

import contextlib
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import WIDTHS, chromium, look_at
from outline import Outline

ROOT = Path(__file__).parent.parent
SITE = ROOT / "site"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))

pytestmark = [
    pytest.mark.newcomer,
    pytest.mark.skipif(not PAGES, reason="no site/ here; run: make docs"),
]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words):
        """Say nothing."""


@pytest.fixture(scope="module")
def served():
    """The site on a server of this machine, since a search box needs one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_no_page_names_a_script_style_font_or_picture_from_outside():
    for name in PAGES:
        text = (SITE / name).read_text(encoding="utf-8")
        loaded = [a for tag, a in Outline(text).tags if tag in ("script", "link", "img", "iframe")]
        links = [a.get("src") or a.get("href") or "" for a in loaded]
        assert not [link for link in links if re.match(r"(https?:)?//", link)], name
    for style in SITE.rglob("*.css"):
        assert not re.search(r"(url\(|@import )['\"]?(https?:)?//", style.read_text()), style


def test_every_page_fits_the_screen_asks_nothing_outside_and_logs_nothing(served):
    wrong = {}
    with chromium() as browser:
        for name in PAGES:
            look = look_at(browser, f"{served}/{name}")
            outside = [url for url in look.asked if not url.startswith((served, "data:", "blob:"))]
            wrong[name] = [*look.logged, *outside, *look.overflowing]
    assert not {name: found for name, found in wrong.items() if found}


def test_axe_finds_no_barrier_on_a_page_of_each_kind(served):
    with chromium() as browser:
        for name in ("index", "tutorial", "comparison", "reference/saving"):
            look = look_at(browser, f"{served}/{name}.html", axe_at=WIDTHS[::2])
            assert not look.violations, name


def test_the_search_finds_a_name_without_network(served):
    with chromium() as browser:
        from playwright.sync_api import TimeoutError as NotYet

        page = browser.new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{served}/index.html", wait_until="networkidle")
        found = page.locator(".md-search-result__link[href*='reference/tuning.html']")
        for _ in range(30):  # on a busy machine the box does not listen at once
            box = page.get_by_role("textbox", name="Search")
            box.fill("")
            box.press_sequentially("CrossValidatedTuner")
            with contextlib.suppress(NotYet):
                found.first.wait_for(timeout=3000)
                break
        assert found.first.is_visible()
