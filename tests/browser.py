"""A page in Chromium: what it logs, what it asks for, where it overflows, what axe-core finds."""

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")  # the first is twice as fast
WIDTHS = (360, 768, 1440)  # a phone, a tablet, a screen
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "preload": False}


@contextmanager
def chromium():
    """Start the system's Chromium, or skip the test where there is none; pages share a cache."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_context()
        browser.close()


@dataclass
class Look:
    """What was seen of a page."""

    text: str = ""
    logged: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    overflowing: list[int] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


def look_at(browser, address, *, axe_at=()):
    """Open a page, and make it narrow and wide.

    Args:
        browser: From `chromium`.
        address: Of a file, or of a server on this machine.
        axe_at: Widths at which axe-core looks for what breaks WCAG 2.1, levels A and AA.
    """
    look, page = Look(), browser.new_page()
    page.on("console", lambda said: look.logged.append(f"{said.type}: {said.text}"))
    page.on("pageerror", lambda error: look.logged.append(str(error)))
    page.on("request", lambda request: look.asked.append(request.url))
    page.goto(address, wait_until="load")
    # On a busy machine axe would measure colours halfway through a transition.
    page.add_style_tag(content="* { transition: none !important; animation: none !important; }")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            look.overflowing.append(width)
        if width in axe_at:
            look.violations += [f"{width}: {found}" for found in _violations(page)]
    look.text = page.content()
    page.close()
    return look


def _violations(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core").Axe()
    found = axe.run(page, options=AXE).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"][:3]]
