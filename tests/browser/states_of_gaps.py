"""How each state of the page of gaps is reached from the one before."""

from collections.abc import Callable, Mapping

from playwright.sync_api import expect

from tests.assistant.gap_questions import TOPICS
from tests.browser.serving import Watched


def gaps_list(watched: Watched) -> None:
    """After a question that the documents do not answer."""
    watched.page.get_by_role("button", name="New chat").wait_for(state="attached")
    watched.ask(TOPICS["dogs"][0])
    watched.page.locator(".refusal").wait_for()
    watched.page.goto(f"{watched.app.url}/gaps")
    watched.page.locator(".st-key-gap_list button").first.wait_for()
    expect(watched.page.locator(".st-key-gathering")).to_have_count(0)


def gap_words(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Whose words are shown").click()
    watched.page.get_by_role("button", name="Group anew").wait_for()


def gap(watched: Watched) -> None:
    watched.page.keyboard.press("Escape")
    watched.page.locator(".st-key-gap_list button", has_text="dog").first.click()
    watched.page.get_by_role("button", name="Ask the questions again").wait_for()


def gap_asked(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Ask the questions again").click()
    watched.page.get_by_text("Last asked again on").wait_for()


GAPS: Mapping[str, Callable[[Watched], None]] = {
    "gaps": gaps_list,
    "gaps-words": gap_words,
    "gap": gap,
    "gap-asked": gap_asked,
}
"""In their order."""
