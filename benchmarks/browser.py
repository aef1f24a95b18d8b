"""A real Chromium, where there is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
)
CHAT_INPUT = '[data-testid="stChatInput"] textarea'


class NoBrowser(Exception):
    """There is no Chromium here."""


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A headless browser; raises NoBrowser."""
    if not CHROMIUM.exists():
        raise NoBrowser(f"there is no {CHROMIUM}; install Debian's chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()
