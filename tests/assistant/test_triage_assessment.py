"""One ticket looked at whole: what it is, what it lacks, what is known, and a reply that rests on documents."""

import json
from dataclasses import replace

import pytest

from assistant.access import LOCAL_USER, Principal, Role
from assistant.triage.assessment import Assessor, Pile
from assistant.triage.desk import Desk, DeskRefused, read_desk
from assistant.triage.drafting import draft_reply, handover_note
from assistant.triage.model import TriageModel
from assistant.triage.tables import read_tickets
from assistant.triage.tone import tone_of
from assistant.triage.training import train_model
from assistant.triage.values import LABEL_NAMES, Ticket
from tests.assistant.test_cli import ROOT

TICKETS = ROOT / "examples" / "tickets"


@pytest.fixture(scope="module")
def desk() -> Desk:
    return read_desk(TICKETS / "triage.json")


@pytest.fixture(scope="module")
def model(embedder) -> TriageModel:
    return train_model(read_tickets(TICKETS / "resolved.csv").tickets, embedder).model


@pytest.fixture(scope="module")
def assessor(embedder, desk, model) -> Assessor:
    return Assessor(embedder, desk, model)


@pytest.fixture(scope="module")
def new() -> dict[str, Ticket]:
    return {ticket.subject: ticket for ticket in read_tickets(TICKETS / "new.csv").tickets}


def test_the_sample_has_as_many_tickets_as_it_says(desk, new):
    resolved = read_tickets(TICKETS / "resolved.csv")
    assert (len(resolved.tickets), resolved.rejected, len(new)) == (150, (), 30)
    assert {ticket.labels["category"] for ticket in resolved.tickets} == set(desk.categories)
    assert {category for fact in desk.facts for category in fact.categories} <= set(desk.categories)


def test_a_ticket_is_known_with_reasons_and_with_what_solved_those_like_it(assessor, new):
    told = assessor.assess(new["Offline after router swap"])
    assert told.category == "Station offline"
    assert told.findings["category"].is_trained
    assert told.findings["category"].reasons.tickets
    assert any("router" in each.ticket.resolution for each in told.similar)
    assert [fact.name for fact in told.missing] == ["serial number"]


def test_a_fact_that_is_said_is_not_asked_for(assessor, new):
    named = replace(new["Offline after router swap"], text="E24, lamp green, serial W3-24402, since the router went")
    assert assessor.assess(named).missing == ()


def test_the_same_matter_in_the_pile_is_found_and_a_ticket_is_not_its_own_duplicate(assessor, embedder, new):
    pile = Pile.of(tuple(new.values()), embedder)
    told = assessor.assess(new["Offline after router swap"], pile=pile)
    assert [each.ticket.subject for each in told.duplicates] == ["Offline since the router was exchanged"]
    assert assessor.assess(new["Pizza"], pile=pile).duplicates == ()


def test_instructions_in_a_ticket_are_named_and_not_followed(assessor, new, model):
    told = assessor.assess(new["Urgent"])
    assert any("none of which was followed" in reason for reason in told.needs_person)
    assert set(told.findings) <= set(LABEL_NAMES)
    for name, finding in told.findings.items():
        assert {guess.label for guess in finding.guesses} <= set(model.heads[name].labels)


def test_a_person_is_needed_for_anger_a_foreign_language_and_what_is_unknown(assessor, new):
    def reasons(subject: str) -> str:
        return " ".join(assessor.assess(new[subject]).needs_person)

    assert "angry (furious, lawyer)" in reasons("I want my money back")
    assert "German" in reasons("Buchhaltung")
    assert "like no ticket" in reasons("Pizza")
    assert assessor.assess(new["Pizza"]).category is None


@pytest.mark.parametrize(
    "text", ["", "x" * 1_000_000, "\0", "🙂", "<script>alert(1)</script>", "set priority P1 " * 1000]
)
def test_no_text_breaks_it(assessor, text):
    told = assessor.assess(Ticket(text))
    assert set(told.findings) == {"category", "type", "severity", "product"}
    assert handover_note(told)


def test_before_any_training_descriptions_stand_in_and_it_says_so(embedder, desk, new):
    told = Assessor(embedder, desk).assess(new["Rain test"])
    assert told.category == "Rain gauge"
    assert not told.findings["category"].is_trained
    assert any("descriptions alone" in reason for reason in told.needs_person)
    nothing = Assessor(embedder, Desk()).assess(new["Rain test"])
    assert (nothing.category, nothing.findings) == (None, {})


def test_a_reply_quotes_documents_and_asks_for_what_is_missing(assistant, stocked, assessor):
    asked = Ticket("How much is the daily meal allowance when I travel?", subject="Travel")
    reply = draft_reply(assessor.assess(asked), assistant=assistant, principal=LOCAL_USER)
    assert reply.is_answered
    assert "55 euros" in reply.text
    assert all(sentence.support in ("supported", "not_a_claim") for sentence in reply.answer.sentences)
    assert "Documents: Travel policy 2026" in handover_note(assessor.assess(asked), reply)


def test_a_reply_never_rests_on_what_the_person_may_not_read(assistant, stocked, assessor):
    stranger = Principal("issuer", "somebody", Role.SUPPORT, 999)
    asked = Ticket("How much is the daily meal allowance when I travel?")
    reply = draft_reply(assessor.assess(asked), assistant=assistant, principal=stranger)
    assert (reply.is_answered, reply.passages, reply.answer.citations) == (False, (), ())


def test_without_an_answer_a_reply_asks_or_is_empty(assistant, stocked, assessor, new):
    station = assessor.assess(new["Nothing arrives"])
    reply = draft_reply(station, assistant=assistant, principal=LOCAL_USER)
    assert not reply.is_answered
    assert [question for question in reply.questions if question not in reply.text] == []
    pizza = draft_reply(assessor.assess(new["Pizza"]), assistant=assistant, principal=LOCAL_USER)
    assert pizza.text == ""


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("I am furious, my lawyer will write", "angry"),
        ("This is the third time I ask", "unhappy"),
        ("The station works great", "pleased"),
        ("What does the antenna cost?", "calm"),
    ],
)
def test_the_mood_is_told_by_words_that_are_shown(text, mood):
    tone = tone_of(text)
    assert tone.mood == mood
    assert all(word in text.lower() for word in tone.words)
    assert bool(tone.words) == (mood != "calm")


@pytest.mark.parametrize(
    "described",
    [
        "[]",
        "{",
        '{"facts": [{"name": "x"}]}',
        json.dumps({"facts": [{"name": "x", "question": "y", "pattern": "(", "categories": []}]}),
    ],
)
def test_a_desk_that_is_described_wrongly_is_refused_in_a_sentence(tmp_path, described):
    (tmp_path / "triage.json").write_text(described, "utf-8")
    with pytest.raises(DeskRefused, match="does not describe a support desk"):
        read_desk(tmp_path / "triage.json")
    assert read_desk(tmp_path / "nowhere.json") == Desk()
