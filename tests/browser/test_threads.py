"""The list of conversations in real Chromium: found, named, pinned, put away, deleted and taken back, by mouse and by keys."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import update

from assistant.access import LOCAL_USER
from assistant.conversations import Conversations
from assistant.schema import messages
from retrieval.database import open_database
from retrieval.dates import utc_now
from tests.browser.conftest import copy_of
from tests.browser.serving import App, Watched, served, tab

SAID = (
    ("How often are rain gauges cleaned?", "Twice a year, says the manual.", 40),
    ("Who signs for a returned station?", "The 100%_sure answer: the workshop does.", 12),
    ("What is the warranty on Dunlin?", "Two years from delivery.", 1),
    ("Which firmware is the newest?", "Firmware 4.2.1.", 0),
)


@pytest.fixture(scope="module")
def talked(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with conversations of many days."""
    home = copy_of(sample_home, tmp_path_factory.mktemp("talked"))
    engine = open_database(f"sqlite:///{home / 'citewell.sqlite'}")
    store = Conversations(engine)
    for question, answer, days in SAID:
        conversation = store.create(LOCAL_USER)
        store.save(store.begin(conversation, LOCAL_USER, question), state="done", text=answer)
        with engine.begin() as connection:
            told = update(messages).where(messages.c.conversation_id == conversation)
            connection.execute(told.values(created_at=utc_now() - timedelta(days=days)))
    engine.dispose()
    with served(home) as running:
        yield running


def group(page: Page, name: str) -> Locator:
    """The titles of a group."""
    return page.get_by_role("region", name=name, exact=True).get_by_role("link")


def do(page: Page, title: str, what: str) -> None:
    """Choose from the menu of a conversation."""
    page.get_by_role("link", name=title).hover()
    page.get_by_role("button", name=f"What to do with {title}").click()
    page.get_by_role("menuitem", name=what, exact=True).click()


def is_clean(watched: Watched) -> bool:
    assert watched.foreign == []
    assert watched.complaints == []
    return True


def test_conversations_stand_under_their_days(browser: Browser, talked: App) -> None:
    with tab(browser, talked) as watched:
        page = watched.page
        expect(group(page, "Today")).to_have_text([SAID[3][0]])
        expect(group(page, "Yesterday")).to_have_text([SAID[2][0]])
        expect(group(page, "Previous 30 days")).to_have_text([SAID[1][0]])
        headings = page.locator(".threads h2").all_inner_texts()
        assert len(headings) == 4
        assert re.fullmatch(r"[A-Z][a-z]+( \d{4})?", headings[-1])
        assert is_clean(watched)


def test_one_is_pinned_renamed_archived_and_brought_back(browser: Browser, talked: App) -> None:
    with tab(browser, talked) as watched:
        page = watched.page
        do(page, SAID[0][0], "Pin")
        expect(group(page, "Pinned")).to_have_text([SAID[0][0]])
        do(page, SAID[0][0], "Rename")
        field = page.get_by_label("New name")
        expect(field).to_be_focused()
        field.fill("Rain gauges <b>twice</b>")
        field.press("Enter")
        expect(group(page, "Pinned")).to_have_text(["Rain gauges <b>twice</b>"])
        page.reload()
        expect(group(page, "Pinned")).to_have_text(["Rain gauges <b>twice</b>"])
        do(page, "Rain gauges", "Archive")
        expect(page.get_by_role("link", name="Rain gauges")).to_have_count(0)
        page.get_by_role("button", name="Archived").click()
        do(page, "Rain gauges", "Bring back")
        page.get_by_role("button", name="Back to conversations").click()
        expect(page.get_by_role("link", name="Rain gauges")).to_have_count(1)
        expect(group(page, "Pinned")).to_have_count(0)
        assert is_clean(watched)


def test_a_deleted_one_is_taken_back_and_a_tab_that_shows_it_says_so(browser: Browser, talked: App) -> None:
    with tab(browser, talked) as watched, tab(browser, talked) as other:
        page, title = watched.page, SAID[2][0]
        other.page.get_by_role("link", name=title).click()
        expect(other.page.get_by_text("Two years from delivery.")).to_be_visible()
        box = other.page.get_by_test_id("stChatInput").locator("textarea")
        box.fill("And on Whimbrel?")
        do(page, title, "Delete")
        expect(page.get_by_role("status").filter(has_text="Conversation deleted")).to_be_visible()
        expect(page.get_by_role("button", name="Undo")).to_be_focused()
        expect(page.get_by_role("link", name=title)).to_have_count(0)
        expect(other.page.get_by_text("This conversation was deleted elsewhere")).to_be_visible()
        expect(box).to_have_value("And on Whimbrel?")
        expect(other.page).to_have_url(f"{talked.url}/")
        page.get_by_role("button", name="Undo").click()
        expect(group(page, "Yesterday")).to_have_text([title])
        assert is_clean(watched)
        assert is_clean(other)


def test_words_are_searched_by_key_and_found_literally_while_they_are_typed(browser: Browser, talked: App) -> None:
    with tab(browser, talked) as watched:
        page = watched.page
        expect(page.locator(".threads a").first).to_be_visible()
        page.get_by_test_id("stSidebarHeader").hover()
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
        expect(page.locator(".threads a").first).not_to_be_in_viewport()
        page.keyboard.press("Control+k")
        field = page.get_by_label("Search conversations")
        expect(field).to_be_focused()
        page.keyboard.type("100%_SURE")
        expect(page.get_by_role("status").filter(has_text="1 conversation found")).to_be_visible()
        found = page.locator(".threads a")
        expect(found).to_have_count(1)
        expect(found.locator("b")).to_have_text("100%_sure")
        expect(field).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(found).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("stChatMessage").first).to_contain_text(SAID[1][0])
        field.fill("%%%")
        expect(page.get_by_role("status").filter(has_text="No conversation says that.")).to_be_visible()
        assert is_clean(watched)


def test_the_address_survives_a_reload_and_one_key_begins_anew(browser: Browser, talked: App) -> None:
    with tab(browser, talked) as watched:
        page = watched.page
        page.get_by_role("link", name=SAID[3][0]).click()
        expect(page).to_have_url(re.compile(r"\?c=[0-9a-f]{32}$"))
        page.reload()
        expect(page.get_by_text("Firmware 4.2.1.")).to_be_visible()
        expect(page.locator(".threads .current")).to_have_text(SAID[3][0])
        page.get_by_test_id("stChatInput").locator("textarea").focus()
        page.keyboard.press("Control+Shift+o")
        expect(page.get_by_text("What would you like to know?")).to_be_visible()
        expect(page).to_have_url(f"{talked.url}/")
        page.go_back()
        expect(page.get_by_text("Firmware 4.2.1.")).to_be_visible()
        assert is_clean(watched)


def test_the_menu_works_by_keyboard_alone(browser: Browser, talked: App) -> None:
    with tab(browser, talked) as watched:
        page, title = watched.page, SAID[3][0]
        page.get_by_role("link", name=title).focus()
        page.keyboard.press("Tab")
        more = page.get_by_role("button", name=f"What to do with {title}")
        expect(more).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("menuitem", name="Pin")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("menu")).to_have_count(0)
        expect(more).to_be_focused()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        expect(group(page, "Pinned")).to_have_text([title])
        expect(more).to_be_focused()
        assert is_clean(watched)


def test_what_a_conversation_is_narrowed_to_survives_a_reload(browser: Browser, talked: App) -> None:
    with tab(browser, talked) as watched:
        page = watched.page
        page.get_by_role("link", name=SAID[2][0]).click()
        expect(page.locator(".question", has_text=SAID[2][0])).to_be_visible()
        page.get_by_role("button", name="Filters").click()
        field = page.get_by_label("Title has")
        field.fill("warranty")
        field.press("Enter")
        chip = page.get_by_role("button", name="Remove title has “warranty”")
        expect(chip).to_be_visible()
        page.reload()
        expect(chip).to_be_visible()
        watched.new_chat()
        expect(chip).to_have_count(0)
        assert is_clean(watched)
