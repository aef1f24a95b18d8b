"""The page as Streamlit runs it: asking, refusing, threads, demo, a document."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER, Principal, visitor
from assistant.bootstrap import SAMPLE_COLLECTION, open_citewell
from assistant.conversations import Conversations
from assistant.processes import Processes
from assistant.running import RUNNING
from assistant.settings import Settings
from retrieval.database import open_database
from tests.homes import new_home

ROOT = Path(__file__).resolve().parents[2]
LEAVE = "# Leave policy\n\nEveryone who works full time has 26 days of paid annual leave in a calendar year.\n"
VPN = "# Remote access\n\nConnect to the VPN before you open the intranet. The VPN client updates itself at night.\n"


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two documents and one file that could not be read in."""
    home, folder = new_home(tmp_path_factory.mktemp("home") / "home"), tmp_path_factory.mktemp("folder")
    (folder / "leave.md").write_text(LEAVE, "utf-8")
    (folder / "vpn.md").write_text(VPN, "utf-8")
    (folder / "*empty* ![x](x.png).md").write_text("", "utf-8")
    citewell = open_citewell(Settings.read(home=home, sample=False))
    citewell.intake.read_paths([folder], collection=SAMPLE_COLLECTION)
    citewell.close()
    return home


@pytest.fixture(scope="module")
def opened(documents: Path) -> Iterator[Path]:
    """The settings of the process point at that home while the pages run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CITEWELL_HOME", str(documents))
        patch.setenv("CITEWELL_SAMPLE", "0")
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            patch.delenv(name, raising=False)
        yield documents
        RUNNING.close()


@pytest.fixture
def home(opened: Path) -> Path:
    """That home, opened by the first page that is drawn."""
    return opened


@pytest.fixture
def settings(opened: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Other settings for one test: whatever is open is closed before and after it."""
    RUNNING.close()
    yield monkeypatch
    RUNNING.close()


def page(**query: str) -> AppTest:
    """The page, drawn once."""
    test = AppTest.from_file(str(ROOT / "chat_app.py"), default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def said(test: AppTest) -> str:
    """Every word on the page that Streamlit's own elements show."""
    assert not test.exception
    elements = [*test.header, *test.subheader, *test.markdown, *test.caption, *test.code]
    return "\n".join(str(element.value) for element in elements)


def drawn(test: AppTest, kind: str) -> list[dict[str, Any]]:
    """What the component was given to draw."""
    assert not test.exception
    data = [json.loads(element.proto.json) for element in test.get("bidi_component")]
    return [item for item in data if item["kind"] == kind]


def tables(test: AppTest) -> list[list[dict[str, Any]]]:
    """The rows of every table that is only read, by the names of their columns."""
    return [
        [dict(zip((head["name"] for head in each["heads"]), cells, strict=True)) for cells in each["rows"]]
        for each in drawn(test, "table")
    ]


def ask(test: AppTest, question: str) -> AppTest:
    """Type a question and send it."""
    return test.chat_input[0].set_value(question).run()


def listed(test: AppTest) -> list[str]:
    """The conversations in the sidebar, by id."""
    (threads,) = drawn(test, "threads")
    return [thread["id"] for group in threads["groups"] for thread in group["threads"]]


def conversations() -> Conversations:
    citewell = RUNNING.get()
    assert citewell is not None
    return citewell.conversations


def test_the_first_page_says_what_will_be_here(home: Path) -> None:
    test = page()
    assert "What would you like to know?" in said(test)
    assert "2 documents in Sample company" in said(test)
    assert [button for button in test.button if str(button.key).startswith("starter_")]


def test_without_documents_it_says_so_and_names_the_first_step(settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.setenv("CITEWELL_HOME", str(tmp_path))
    test = page()
    assert "There are no documents yet" in said(test)
    assert "citewell ingest FOLDER" in said(test)
    assert not test.get("button_group")


def test_a_question_is_answered_with_its_source(home: Path) -> None:
    test = ask(page(), "How many days of annual leave do I have?")
    (answer,) = drawn(test, "answer")
    assert "26 days" in json.dumps(answer["blocks"])
    assert answer["citations"][0]["title"] == "Leave policy"
    assert answer["verdict"]["tone"] == "quiet"
    assert test.query_params["c"]
    assert drawn(test, "announce")[0]["text"].startswith("Answer ready, ")


def test_an_answer_survives_a_reload_by_its_address(home: Path) -> None:
    first = ask(page(), "How many days of annual leave do I have?")
    again = page(c=first.query_params["c"])
    assert drawn(again, "answer") == drawn(first, "answer")


def test_a_source_is_opened_beside_its_answer(home: Path) -> None:
    test = ask(page(), "How many days of annual leave do I have?")
    from ui.state import OpenSource

    message = conversations().messages(test.query_params["c"], LOCAL_USER)[-1]
    test.session_state["citewell_source"] = OpenSource(message.id, "citation", 1)
    (source,) = drawn(test.run(), "source")
    assert source["title"] == "Leave policy"
    assert '"mark"' in json.dumps(source["blocks"])
    assert drawn(test, "answer")[0]["active"] == "citation-1"


@pytest.mark.parametrize("question", ["   ", "x" * 9_000])
def test_a_question_that_cannot_be_asked_goes_back_into_the_input(home: Path, question: str) -> None:
    test = page()
    before = listed(test)
    ask(test, question)
    assert "question" in said(test)
    assert test.chat_input[0].proto.set_value
    assert test.chat_input[0].proto.value == question
    assert listed(test) == before


def test_a_megabyte_is_refused_in_one_sentence(home: Path) -> None:
    test = ask(page(), "why " * 262_144)
    assert "at most 8,000 can be asked at once" in said(test)


def test_the_same_question_sent_again_at_once_is_one_turn(home: Path) -> None:
    test = ask(page(), "How many days of annual leave do I have?")
    conversation = test.query_params["c"]
    for _ in range(5):
        ask(test, "How many days of annual leave do I have?")
    assert len(conversations().messages(conversation, LOCAL_USER)) == 2


def test_anothers_conversation_looks_as_if_it_did_not_exist(home: Path) -> None:
    page()
    store = conversations()
    theirs = store.create(Principal("local", "somebody else"))
    store.begin(theirs, Principal("local", "somebody else"), "a secret question")
    foreign, absent = page(c=theirs), page(c="0" * 32)
    assert said(foreign) == said(absent)
    assert "There is no such conversation" in said(foreign)
    assert "secret" not in said(foreign)
    assert "c" not in foreign.query_params


def test_new_chat_begins_anew_and_keeps_what_was_said(home: Path) -> None:
    test = ask(page(), "How many days of annual leave do I have?")
    conversation = test.query_params["c"]
    test.button(key="new_chat").click().run()
    assert drawn(test, "answer") == []
    assert "c" not in test.query_params
    assert conversation in listed(test)
    assert len(drawn(page(c=conversation), "answer")) == 1


def test_only_the_newest_messages_are_drawn_until_more_are_asked_for(home: Path) -> None:
    page()
    store = conversations()
    conversation = store.create(LOCAL_USER)
    for number in range(15):
        answer = store.begin(conversation, LOCAL_USER, f"question {number}")
        store.save(answer, state="done", text=f"answer {number}")
    test = page(c=conversation)
    assert len(drawn(test, "answer")) == 10
    test.button(key="show_earlier").click().run()
    assert len(drawn(test, "answer")) == 15


def test_an_interrupted_answer_shows_why_and_offers_to_ask_again(home: Path) -> None:
    page()
    store = conversations()
    conversation = store.create(LOCAL_USER)
    store.begin(conversation, LOCAL_USER, "a question")
    store.mark_interrupted()
    (answer,) = drawn(page(c=conversation), "answer")
    assert "was stopped" in answer["failure"]
    assert answer["again"]


def test_an_answer_that_another_process_writes_grows_on_the_page_and_is_stopped_from_it(home: Path) -> None:
    page()
    citewell = RUNNING.get()
    assert citewell is not None
    engine = open_database(citewell.home.database_url)
    other = Processes(engine, is_alone=False)
    other.join("app")
    theirs = Conversations(engine, other.id)
    conversation = theirs.create(LOCAL_USER)
    answer = theirs.begin(conversation, LOCAL_USER, "a question")
    try:
        theirs.save(answer, state="streaming", text="Half an")
        test = page(c=conversation)
        (shown,) = drawn(test, "answer")
        assert "Half an" in str(shown["blocks"])
        assert not shown.get("again")
        theirs.save(answer, state="streaming", text="Half an answer")
        (shown,) = drawn(test.run(), "answer")
        assert "Half an answer" in str(shown["blocks"])
        refused = ask(test, "another question")
        assert "One answer at a time" in said(refused)
        test.button(key="stop").click().run()
        assert theirs.is_stop_asked(answer)
        theirs.save(answer, state="stopped", text="Half an answer")
        (shown,) = drawn(test.run(), "answer")
        assert shown["again"]
        assert not [button for button in test.button if button.key == "stop"]
    finally:
        other.leave()
        engine.dispose()


def test_a_document_is_shown_whole_with_its_span_marked(home: Path) -> None:
    page()
    citewell = RUNNING.get()
    assert citewell is not None
    scope = frozenset(collection.id for collection in citewell.library.collections())
    document = citewell.library.document_at("leave.md", scope)
    start = LEAVE.index("26")
    test = page(id=str(document), start=str(start), end=str(start + 7)).switch_page("views/document.py").run()
    test.query_params["id"], test.query_params["start"], test.query_params["end"] = (
        str(document),
        str(start),
        str(start + 7),
    )
    (shown,) = drawn(test.run(), "document")
    assert '{"k": "mark", "c": ["26 days"]}' in json.dumps(shown["blocks"])


@pytest.mark.parametrize("number", ["999999", "-1", "x", "1e3", "9" * 40, "²"])
def test_a_document_that_is_not_there_is_absent_in_words(home: Path, number: str) -> None:
    test = page().switch_page("views/document.py")
    test.query_params["id"] = number
    assert "This document is not here any more" in said(test.run())


def test_the_demo_says_what_it_is_and_offers_its_five_questions(settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.setenv("CITEWELL_DEMO", "1")
    citewell = RUNNING.get()
    assert citewell is not None
    (tmp_path / "leave.md").write_text(LEAVE, "utf-8")
    citewell.intake.read_paths([tmp_path], collection=SAMPLE_COLLECTION)
    test = page()
    assert "**Demo.**" in said(test)
    assert [test.button(key=f"guided_{n}").label[0] for n in range(1, 6)] == list("12345")
    test.button(key="guided_1").click().run()
    assert len(drawn(test, "answer")) == 1
    test.button(key="reset").click().run()
    assert drawn(test, "answer") == []
    token = test.session_state["citewell_visitor"]
    assert citewell.threads.list(visitor(token)) == ()


def test_a_home_that_cannot_be_opened_is_explained(settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    settings.setenv("CITEWELL_HOME", str(blocked / "below"))
    assert "could not open its data" in said(page())
