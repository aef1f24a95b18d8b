"""The library in real Chromium: upload, watch, open, try a question, take the file home, delete."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import served, tab

TRIPS = (
    "# Business trips\n\nThe daily meal allowance on a trip in the country is £30. Abroad it is £45.\n\n"
    "## Tickets\n\nBook trains through the Logbook, at least a week ahead, and keep the receipt.\n"
)
FILES = (
    {"name": "trips.md", "mimeType": "text/markdown", "buffer": TRIPS.encode()},
    {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 broken"},
)


@pytest.fixture
def page_of_an_empty_home(browser: Browser, tmp_path: Path):  # type: ignore[no-untyped-def]
    """The library of a home with nothing in it."""
    with served(tmp_path / "home", CITEWELL_SAMPLE="0") as app, tab(browser, app, "/documents") as watched:
        yield watched
        assert watched.foreign == []


def upload(page: Page) -> None:
    page.locator("input[type=file]").set_input_files(list(FILES))  # type: ignore[arg-type]
    page.get_by_role("button", name="Read 2 files in").click()


def file_row(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.locator(".st-key-outcome .file").filter(has_text=name).first


def open_trips(page: Page) -> None:
    """Tick the document's row, and open it: the table is a canvas, so its rows are where they are drawn."""
    table = page.get_by_test_id("stDataFrame")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 17, box["y"] + 35 * 2.5)
    page.locator(".st-key-open_selected button").click()


def test_from_upload_to_deletion(page_of_an_empty_home) -> None:  # type: ignore[no-untyped-def]
    page: Page = page_of_an_empty_home.page
    upload(page)
    expect(file_row(page, "trips.md")).to_contain_text("Read in")
    expect(file_row(page, "broken.pdf")).to_contain_text("Not read in")
    expect(file_row(page, "broken.pdf")).to_contain_text("save it again")
    page.reload()
    expect(file_row(page, "broken.pdf")).to_contain_text("Not read in")

    open_trips(page)
    expect(page.get_by_role("heading", name="Business trips").first).to_be_visible()
    box = page.get_by_label("Try a question against this document")
    box.fill("How much may a meal cost on a trip?")
    box.press("Enter")
    result = page.locator(".results li").first
    expect(result).to_contain_text("The nearest")
    expect(result.locator("mark").first).to_contain_text("daily meal allowance")
    result.get_by_role("button").click()
    expect(page.locator(".document mark").first).to_be_in_viewport()
    assert "start=" in page.url

    with page.expect_download() as started:
        page.get_by_role("button", name="Download the original").click()
    assert started.value.suggested_filename == "trips.md"
    assert Path(started.value.path()).read_text("utf-8") == TRIPS

    page.get_by_text("Show how it was cut into passages").click()
    expect(page.locator(".piece").first).to_contain_text("Passage 1")

    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("deleted for good")
    page.get_by_role("button", name="Delete 1 file").click()
    expect(page.get_by_role("heading", name="This document is not here any more")).to_be_visible()
    page.get_by_role("button", name="All documents").click()
    expect(page.get_by_role("heading", name="Documents", exact=True).first).to_be_visible()
    expect(page.get_by_text("There are no documents yet", exact=False)).to_be_visible()
