"""A verified answer in real Chromium: from an answer to the next one who asks, until its source changes."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from assistant.access import LOCAL_USER
from assistant.bootstrap import open_citewell
from assistant.settings import Settings
from tests.browser.conftest import copy_of
from tests.browser.serving import served, tab

QUESTION = "How much holiday do I get in a year if I work full time?"
OTHER_WORDS = "How many days of holiday does a full-time employee have a year?"


def test_an_answer_is_verified_offered_to_the_next_who_asks_and_due_once_its_source_changes(
    browser: Browser, sample_home: Path, tmp_path: Path
) -> None:
    home = copy_of(sample_home, tmp_path)
    with served(home) as app, tab(browser, app) as watched:
        page = watched.page
        watched.ask(QUESTION)
        page.get_by_role("button", name="Verify", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Verify").click()
        expect(page.get_by_text("it is offered from now on")).to_be_visible()
        watched.new_chat()
        watched.ask(OTHER_WORDS)
        expect(page.locator(".verified")).to_contain_text("Verified by the single user on")
        expect(page.locator(".verified")).to_contain_text(QUESTION)
        page.locator(".answer .chip").first.click()
        expect(page.locator(".source")).to_contain_text("26 days")
        page.get_by_role("button", name="Answer from the documents instead").click()
        expect(page.locator(".verified")).to_have_count(0)
        expect(page.get_by_role("button", name="Ask again")).to_be_visible()
        assert (watched.foreign, watched.complaints) == ([], [])
    citewell = open_citewell(Settings.read(home=home, sample=False))
    try:
        known = citewell.verified.list(LOCAL_USER)[0]
        source = known.work.passages[0].source
        _, parsed = citewell.library.document(source.id, frozenset({source.collection}))
        citewell.library.remove(source.id)
        assert parsed.title == source.title
    finally:
        citewell.close()
    with served(home) as app, tab(browser, app) as watched:
        page = watched.page
        watched.ask(OTHER_WORDS)
        expect(page.locator(".verified")).to_have_count(0)
        page.get_by_role("link", name="Documents").click()
        page.get_by_role("link", name="Verified answers").click()
        expect(page.get_by_text("Due for review, and not offered")).to_be_visible()
        assert (watched.foreign, watched.complaints) == ([], [])
