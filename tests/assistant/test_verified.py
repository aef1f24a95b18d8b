"""Answers that somebody vouches for: made, matched, offered before everything else, and not offered once they are due."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER, Principal, Role
from assistant.asking import Asking
from assistant.bootstrap import Citewell
from assistant.claims import Claims
from assistant.configuration import Configuration
from assistant.errors import ConversationNotFound
from assistant.events import (
    Answer,
    AnswerFinished,
    Event,
    PassagesFound,
    SentenceChecked,
    TextDelta,
    TurnStarted,
)
from assistant.export.as_markdown import markdown_of
from assistant.transcript import transcript_of
from assistant.verified.matching import Known, has_same_facts, matching
from assistant.verified.values import VerificationRefused, Verified, VerifiedNotFound, Wording
from retrieval.embedding import Embedder
from retrieval.errors import UnknownCollection
from retrieval.filters import Filters
from tests.assistant.people import erase, opened
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.assistant.turns import DOCUMENTS, model_at
from tests.conftest import document
from tests.homes import new_home

QUESTION = "How many days of paid leave does everybody have?"
OTHER_WORDS = "How many days of paid leave does everybody get?"
UNTIL = date.today() + timedelta(days=90)
WORDING = Wording((QUESTION,), UNTIL)
CHANGED = DOCUMENTS["Leave policy"].replace("30 days of paid leave", "28 days of paid leave")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    with closing(opened(new_home(tmp_path_factory.mktemp("verified") / "home"))) as made:
        yield made


@pytest.fixture
def citewell(home: Citewell) -> Citewell:
    """A home with one collection, in which nothing is verified yet."""
    for known in home.verified.list(LOCAL_USER):
        home.verified.withdraw(known.id, LOCAL_USER)
    stocked = [(f"{title}.md", document(text, title=title)) for title, text in DOCUMENTS.items()]
    home.intake.add_parsed(home.library.create_collection("company").id, stocked)
    return home


def company(citewell: Citewell) -> str:
    return citewell.library.collection_named("company").id


def asked(citewell: Citewell, question: str, who: Principal = LOCAL_USER, **more: object) -> tuple[Event, ...]:
    conversation_id = str(more.pop("conversation", None) or citewell.conversations.create(who))
    turn = citewell.assistant.ask(question, conversation_id=conversation_id, principal=who, **more)  # type: ignore[arg-type]
    return tuple(turn)


def answer_in(events: Sequence[Event]) -> Answer:
    last = events[-1]
    assert isinstance(last, AnswerFinished)
    return last.answer


def id_in(events: Sequence[Event]) -> int:
    first = events[0]
    assert isinstance(first, TurnStarted)
    return first.message_id


def verified(citewell: Citewell, wording: Wording = WORDING, question: str = QUESTION) -> int:
    """An answer of a conversation, vouched for."""
    conversation_id = citewell.conversations.create(LOCAL_USER)
    message_id = id_in(asked(citewell, question, conversation=conversation_id))
    collection_id = company(citewell)
    return citewell.verified.from_answer(
        conversation_id, message_id, LOCAL_USER, collection_id=collection_id, wording=wording
    )


def read_anew(citewell: Citewell, text: str) -> None:
    title = "Leave policy"
    citewell.intake.add_parsed(company(citewell), [(f"{title}.md", document(text, title=title))])


def offered(citewell: Citewell, question: str = OTHER_WORDS) -> Verified | None:
    return citewell.verified.offer((question,), frozenset({company(citewell)}))


def due(citewell: Citewell, verified_id: int) -> tuple[str, ...]:
    return citewell.verified.get(verified_id, LOCAL_USER).due


# Offered.


def test_it_is_offered_first_to_whoever_asks_in_other_words_with_the_verdicts_and_sources_it_had(
    citewell: Citewell,
) -> None:
    verified_id = verified(citewell)
    kept = citewell.verified.get(verified_id, LOCAL_USER)
    events = asked(citewell, OTHER_WORDS)
    answer = answer_in(events)
    assert answer.verified is not None
    assert (answer.verified.id, answer.verified.question) == (verified_id, QUESTION)
    assert answer.verified.verified_at == kept.verified_at
    assert answer.text == kept.answer.text == "".join(e.text for e in events if isinstance(e, TextDelta))
    assert tuple(e.sentence for e in events if isinstance(e, SentenceChecked)) == kept.answer.sentences
    assert {sentence.support for sentence in answer.sentences} == {"supported"}
    (found,) = (event.passages for event in events if isinstance(event, PassagesFound))
    assert {citation.passage for citation in answer.citations} <= set(found)


def test_no_model_is_asked_where_a_verified_answer_matches(citewell: Citewell) -> None:
    verified(citewell)
    with ScriptedEndpoint([reply("Everybody has 31 days [1].")]) as endpoint:
        assistant = replace(citewell.assistant, model=model_at(endpoint.url))
        conversation_id = citewell.conversations.create(LOCAL_USER)
        events = tuple(assistant.ask(OTHER_WORDS, conversation_id=conversation_id, principal=LOCAL_USER))
        citewell.background.wait()
        assert endpoint.requests == []
    assert answer_in(events).model_calls == 0
    assert answer_in(events).usage.prompt_tokens == 0


def test_the_ordinary_answer_is_given_where_the_answer_is_asked_for_again(citewell: Citewell) -> None:
    verified(citewell)
    conversation_id = citewell.conversations.create(LOCAL_USER)
    first = id_in(asked(citewell, OTHER_WORDS, conversation=conversation_id))
    again = asked(citewell, OTHER_WORDS, conversation=conversation_id, instead_of=first)
    assert answer_in(again).verified is None
    assert "30 days" in answer_in(again).text
    question_id = citewell.conversations.messages(conversation_id, LOCAL_USER)[0].id
    other = asked(citewell, QUESTION, conversation=conversation_id, instead_of=question_id)
    assert answer_in(other).verified is not None, "a question that is put differently is another question"


@pytest.mark.parametrize("more", [{"filters": Filters(title="Leave")}, {"rewrite": "paid leave"}, {"files": ("a.md",)}])
def test_what_is_asked_of_certain_documents_or_in_the_readers_words_is_answered_from_the_documents(
    citewell: Citewell, more: dict[str, object]
) -> None:
    verified(citewell)
    assert answer_in(asked(citewell, QUESTION, **more)).verified is None


def test_a_follow_up_is_asked_after_it_as_after_any_answer_and_is_itself_never_taken_for_it(citewell: Citewell) -> None:
    verified(citewell, Wording((QUESTION, "And when do they lapse?"), UNTIL))
    conversation_id = citewell.conversations.create(LOCAL_USER)
    assert answer_in(asked(citewell, QUESTION, conversation=conversation_id)).verified is not None
    follow_up = answer_in(asked(citewell, "And when do they lapse?", conversation=conversation_id))
    assert follow_up.verified is None
    assert "31 March" in follow_up.text


def test_the_more_ways_of_asking_are_known_the_more_often_it_is_found(citewell: Citewell) -> None:
    far = "What is my yearly holiday allowance?"
    verified_id = verified(citewell)
    assert offered(citewell, far) is None
    citewell.verified.change(verified_id, Wording((QUESTION, far), UNTIL), LOCAL_USER)
    assert offered(citewell, "What is my annual holiday allowance?") is not None


def test_without_an_embedding_nothing_is_offered(citewell: Citewell) -> None:
    verified(citewell)
    without = replace(citewell.verified, embedder=None)
    assert without.offer((QUESTION,), frozenset({company(citewell)})) is None


def test_what_configurations_are_compared_by_comes_from_the_documents(citewell: Citewell) -> None:
    verified(citewell)
    asking = Asking(citewell, Configuration(), frozenset({company(citewell)}))
    answer = answer_in(tuple(asking.turn(QUESTION, ())))
    assert answer.verified is None
    assert "30 days" in answer.text


# Which question is meant.

EXAMPLES = json.loads((Path(__file__).parent / "other_words.json").read_text("utf-8"))
SAMPLE = [json.loads(line) for line in Path("examples/questions.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def known(embedder: Embedder) -> tuple[Known, ...]:
    return tuple(Known(n, each["question"], embedder.embed_query(each["question"])) for n, each in enumerate(EXAMPLES))


def test_paraphrases_are_found_as_often_as_the_threshold_was_chosen_for(
    known: tuple[Known, ...], embedder: Embedder
) -> None:
    found = [matching((same,), known, embedder)[:1] == (n,) for n, each in enumerate(EXAMPLES) for same in each["same"]]
    assert (len(found), sum(found)) == (60, 35)


def test_questions_that_sound_alike_and_ask_something_else_are_seldom_taken_for_it(
    known: tuple[Known, ...], embedder: Embedder
) -> None:
    taken = [other for each in EXAMPLES for other in each["other"] if matching((other,), known, embedder)]
    assert sum(len(each["other"]) for each in EXAMPLES) == 41
    assert len(taken) == 7
    assert not any(figure in other for other in taken for figure in ("P2", "E24", "E11", "15 kg", "£", "Ireland"))


def test_no_other_question_of_the_sample_is_taken_for_a_known_one(known: tuple[Known, ...], embedder: Embedder) -> None:
    asked_of = {each["question"] for each in EXAMPLES}
    others = [each["question"] for each in SAMPLE if each["kind"] != "follow_up" and each["question"] not in asked_of]
    assert len(others) > 50
    assert [other for other in others if matching((other,), known, embedder)] == []


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("A refund of £1,200?", "Who signs a refund of £1200?", True),
        ("A refund of £1,200?", "A refund of £12,000?", False),
        ("What is E23?", "what is e23", True),
        ("What is E23?", "What is E24?", False),
        ("Postage to Norway?", "what is the postage to norway", True),
        ("Postage to Norway?", "Postage to Ireland?", False),
        ("Whose is Anna's desk?", "Anna: which desk is hers? Anna", True),
        ("How long is leave?", "How long is leave in Spain?", False),
    ],
)
def test_figures_and_names_must_be_the_same(one: str, other: str, is_same: bool) -> None:
    assert has_same_facts(one, other) == has_same_facts(other, one) == is_same


# Not offered any more.


def test_once_a_source_says_something_else_it_is_not_offered_but_listed_first_with_the_reason(
    citewell: Citewell,
) -> None:
    other = citewell.verified.add(
        company(citewell),
        Wording(("How long is a password?",), UNTIL, "A password has at least fourteen characters."),
        LOCAL_USER,
    )
    verified_id = verified(citewell)
    assert [each.id for each in citewell.verified.list(LOCAL_USER)] == [other, verified_id]
    read_anew(citewell, CHANGED)
    assert offered(citewell) is None
    assert due(citewell, verified_id) == ("“Leave policy” was read in anew, and its text is another one.",)
    assert [each.id for each in citewell.verified.list(LOCAL_USER)] == [verified_id, other]
    answer = answer_in(asked(citewell, OTHER_WORDS))
    assert answer.verified is None
    assert "28 days" in answer.text


def test_a_source_that_was_read_in_anew_with_the_same_text_changes_nothing(citewell: Citewell) -> None:
    """The document has another number then, under which the citation opens."""
    verified_id = verified(citewell)
    before = citewell.verified.get(verified_id, LOCAL_USER).work.passages[0].source.id
    read_anew(citewell, CHANGED)
    read_anew(citewell, DOCUMENTS["Leave policy"])
    found = offered(citewell)
    assert found is not None
    now = found.work.passages[0].source.id
    assert now != before
    assert {citation.passage.source.id for citation in found.answer.citations} == {now}
    assert citewell.catalogue.fates([now], frozenset({company(citewell)})) == {}


def test_a_source_that_was_deleted_makes_it_due(citewell: Citewell) -> None:
    verified_id = verified(citewell)
    (entry,) = citewell.catalogue.documents(frozenset({company(citewell)}), Filters(title="Leave"))
    assert entry.id is not None
    citewell.library.remove(entry.id)
    citewell.indexes.catch_up(company(citewell))
    assert offered(citewell) is None
    assert due(citewell, verified_id) == ("“Leave policy” was deleted.",)
    with pytest.raises(VerificationRefused):
        citewell.verified.renew(verified_id, LOCAL_USER, expires_on=UNTIL)


def test_after_its_last_day_it_is_due_and_verified_again_by_one_act(citewell: Citewell) -> None:
    verified_id = verified(citewell)
    tomorrow = replace(citewell.verified, today=lambda: UNTIL + timedelta(days=1))
    assert tomorrow.offer((QUESTION,), frozenset({company(citewell)})) is None
    assert "Its last day was" in tomorrow.get(verified_id, LOCAL_USER).due[0]
    assert offered(citewell) is not None
    before = citewell.verified.get(verified_id, LOCAL_USER)
    tomorrow.renew(verified_id, LOCAL_USER, expires_on=UNTIL + timedelta(days=30))
    again = tomorrow.get(verified_id, LOCAL_USER)
    assert again.due == ()
    assert again.verified_at > before.verified_at
    assert again.work == before.work


def test_verifying_again_after_a_change_holds_the_words_against_the_new_text(citewell: Citewell) -> None:
    """What still stands is proven anew; what the source contradicts is refused until it is changed."""
    verified_id = verified(citewell)
    read_anew(citewell, DOCUMENTS["Leave policy"] + " Carers have two more.")
    citewell.verified.renew(verified_id, LOCAL_USER, expires_on=UNTIL)
    assert offered(citewell) is not None
    read_anew(citewell, CHANGED)
    with pytest.raises(VerificationRefused, match="A source says otherwise"):
        citewell.verified.renew(verified_id, LOCAL_USER, expires_on=UNTIL)
    assert due(citewell, verified_id) != ()
    right = "Everybody has 28 days of paid leave a year."
    citewell.verified.change(verified_id, Wording((QUESTION,), UNTIL, right), LOCAL_USER)
    found = offered(citewell)
    assert found is not None
    assert found.answer.text == right
    assert found.answer.citations[0].quote.startswith("Everybody has 28 days")


def test_one_that_was_withdrawn_is_gone_and_answers_that_showed_it_know(citewell: Citewell) -> None:
    verified_id = verified(citewell)
    scope = frozenset({company(citewell)})
    assert citewell.verified.standing([verified_id], scope)[verified_id].owner == "the single user"
    assert citewell.verified.withdraw(verified_id, LOCAL_USER).name == QUESTION
    assert offered(citewell) is None
    assert citewell.verified.list(LOCAL_USER) == ()
    assert citewell.verified.standing([verified_id], scope) == {}
    with pytest.raises(VerifiedNotFound):
        citewell.verified.get(verified_id, LOCAL_USER)


# Written by hand.


def test_words_of_ones_own_are_given_their_sources_and_what_has_none_is_shown_as_that(citewell: Citewell) -> None:
    text = "A password has at least fourteen characters. Ask the reception if yours is lost [7]."
    verified_id = citewell.verified.add(
        company(citewell), Wording(("How long is a password?",), UNTIL, text), LOCAL_USER
    )
    answer = citewell.verified.get(verified_id, LOCAL_USER).answer
    assert [sentence.support for sentence in answer.sentences] == ["supported", "unsupported"]
    assert [citation.passage.source.title for citation in answer.citations] == ["Passwords"]
    assert "[7]" not in answer.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A password has at least twelve characters.", "A source says otherwise"),
        ("The moon is made of cheese, as everyone knows.", "No statement of it"),
        ("", "Write an answer"),
        ("x" * 8_001, "Write an answer"),
    ],
)
def test_what_no_source_bears_out_is_not_verified(citewell: Citewell, text: str, reason: str) -> None:
    with pytest.raises(VerificationRefused, match=reason):
        citewell.verified.add(company(citewell), Wording(("How long?",), UNTIL, text), LOCAL_USER)
    assert citewell.verified.list(LOCAL_USER) == ()


@pytest.mark.parametrize(
    "wording",
    [
        Wording((), UNTIL, "A password has at least fourteen characters."),
        Wording(("  ",), UNTIL, "A password has at least fourteen characters."),
        Wording(("x" * 501,), UNTIL, "A password has at least fourteen characters."),
        Wording(tuple(map(str, range(9))), UNTIL, "A password has at least fourteen characters."),
        Wording(("How long?",), date(2020, 1, 1), "A password has at least fourteen characters."),
    ],
)
def test_a_question_and_a_day_to_come_are_needed(citewell: Citewell, wording: Wording) -> None:
    with pytest.raises(VerificationRefused):
        citewell.verified.add(company(citewell), wording, LOCAL_USER)


def test_other_words_for_an_answer_are_held_against_its_passages(citewell: Citewell) -> None:
    with pytest.raises(VerificationRefused, match="A source says otherwise"):
        verified(citewell, replace(WORDING, text="Everybody has 33 days of paid leave a year."))
    verified_id = verified(citewell, replace(WORDING, text="Everybody has 30 days of paid leave a year."))
    answer = citewell.verified.get(verified_id, LOCAL_USER).answer
    assert answer.text == "Everybody has 30 days of paid leave a year."
    assert [sentence.support for sentence in answer.sentences] == ["supported"]


def test_an_answer_that_rests_on_another_collection_is_proven_in_its_own_or_refused(citewell: Citewell) -> None:
    other = citewell.library.create_collection("other").id
    citewell.intake.add_parsed(other, [("Visitors.md", document("Dogs are welcome on Fridays.", title="Dogs"))])
    conversation_id = citewell.conversations.create(LOCAL_USER)
    message_id = id_in(asked(citewell, QUESTION, conversation=conversation_id))
    with pytest.raises(VerificationRefused, match="No statement"):
        citewell.verified.from_answer(conversation_id, message_id, LOCAL_USER, collection_id=other, wording=WORDING)


def test_a_refusal_a_question_and_an_answer_of_another_conversation_are_not_verified(citewell: Citewell) -> None:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    refused = id_in(asked(citewell, "Who painted the Mona Lisa?", conversation=conversation_id))
    ask = {"collection_id": company(citewell), "wording": WORDING}
    with pytest.raises(VerificationRefused):
        citewell.verified.from_answer(conversation_id, refused, LOCAL_USER, **ask)  # type: ignore[arg-type]
    elsewhere = citewell.conversations.create(LOCAL_USER)
    question_id = citewell.conversations.messages(conversation_id, LOCAL_USER)[0].id
    for where, message_id in ((elsewhere, refused), (conversation_id, question_id), (conversation_id, 10**6)):
        with pytest.raises(ConversationNotFound):
            citewell.verified.from_answer(where, message_id, LOCAL_USER, **ask)  # type: ignore[arg-type]


# Whose it is, and what leaves.


def person(citewell: Citewell, name: str, role: Role) -> Principal:
    return citewell.accounts.recognise(Claims("https://login", name, name, "", None, role, name)).principal


def test_the_owner_is_named_until_their_data_are_removed_and_then_somebody_else_must_vouch(citewell: Citewell) -> None:
    person(citewell, "Boss", Role.ADMIN)
    owner, other = (person(citewell, name, Role.ADMIN) for name in ("Olga Owner", "Otto"))
    wording = Wording((QUESTION,), UNTIL, "Everybody has 30 days of paid leave a year.")
    verified_id = citewell.verified.add(company(citewell), wording, owner)
    assert citewell.verified.get(verified_id, other).owner == "Olga Owner"
    erase(citewell, owner.person_id, LOCAL_USER)
    left = citewell.verified.get(verified_id, other)
    assert (left.owner, left.due) == ("", ("Its owner is not here any more.",))
    assert offered(citewell) is None
    citewell.verified.renew(verified_id, other, expires_on=UNTIL)
    assert citewell.verified.get(verified_id, other).owner == "Otto"
    assert offered(citewell) is not None


def test_somebody_who_was_disabled_vouches_for_nothing(citewell: Citewell) -> None:
    person(citewell, "Boss", Role.ADMIN)
    owner = person(citewell, "Olga", Role.ADMIN)
    wording = Wording((QUESTION,), UNTIL, "Everybody has 30 days of paid leave a year.")
    citewell.verified.add(company(citewell), wording, owner)
    assert offered(citewell) is not None
    citewell.accounts.set_disabled(owner.person_id or 0, LOCAL_USER, disabled=True)
    assert offered(citewell) is None


def test_an_export_and_a_shared_conversation_say_it_and_withhold_what_their_reader_may_not_read(
    citewell: Citewell,
) -> None:
    verified(citewell)
    conversation_id = citewell.conversations.create(LOCAL_USER)
    asked(citewell, OTHER_WORDS, conversation=conversation_id)
    transcript = transcript_of(citewell.conversations, conversation_id, LOCAL_USER)
    assert "A verified answer to" in markdown_of(transcript, date.today()).decode()
    shared = citewell.snapshots.share(conversation_id, LOCAL_USER)
    whole = citewell.snapshots.open(shared.id, frozenset({company(citewell)})).entries[1]
    assert whole.answer is not None
    assert whole.answer.notice is not None
    assert "A verified answer to" in whole.answer.notice
    nothing = citewell.snapshots.open(shared.id, frozenset()).entries[1]
    assert nothing.answer is not None
    assert (nothing.answer.notice, nothing.answer.verified, nothing.answer.citations) == (None, None, ())
    assert "30 days" not in nothing.text
    assert QUESTION not in str(nothing)


def test_a_collection_that_is_deleted_takes_its_verified_answers_with_it(citewell: Citewell) -> None:
    verified(citewell)
    collection_id = company(citewell)
    citewell.library.delete_collection(collection_id)
    assert citewell.verified.list(LOCAL_USER) == ()
    with pytest.raises(UnknownCollection):
        citewell.verified.add(collection_id, replace(WORDING, text="Everybody has leave."), LOCAL_USER)
