"""The pictures of the support desk in the docs, in the order in which one works there."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.serving import Watched
from tests.browser.states_of_triage import triage

_GIVEN = (
    "Nr,Betreff,Worum es geht\n"
    "4711,Wind at zero,The wind shows zero since the storm on Friday although the cups turn.\n"
    "4712,Invoice,Please send the invoice of our second station once more.\n"
    "4713,,\n"
)
_DECIDED = 6


def bring_in(watched: Watched) -> None:
    watched.page.get_by_role("link", name="Triage").click()
    watched.page.get_by_role("radio", name="In and out").click()
    file = {"name": "from the help desk.csv", "mimeType": "text/csv", "buffer": _GIVEN.encode()}
    watched.page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    watched.page.get_by_role("button", name="Bring 2 tickets in").click()
    watched.page.get_by_text("2 tickets brought in").wait_for()
    watched.page.get_by_role("button", name="Cancel").wait_for(state="detached")
    watched.page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    watched.page.get_by_role("button", name="Bring 2 tickets in").wait_for()


def one_ticket(watched: Watched) -> None:
    watched.page.get_by_role("radio", name="Tickets").click()
    triage(watched)
    watched.page.locator(".st-key-triage_why .bar").first.wait_for()


def changed(watched: Watched) -> None:
    for number in range(_DECIDED):
        at = watched.page.locator(".toolbar").get_by_text(f"Ticket 1 of {32 - number}")
        at.wait_for()
        watched.page.keyboard.press("a")
    watched.page.locator(".toolbar").get_by_text(f"Ticket 1 of {32 - _DECIDED}").wait_for()
    watched.page.keyboard.press("c")
    watched.page.locator(".choices").wait_for()


def compared(watched: Watched) -> None:
    watched.page.keyboard.press("Escape")
    watched.page.get_by_role("radio", name="What was learned").click()
    watched.page.get_by_role("button", name="Train anew").click()
    watched.page.get_by_role("button", name="Compare with the one in use").click()
    watched.page.get_by_text("for different categories").wait_for()


def figures(watched: Watched) -> None:
    watched.page.get_by_role("radio", name="Figures").click()
    watched.page.locator(".st-key-chart_category .bar").first.wait_for()
    expect(watched.page.locator(".st-key-chart_agreement .dot").first).to_be_visible()


PICTURES: dict[str, Callable[[Watched], None]] = {
    "triage-in": bring_in,
    "triage": one_ticket,
    "triage-change": changed,
    "triage-models": compared,
    "triage-figures": figures,
}


def take_pictures(watched: Watched, folder: Path, settle_ms: int) -> None:
    """One after the other in one tab."""
    for name, reach in PICTURES.items():
        reach(watched)
        watched.page.wait_for_timeout(settle_ms)
        watched.page.screenshot(path=folder / f"{name}.png")
