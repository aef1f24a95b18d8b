"""A file for this chat only, in real Chromium: attached, asked, cited, found nowhere else, removed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import copy_of
from tests.browser.serving import App, served, tab

QUESTION = "How many bolts anchor the mast on Farholm?"
SURVEY = "# Site survey\n\nThe mast on Farholm is anchored with nine bolts and stands 14 metres above the shore.\n"
FILE = {"name": "survey.md", "mimeType": "text/markdown", "buffer": SURVEY.encode()}


@pytest.fixture(scope="module")
def own_app(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app of one's own over the sample company."""
    with served(copy_of(sample_home, tmp_path_factory.mktemp("attached"))) as running:
        yield running


def attach(page: Page) -> None:
    with page.expect_response(lambda response: "upload_file" in response.url and response.request.method == "PUT"):
        page.get_by_test_id("stChatInput").locator("input[type=file]").set_input_files([FILE])  # type: ignore[list-item]
    expect(page.get_by_test_id("stChatInput")).to_contain_text("survey.md")


def test_a_file_is_asked_in_its_chat_found_nowhere_else_and_removed(browser: Browser, own_app: App) -> None:
    with tab(browser, own_app) as watched:
        page = watched.page
        attach(page)
        watched.ask(QUESTION)
        assert "nine bolts" in watched.answer()
        chip = page.locator(".st-key-attached button")
        expect(chip).to_contain_text("survey.md · only in this chat")
        expect(page.locator(".chip").first).to_have_attribute("aria-label", re.compile("Source 1: Site survey"))
        page.locator(".chip").first.click()
        expect(page.locator(".source mark").first).to_contain_text("nine bolts")
        page.keyboard.press("Escape")
        address = page.url

        page.get_by_role("link", name="Documents", exact=True).click()
        expect(page.get_by_role("heading", name="Documents", exact=True).first).to_be_visible()
        expect(page.get_by_text("in 1 collection", exact=False)).to_be_visible()

        watched.new_chat()
        expect(page.locator(".st-key-attached")).to_have_count(0)
        watched.ask(QUESTION)
        assert "nine bolts" not in watched.answer()

        page.goto(address)
        expect(chip).to_contain_text("survey.md")
        chip.click()
        expect(chip).to_have_count(0)
        expect(page.locator(".chip").first).to_have_attribute("aria-label", re.compile("deleted on"))
        watched.ask("How many bolts are there on Farholm?")
        assert "nine bolts" not in watched.answer(1)
        assert watched.foreign == []
        assert watched.complaints == []
