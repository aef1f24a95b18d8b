"""How each state of the page of verified answers is reached from the one before."""

from collections.abc import Callable, Mapping

from tests.browser.serving import Watched

QUESTION = "How long is the shore walk on Farholm?"
"""Asked by no other state."""
ANSWER = "Everyone who works full time has 26 days of paid annual leave in a calendar year. Ask the office for a form."


def verified_form(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Write one").click()
    watched.page.get_by_role("dialog").get_by_role("group", name="Offer it until").wait_for()


def verified(watched: Watched) -> None:
    dialog = watched.page.get_by_role("dialog")
    dialog.get_by_label("Question", exact=True).fill(QUESTION)
    dialog.get_by_label("Answer", exact=True).fill(ANSWER)
    dialog.get_by_role("button", name="Verify").click()
    dialog.wait_for(state="detached")
    watched.page.get_by_text("Offered until").first.wait_for()


def verified_sources(watched: Watched) -> None:
    watched.page.get_by_text("Answer and sources").first.click()
    watched.page.locator(".answer .chip").first.wait_for()


VERIFIED: Mapping[str, Callable[[Watched], None]] = {
    "verified-form": verified_form,
    "verified": verified,
    "verified-sources": verified_sources,
}
"""In their order."""
