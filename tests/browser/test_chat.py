"""The chat in real Chromium: ask, read, open the cited passage, stop, reload."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.assistant.scripted_endpoint import DONE, HEAD, RESET, Script, ScriptedEndpoint, chunk, usage
from tests.browser.conftest import copy_of
from tests.browser.serving import App, Watched, served, tab

QUESTION = "How many days of annual leave do I have?"
WORDS = (
    "Everyone who works full time has 26 days of paid annual leave in a calendar year, "
    "on top of the eight public holidays [1]. Rested people calibrate better instruments [1]."
)


def slowly(text: str, *, pause_s: float, repeat: int = 1) -> Script:
    """A reply word by word."""
    words = (f"{text} " * repeat).split(" ")
    pieces = [piece for word in words for piece in (chunk(f"{word} "), *([pause_s] if pause_s else []))]
    return (HEAD, *pieces, chunk(finish="stop"), usage(10, 10), DONE)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[ScriptedEndpoint]:
    """A model that takes its time."""
    with ScriptedEndpoint([slowly(WORDS, pause_s=0.08, repeat=12)]) as running:
        yield running


@pytest.fixture(scope="module")
def slow_app(sample_home: Path, endpoint: ScriptedEndpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with that model behind it."""
    with served(copy_of(sample_home, tmp_path_factory.mktemp("slow")), OPENAI_BASE_URL=endpoint.url) as running:
        yield running


def is_clean(watched: Watched) -> bool:
    """Nothing left the origin, and the browser had nothing to complain about."""
    assert watched.foreign == []
    assert watched.complaints == []
    return True


def streamed(watched: Watched) -> str:
    return watched.page.locator(".st-key-live_answer").inner_text()


def test_ask_read_and_open_the_cited_passage(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        watched.ask(QUESTION)
        assert "26 days" in watched.answer()
        chip = watched.page.locator(".chip").filter(has_text=re.compile(r"^\d$")).first
        chip.click()
        source = watched.page.locator(".source")
        expect(source.locator("h2")).to_be_visible()
        mark = source.locator("mark").first
        expect(mark).to_be_in_viewport()
        marked = " ".join(source.locator("mark").all_inner_texts())
        assert re.sub(r"\W", "", marked)[:40] in re.sub(r"\W", "", watched.answer())
        assert is_clean(watched)


def test_the_passage_opens_in_its_whole_document_and_back(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        watched.ask(QUESTION)
        watched.answer()
        address = watched.page.url
        watched.page.locator(".chip").first.click()
        watched.page.get_by_role("link", name="Open document").click()
        expect(watched.page.locator(".document mark").first).to_be_in_viewport()
        assert re.search(r"/document\?id=\d+&start=\d+&end=\d+", watched.page.url)
        watched.page.get_by_role("button", name="Back").click()
        assert "26 days" in watched.answer()
        expect(watched.page).to_have_url(address)
        assert is_clean(watched)


def test_hovering_a_chip_shows_the_quotation(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        watched.ask(QUESTION)
        watched.answer()
        watched.page.locator(".chip").first.hover()
        card = watched.page.get_by_role("tooltip")
        expect(card).to_be_visible()
        assert card.locator(".quote").inner_text()
        watched.page.mouse.move(5, 5)
        expect(card).to_have_count(0)


def test_the_keyboard_opens_and_closes_a_source(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        watched.ask(QUESTION)
        watched.answer()
        watched.page.locator(".chip").first.focus()
        watched.page.keyboard.press("Enter")
        heading = watched.page.locator(".source h2")
        expect(heading).to_be_focused()
        watched.page.keyboard.press("Escape")
        expect(heading).to_have_count(0)
        expect(watched.page.locator(".chip").first).to_be_focused()


def test_the_answer_is_announced(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        watched.ask(QUESTION)
        watched.answer()
        status = watched.page.locator(".st-key-announcement [role=status]")
        expect(status).to_contain_text("Answer ready, 3 sources")
        expect(status).to_contain_text("26 days")


def test_stop_ends_within_half_a_second_and_keeps_the_text(browser: Browser, slow_app: App) -> None:
    with tab(browser, slow_app) as watched:
        watched.ask(QUESTION)
        expect(watched.page.locator(".st-key-live_answer")).to_contain_text("annual leave")
        before = streamed(watched)
        started = time.monotonic()
        watched.stop_button.click()
        expect(watched.page.locator(".answer .notice")).to_contain_text("Stopped")
        took_s = time.monotonic() - started
        kept = watched.page.locator(".prose").inner_text()
        assert kept.split()[:8] == before.split()[:8]
        assert len(kept.split()) < 12 * len(WORDS.split())
        # Half a second on an idle machine (benchmarks/); here other tests may hold the processor.
        assert took_s < 5
        watched.page.reload()
        expect(watched.page.locator(".answer .notice")).to_contain_text("Stopped")
        assert watched.page.locator(".prose").inner_text() == kept
        assert is_clean(watched)


def test_a_reload_in_mid_answer_takes_it_up_again(browser: Browser, slow_app: App) -> None:
    with tab(browser, slow_app) as watched:
        watched.ask(QUESTION)
        live = watched.page.locator(".st-key-live_answer")
        expect(live).to_contain_text("annual leave")
        asked = len(streamed(watched))
        expect(watched.page).to_have_url(re.compile(r"\?c="))
        watched.page.reload()
        expect(live).to_contain_text("annual leave")
        watched.page.wait_for_function(
            "n => document.querySelector('.st-key-live_answer')?.innerText.length > n", arg=asked
        )
        watched.stop_button.click()
        watched.answer()
        assert watched.page.get_by_text(QUESTION, exact=True).count() >= 1
        assert watched.page.locator(".answer").count() == 1
        assert is_clean(watched)


def test_a_click_elsewhere_neither_stops_nor_loses_the_answer(browser: Browser, slow_app: App) -> None:
    with tab(browser, slow_app) as watched:
        watched.ask(QUESTION)
        expect(watched.page.locator(".st-key-live_answer")).to_contain_text("annual leave")
        watched.page.get_by_role("link", name="Documents").click()
        expect(watched.page.get_by_role("heading", name="Documents")).to_be_visible()
        watched.page.get_by_role("link", name="Ask").click()
        expect(watched.page.locator(".st-key-live_answer")).to_contain_text("annual leave")
        watched.stop_button.click()
        watched.answer()
        assert is_clean(watched)


def test_a_second_tab_may_watch(browser: Browser, slow_app: App) -> None:
    with tab(browser, slow_app) as first:
        first.ask(QUESTION)
        expect(first.page.locator(".st-key-live_answer")).to_contain_text("annual leave")
        path = "/" + first.page.url.removeprefix(slow_app.url).removeprefix("/")
        with tab(browser, slow_app, path) as second:
            expect(second.page.locator(".st-key-live_answer")).to_contain_text("annual leave")
            second.stop_button.click()
            second.answer()
        first.answer()


def test_enter_twice_is_one_turn(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        box = watched.page.get_by_test_id("stChatInput").locator("textarea")
        box.fill(QUESTION)
        box.press("Enter")
        box.press("Enter")
        watched.answer()
        watched.page.wait_for_timeout(500)
        assert watched.page.locator(".answer").count() == 1


def test_twenty_clicks_on_a_starter_question_are_one_turn(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        starter = watched.page.locator(".st-key-starters").get_by_role("button").first
        starter.wait_for()
        place = starter.bounding_box()
        assert place is not None
        for _ in range(20):
            watched.page.mouse.click(place["x"] + 20, place["y"] + 10)
        watched.answer()
        watched.page.wait_for_timeout(500)
        assert watched.page.locator(".answer").count() == 1


def test_a_question_too_long_is_refused_and_stays_in_the_input(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        long = "why " * 2_500
        watched.ask(long)
        expect(watched.page.get_by_text("at most 8,000 can be asked at once")).to_be_visible()
        expect(watched.page.get_by_test_id("stChatInput").locator("textarea")).to_have_value(long)


def test_a_question_asked_while_another_is_answered_is_not_lost(browser: Browser, slow_app: App) -> None:
    with tab(browser, slow_app) as watched:
        watched.ask(QUESTION)
        expect(watched.page.locator(".st-key-live_answer")).to_contain_text("annual leave")
        watched.ask("And what about the weather?")
        expect(watched.page.get_by_text("One answer at a time")).to_be_visible()
        expect(watched.page.get_by_test_id("stChatInput").locator("textarea")).to_have_value(
            "And what about the weather?"
        )
        watched.stop_button.click()
        watched.answer()


def test_another_or_an_absent_conversation_look_the_same(browser: Browser, app: App) -> None:
    with tab(browser, app, "/?c=" + "f" * 32) as watched:
        expect(watched.page.get_by_text("There is no such conversation")).to_be_visible()
        expect(watched.page).to_have_url(re.compile(r"/$"))
        assert is_clean(watched)


def test_a_model_that_breaks_off_leaves_its_words_its_reason_and_ask_again(
    browser: Browser, sample_home: Path, tmp_path: Path
) -> None:
    broken: Script = (HEAD, *(chunk(f"{word} ") for word in WORDS.split()), 0.3, RESET)
    whole = slowly(WORDS, pause_s=0)
    with (
        ScriptedEndpoint([broken, whole]) as endpoint,
        served(copy_of(sample_home, tmp_path), OPENAI_BASE_URL=endpoint.url) as app,
        tab(browser, app) as watched,
    ):
        watched.ask(QUESTION)
        expect(watched.page.locator(".failure")).to_be_visible()
        assert "26 days" in watched.page.locator(".prose").inner_text()
        assert watched.page.locator(".chip").count() >= 1
        watched.page.get_by_role("button", name="Ask again").click()
        versions = watched.page.locator(".answer").get_by_role("group", name="Versions")
        expect(versions).to_contain_text("2 of 2")
        assert "statement" in watched.answer()


def test_hostile_documents_and_answers_load_nothing(browser: Browser, sample_home: Path, tmp_path: Path) -> None:
    """Whatever a model writes, in whatever pieces: no request beyond our origin, no script, no image."""
    attack = (
        "![a](https://evil.example/1.png) <img src=https://evil.example/2.png> [1] "
        "<script>fetch('https://evil.example/3')</script> [x](javascript:alert(1)) "
        "$\\href{https://evil.example}{x}$ :material/home: [ref]\n\n[ref]: https://evil.example/4.png\n\n"
        '```mermaid\ngraph TD; A["<img src=https://evil.example/5.png>"]-->B\n```\n\n'
        "<style>@import url(https://evil.example/6.css)</style> [1]"
    )
    hostile = f"{WORDS} {WORDS} {attack}"  # Enough that is proven for the answer to stand.
    script: Script = (HEAD, *(x for c in hostile for x in (chunk(c), 0.003)), chunk(finish="stop"), DONE)
    with (
        ScriptedEndpoint([script]) as endpoint,
        served(copy_of(sample_home, tmp_path), OPENAI_BASE_URL=endpoint.url) as app,
        tab(browser, app) as watched,
    ):
        watched.ask(f"How many days of annual leave do I have? {attack[:60]}")
        assert "evil.example/1.png" not in watched.answer()
        assert watched.page.locator("[data-testid=stMain] img").count() == 0
        assert is_clean(watched)


def test_of_a_thousand_messages_only_the_last_are_drawn_and_more_when_asked_for(
    browser: Browser, sample_home: Path, tmp_path: Path
) -> None:
    """What keeps a long conversation quick; `python -m benchmarks --only page` measures how quick."""
    from assistant.access import LOCAL_USER
    from assistant.conversations import Conversations
    from retrieval.database import open_database

    home = copy_of(sample_home, tmp_path)
    engine = open_database(f"sqlite:///{home / 'citewell.sqlite'}")
    store = Conversations(engine)
    conversation = store.create(LOCAL_USER)
    for number in range(500):
        store.save(store.begin(conversation, LOCAL_USER, f"question {number}"), state="done", text="An answer. " * 20)
    engine.dispose()
    with served(home) as app, tab(browser, app, f"/?c={conversation}") as watched:
        watched.page.locator(".answer").last.wait_for()
        assert watched.page.locator(".answer").count() == 10
        watched.page.get_by_role("button", name="Show earlier").click()
        expect(watched.page.locator(".answer")).to_have_count(20)
