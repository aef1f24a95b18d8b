"""A whole turn with real parts: a library on disk, the local embedding, and a model endpoint that plays scripts."""

import threading
import time
from dataclasses import replace

import pytest

from assistant.errors import ConversationNotFound, QuestionRefused
from assistant.events import (
    AnswerFinished,
    Event,
    PassagesFound,
    SentenceChecked,
    TextDelta,
    TurnFailed,
    TurnStarted,
    TurnStopped,
)
from assistant.jobs import JobRegistry
from assistant.llm import Message
from assistant.turn import MOST_QUESTION_CHARS
from retrieval.errors import UnknownCollection
from tests.assistant.scripted_endpoint import DONE, HANG, HEAD, RESET, Script, ScriptedEndpoint, chunk, error, reply
from tests.assistant.turns import (
    ANNA,
    BELA,
    DOCUMENTS,
    FOREIGN,
    LEAVE,
    RIGHT,
    answer_of,
    asked,
    joined,
    model_at,
    proof_holds,
    replaced_in,
    stopping,
    with_script,
)

ENDINGS: dict[str, tuple[Script, str, type[Event]]] = {
    "answered": (reply("Everybody has 30 days ", "of paid leave a ye", "ar [1]", "."), LEAVE, AnswerFinished),
    "declined": (reply("never asked"), FOREIGN, AnswerFinished),
    "cut by the length limit": (reply(RIGHT, " And unused", finish="length"), LEAVE, AnswerFinished),
    "failed with a reset": ((HEAD, chunk(RIGHT + " Unused da"), 0.1, RESET), LEAVE, TurnFailed),
    "ended early": (
        (
            HEAD,
            chunk(
                RIGHT + " Unused days [",
            ),
            DONE,
        ),
        LEAVE,
        TurnFailed,
    ),
    "fell silent": ((HEAD, chunk(RIGHT), HANG), LEAVE, TurnFailed),
    "never began": (error(500, "out of memory"), LEAVE, AnswerFinished),
    "said nothing": (reply(""), LEAVE, AnswerFinished),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_joined_deltas_are_the_answers_text_and_what_is_stored(ending, assistant, stocked):
    script, question, kind = ENDINGS[ending]
    with ScriptedEndpoint([script]) as endpoint:
        conversation = assistant.conversations.create(ANNA)
        events = asked(replace(assistant, model=model_at(endpoint.url)), question, conversation=conversation)
    assert isinstance(events[-1], kind)
    text = answer_of(events).text
    assert text == joined(events)
    assert text.strip()
    stored = assistant.conversations.messages(conversation, ANNA)[-1]
    assert stored.text == text
    assert stored.state == ("failed" if kind is TurnFailed else "done")
    assert stored.work is not None
    assert stored.work.answer == answer_of(events)
    assert proof_holds(events, stocked)


def test_a_stopped_answer_keeps_its_text_within_half_a_second(assistant, stocked):
    cancelled, stopped = stopping()
    conversation = assistant.conversations.create(ANNA)
    events: list[Event] = []
    with ScriptedEndpoint([(HEAD, chunk(f"{RIGHT} Unused days lapse "), HANG)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        for event in talking.ask(LEAVE, conversation_id=conversation, principal=ANNA, cancelled=cancelled):
            events.append(event)
            if isinstance(event, TextDelta) and not stopped.is_set():
                stopped.set()
                since = time.monotonic()
        assert time.monotonic() - since < 0.5
        assert endpoint.left.wait(2), "the endpoint was left talking"
    assert isinstance(events[-1], TurnStopped)
    answer = answer_of(events)
    assert answer.text == joined(events)
    assert answer.text.startswith("Everybody has 30 days")
    assert [citation.n for citation in answer.citations] == [1]
    stored = assistant.conversations.messages(conversation, ANNA)[-1]
    assert (stored.state, stored.text) == ("stopped", answer.text)


def test_stop_before_the_first_word_ends_at_once_and_empty(assistant):
    cancelled, stopped = stopping()
    threading.Timer(0.2, stopped.set).start()
    with ScriptedEndpoint([(HANG,)]) as endpoint:
        since = time.monotonic()
        events = asked(replace(assistant, model=model_at(endpoint.url)), LEAVE, cancelled=cancelled)
        assert time.monotonic() - since < 2
    assert isinstance(events[-1], TurnStopped)
    assert answer_of(events).text == joined(events) == ""


def test_the_question_is_stored_before_the_model_is_called(assistant):
    conversation = assistant.conversations.create(ANNA)
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        turn = talking.ask(LEAVE, conversation_id=conversation, principal=ANNA)
        assert isinstance(next(turn), TurnStarted)
        question, pending = assistant.conversations.messages(conversation, ANNA)
        assert (question.text, pending.state) == (LEAVE, "pending")
        assert isinstance(next(turn), PassagesFound)
        assert assistant.conversations.messages(conversation, ANNA)[-1].state == "pending"
        assert endpoint.requests == []
        assert isinstance(next(turn), TextDelta)
        streaming = assistant.conversations.messages(conversation, ANNA)[-1]
        assert (streaming.state, bool(streaming.work and streaming.work.passages)) == ("streaming", True)
        list(turn)
        assert len(endpoint.requests) == 1


def test_a_right_answer_is_supported_and_cites_the_sentence_it_rests_on(assistant, stocked):
    events, _ = with_script(assistant, reply("Everybody has 30 days ", "of paid leave a year [1]."))
    answer = answer_of(events)
    assert answer.status == "answered"
    assert [sentence.support for sentence in answer.sentences] == ["supported"]
    assert [(c.n, c.passage.source.title) for c in answer.citations] == [(1, "Leave policy")]
    assert "30 days of paid leave" in answer.citations[0].quote
    assert answer.usage.model == "scripted"
    assert answer.usage.prompt_tokens == 7
    assert proof_holds(events, stocked)


def test_sentences_are_checked_as_they_end_and_stand_where_they_say(assistant):
    events, _ = with_script(assistant, reply(RIGHT, " Unused days lapse on 31 March of the following year [1]."))
    answer = answer_of(events)
    assert tuple(event.sentence for event in events if isinstance(event, SentenceChecked)) == answer.sentences
    assert [answer.text[s.start : s.end].strip() for s in answer.sentences] == [
        RIGHT,
        "Unused days lapse on 31 March of the following year [1].",
    ]


def test_an_invented_citation_disappears(assistant, stocked):
    events, _ = with_script(assistant, reply("Everybody has 30 days of paid leave a year [9", "9]. It is so [1][77]."))
    answer = answer_of(events)
    assert "99" not in answer.text
    assert "77" not in answer.text
    assert [citation.n for citation in answer.citations] == [1]
    assert proof_holds(events, stocked)


@pytest.mark.parametrize(
    "text",
    ["The documents do not say.", "I could not find this in the passages. Let me know if you need more.", "Hello!"],
)
def test_a_model_that_claims_nothing_gives_the_designed_refusal(text, assistant):
    events, _ = with_script(assistant, reply(text))
    answer = answer_of(events)
    assert answer.status == "unanswerable"
    assert answer.citations == ()
    assert answer.text.startswith("The documents do not say. The nearest are “Leave policy”")
    assert [taken.text for taken in replaced_in(events)] == [text]


def test_a_supported_sentence_without_a_number_is_given_its_source(assistant, stocked):
    events, _ = with_script(assistant, reply("Everybody has 30 days of paid leave a year."))
    answer = answer_of(events)
    assert answer.status == "answered"
    assert [(s.support, s.citations) for s in answer.sentences] == [("supported", (1,))]
    assert answer.citations[0].passage.source.title == "Leave policy"
    assert proof_holds(events, stocked)


def test_a_source_that_was_given_keeps_apart_from_those_the_model_names_later(assistant, stocked):
    text = "Everybody has 30 days of paid leave a year. Visitors sign in at the reception and wear a badge [3]."
    events, _ = with_script(assistant, reply(text))
    numbers = [number for sentence in answer_of(events).sentences for number in sentence.citations]
    assert sorted(numbers) == [1, 2]
    assert len({citation.passage.source.id for citation in answer_of(events).citations}) == 2
    assert proof_holds(events, stocked)


INVENTED = "Staff may bring their dogs on Fridays [1]. Every dog wears a blue collar [1]."


@pytest.mark.parametrize("text", [INVENTED, INVENTED.replace(" [1]", ""), f"{INVENTED} {RIGHT}"])
def test_an_answer_whose_claims_mostly_lack_support_is_replaced_by_what_the_documents_say(text, assistant, stocked):
    conversation = assistant.conversations.create(ANNA)
    with ScriptedEndpoint([reply(text)]) as endpoint:
        events = asked(replace(assistant, model=model_at(endpoint.url)), LEAVE, conversation=conversation)
    answer = answer_of(events)
    assert answer.text == joined(events)
    assert "dog" not in answer.text
    assert "30 days of paid leave" in answer.text
    assert {sentence.support for sentence in answer.sentences} == {"supported"}
    assert answer.notice is not None
    assert "Most of what the model wrote is not in the documents" in answer.notice
    assert answer.usage.model == "scripted", "the model was asked and is to be paid for"
    assert proof_holds(events, stocked)
    stored = assistant.conversations.messages(conversation, ANNA)[-1]
    assert stored.text == answer.text
    assert stored.work is not None
    assert stored.work.replaced is not None
    assert "dogs on Fridays" in stored.work.replaced.text


def test_an_answer_with_one_unproven_sentence_among_proven_ones_stands_with_its_mark(assistant):
    events, _ = with_script(assistant, reply(f"{RIGHT} Every dog wears a blue collar [1]."))
    assert replaced_in(events) == ()
    assert [sentence.support for sentence in answer_of(events).sentences] == ["supported", "unsupported"]


@pytest.mark.parametrize(
    "wrong",
    [
        "Everybody has 35 days of paid leave a year [1].",
        "Unused days lapse on 31 May of the following year [1].",
        "Nobody has 30 days of paid leave a year [1].",
    ],
)
def test_a_planted_wrong_fact_is_marked(wrong, assistant):
    events, _ = with_script(assistant, reply(wrong))
    written = replaced_in(events) or (answer_of(events),)
    assert {sentence.support for sentence in written[0].sentences} <= {"unsupported", "contradicted"}


def test_a_deed_that_a_model_claims_is_marked_and_denied(assistant):
    events, _ = with_script(assistant, reply(f"{RIGHT} I have sent the request for leave to your team lead [1]."))
    answer = answer_of(events)
    assert [sentence.support for sentence in answer.sentences] == ["supported", "unsupported"]
    assert "nothing was sent, changed, booked or opened" in (answer.notice or "")


def test_documents_that_disagree_are_told_beside_a_models_answer_too(assistant, stocked):
    question = "How high is the daily meal allowance?"
    with ScriptedEndpoint([reply("The daily meal allowance is 55 euros for every travelling day.")]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        events = asked(talking, question, collection="travel")
    notice = answer_of(events).notice or ""
    assert "disagree" in notice
    assert notice.index("1 March 2026") < notice.index("1 March 2024")


def test_an_unanswerable_question_calls_no_model_and_names_the_nearest_documents(assistant):
    events, endpoint = with_script(assistant, reply("It was Eyjafjallajökull [1]."), FOREIGN)
    answer = answer_of(events)
    assert endpoint.requests == []
    assert answer.status == "unanswerable"
    assert answer.citations == ()
    assert answer.text.startswith("The documents do not say.")
    assert any(title in answer.text for title in DOCUMENTS)


def test_without_a_model_the_best_sentences_are_quoted_exactly(assistant, stocked):
    events = asked(assistant, LEAVE)
    answer = answer_of(events)
    assert answer.status == "answered"
    assert answer.text == joined(events)
    assert answer.text.startswith(RIGHT.replace(" [1].", ". [1]"))
    assert proof_holds(events, stocked)


def test_two_dated_documents_that_disagree_are_told_with_the_newer_first(assistant, stocked):
    events = asked(assistant, "How high is the daily meal allowance?", collection="travel")
    answer = answer_of(events)
    assert answer.notice is not None
    assert "disagree" in answer.notice
    assert answer.notice.index("1 March 2026") < answer.notice.index("1 March 2024")
    assert answer.text.index("55 euros") < answer.text.index("40 euros")
    assert proof_holds(events, stocked)


def test_a_follow_up_is_asked_with_what_was_said_before(assistant):
    conversation = assistant.conversations.create(ANNA)
    asked(assistant, LEAVE, conversation=conversation)
    with ScriptedEndpoint([reply("Unused days lapse on 31 March of the following year [1].")]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        events = asked(talking, "And when do unused ones lapse?", conversation=conversation)
        said = endpoint.requests[-1].body["messages"]
    assert answer_of(events).citations[0].passage.source.title == "Leave policy"
    assert [message["role"] for message in said] == ["system", "user", "assistant", "user"]
    assert said[1]["content"] == LEAVE


@pytest.mark.parametrize("question", ["", "  \n\t ", "x" * (MOST_QUESTION_CHARS + 1), "why? " * 210_000])
def test_an_empty_or_huge_question_is_refused_before_anything_is_stored(question, assistant):
    conversation = assistant.conversations.create(ANNA)
    since = time.monotonic()
    with pytest.raises(QuestionRefused) as refused:
        asked(assistant, question, conversation=conversation)
    assert time.monotonic() - since < 1
    assert refused.value.hint.endswith(".")
    assert assistant.conversations.messages(conversation, ANNA) == ()


def test_an_unknown_collection_and_anothers_conversation_are_refused_before_anything_is_stored(assistant):
    conversation = assistant.conversations.create(ANNA)
    with pytest.raises(UnknownCollection):
        asked(assistant, LEAVE, collection="secret", conversation=conversation)
    with pytest.raises(ConversationNotFound):
        list(assistant.ask(LEAVE, conversation_id=conversation, principal=BELA))
    assert assistant.conversations.messages(conversation, ANNA) == ()


def test_an_empty_scope_finds_nothing_and_calls_no_model(assistant):
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        events = tuple(talking.answer(LEAVE, scope=frozenset()))
        assert endpoint.requests == []
    assert answer_of(events).text == "There are no documents to answer from yet. Read some in first."


def test_a_job_carries_the_turn_out_beside_its_viewer(assistant):
    conversation = assistant.conversations.create(ANNA)
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        job = JobRegistry().start(
            ANNA,
            conversation,
            LEAVE,
            lambda cancelled: talking.ask(LEAVE, conversation_id=conversation, principal=ANNA, cancelled=cancelled),
        )
        assert job.wait_ended(10)
    assert answer_of(job.events()).text == joined(job.events()) == RIGHT


def test_the_models_history_holds_earlier_messages_of_the_caller(assistant):
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        scope = frozenset({talking.library.collection_named("company").id})
        history = (Message("user", "Hello"), Message("assistant", "Hello."))
        list(talking.answer(LEAVE, scope=scope, history=history))
        contents = [message["content"] for message in endpoint.requests[0].body["messages"]]
    assert contents[1:3] == ["Hello", "Hello."]


def test_model_and_search_know_of_a_branch_only_what_was_said_in_it(assistant):
    """Neither what followed an edited question nor the answer that is given again is context of the new one."""
    conversation = assistant.conversations.create(ANNA)
    asked(assistant, "Who approves leave?", conversation=conversation)
    asked(assistant, "What about the old laptops?", conversation=conversation)
    laptops = assistant.conversations.messages(conversation, ANNA)[2]
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        talking = replace(assistant, model=model_at(endpoint.url))
        turn = {"conversation_id": conversation, "principal": ANNA, "collection": "company"}
        list(talking.ask(LEAVE, instead_of=laptops.id, **turn))
        answer = assistant.conversations.messages(conversation, ANNA)[-1]
        list(talking.ask(LEAVE, instead_of=answer.id, **turn))
        edited, again = ([m["content"] for m in request.body["messages"]] for request in endpoint.requests)
    assert edited[1] == again[1] == "Who approves leave?"
    assert len(edited) == len(again) == 4
    assert not any("laptops" in content for content in (*edited[:-1], *again[:-1]))
    branch = assistant.conversations.messages(conversation, ANNA)
    assert [m.text for m in branch][::2] == ["Who approves leave?", LEAVE]
    assert branch[-1].versions == (answer.id, branch[-1].id)
