"""How each state of the settings and of administration is reached from the one before."""

from collections.abc import Callable, Mapping

from playwright.sync_api import expect

from tests.browser.serving import Watched


def settings(watched: Watched) -> None:
    watched.page.get_by_role("heading", name="New chats").wait_for()


def settings_erase(watched: Watched) -> None:
    erase = watched.page.get_by_role("button", name="Erase…")
    expect(watched.page.get_by_test_id("stSkeleton")).to_have_count(0)  # What is yet to come would move it on.
    erase.evaluate("button => button.scrollIntoView({block: 'end'})")  # What opens needs the room above.
    erase.click()
    watched.page.get_by_label("to confirm").fill("something else")
    for_good = watched.page.get_by_role("button", name="Erase for good")
    expect(for_good).to_be_in_viewport()  # A click before that would scroll the page away from under it.
    for_good.click()
    watched.page.get_by_text("nothing was erased").scroll_into_view_if_needed()


def settings_model(watched: Watched) -> None:
    watched.page.keyboard.press("Escape")
    watched.page.get_by_role("radio", name="Model").click()
    watched.page.get_by_role("button", name="List models").click()
    watched.page.get_by_text("Models at this address").wait_for()
    watched.page.get_by_text("Prices", exact=True).click()
    watched.page.get_by_label("Currency").wait_for()
    watched.page.get_by_role("button", name="Test", exact=True).scroll_into_view_if_needed()


def settings_rules(watched: Watched) -> None:
    watched.page.get_by_role("radio", name="House rules").click()
    watched.page.get_by_label("Rules", exact=True).wait_for()


def administration(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Make a code").click()
    watched.page.get_by_text("It works once").wait_for()


def _part(name: str, text: str) -> Callable[[Watched], None]:
    """The way to a part, which is there once this is read."""

    def reach(watched: Watched) -> None:
        watched.page.get_by_role("radio", name=name).click()
        watched.page.get_by_text(text).first.wait_for()

    return reach


ADMINISTRATION: Mapping[str, Callable[[Watched], None]] = {
    "admin": administration,
    "admin-groups": _part("Groups", "New group"),
    "admin-access": _part("Access", "May read"),
    "admin-limits": _part("Limits", "Questions a day"),
    "admin-retention": _part("Retention", "Audit log, days"),
    "admin-audit": _part("Audit log", "Save as CSV"),
    "admin-health": _part("Health", "Data directory"),
}
"""In their order."""
