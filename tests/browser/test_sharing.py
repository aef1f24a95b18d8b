"""A conversation taken out of the page, in real Chromium: as files, and as a link that another reader opens."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pypdfium2
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import copy_of
from tests.browser.serving import ROOT, App, Watched, served, tab

QUESTION = "How many days of annual leave do I have?"


def link_of(watched: Watched) -> str:
    """Make a link on the page and read it there."""
    watched.page.get_by_role("button", name="Share", exact=True).click()
    watched.page.get_by_role("button", name="Make a link").click()
    link = watched.page.locator("[data-testid=stCode] code").first
    expect(link).to_contain_text("/shared?s=")
    return link.inner_text().strip()


def downloaded(page: Page, label: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label, exact=True).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def first_page(pdf: bytes) -> str:
    with (
        closing(pypdfium2.PdfDocument(pdf)) as document,
        closing(document[0]) as page,
        closing(page.get_textpage()) as text,
    ):
        return str(text.get_text_range())


def test_a_conversation_is_saved_in_each_format(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        watched.ask(QUESTION)
        watched.answer()
        watched.page.get_by_role("button", name="Export", exact=True).click()
        name, markdown = downloaded(watched.page, "Markdown")
        assert name.endswith(".md")
        assert "26 days" in markdown.decode()
        _, told = downloaded(watched.page, "JSON")
        assert json.loads(told)["messages"][0]["text"] == QUESTION
        _, pdf = downloaded(watched.page, "PDF")
        assert "26 days" in first_page(pdf)
        assert watched.foreign == []
        assert watched.complaints == []


def test_a_link_shows_the_conversation_to_another_reader_until_it_is_taken_back(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        watched.ask(QUESTION)
        watched.answer()
        link = link_of(watched)
        assert link.startswith(app.url)
        with tab(browser, app, link.removeprefix(app.url)) as other:
            assert "26 days" in other.answer()
            expect(other.page.get_by_text("A conversation shared on")).to_be_visible()
            expect(other.page.get_by_role("button", name="Ask again")).to_have_count(0)
            expect(other.page.get_by_test_id("stChatInput")).to_have_count(0)
            other.page.locator(".chip").first.click()
            expect(other.page.locator(".source mark").first).to_be_visible()
            other.page.get_by_role("link", name="Open document").click()
            expect(other.page.locator(".document mark").first).to_be_in_viewport()
            other.page.get_by_role("button", name="Back to the conversation").click()
            assert "26 days" in other.answer()
            assert other.foreign == []
            # Opened at a page's own address, Streamlit first looks for its server below that address.
            assert [said for said in other.complaints if "404 (Not Found)" not in said] == []
            watched.page.get_by_role("button", name="Take back").click()
            expect(watched.page.get_by_role("button", name="Take back")).to_have_count(0)
            other.page.reload()
            expect(other.page.get_by_text("This conversation is not shared")).to_be_visible()


def test_a_document_that_is_gone_is_withheld_and_not_a_word_of_it_is_sent(
    browser: Browser, sample_home: Path, tmp_path: Path
) -> None:
    home = copy_of(sample_home, tmp_path)
    with served(home) as app, tab(browser, app) as watched:
        watched.ask(QUESTION)
        watched.answer()
        link = link_of(watched)
        delete = ["collections", "delete", "Sample company", "--yes", "--home", str(home)]
        subprocess.run([sys.executable, "-m", "assistant", *delete], cwd=ROOT, check=True, capture_output=True)
        sent: list[str] = []
        with tab(browser, app) as other:
            other.page.on(
                "websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(repr(frame)))
            )
            other.page.goto(link)
            expect(other.page.locator(".answer")).to_contain_text("withheld: from a document that is gone")
        assert any("withheld" in frame for frame in sent)
        assert not any("26 days" in frame for frame in sent)
