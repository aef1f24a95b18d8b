"""The queue of the support desk: nothing half brought in, nothing decided is lost, decisions teach."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine

from assistant.access import LOCAL_USER, Principal, Role
from assistant.accounts import Accounts
from assistant.claims import Claims
from assistant.errors import NotAllowed
from assistant.triage.batch import Triaged
from assistant.triage.queue import Agreement, DecisionRefused, Imported, Queue, Tally, TicketNotFound, Wanted
from assistant.triage.statistics import by_age
from assistant.triage.values import Guess, Ticket, Verdict
from retrieval.database import open_database
from retrieval.dates import utc_now

TICKETS = (
    Ticket("The printer is on fire", "Fire", "7", 2, labels={"severity": "high"}),
    Ticket("I want a holiday", id="8", line=3),
    Ticket("half \ud800 and \0", id="9", line=4),
)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    opened = open_database(database)
    yield opened
    opened.dispose()


@pytest.fixture
def queue(engine) -> Queue:
    return Queue(engine)


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


def test_a_ticket_is_given_to_somebody_of_the_desk_and_found_by_that(queue, engine):
    queue.bring_in(TICKETS, LOCAL_USER)
    callum, mia = (
        Accounts(engine).recognise(Claims("issuer", name, name, "", None, role, name)).principal
        for name, role in (("Callum", Role.SUPPORT), ("Mia", Role.MEMBER))
    )
    ticket_id = queue.page(LOCAL_USER)[1].id
    queue.assign(ticket_id, callum.key, LOCAL_USER)
    assert [each.ticket.id for each in queue.page(LOCAL_USER, Wanted(assignee=callum.key))] == ["8"]
    assert [each.ticket.id for each in queue.page(LOCAL_USER, Wanted(is_free=True))] == ["7", "9"]
    assert [person.name for person in Accounts(engine).at_desk(callum)] == ["Callum"]
    for somebody in (mia.key, "nobody"):
        with pytest.raises(DecisionRefused):
            queue.assign(ticket_id, somebody, LOCAL_USER)
    assert queue.get(ticket_id, LOCAL_USER).assignee == callum.key
    queue.take_up(ticket_id, LOCAL_USER)
    assert queue.get(ticket_id, LOCAL_USER).assignee == callum.key
    queue.assign(ticket_id, None, LOCAL_USER)
    queue.take_up(ticket_id, LOCAL_USER)
    taken = queue.get(ticket_id, LOCAL_USER)
    assert (taken.status, taken.assignee) == ("open", LOCAL_USER.key)


def test_tickets_are_found_by_words_severity_and_status(queue):
    queue.bring_in([*TICKETS, Ticket("50% of_it", id="10")], LOCAL_USER)
    one, other, *_ = queue.page(LOCAL_USER)
    verdicts = {"category": Verdict((Guess("IT", 0.9),), 1.0), "severity": Verdict((Guess("P1", 0.9),), 1.0)}
    queue.keep_guesses([(each.id, Triaged(each.ticket, verdicts, "")) for each in (one, other)], 1, LOCAL_USER)
    queue.decide(other.id, {"severity": "P3"}, LOCAL_USER)

    def found(**wanted: object) -> list[str]:
        return [each.ticket.id for each in queue.page(LOCAL_USER, Wanted(**wanted))]

    assert found(words="PRINTER") == found(words="fire") == ["7"]
    assert found(words="%") == found(words="f_i") == ["10"]
    assert (found(severity="P1"), found(severity="P3"), found(category="IT")) == (["7"], ["8"], ["7", "8"])
    assert (found(status="waiting"), found(is_looked_at=True)) == (["7", "9", "10"], ["7", "8"])
    assert queue.tally("severity", LOCAL_USER) == (Tally(None, 2), Tally("P1", 1), Tally("P3", 1))
    assert sum(queue.arrivals(LOCAL_USER, Wanted(status="waiting")).values()) == 3


def test_what_is_out_of_scope_counts_for_no_category_until_it_is_decided(queue):
    queue.bring_in(TICKETS, LOCAL_USER)
    one, *_ = queue.page(LOCAL_USER)
    queue.keep_guesses(
        [(one.id, Triaged(one.ticket, {"category": Verdict((Guess("IT", 0.9),), -1)}, ""))], 1, LOCAL_USER
    )
    assert queue.page(LOCAL_USER, Wanted(category="IT")) == ()
    queue.decide(one.id, {"category": "IT"}, LOCAL_USER)
    assert [each.id for each in queue.page(LOCAL_USER, Wanted(category="IT"))] == [one.id]


def test_ten_thousand_tickets_are_counted_and_read_in_parts(queue):
    queue.bring_in([Ticket(f"number {n}", id=str(n)) for n in range(10_000)], LOCAL_USER)
    part = queue.page(LOCAL_USER, skip=9_990, limit=50)
    assert [each.ticket.id for each in part] == [str(n) for n in range(9_990, 10_000)]
    assert queue.count(LOCAL_USER) == 10_000
    assert queue.count(LOCAL_USER, before=part[0].id) == 9_990
    assert queue.count_not_guessed_by(1, LOCAL_USER) == 10_000


def test_ages_are_counted_in_days_since_tickets_were_brought_in():
    today = date(2026, 11, 27)
    arrivals = {today: 1, date(2026, 11, 26): 2, date(2026, 11, 20): 3, date(2026, 1, 1): 4, date(2026, 12, 1): 5}
    ages = by_age(arrivals, today)
    assert list(ages.values()) == [6, 2, 0, 3, 0, 4]


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
