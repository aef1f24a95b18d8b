"""How each state of the insights is reached from the one before."""

from collections.abc import Callable, Mapping

from tests.browser.replies import LEAVE, PENSION
from tests.browser.serving import Watched


def insights(watched: Watched) -> None:
    for at, question in enumerate((LEAVE, PENSION)):
        watched.ask(question)
        watched.answer(at)
    watched.page.goto(f"{watched.app.url}/insights")
    watched.page.locator(".st-key-insights_numbers").wait_for()
    watched.page.locator(".plot").nth(2).wait_for()


def insights_turns(watched: Watched) -> None:
    watched.page.locator(".st-key-insights_behind_head").scroll_into_view_if_needed()
    watched.page.get_by_role("table").last.wait_for()


def insights_documents(watched: Watched) -> None:
    watched.page.get_by_role("radio", name="Documents").click()
    watched.page.get_by_role("button", name="Compare documents").wait_for()
    watched.page.get_by_test_id("stDataFrame").last.wait_for()


INSIGHTS: Mapping[str, Callable[[Watched], None]] = {
    "insights": insights,
    "insights-turns": insights_turns,
    "insights-documents": insights_documents,
}
"""In their order."""


def nothing_asked(watched: Watched) -> None:
    watched.page.get_by_text("Nothing was asked yet").wait_for()
