"""The insights in real Chromium: a click into a chart lists that day, and the charts need nothing that the policy forbids."""

import re
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
        day = page.locator(".st-key-insights_use .column")
        expect(page.locator(".st-key-insights_numbers")).to_contain_text("50%")
        expect(page.get_by_role("combobox", name="Behind the numbers")).to_have_value("What could we not answer?")
        expect(day).to_have_accessible_name(re.compile("Answered: 1, In part: 0, Not answered: 1"))
        when = page.get_by_role("combobox", name="When")
        expect(when).to_have_value("All of the period")
        day.focus()
        page.keyboard.press("Enter")
        expect(when).not_to_have_value("All of the period")
        expect(day).to_have_attribute("aria-pressed", "true")
        expect(day).to_be_focused()
        day.click()
        expect(when).to_have_value("All of the period")
        with page.expect_download() as saving:
            page.locator(".st-key-insights_use").get_by_role("button", name="Save as CSV").click()
        assert "Not answered" in saving.value.path().read_text("utf-8")
        page.locator(".st-key-insights_numbers").get_by_role("button", name="Not answered").click()
        expect(page.get_by_role("dialog", name="What could we not answer?")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.locator(".st-key-insights_turns").get_by_role("button", name="Open").click()
        expect(page).to_have_url(re.compile(r"\?c=\w+"))
        expect(page.get_by_text(MOON, exact=True)).to_be_visible()
        watched.answer(1)
        assert (watched.foreign, watched.complaints) == ([], [])
