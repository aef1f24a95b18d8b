"""Thumbs under an answer, in real Chromium: a reason, a comment, a change of mind, and no answer disturbed by it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.assistant.scripted_endpoint import DONE, HEAD, Script, ScriptedEndpoint, chunk, reply, usage
from tests.browser.conftest import copy_of
from tests.browser.serving import App, Watched, served, tab

QUESTION = "How many days of annual leave do I have?"
LONG = "Everyone who works full time has 26 days of paid annual leave in a calendar year [1]. "
EVIL = '<img src=x onerror="alert(1)"> **$5** ![x](https://evil.example/x.png)'


def slow_reply() -> Script:
    """An answer of about eight seconds."""
    pieces = [piece for word in (LONG * 8).split(" ") for piece in (chunk(f"{word} "), 0.06)]
    return (HEAD, *pieces, chunk(finish="stop"), usage(10, 10), DONE)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[ScriptedEndpoint]:
    """A model that answers at once, suggests nothing, then answers slowly."""
    with ScriptedEndpoint([reply(LONG), reply("Title: Annual leave"), slow_reply()]) as running:
        yield running


@pytest.fixture(scope="module")
def slow_app(sample_home: Path, endpoint: ScriptedEndpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with that model behind it."""
    with served(copy_of(sample_home, tmp_path_factory.mktemp("slow")), OPENAI_BASE_URL=endpoint.url) as running:
        yield running


def thumb(watched: Watched, name: str) -> Locator:
    return watched.page.get_by_role("button", name=name, exact=True)


def test_a_reader_says_what_is_wrong_changes_it_and_takes_it_back(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        page = watched.page
        watched.ask(QUESTION)
        watched.answer()
        thumb(watched, "Not helpful").click()
        expect(page.get_by_role("radio", name="Wrong")).to_be_focused()
        page.get_by_text("Incomplete", exact=True).click()
        page.get_by_label("Comment").fill(EVIL)
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".opinion")).to_have_count(0)
        page.reload()
        expect(thumb(watched, "Not helpful")).to_have_attribute("aria-pressed", "true")
        thumb(watched, "Not helpful").click()
        expect(page.get_by_role("radio", name="Incomplete")).to_be_checked()
        expect(page.get_by_label("Comment")).to_have_value(EVIL)
        thumb(watched, "Helpful").click()
        expect(page.locator(".opinion fieldset")).to_have_count(0)
        expect(page.get_by_label("Comment")).to_have_value(EVIL)
        page.get_by_role("button", name="Take back").click()
        for name in ("Helpful", "Not helpful"):
            expect(thumb(watched, name)).to_have_attribute("aria-pressed", "false")
        assert watched.foreign == []
        assert watched.complaints == []


def test_the_keyboard_is_enough(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        page = watched.page
        watched.ask(QUESTION)
        watched.answer()
        thumb(watched, "Not helpful").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("radio", name="Wrong")).to_be_focused()
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.type("It is 27.")
        page.keyboard.press("Escape")
        expect(page.locator(".opinion")).to_have_count(0)
        expect(thumb(watched, "Not helpful")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Comment")).to_have_value("It is 27.")
        expect(page.get_by_role("radio", name="Wrong")).to_be_checked()


def test_an_opinion_neither_ends_nor_begins_anew_the_answer_being_written(
    browser: Browser, slow_app: App, endpoint: ScriptedEndpoint
) -> None:
    with tab(browser, slow_app) as watched:
        page, live = watched.page, watched.page.locator(".st-key-live_answer")
        watched.ask(QUESTION)
        watched.answer(0)
        page.wait_for_function("() => !document.querySelector('[class*=stMarkdownShimmer]')")
        watched.ask("And in which year?")
        expect(live).to_contain_text("calendar year")
        asked = len(endpoint.requests)
        before = len(live.inner_text())
        thumb(watched, "Not helpful").first.click()
        expect(page.get_by_role("radio", name="Wrong")).to_be_visible()
        expect(live).to_be_visible()
        page.get_by_label("Comment").fill("It is 27.")
        page.wait_for_function(
            f"() => document.querySelector('.st-key-live_answer')?.innerText.length > {before + 150}"
        )
        # What is being typed is still there once the other answer has ended, and so is that answer, asked for once.
        assert watched.answer(1).count("calendar year") == 8
        expect(page.get_by_label("Comment")).to_have_value("It is 27.")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".opinion")).to_have_count(0)
        assert len([r for r in endpoint.requests[asked:] if "And in which year?" in str(r.body)]) <= 1
        expect(thumb(watched, "Not helpful").first).to_have_attribute("aria-pressed", "true")
