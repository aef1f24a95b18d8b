"""How an answer was found, in real Chromium: opened by keyboard, on reload, for a refusal; a follow-up put in other words."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.browser.conftest import copy_of
from tests.browser.serving import ROOT, App, Watched, served, tab

QUESTION = "How many days of annual leave do I have?"
FOREIGN = "Which volcano erupted on Iceland in 2010?"
MEANT = "How many days of annual leave do part-timers get?"
OTHER = "How many days of parental leave do part-timers get?"
NEXT = "How far ahead do I ask for leave?"
RIGHT = "Everyone who works full time has 26 days of paid annual leave in a calendar year [1]."


@pytest.fixture(scope="module")
def spoken_app(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A model that answers, suggests a question, puts the follow-up in other words, and answers twice more."""
    scripts = [reply(RIGHT), reply(f"Title: Annual leave\n{NEXT}"), reply(MEANT), reply(RIGHT)]
    home = copy_of(sample_home, tmp_path_factory.mktemp("spoken"))
    with ScriptedEndpoint(scripts) as endpoint, served(home, OPENAI_BASE_URL=endpoint.url) as running:
        yield running


def opened(watched: Watched) -> Locator:
    """The dialog with the account of the last answer."""
    watched.page.get_by_role("button", name="How this was found").last.click()
    account = watched.page.locator(".account")
    expect(account.get_by_role("heading", name="How long it took")).to_be_visible()
    return account


def is_clean(watched: Watched) -> bool:
    return watched.foreign == [] and watched.complaints == []


def test_the_keyboard_opens_it_and_closes_it_and_nothing_of_it_is_there_before(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        watched.ask(QUESTION)
        watched.answer()
        assert "Closeness in meaning" not in watched.page.content()
        expect(watched.page.locator(".account")).to_have_count(0)
        button = watched.page.get_by_role("button", name="How this was found")
        button.focus()
        watched.page.keyboard.press("Enter")
        account = watched.page.locator(".account")
        expect(account).to_contain_text(QUESTION)
        expect(account).to_contain_text("by meaning and 60 by words")
        expect(account.locator("tbody tr").first).to_contain_text("Passage 1")
        watched.page.keyboard.press("Escape")
        expect(account).to_have_count(0)
        expect(button).to_be_focused()
        assert is_clean(watched)


def test_a_passage_of_it_opens_as_a_source(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        watched.ask(QUESTION)
        watched.answer()
        opened(watched).get_by_role("button", name="Passage 2").click()
        expect(watched.page.locator(".account")).to_have_count(0)
        expect(watched.page.locator(".source")).to_contain_text("Passage 2 of")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_screen(browser: Browser, app: App, scheme: str) -> None:
    with tab(browser, app, color_scheme=scheme, viewport={"width": 390, "height": 760}) as watched:
        watched.ask(QUESTION)
        watched.answer()
        account = opened(watched)
        wide = account.evaluate("(e) => e.scrollWidth > e.clientWidth || e.getBoundingClientRect().right > innerWidth")
        assert not wide
        expect(account.locator("tbody td.dense").first).to_be_visible()


def test_a_refusal_tells_it_too_and_so_does_a_reload_after_the_documents_are_gone(
    browser: Browser, sample_home: Path, tmp_path: Path
) -> None:
    home = copy_of(sample_home, tmp_path)
    with served(home) as app, tab(browser, app) as watched:
        watched.ask(FOREIGN)
        watched.page.locator(".refusal").wait_for()
        expect(opened(watched)).to_contain_text("That was too little, so nothing was written.")
        delete = ["collections", "delete", "Sample company", "--yes", "--home", str(home)]
        subprocess.run([sys.executable, "-m", "assistant", *delete], cwd=ROOT, check=True, capture_output=True)
        watched.page.reload()
        watched.page.locator(".refusal").wait_for()
        account = opened(watched)
        expect(account).to_contain_text("That was too little, so nothing was written.")
        expect(account.locator("tbody tr").first).to_contain_text("No longer there")
        assert is_clean(watched)


def test_a_reader_sees_what_was_searched_for_and_puts_it_right(browser: Browser, spoken_app: App) -> None:
    with tab(browser, spoken_app) as watched:
        watched.ask(QUESTION)
        watched.answer(0)
        expect(watched.page.get_by_role("button", name=NEXT)).to_be_visible()
        watched.ask("And for part-timers?")
        line = watched.page.locator(".rewrite").filter(has_text="Searched for")
        expect(line).to_contain_text(MEANT)
        watched.page.get_by_role("button", name="Change").click()
        field = watched.page.get_by_label("What you mean")
        expect(field).to_be_focused()
        watched.page.keyboard.press("Escape")
        expect(watched.page.get_by_role("button", name="Change")).to_be_focused()
        watched.page.keyboard.press("Enter")
        field.fill(OTHER)
        watched.page.keyboard.press("Enter")
        mine = watched.page.locator(".rewrite").filter(has_text="in your words")
        expect(mine).to_contain_text(OTHER)
        watched.page.reload()
        expect(mine).to_contain_text(OTHER)
        expect(watched.page.get_by_role("button", name="Change")).to_have_count(1)
        expect(opened(watched)).to_contain_text("In your own words")
        assert is_clean(watched)
