"""The queue of the support desk: nothing half brought in, nothing decided is lost, decisions teach."""

from collections.abc import Iterator

import pytest

from assistant.access import LOCAL_USER, Principal, Role
from assistant.errors import NotAllowed
from assistant.triage.batch import Triaged
from assistant.triage.queue import Agreement, DecisionRefused, Imported, Queue, TicketNotFound, Wanted
from assistant.triage.values import Guess, Ticket, Verdict
from retrieval.database import open_database
from retrieval.dates import utc_now

TICKETS = (
    Ticket("The printer is on fire", "Fire", "7", 2, labels={"severity": "high"}),
    Ticket("I want a holiday", id="8", line=3),
    Ticket("half \ud800 and \0", id="9", line=4),
)


@pytest.fixture
def queue(tmp_path) -> Iterator[Queue]:
    engine = open_database(f"sqlite:///{tmp_path / 'queue.sqlite'}")
    yield Queue(engine)
    engine.dispose()


def guessed(ticket: Ticket, label: str) -> Triaged:
    return Triaged(ticket, {"category": Verdict((Guess(label, 0.9),), 1.0)}, "")


def test_tickets_come_in_once_in_their_order(queue):
    assert queue.bring_in(TICKETS, LOCAL_USER, source="new.csv") == Imported(3, 0)
    assert queue.bring_in((*TICKETS, Ticket("Another")), LOCAL_USER) == Imported(1, 3)
    shown = queue.page(LOCAL_USER)
    assert [each.ticket.text for each in shown][:2] == ["The printer is on fire", "I want a holiday"]
    assert (shown[0].ticket.id, shown[0].ticket.line, shown[0].ticket.labels) == ("7", 2, {"severity": "high"})
    assert [each.id for each in queue.page(LOCAL_USER, after=shown[0].id, limit=1)] == [shown[1].id]


def test_a_batch_that_stopped_goes_on_with_what_was_not_guessed(queue):
    queue.bring_in(TICKETS, LOCAL_USER)
    first, *rest = queue.not_guessed_by(1, LOCAL_USER)
    queue.keep_guesses([(first.id, guessed(first.ticket, "IT"))], 1, LOCAL_USER)
    assert [each.id for each in queue.not_guessed_by(1, LOCAL_USER)] == [each.id for each in rest]
    assert queue.get(first.id, LOCAL_USER).guesses["category"] == Guess("IT", 0.9)
    assert len(queue.not_guessed_by(2, LOCAL_USER)) == 3
    assert [each.id for each in queue.page(LOCAL_USER, Wanted(category="IT"))] == [first.id]


def test_a_decision_stands_against_later_guesses_teaches_and_can_be_taken_back(queue):
    queue.bring_in(TICKETS, LOCAL_USER)
    one, other, _ = queue.page(LOCAL_USER)
    queue.keep_guesses([(each.id, guessed(each.ticket, "IT")) for each in (one, other)], 1, LOCAL_USER)
    queue.decide(one.id, {"category": "IT"}, LOCAL_USER)
    queue.decide(other.id, {"category": " HR "}, LOCAL_USER)
    queue.keep_guesses([(other.id, guessed(other.ticket, "Wrong"))], 2, LOCAL_USER)
    assert queue.get(other.id, LOCAL_USER).guesses["category"].label == "IT"
    taught = queue.corrections(LOCAL_USER)
    assert [dict(ticket.labels) for ticket in taught] == [{"severity": "high", "category": "IT"}, {"category": "HR"}]
    assert queue.agreement(LOCAL_USER) == (Agreement(utc_now().date(), 2, 1),)
    assert queue.counts(LOCAL_USER) == {"done": 2, "new": 1}
    queue.take_up(other.id, LOCAL_USER)
    assert [ticket.text for ticket in queue.corrections(LOCAL_USER)] == [one.ticket.text]


def test_a_ticket_is_given_to_somebody_and_found_by_that(queue):
    queue.bring_in(TICKETS, LOCAL_USER)
    queue.assign(queue.page(LOCAL_USER)[1].id, "Callum", LOCAL_USER)
    assert [each.ticket.id for each in queue.page(LOCAL_USER, Wanted(assignee="Callum"))] == ["8"]


@pytest.mark.parametrize("labels", [{}, {"category": "  "}, {"colour": "red"}])
def test_a_decision_without_a_label_is_refused(queue, labels):
    queue.bring_in(TICKETS, LOCAL_USER)
    with pytest.raises(DecisionRefused):
        queue.decide(queue.page(LOCAL_USER)[0].id, labels, LOCAL_USER)


def test_an_absent_ticket_is_not_found_and_an_employee_sees_none(queue):
    for attempt in (queue.get, queue.take_up):
        with pytest.raises(TicketNotFound):
            attempt(1, LOCAL_USER)
    with pytest.raises(NotAllowed):
        queue.page(Principal("issuer", "somebody", Role.MEMBER, 1))
