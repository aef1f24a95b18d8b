"""Filters in real Chromium: set by keyboard, seen as chips, kept beside the answer through a reload, on a narrow screen too."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import App, tab

QUESTION = "How high is the meal allowance?"


def set_title(page: Page, words: str) -> None:
    """Open the filters and name words of the title, by keyboard alone."""
    page.get_by_role("button", name="Filters").focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("Title has")
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=f"Remove title has “{words}”")).to_be_visible()
    page.keyboard.press("Escape")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_filter_is_set_by_keyboard_shown_with_the_answer_and_taken_away(
    browser: Browser, app: App, width: int
) -> None:
    with tab(browser, app, viewport={"width": width, "height": 800}) as watched:
        page = watched.page
        set_title(page, "travel")
        expect(page.get_by_text(re.compile(r"^2 of \d+ documents$"))).to_be_visible()
        watched.ask(QUESTION)
        assert "title has “travel”" in watched.answer()
        page.reload()
        assert "title has “travel”" in watched.answer()
        expect(page.get_by_role("button", name="Remove title has “travel”")).to_be_visible()
        set_title(page, "vpn")
        chip = page.get_by_role("button", name="Remove title has “vpn”")
        chip.focus()
        page.keyboard.press("Enter")
        expect(chip).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert watched.complaints == []
        assert watched.foreign == []


def test_a_counted_answer_leads_to_all_its_documents(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        watched.ask("How many documents do we have?")
        total = re.search(r"There are (\d+) documents", watched.answer())
        assert total is not None
        watched.page.get_by_role("link", name=f"Show all {total[1]} documents").click()
        expect(watched.page.get_by_text("From an answer: the documents that are listed there")).to_be_visible()
        expect(watched.page.get_by_text(f"{total[1]} files")).to_be_visible()
        watched.page.get_by_role("button", name="Show all files").click()
        expect(watched.page.get_by_text("From an answer")).to_have_count(0)
