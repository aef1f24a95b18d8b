"""The evaluation page in real Chromium: two configurations compared by one click, and an answer looked into."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import copy_of
from tests.browser.serving import served, tab


def test_two_configurations_are_compared_by_one_click_and_a_changed_question_is_looked_into(
    browser: Browser, sample_home: Path, tmp_path: Path
) -> None:
    with served(copy_of(sample_home, tmp_path)) as app, tab(browser, app) as watched:
        page = watched.page
        page.get_by_role("link", name="Evaluation").click()
        expect(page.get_by_text("Two runs side by side")).to_be_visible()
        compare = page.get_by_role("button", name="Compare with what answers now")
        expect(compare).to_be_disabled()
        page.get_by_role("combobox", name="Found by").click()
        page.get_by_role("option", name="Meaning alone").click()
        expect(compare).to_be_enabled()
        compare.click()
        expect(page.get_by_text("Asking")).to_be_visible()
        after = page.get_by_role("combobox", name="After")
        expect(after).to_have_value(re.compile("number 4"), timeout=180_000)
        expect(page.get_by_role("heading", name="Figures")).to_be_visible()
        page.wait_for_timeout(2_000)  # The page is drawn once more when the job has ended.
        page.get_by_role("button", name="Look into it").first.click()
        expect(page.get_by_text("How it was found")).to_be_visible()
        expect(page.locator(".account")).to_be_visible()
        assert (watched.foreign, watched.complaints) == ([], [])


def test_an_answer_of_one_s_own_opens_in_the_inspector(browser: Browser, sample_home: Path, tmp_path: Path) -> None:
    with served(copy_of(sample_home, tmp_path)) as app, tab(browser, app) as watched:
        page = watched.page
        watched.ask("How much holiday do I get in a year?")
        watched.answer()
        page.get_by_role("button", name="How this was found").first.click()
        page.get_by_role("button", name="Open in the inspector").click()
        expect(page.get_by_role("textbox", name="Question")).to_have_value("How much holiday do I get in a year?")
        expect(page.locator(".account")).to_be_visible()
        assert (watched.foreign, watched.complaints) == ([], [])
