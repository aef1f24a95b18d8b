"""The insights in real Chromium: a click into a chart lists that day, and the charts need nothing that the policy forbids."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import copy_of
from tests.browser.serving import served, tab

LEAVE, MOON = "How many days of annual leave do I have?", "What does the moon weigh in kilograms?"


def test_what_was_not_answered_is_listed_and_a_day_is_chosen_in_a_chart(
    browser: Browser, sample_home: Path, tmp_path: Path
) -> None:
    with served(copy_of(sample_home, tmp_path)) as app, tab(browser, app) as watched:
        page = watched.page
        for at, question in enumerate((LEAVE, MOON)):
            watched.ask(question)
            watched.answer(at)
        page.get_by_role("link", name="Insights").click()
        chart = page.locator(".st-key-insights_use [data-testid=stVegaLiteChart]")
        expect(page.locator(".st-key-insights_numbers")).to_contain_text("50%")
        expect(page.get_by_role("combobox", name="Behind the numbers")).to_have_value("What could we not answer?")
        expect(chart.locator("svg, canvas").first).to_be_visible()
        box = chart.locator("svg, canvas").first.bounding_box()
        assert box is not None
        chart.locator("svg, canvas").first.click(position={"x": box["width"] / 2 + 20, "y": 100})
        expect(page.get_by_role("button", name="All of the period")).to_be_visible()
        with page.expect_download() as saving:
            page.locator(".st-key-insights_use").get_by_role("button", name="Save as CSV").click()
        assert "Not answered" in saving.value.path().read_text("utf-8")
        # Vega-Lite says so of a series without a value.
        complaints = [each for each in watched.complaints if "Infinite extent" not in each]
        assert (watched.foreign, complaints) == ([], [])
