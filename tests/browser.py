"""A page in a real browser, without network: what became of it, and what it complained of."""

import html
import shutil
import subprocess

import pytest

FLAGS = """--headless --hide-scrollbars --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
--disable-background-networking --disable-component-update --enable-logging=stderr --dump-dom""".split()


def open_page(path, profile):
    """Return the page's elements as the browser sees them, and its console's messages."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    command = [browser, *FLAGS, f"--user-data-dir={profile}", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    shutil.rmtree(profile, ignore_errors=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def widths(pages, profile, windows):
    """Return how wide pages are in windows of some widths, and what the browser complained of.

    Each stands in a frame of its own, so that the browser starts once.
    """
    frames = "".join(
        f'<iframe srcdoc="{html.escape(page)}" style="width: {w}px; height: 900px; border: 0">'
        "</iframe>"
        for page in pages
        for w in windows
    )
    script = (
        "onload = () => { document.title = Array.from(frames, "
        "frame => frame.document.documentElement.scrollWidth).join(); }"
    )
    path = profile.with_suffix(".html")
    path.write_text(f"<!DOCTYPE html><script>{script}</script>{frames}", encoding="utf-8")
    found, complaints = open_page(path, profile)
    sizes = [int(width) for width in found.split("<title>")[1].split("</title>")[0].split(",")]
    step = len(windows)
    return [sizes[k : k + step] for k in range(0, len(sizes), step)], complaints
