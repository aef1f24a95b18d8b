"""How each state of the support desk is reached from the one before."""

from collections.abc import Callable, Mapping

from tests.browser.serving import Watched


def triage(watched: Watched) -> None:
    watched.page.locator(".thoughts").wait_for()
    watched.page.locator(".st-key-triage_letter textarea").wait_for()


def triage_why(watched: Watched) -> None:
    watched.page.locator(".thoughts summary").first.click()
    watched.page.get_by_text("Words:").first.wait_for()


def triage_change(watched: Watched) -> None:
    watched.page.keyboard.press("c")
    watched.page.locator(".choices").wait_for()


def triage_source(watched: Watched) -> None:
    watched.page.keyboard.press("Escape")
    watched.page.locator(".chip").first.click()
    watched.page.locator(".source mark").first.wait_for()


def triage_tables(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Close the source").click()
    watched.page.get_by_role("radio", name="In and out").click()
    table = b"Nr,Subject,What is it about\n1,Lamp,The lamp is red\n2,,\n"
    file = {"name": "tickets.csv", "mimeType": "text/csv", "buffer": table}
    watched.page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    watched.page.get_by_role("button", name="Bring").wait_for()


def triage_models(watched: Watched) -> None:
    watched.page.get_by_role("radio", name="What was learned").click()
    watched.page.get_by_text("Model 1").wait_for()


TRIAGE: Mapping[str, Callable[[Watched], None]] = {
    "triage": triage,
    "triage-why": triage_why,
    "triage-change": triage_change,
    "triage-source": triage_source,
    "triage-tables": triage_tables,
    "triage-models": triage_models,
}
"""In their order."""
