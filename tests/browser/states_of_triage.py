"""How each state of the support desk is reached from the one before."""

from collections.abc import Callable, Mapping

from tests.browser.serving import Watched


def triage(watched: Watched) -> None:
    watched.page.locator(".thoughts").wait_for()
    watched.page.locator(".st-key-triage_letter textarea").wait_for()


def triage_why(watched: Watched) -> None:
    watched.page.locator(".thoughts .guess summary").first.click()
    watched.page.get_by_text("Words:").first.wait_for()
    watched.page.locator(".st-key-triage_why .bar").first.wait_for()


def triage_reasons(watched: Watched) -> None:
    watched.page.locator(".st-key-triage_why").scroll_into_view_if_needed()


def triage_keys(watched: Watched) -> None:
    watched.page.keyboard.press("?")
    watched.page.get_by_text("Single letters are shortcuts").scroll_into_view_if_needed()


def triage_change(watched: Watched) -> None:
    watched.page.keyboard.press("?")
    watched.page.keyboard.press("c")
    watched.page.locator(".choices").wait_for()


def triage_filter(watched: Watched) -> None:
    watched.page.keyboard.press("Escape")
    watched.page.get_by_role("button", name="Filter").click()
    watched.page.get_by_role("combobox", name="Whose").first.wait_for()


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


def triage_lessons(watched: Watched) -> None:
    watched.page.get_by_text("Learn from a table of resolved tickets").click()
    file = {"name": "resolved.csv", "mimeType": "text/csv", "buffer": _RESOLVED}
    watched.page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    watched.page.get_by_role("button", name="Train with").scroll_into_view_if_needed()


def triage_figures(watched: Watched) -> None:
    watched.page.get_by_role("radio", name="Figures").click()
    watched.page.locator(".st-key-chart_age .bar").first.wait_for()


def triage_figures_table(watched: Watched) -> None:
    watched.page.get_by_text("The figures").first.click()
    watched.page.get_by_role("button", name="Take the figures home").first.scroll_into_view_if_needed()


_RESOLVED = (
    b"subject,text,category,severity\n"
    + b"".join(
        b"Wind,The wind reads zero on mast %d,Wind,P2\nPower,The battery of station %d is empty,Battery,P2\n" % (n, n)
        for n in range(4)
    )
    + b"Wind,It is odd,Wind,P2\nWind,It is odd,Rain,P2\n,,Rain,P2\n"
)


TRIAGE: Mapping[str, Callable[[Watched], None]] = {
    "triage": triage,
    "triage-why": triage_why,
    "triage-reasons": triage_reasons,
    "triage-keys": triage_keys,
    "triage-change": triage_change,
    "triage-filter": triage_filter,
    "triage-source": triage_source,
    "triage-tables": triage_tables,
    "triage-models": triage_models,
    "triage-lessons": triage_lessons,
    "triage-figures": triage_figures,
    "triage-figures-table": triage_figures_table,
}
"""In their order."""
