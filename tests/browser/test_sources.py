"""Sources in real Chromium: the printed page with its marks, from one number to the next, quoted, asked alone, deleted."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import copy_of
from tests.browser.serving import App, Watched, served, tab

QUESTION = "How much is the meal allowance on a business trip, and how much may a hotel night cost?"


@pytest.fixture(scope="module")
def own_app(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app of one's own, for one of these tests deletes a document."""
    with served(copy_of(sample_home, tmp_path_factory.mktemp("sources"))) as running:
        yield running


@pytest.fixture
def asked(browser: Browser, own_app: App) -> Iterator[Watched]:
    """A tab with an answer from the travel policy, which is a PDF."""
    with tab(browser, own_app, permissions=["clipboard-read", "clipboard-write"]) as watched:
        watched.ask(QUESTION)
        watched.answer()
        yield watched
        assert watched.foreign == []
        assert watched.complaints == []


def chip(page: Page, number: int) -> Locator:
    return page.locator(f'.chip[data-opens="citation-{number}"]').first


def open_source(page: Page, number: int = 1) -> Locator:
    chip(page, number).click()
    expect(page.locator(".source h2")).to_be_focused()
    return page.locator(".source")


def test_a_number_opens_the_printed_page_with_the_cited_words_marked(asked: Watched) -> None:
    page = asked.page
    source = open_source(page)
    expect(source.locator("h2")).to_have_text("Travel and expenses policy")
    expect(source.locator(".where").first).to_contain_text(re.compile(r"page \d"))
    image = page.locator(".printed img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth") >= 690
    expect(image).to_have_attribute("alt", re.compile(r"^Page \d of “Travel and expenses policy”. Marked on it: “"))
    paper, mark = image.bounding_box(), page.locator(".printed-mark").first.bounding_box()
    assert paper is not None
    assert mark is not None
    assert paper["x"] < mark["x"] < mark["x"] + mark["width"] < paper["x"] + paper["width"]
    assert paper["y"] < mark["y"] < paper["y"] + paper["height"]
    page.get_by_role("button", name="Enlarge").click()
    expect(page.locator(".printed-mark").first).to_be_in_viewport()
    assert (image.bounding_box() or paper)["width"] > paper["width"]


def test_the_next_source_by_button_and_by_arrow_and_back_to_its_number(asked: Watched) -> None:
    page = asked.page
    source = open_source(page)
    label = source.locator(".bar .label")
    expect(label).to_contain_text("Source 1 of")
    page.get_by_role("button", name="The next source").click()
    expect(label).to_contain_text("Source 2 of")
    expect(page.locator(".source h2")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(label).to_contain_text("Source 1 of")
    expect(page.locator(".source h2")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(label).to_contain_text("Source 2 of")
    expect(page.locator(".source h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(source).to_have_count(0)
    expect(chip(page, 2)).to_be_focused()


def test_a_quotation_is_copied_with_its_reference(asked: Watched) -> None:
    page = asked.page
    source = open_source(page)
    source.get_by_role("button", name="Copy quotation").click()
    expect(source.get_by_role("status")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"“.+” — Travel and expenses policy, .+, p\. \d, \d+ \w+ 2026", copied)


def test_only_this_document_is_asked(asked: Watched) -> None:
    page = asked.page
    open_source(page).get_by_role("button", name="Ask only this document").click()
    expect(page.locator(".st-key-chip_only")).to_contain_text("Travel and expenses policy")
    expect(page.locator(".st-key-narrowing")).to_contain_text("1 of")
    expect(page.get_by_test_id("stChatInput").locator("textarea")).to_be_focused()
    asked.ask("How many days of annual leave do I have?")
    expect(page.locator(".answer").nth(1).locator(".narrowed")).to_contain_text("only “Travel and expenses policy”")
    titles = page.locator(".answer").nth(1).locator(".chip").evaluate_all("chips => chips.map(c => c.ariaLabel)")
    assert all("Travel and expenses policy" in title for title in titles)


def test_a_document_deleted_after_it_was_cited_says_so(asked: Watched) -> None:
    page = asked.page
    open_source(page).get_by_role("link", name="Open document").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete 1 file").click()
    expect(page.get_by_role("heading", name="This document is not here any more")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    expect(chip(page, 1)).to_have_attribute("aria-label", re.compile("deleted on"))
    source = page.locator(".source")
    expect(source.locator(".notice")).to_contain_text(
        re.compile(r"This document was deleted on \d+ \w+ \d{4}; what was quoted is kept here\.")
    )
    expect(source.locator("mark").first).to_be_visible()
    expect(source.get_by_role("link", name="Open document")).to_have_count(0)
    expect(page.locator(".printed")).to_have_count(0)
