"""What may be done with a message, in real Chromium: edit it, ask again, go between versions, copy, follow along."""

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from tests.browser.serving import App, Watched, tab
from tests.browser.test_chat import QUESTION, endpoint, is_clean, slow_app, streamed

__all__ = ["endpoint", "slow_app"]
OTHER = "How many days a week can I work from home?"


def questions(page: Page) -> Locator:
    return page.locator(".question")


def edit(page: Page, words: str, *, send: str = "Enter") -> None:
    """Put the last question differently."""
    questions(page).last.hover()
    page.get_by_role("button", name="Edit the question").last.click()
    field = page.get_by_role("textbox", name="The question, put differently")
    expect(field).to_be_focused()
    field.fill(words)
    field.press(send)


def path_of(watched: Watched, app: App) -> str:
    """The conversation's address, once it has one."""
    expect(watched.page).to_have_url(re.compile(r"\?c="))
    return watched.page.url.removeprefix(app.url)


@pytest.fixture
def asked(browser: Browser, app: App) -> Iterator[Watched]:
    """A tab in which one question was answered."""
    with tab(browser, app) as watched:
        watched.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        watched.ask(QUESTION)
        watched.answer()
        yield watched


def test_a_question_is_edited_and_asked_again_and_both_versions_stay(asked: Watched) -> None:
    page = asked.page
    edit(page, OTHER)
    expect(questions(page)).to_have_text([OTHER])
    expect(page.get_by_role("group", name="Versions")).to_have_text("2 of 2")
    expect(page.locator(".answer")).to_contain_text("days")
    page.get_by_role("button", name="The version before").click()
    expect(questions(page)).to_have_text([QUESTION])
    expect(page.locator(".answer")).to_contain_text("26 days")
    expect(page.get_by_role("group", name="Versions")).to_have_text("1 of 2")
    expect(page.get_by_role("button", name="The next version")).to_be_focused()
    page.reload()
    expect(questions(page)).to_have_text([QUESTION])
    page.get_by_role("button", name="The next version").press("Enter")
    expect(questions(page)).to_have_text([OTHER])
    expect(page.locator(".answer")).to_have_count(1)
    assert is_clean(asked)


def test_an_editor_is_left_by_escape_and_takes_a_new_line(asked: Watched) -> None:
    page = asked.page
    edit(page, "something else", send="Escape")
    expect(questions(page)).to_have_text([QUESTION])
    expect(page.get_by_role("button", name="Edit the question")).to_be_focused()
    edit(page, OTHER, send="Shift+Enter")
    field = page.get_by_role("textbox", name="The question, put differently")
    expect(field).to_have_value(f"{OTHER}\n")
    field.fill("   ")
    field.press("Enter")
    expect(field).to_be_visible()
    field.fill("x" * 8_001)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("at most 8,000 can be asked at once")).to_be_visible()
    expect(field).to_have_value("x" * 8_001)
    page.get_by_role("button", name="Cancel").click()
    expect(questions(page)).to_have_text([QUESTION])
    assert is_clean(asked)


def test_an_answer_asked_again_is_a_version_under_the_same_question(asked: Watched) -> None:
    page = asked.page
    page.get_by_role("button", name="Ask again").click()
    versions = page.locator(".answer").get_by_role("group", name="Versions")
    expect(versions).to_have_text("2 of 2")
    expect(questions(page)).to_have_count(1)
    expect(page.locator(".answer")).to_have_count(1)
    page.wait_for_timeout(1_100)  # A second click within a second is a double click.
    page.get_by_role("button", name="Ask again").click()
    expect(versions).to_have_text("3 of 3")
    page.get_by_role("button", name="The version before").click()
    expect(versions).to_have_text("2 of 3")
    assert is_clean(asked)


def test_an_answer_is_copied_as_markdown_with_its_sources_and_a_question_as_it_is(asked: Watched) -> None:
    page = asked.page
    page.get_by_role("button", name="Copy the answer with its sources").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    text, sources = copied.split("\n\n")
    assert re.search(r"26 days of paid annual leave.*\. \[1\]|26 days of paid annual leave.* \[1\]\.", text)
    assert re.match(r"\[1\] Leave policy, ", sources)
    assert all(
        sources.splitlines()[n - 1].startswith(f"[{n}] ") for n in {int(m) for m in re.findall(r"\[(\d)\]", text)}
    )
    questions(page).hover()
    page.get_by_role("button", name="Copy the question").click()
    page.wait_for_function("q => navigator.clipboard.readText().then((t) => t === q)", arg=QUESTION)
    assert is_clean(asked)


def test_a_question_shows_as_it_was_written(browser: Browser, app: App) -> None:
    written = "Is it $5 to $10? **No** <b>tags</b> \\frac{1}{2}\n```\ncode\n```\nשלום עולם"
    with tab(browser, app) as watched:
        box = watched.page.get_by_test_id("stChatInput").locator("textarea")
        box.fill(written)
        box.press("Enter")
        watched.answer()
        assert questions(watched.page).inner_text() == written
        assert watched.page.locator(".katex").count() == 0
        assert is_clean(watched)


def test_a_second_tab_follows_along_without_a_click(browser: Browser, slow_app: App) -> None:
    with tab(browser, slow_app) as first:
        first.ask(QUESTION)
        expect(first.page.locator(".st-key-live_answer")).to_contain_text("annual leave")
        first.stop_button.click()
        first.answer()
        with tab(browser, slow_app, path_of(first, slow_app)) as second:
            second.answer()
            first.ask(OTHER)
            expect(questions(second.page)).to_have_text([QUESTION, OTHER])
            expect(second.page.locator(".st-key-live_answer")).to_contain_text("annual leave")
            first.stop_button.click()
            expect(second.page.locator(".answer")).to_have_count(2)
            expect(second.page.locator(".st-key-live_answer")).to_have_count(0)
            edit(first.page, "What about part-timers?")
            expect(questions(second.page)).to_have_text([QUESTION, "What about part-timers?"])
            second.stop_button.click()
            first.answer(1)
            assert is_clean(second)


def test_two_tabs_that_ask_at_once_are_one_turn_and_nothing_typed_is_lost(browser: Browser, slow_app: App) -> None:
    with tab(browser, slow_app) as first:
        first.ask(QUESTION)
        with tab(browser, slow_app, path_of(first, slow_app)) as second:
            expect(second.page.locator(".st-key-live_answer")).to_contain_text("annual leave")
            second.ask(OTHER)
            expect(second.page.get_by_text("One answer at a time")).to_be_visible()
            expect(second.page.get_by_test_id("stChatInput").locator("textarea")).to_have_value(OTHER)
            second.stop_button.click()
            second.answer()
        first.answer()
        expect(questions(first.page)).to_have_text([QUESTION])


def test_a_connection_that_drops_in_mid_answer_neither_loses_nor_doubles_it(browser: Browser, slow_app: App) -> None:
    sockets: list[WebSocketRoute] = []
    with tab(browser, slow_app) as watched:
        watched.page.route_web_socket(re.compile("_stcore/stream"), lambda ws: sockets.append(through(ws)))
        watched.page.goto(slow_app.url)
        watched.ask(QUESTION)
        live = watched.page.locator(".st-key-live_answer")
        expect(live).to_contain_text("annual leave")
        had = len(streamed(watched))
        sockets[-1].close()
        watched.page.wait_for_function(
            "n => document.querySelector('.st-key-live_answer')?.innerText.length > n + 80", arg=had
        )
        assert len(sockets) > 1
        watched.stop_button.click()
        watched.answer()
        expect(questions(watched.page)).to_have_count(1)
        expect(watched.page.locator(".answer")).to_have_count(1)


def through(socket: WebSocketRoute) -> WebSocketRoute:
    """A connection to the app that can be cut."""
    socket.connect_to_server()
    return socket


def test_text_that_streams_only_grows(browser: Browser, slow_app: App) -> None:
    """Parts are taken over without a gap or a repetition: what was there once stays, word for word."""
    with tab(browser, slow_app) as watched:
        watched.ask(QUESTION)
        live = watched.page.locator(".st-key-live_answer")
        expect(live).to_contain_text("annual leave")
        seen = []
        for _ in range(12):
            seen.append(re.sub(r"\s+", "", live.text_content() or ""))
            watched.page.wait_for_timeout(250)
        between = "[class*=st-key-part_] [data-testid=stMarkdown] > div"
        displays = watched.page.locator(between).evaluate_all(
            "all => all.map((each) => getComputedStyle(each).display)"
        )
        assert len(displays) > 1
        assert set(displays) == {"inline"}, "the parts of a paragraph run on in one line"
        watched.stop_button.click()
        assert all(later.startswith(earlier) for earlier, later in pairwise(seen))
        assert len(seen[-1]) > len(seen[0])


def test_twenty_clicks_on_send_ask_once(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        box = watched.page.get_by_test_id("stChatInput").locator("textarea")
        box.fill(QUESTION)
        send = watched.page.get_by_test_id("stChatInputSubmitButton").bounding_box()
        assert send is not None
        for _ in range(20):
            watched.page.mouse.click(send["x"] + 8, send["y"] + 8)
        watched.answer()
        watched.page.wait_for_timeout(500)
        expect(questions(watched.page)).to_have_text([QUESTION])


def test_a_megabyte_is_refused_at_once_and_kept_and_the_page_goes_on(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        page, long = watched.page, "why " * 262_144
        box = page.get_by_test_id("stChatInput").locator("textarea")
        box.wait_for()
        watched.ask(long)
        expect(page.get_by_text("at most 8,000 can be asked at once")).to_be_visible()
        page.wait_for_function(
            "n => document.querySelector('[data-testid=stChatInput] textarea').value.length === n", arg=len(long)
        )
        watched.ask(QUESTION)
        assert "26 days" in watched.answer()
        expect(page.get_by_text("at most 8,000 can be asked at once")).to_have_count(0)
        assert is_clean(watched)
