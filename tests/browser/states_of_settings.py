"""How each state of the settings is reached from the one before."""

from tests.browser.serving import Watched


def settings(watched: Watched) -> None:
    watched.page.get_by_role("heading", name="New chats").wait_for()


def settings_erase(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Erase…").click()
    watched.page.get_by_label("to confirm").fill("something else")
    watched.page.get_by_role("button", name="Erase for good").click()
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
