"""Citewell in a frame of another application's page: examples/embed.html, served from origins of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import ROOT, App, served

QUESTION = "How many days of annual leave do I have?"
IN_THE_EXAMPLE = "http://localhost:8501"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """Another application on this machine; its origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@dataclass(frozen=True, slots=True)
class Portals:
    """Pages that hold a frame with Citewell: two origins that may, and one that may not."""

    allowed: str
    of_another_site: str
    refused: str


@pytest.fixture(scope="module")
def portals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portals]:
    """Three origins with the same page, and the app that allows two of them.

    It is the demonstration, which tells visitors apart by a cookie: a browser takes 127.0.0.1 and localhost for
    two sites, and over http it gives a frame of another site no cookie.
    """
    folder = tmp_path_factory.mktemp("portal")
    html = (ROOT / "examples" / "embed.html").read_text("utf-8")
    assert IN_THE_EXAMPLE in html
    (folder / "favicon.ico").write_bytes(b"")  # or the browser complains of the portal
    with site(folder) as allowed, site(folder) as refused:
        of_another_site = allowed.replace("127.0.0.1", "localhost")
        origins = f"{allowed}, {of_another_site}"
        with served(folder / "unused", CITEWELL_DEMO="1", CITEWELL_EMBED_ORIGINS=origins) as app:
            (folder / "embed.html").write_text(html.replace(IN_THE_EXAMPLE, app.url), "utf-8")
            yield Portals(allowed, of_another_site, refused)


@contextmanager
def opened(browser: Browser, origin: str) -> Iterator[tuple[Page, list[str]]]:
    """The other application's page, and what the browser complained about."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page, complaints = context.new_page(), []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.goto(f"{origin}/embed.html")
    try:
        yield page, complaints
    finally:
        context.close()


@pytest.mark.parametrize("origin", ["allowed", "of_another_site"])
def test_a_question_is_asked_and_answered_inside_the_frame(browser: Browser, portals: Portals, origin: str) -> None:
    with opened(browser, getattr(portals, origin)) as (page, complaints):
        frame = page.frame_locator("iframe")
        frame.locator(".st-key-guided").wait_for(timeout=120_000)
        expect(frame.locator(".st-key-reading")).to_have_count(0, timeout=180_000)
        box = frame.get_by_test_id("stChatInput").locator("textarea")
        box.fill(QUESTION)
        box.press("Enter")
        expect(frame.locator(".answer")).to_contain_text("26 days", timeout=60_000)
        frame.locator(".chip").first.click()
        expect(frame.locator(".source mark").first).to_be_visible()
        assert complaints == []


def test_a_page_of_another_origin_shows_nothing_of_it(browser: Browser, portals: Portals) -> None:
    with opened(browser, portals.refused) as (page, complaints):
        assert page.frame_locator("iframe").get_by_test_id("stApp").count() == 0
        assert any("frame-ancestors" in complaint for complaint in complaints)


def test_by_default_no_page_may_embed_it(browser: Browser, app: App, tmp_path: Path) -> None:
    (tmp_path / "embed.html").write_text(f'<iframe src="{app.url}/?embed=true"></iframe>', "utf-8")
    with site(tmp_path) as origin, opened(browser, origin) as (page, complaints):
        assert page.frame_locator("iframe").get_by_test_id("stApp").count() == 0
        assert any("frame-ancestors" in complaint for complaint in complaints)
