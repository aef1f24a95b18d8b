"""A topic that the sample company's documents do not cover: seen after a few questions, closed by a document."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.assistant.gap_questions import TOPICS
from tests.browser.conftest import copy_of
from tests.browser.serving import Watched, served, tab

PENSION = """# Pension

The company pays 8 % of your salary into your pension: Skerrivane pays it into the workplace pension scheme each month.

You may join the workplace pension scheme in your first month.

You can raise your pension contribution at any time during the year.
"""
ASKED = [question for question in TOPICS["pension"] if "Who runs" not in question]


def asked(watched: Watched, question: str) -> None:
    watched.page.get_by_role("button", name="New chat").click()
    watched.page.locator(".st-key-starters").wait_for()
    expect(watched.page.locator(".refusal")).to_have_count(0)
    watched.ask(question)
    expect(watched.page.locator(".question").last).to_contain_text(question)
    expect(watched.page.locator(".refusal")).to_have_count(1)


def upload(watched: Watched, name: str, text: str) -> None:
    page = watched.page
    page.get_by_role("link", name="Documents").click()
    page.locator("[data-testid=stDataFrame]").wait_for()
    file = {"name": name, "mimeType": "text/markdown", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    page.get_by_role("button", name="Read 1 file in").click()
    page.locator(".st-key-outcome").wait_for()


def test_a_gap_appears_after_a_few_questions_and_is_closed_by_a_document(
    browser: Browser, sample_home: Path, tmp_path: Path
) -> None:
    """Whoever asked is told in their thread, and gets the new answer as a version beside the old one."""
    with served(copy_of(sample_home, tmp_path)) as app, tab(browser, app) as watched:
        page = watched.page
        for question in ASKED:
            asked(watched, question)
        page.get_by_role("link", name="Gaps").click()
        row = page.locator(".st-key-gap_list button")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("Pension")
        expect(row).to_contain_text(f"asked {len(ASKED)} times")
        row.focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Ask the questions again").click()
        expect(page.get_by_text("Last asked again on")).to_be_visible()
        upload(watched, "pension.md", PENSION)
        page.get_by_role("link", name="Gaps").click()
        expect(page.get_by_text("Every question of this gap has an answer now.")).to_be_visible()
        expect(page.get_by_text("It has an answer now.")).to_have_count(len(ASKED))
        expect(page.get_by_text("“The company pays 8 %").first).to_be_visible()
        expect(page.get_by_role("link", name="Pension").first).to_be_visible()
        page.locator(".threads a", has_text="match what I put").click()
        expect(page.get_by_text("There is an answer now")).to_be_visible()
        page.get_by_role("button", name="Show the new answer").click()
        expect(page.locator(".answer").last).to_contain_text("8 %")
        expect(page.locator(".answer").get_by_role("group", name="Versions")).to_be_visible()
        expect(page.get_by_text("There is an answer now")).to_have_count(0)
        assert (watched.foreign, watched.complaints) == ([], [])
