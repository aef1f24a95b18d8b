"""What may be asked next comes after the answer, is answered by the documents, and costs one call at most."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import follow_ups
from assistant.background import Background
from assistant.conversations import Conversations, StoredMessage
from assistant.follow_ups import SOUGHT, from_headings, read_reply
from assistant.llm import Deadlines, OpenAIModel
from assistant.threads import Threads
from assistant.turn import Assistant
from assistant.usage import Prices
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.retriever import CitewellRetriever
from retrieval.values import ParsedDocument, Section
from tests.assistant.scripted_endpoint import HANG, Script, ScriptedEndpoint, error, reply
from tests.assistant.turns import ANNA, BELA
from tests.conftest import Shelf, open_shelf
from tests.ui.values import answer, citation, passage

LEAVE = "How many days of paid leave does everybody have?"
RIGHT = "Everybody has 30 days of paid leave a year [1]."
NEXT = "When do unused days of paid leave lapse?"
PARTS = {
    "How much": "Everybody has 30 days of paid leave a year. Part-timers have the same in proportion to their hours.",
    "Carrying over": "Unused days of paid leave lapse on 31 March of the following year, except after a long illness.",
    "Asking": "Leave is requested in the staff portal and approved by the team lead within five working days.",
}


def handbook() -> ParsedDocument:
    """One document of three sections, each long enough to stand alone."""
    text, sections = "", []
    for heading, words in PARTS.items():
        start = len(text)
        text += f"{words} " * 8 + "\n\n"
        sections.append(Section(("Leave", heading), start, len(text)))
    return ParsedDocument("Leave policy", text, tuple(sections))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Shelf]:
    shelf = open_shelf(tmp_path_factory.mktemp("follow_ups"), embedder)
    collection = shelf.library.create_collection("company").id
    shelf.intake.add_parsed(collection, [("leave.md", handbook())])
    yield shelf
    shelf.indexes.close()
    shelf.library.close()


@pytest.fixture
def assistant(shelf: Shelf, embedder: Embedder) -> Iterator[Assistant]:
    engine = open_database(f"sqlite:///{shelf.directory / 'library.sqlite'}")
    retriever = CitewellRetriever(engine=shelf.search, catalogue=shelf.catalogue, limit=8)
    yield Assistant(shelf.library, retriever, Conversations(engine), embedder, None, 200, background=Background())
    engine.dispose()


def asked(assistant: Assistant, *questions: str) -> tuple[str, StoredMessage]:
    """The conversation and its last answer, once everything beside it has ended."""
    conversation = assistant.conversations.create(ANNA)
    for question in questions or (LEAVE,):
        list(assistant.ask(question, conversation_id=conversation, principal=ANNA))
        for thread in assistant.background._threads if assistant.background else ():
            thread.join(30)
    return conversation, assistant.conversations.messages(conversation, ANNA)[-1]


def with_scripts(
    assistant: Assistant, *scripts: Script, questions: tuple[str, ...] = (LEAVE,)
) -> tuple[str, StoredMessage, int]:
    with ScriptedEndpoint(scripts) as endpoint:
        model = OpenAIModel(endpoint.url, None, "m", timeouts=Deadlines(3, 3, 8), max_retries=0)
        prices = Prices(1_000_000, 0, "EUR")
        conversation, message = asked(replace(assistant, model=model, prices=prices), *questions)
        return conversation, message, len(endpoint.requests)


def titles(assistant: Assistant, conversation: str) -> list[str]:
    listed = Threads(assistant.conversations._engine).list(ANNA)
    return [thread.title for thread in listed if thread.id == conversation]


def test_a_model_suggests_what_the_documents_answer_and_names_the_conversation(assistant):
    said = reply(f"1. {NEXT}\n2. Which volcano erupted on Iceland in 2010?\nTitle: Paid leave")
    conversation, message, calls = with_scripts(assistant, reply(RIGHT), said)
    assert calls == 2
    assert message.follow_ups == (NEXT,), "what the documents do not answer is not suggested"
    assert titles(assistant, conversation) == ["Paid leave"]


def test_the_answer_does_not_wait_for_what_may_be_asked_next(assistant):
    with ScriptedEndpoint([reply(RIGHT), (HANG,)]) as endpoint:
        model = OpenAIModel(endpoint.url, None, "m", max_retries=0)
        background = Background()
        talking = replace(assistant, model=model, background=background)
        conversation = talking.conversations.create(ANNA)
        list(talking.ask(LEAVE, conversation_id=conversation, principal=ANNA))
        stored = talking.conversations.messages(conversation, ANNA)[-1]
        assert (stored.state, stored.text, stored.follow_ups) == ("done", RIGHT, None)
        background.close()


def test_whoever_waits_for_what_may_be_asked_next_hears_when_it_is_looked_for_no_more(assistant):
    with ScriptedEndpoint([reply(RIGHT), (HANG,)]) as endpoint:
        background = Background()
        talking = replace(assistant, model=OpenAIModel(endpoint.url, None, "m", max_retries=0), background=background)
        conversation = talking.conversations.create(ANNA)
        list(talking.ask(LEAVE, conversation_id=conversation, principal=ANNA))
        answer_id = talking.conversations.messages(conversation, ANNA)[-1].id
        assert not SOUGHT.wait(answer_id, timeout_s=0.05)
        background.close()
        assert SOUGHT.wait(answer_id, timeout_s=0)


def test_where_many_wait_for_the_search_nothing_is_suggested_and_the_conversation_has_its_name(assistant):
    said = reply(f"1. {NEXT}\nTitle: Paid leave")
    with ExitStack() as others:
        while follow_ups._ROOM.acquire(blocking=False):
            others.callback(follow_ups._ROOM.release)
        conversation, message, _ = with_scripts(assistant, reply(RIGHT), said)
    assert message.follow_ups == ()
    assert titles(assistant, conversation) == ["Paid leave"]


def test_a_turn_that_has_asked_the_model_twice_does_not_ask_it_a_third_time(assistant):
    questions = (LEAVE, "And when do they lapse?")
    said = "Unused days of paid leave lapse on 31 March of the following year [1]."
    scripts = (reply(RIGHT), reply(NEXT), reply(NEXT), reply(said), reply("asked too often"))
    _, message, calls = with_scripts(assistant, *scripts, questions=questions)
    assert calls == 4
    assert message.follow_ups is not None


def test_the_title_of_a_conversation_stays(assistant):
    questions = (LEAVE, "Where is leave requested?")
    said = "Leave is requested in the staff portal [1]."
    scripts = (reply(RIGHT), reply("Title: Paid leave"), reply(said), reply("Title: Asking for leave"))
    conversation, _, _ = with_scripts(assistant, *scripts, questions=questions)
    assert titles(assistant, conversation) == ["Paid leave"]


def test_what_the_second_call_costs_is_added_to_the_answers_account(assistant):
    _, message, _ = with_scripts(assistant, reply(RIGHT), reply(NEXT))
    with assistant.conversations._engine.connect() as connection:
        row = connection.exec_driver_sql(f"SELECT prompt_tokens, cost FROM messages WHERE id = {message.id}").one()
    assert tuple(row) == (14, 14.0)


@pytest.mark.parametrize("script", [error(500, "no"), reply("I cannot."), reply("")], ids=range(3))
def test_where_the_model_suggests_nothing_the_headings_do(script, assistant):
    conversation, message, _ = with_scripts(assistant, reply(RIGHT), script)
    assert message.follow_ups is not None
    assert all(question.startswith("What does “Leave policy” say about “") for question in message.follow_ups)
    assert titles(assistant, conversation) == [LEAVE]


def test_without_a_model_sections_found_and_not_quoted_are_suggested(assistant):
    conversation, message = asked(assistant)
    assert message.follow_ups
    assert set(message.follow_ups) <= {f"What does “Leave policy” say about “{heading}”?" for heading in PARTS}
    assert titles(assistant, conversation) == [LEAVE], "the first question stands for a title"


def test_a_question_that_is_not_answered_leads_nowhere(assistant):
    _, message = asked(assistant, "Which volcano erupted on Iceland in 2010?")
    assert message.follow_ups is None


def test_another_person_sees_neither_title_nor_suggestions(assistant):
    with_scripts(assistant, reply(RIGHT), reply(f"{NEXT}\nTitle: Paid leave"))
    assert Threads(assistant.conversations._engine).list(BELA) == ()


def test_headings_that_were_cited_or_say_nothing_are_left_out():
    cited = citation(1)
    other = replace(passage(), heading=("Time off", "Half days"))
    plain = replace(passage(), heading=())
    same = replace(passage(), heading=("Leave policy",))
    odd = replace(passage(), heading=("<img src=x>",))
    given = answer("26 days [1].", citations=(cited,))
    assert from_headings((cited.passage, other, plain, same, odd, other), given) == (
        "What does “Leave policy” say about “Half days”?",
    )


@pytest.mark.parametrize(
    ("text", "questions", "title"),
    [
        ("What about part-timers?\nWho approves leave?\nTitle: Leave", ("What about part-timers?", "Who approves leave?"), "Leave"),
        ("- “What about part-timers?”\n**Title:** “Leave”.", ("What about part-timers?",), "Leave"),
        ("1) What about part-timers?\n1) What about part-timers?", ("What about part-timers?",), None),
        ("Here are some questions:\nWhat about part-timers?", ("What about part-timers?",), None),
        (f"{LEAVE}\nWhy?\n{'very ' * 60}long?", (), None),
        ("See <b>this</b> or [that](https://evil.example)?\n=== end ===?\nTitle: [x](https://evil.example)", (), None),
        ("One question here?\nTwo questions here?\nThree questions here?\nFour questions here?", ("One question here?", "Two questions here?", "Three questions here?"), None),
        ("", (), None),
        ("Title:", (), None),
    ],
    ids=range(9),
)  # fmt: skip
def test_a_reply_is_read_as_questions_and_a_title(text, questions, title):
    assert read_reply(text, LEAVE) == (questions, title)


@given(st.text(max_size=400))
def test_whatever_a_model_writes_suggestions_are_few_short_plain_questions(text: str) -> None:
    questions, title = read_reply(text, LEAVE)
    assert len(questions) <= 3
    assert all(question.endswith("?") and len(question) <= 140 and "<" not in question for question in questions)
    assert title is None or 0 < len(title) <= 60
