"""The sidebar's list of conversations: by the reader's days, searched, and what each one is asked with."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell
from assistant.narrowed import Narrowed
from assistant.running import RUNNING
from assistant.threads import Choices, Thread
from tests.ui.test_app import ask, drawn, listed, page, said
from tests.ui.test_narrowing import chip_labels, home  # noqa: F401 - a fixture
from ui.thread_list import grouped, period

MEAL = "How high is the meal allowance?"
TODAY = date(2026, 11, 27)


def thread(name: str, asked_at: datetime, *, is_pinned: bool = False) -> Thread:
    return Thread(name, f"about {name}", asked_at, is_pinned)


@pytest.fixture
def citewell(home: Path) -> Citewell:  # noqa: F811
    """The open home, without conversations."""
    opened = RUNNING.get()
    assert opened is not None
    opened.conversations.forget(LOCAL_USER)
    return opened


def asked(citewell: Citewell, question: str, answer: str = "Something.") -> str:
    store = citewell.conversations
    conversation = store.create(LOCAL_USER)
    store.save(store.begin(conversation, LOCAL_USER, question), state="done", text=answer)
    return conversation


@pytest.mark.parametrize(
    ("ago", "name"),
    [
        (-1, "Today"),
        (0, "Today"),
        (1, "Yesterday"),
        (2, "Previous 7 days"),
        (7, "Previous 7 days"),
        (8, "Previous 30 days"),
        (30, "Previous 30 days"),
        (31, "October"),
        (330, "January"),
        (400, "October 2025"),
    ],
)
def test_each_day_has_its_stretch_of_time(ago: int, name: str) -> None:
    assert period(TODAY - timedelta(days=ago), today=TODAY) == name


@pytest.mark.parametrize(
    ("timezone", "name"),
    [("Europe/Berlin", "Today"), ("America/New_York", "Yesterday"), ("nowhere/at all", "Yesterday")],
)
def test_days_are_those_of_the_readers_clock(timezone: str, name: str) -> None:
    late = datetime(2026, 11, 26, 23, 30)  # UTC; in Berlin it is the 27th already.
    (group,) = grouped([thread("a", late)], today=TODAY, timezone=timezone)
    assert group["name"] == name


def test_pinned_ones_are_a_group_of_their_own_above_the_others() -> None:
    old, new = datetime(2025, 1, 1), datetime(2026, 11, 27, 8)
    groups = list(grouped([thread("p", old, is_pinned=True), thread("n", new)], today=TODAY, timezone=None))
    assert [group["name"] for group in groups] == ["Pinned", "Today"]


def test_the_newest_are_listed_and_more_is_offered_where_there_are_more(citewell: Citewell) -> None:
    for n in range(31):
        asked(citewell, f"question {n}")
    (threads,) = drawn(page(), "threads")
    assert [t["title"] for t in threads["groups"][0]["threads"]][:2] == ["question 30", "question 29"]
    assert sum(len(group["threads"]) for group in threads["groups"]) == 30
    assert threads["more"] is True


def test_a_search_lists_what_says_it_with_the_words_around_it(citewell: Citewell) -> None:
    hit = asked(citewell, "What do otters eat?", "They eat 100% fish_and_crab.")
    asked(citewell, "What do beavers eat?", "They eat 1000 fishXandXcrabs.")
    test = page()
    test.text_input(key="thread_search").set_value("100% FISH_").run()
    (threads,) = drawn(test, "threads")
    assert listed(test) == [hit]
    (found,) = threads["groups"][0]["threads"]
    assert (found["before"], found["match"], found["after"]) == ("They eat ", "100% fish_", "and_crab.")
    assert threads["note"] == "1 conversation found"
    test.text_input(key="thread_search").set_value("no such words").run()
    assert drawn(test, "threads")[0]["note"] == "No conversation says that."
    test.text_input(key="thread_search").set_value("").run()
    assert len(listed(test)) == 2


def test_a_title_is_data_whatever_it_tries(citewell: Citewell) -> None:
    asked(citewell, "<img src=x onerror=alert(1)> $5 to $10 \u202eabc")
    (threads,) = drawn(page(), "threads")
    title = threads["groups"][0]["threads"][0]["title"]
    assert "<img src=x onerror=alert(1)> $5 to $10" in title
    assert "\u202e" not in title


def test_what_a_conversation_is_narrowed_to_survives_a_reload_and_is_seen_in_a_second_tab(citewell: Citewell) -> None:
    test = page()
    test.selectbox(key="narrow_new_collection").select("Handbook").run()
    test.radio(key="style_new").set_value("short").run()
    ask(test, MEAL)
    conversation = test.query_params["c"]
    second = page(c=conversation)
    assert chip_labels(second) == ["*Remove* Handbook"]
    assert second.radio(key=f"style_{conversation}").value == "short"
    second.button(key="chip_collection").click().run()
    assert chip_labels(test.run()) == []


def test_a_question_is_asked_with_what_this_tab_shows(citewell: Citewell) -> None:
    test = ask(page(), MEAL)
    conversation = test.query_params["c"]
    citewell.threads.choose(conversation, LOCAL_USER, Choices(Narrowed("Reports")))
    ask(test, "How high was it in the past?")
    message = citewell.conversations.messages(conversation, LOCAL_USER)[-1]
    assert message.work is not None
    assert not message.work.narrowed
    assert citewell.threads.choices(conversation, LOCAL_USER).narrowed == Narrowed()


def test_a_conversation_deleted_elsewhere_is_said_to_be_and_the_question_stays(citewell: Citewell) -> None:
    test = ask(page(), MEAL)
    conversation = test.query_params["c"]
    citewell.threads.delete(conversation, LOCAL_USER)
    ask(test, "And what about breakfast?")
    assert "This conversation was deleted elsewhere" in said(test)
    assert test.chat_input[0].proto.value == "And what about breakfast?"
    assert "c" not in test.query_params
    assert drawn(test, "answer") == []
    assert "There is no such conversation" in said(page(c=conversation)), "to a new tab it looks absent"


def test_a_collection_chosen_among_the_documents_can_be_asked_alone(citewell: Citewell) -> None:
    test = page()
    collection = citewell.library.collection_named("Handbook")
    test.switch_page("views/documents.py")
    test.query_params["collection"] = collection.id
    test.run()
    test.multiselect(key="types").select("text").run()
    assert test.button(key="ask_these").label == "Ask these documents"
    test.button(key="ask_these").click().run()
    assert chip_labels(test) == ["*Remove* Handbook", "*Remove* text"]
    assert test.session_state["citewell_conversation"].choices.narrowed.collection == "Handbook"


def test_a_text_is_checked_against_what_the_conversation_is_narrowed_to(citewell: Citewell) -> None:
    test = page()
    test.selectbox(key="narrow_new_collection").select("Handbook").run()
    test.switch_page("views/check.py").run()
    assert test.selectbox(key="check_collection").value == "Handbook"
    test.selectbox(key="check_collection").set_value("").run()
    assert test.selectbox(key="check_collection").value == ""
