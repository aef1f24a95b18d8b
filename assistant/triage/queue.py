"""The tickets that wait: brought in whole, guessed in parts, decided by people, whose decisions teach the next model.

Whoever works at the support desk sees all of its tickets; nobody else sees that there are any.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    case,
    func,
    insert,
    null,
    or_,
    select,
    update,
)

from assistant.access import DESK, Principal, only_support
from assistant.errors import AssistantError
from assistant.schema import people, tickets
from assistant.triage.batch import Triaged
from assistant.triage.values import LABEL_NAMES, Guess, LabelName, Ticket
from retrieval.dates import utc_now

Status = Literal["new", "open", "done"]
MOST_SHOWN = 200
_AT_ONCE = 500


class TicketNotFound(AssistantError):
    """Absent, or not for this person: they look the same."""

    def __init__(self) -> None:
        super().__init__("There is no such ticket; look at the list again.")


class DecisionRefused(AssistantError):
    """What was decided of a ticket cannot be kept."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How many tickets came in, and how many were there already."""

    added: int
    known: int


@dataclass(frozen=True, slots=True)
class Queued:
    """A ticket of the queue; times are UTC. `guesses` is empty until a model has looked at it."""

    id: int
    ticket: Ticket
    status: Status
    guesses: Mapping[LabelName, Guess]
    is_out_of_scope: bool
    needs_person: str
    version: int | None
    assignee: str | None
    decided: Mapping[LabelName, str]
    decided_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the queue is shown; None leaves a field open.

    A category or severity is what was decided, else what is guessed. `waiting` is what nobody has decided.
    """

    status: Status | Literal["waiting"] | None = None
    assignee: str | None = None
    category: str | None = None
    severity: str | None = None
    words: str = ""
    """What stands in number, subject or text."""
    is_free: bool = False
    """Whether only those are wanted that were given to nobody."""
    is_looked_at: bool = False
    """Whether only those are wanted that a model has looked at."""


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Tally:
    """How many tickets have a label; None where they have none."""

    label: str | None
    tickets: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many guesses of a day's decided tickets people agreed with."""

    day: date
    decided: int
    agreed: int


class Queue:
    """Keeps the tickets of the support desk."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def bring_in(self, brought: Sequence[Ticket], principal: Principal, *, source: str = "") -> Imported:
        """Add tickets, all or none; those that are there already, by id and words, stay as they are."""
        only_support(principal)
        now = utc_now()
        rows = {_key(ticket): _row_of(ticket) | {"source": source, "created_at": now} for ticket in brought}
        with self._engine.begin() as connection:
            keys = list(rows)
            known: set[str] = set()
            for start in range(0, len(keys), _AT_ONCE):
                part = keys[start : start + _AT_ONCE]
                known |= set(connection.execute(select(tickets.c.key).where(tickets.c.key.in_(part))).scalars())
            new = [row | {"key": key, "status": "new"} for key, row in rows.items() if key not in known]
            if new:
                connection.execute(insert(tickets), new)
        return Imported(len(new), len(brought) - len(new))

    def page(
        self,
        principal: Principal,
        wanted: Wanted = EVERYTHING,
        *,
        after: int = 0,
        skip: int = 0,
        limit: int = MOST_SHOWN,
    ) -> tuple[Queued, ...]:
        """Tickets in the order in which they came: those after an id, without the first `skip` of them."""
        only_support(principal)
        query = select(tickets).where(tickets.c.id > after, *_conditions(wanted)).order_by(tickets.c.id)
        with self._engine.connect() as connection:
            return tuple(map(_queued, connection.execute(query.offset(skip).limit(limit))))

    def count(self, principal: Principal, wanted: Wanted = EVERYTHING, *, before: int | None = None) -> int:
        """How many of these tickets there are; with `before`, how many came before the one of that id."""
        only_support(principal)
        query = select(func.count()).select_from(tickets).where(*_conditions(wanted))
        if before is not None:
            query = query.where(tickets.c.id < before)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def get(self, ticket_id: int, principal: Principal) -> Queued:
        """One ticket. Raises TicketNotFound."""
        only_support(principal)
        with self._engine.connect() as connection:
            row = connection.execute(select(tickets).where(tickets.c.id == ticket_id)).one_or_none()
        if row is None:
            raise TicketNotFound
        return _queued(row)

    def not_guessed_by(self, version: int, principal: Principal, *, limit: int = _AT_ONCE) -> tuple[Queued, ...]:
        """The next tickets that nobody has decided and this model has not looked at: a batch that stopped goes on here."""
        only_support(principal)
        query = select(tickets).where(_is_due(version)).order_by(tickets.c.id).limit(limit)
        with self._engine.connect() as connection:
            return tuple(map(_queued, connection.execute(query)))

    def count_not_guessed_by(self, version: int, principal: Principal) -> int:
        """How many of those there are."""
        only_support(principal)
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(tickets).where(_is_due(version))).scalar_one()

    def keep_guesses(self, guessed: Iterable[tuple[int, Triaged]], version: int, principal: Principal) -> None:
        """Keep what a model says of tickets, unless a person has decided meanwhile."""
        only_support(principal)
        with self._engine.begin() as connection:
            for ticket_id, triaged in guessed:
                values = {
                    "guessed": {n: [v.best.label, round(v.best.probability, 4)] for n, v in triaged.verdicts.items()},
                    "is_out_of_scope": triaged.is_out_of_scope,
                    "needs_person": triaged.needs_person,
                    "version": version,
                }
                is_open = and_(tickets.c.id == ticket_id, tickets.c.status != "done")
                connection.execute(update(tickets).where(is_open).values(**values))

    def decide(self, ticket_id: int, labels: Mapping[LabelName, str], principal: Principal) -> None:
        """Accept or correct what was guessed: the ticket is done, and teaches the next model.

        Raises TicketNotFound, or DecisionRefused for a field that a ticket does not have or an empty label.
        """
        only_support(principal)
        decided = {name: label.strip() for name, label in labels.items()}
        if not decided or set(decided) - set(LABEL_NAMES) or not all(decided.values()):
            raise DecisionRefused("A decision names a category, type, severity or product, and none of them is empty.")
        values = {"decided": decided, "decided_at": utc_now(), "status": "done"}
        self._change(ticket_id, values)

    def take_up(self, ticket_id: int, principal: Principal) -> None:
        """Work on a ticket, which is one's own then unless it is somebody's; a decision is taken back.

        Raises TicketNotFound.
        """
        only_support(principal)
        own = func.coalesce(tickets.c.assignee, principal.key)
        self._change(ticket_id, {"status": "open", "decided": None, "decided_at": None, "assignee": own})

    def assign(self, ticket_id: int, assignee: str | None, principal: Principal) -> None:
        """Give a ticket to somebody, by the key of a person, or to nobody.

        Raises TicketNotFound, or DecisionRefused for somebody who does not work at the support desk.
        """
        only_support(principal)
        if assignee not in (None, principal.key):
            with self._engine.connect() as connection:
                _check_works_here(connection, assignee)
        self._change(ticket_id, {"assignee": assignee})

    def corrections(self, principal: Principal) -> tuple[Ticket, ...]:
        """Every decided ticket with its decided labels, as training data."""
        only_support(principal)
        query = select(tickets).where(tickets.c.status == "done").order_by(tickets.c.id)
        with self._engine.connect() as connection:
            decided = [_queued(row) for row in connection.execute(query)]
        return tuple(_taught(each) for each in decided)

    def agreement(self, principal: Principal) -> tuple[Agreement, ...]:
        """Day by day, of the decided tickets that a model had guessed, in how many cases its category stood."""
        only_support(principal)
        columns = (tickets.c.decided_at, tickets.c.decided, tickets.c.guessed)
        query = select(*columns).where(tickets.c.status == "done", tickets.c.version.is_not(None))
        decided: Counter[date] = Counter()
        agreed: Counter[date] = Counter()
        with self._engine.connect() as connection:
            for at, labels, guesses in connection.execute(query):
                if "category" in (labels or {}) and "category" in (guesses or {}):
                    decided[at.date()] += 1
                    agreed[at.date()] += labels["category"] == guesses["category"][0]
        return tuple(Agreement(day, decided[day], agreed[day]) for day in sorted(decided))

    def tally(self, name: LabelName, principal: Principal, wanted: Wanted = EVERYTHING) -> tuple[Tally, ...]:
        """How many of these tickets have each label, the commonest first."""
        only_support(principal)
        labelled = select(_label(name).label("label")).where(*_conditions(wanted)).subquery()
        query = select(labelled.c.label, func.count()).group_by(labelled.c.label)
        tallies = [Tally(row[0], row[1]) for row in self._rows(query)]
        return tuple(sorted(tallies, key=lambda tally: (-tally.tickets, tally.label or "")))

    def arrivals(self, principal: Principal, wanted: Wanted = EVERYTHING) -> dict[date, int]:
        """On which days (UTC) how many of these tickets came in."""
        only_support(principal)
        day = func.date(tickets.c.created_at)
        query = select(day, func.count()).where(*_conditions(wanted)).group_by(day)
        return {date.fromisoformat(str(row[0])): row[1] for row in self._rows(query)}

    def counts(self, principal: Principal) -> dict[Status, int]:
        """How many tickets there are of each status."""
        only_support(principal)
        query = select(tickets.c.status, func.count()).group_by(tickets.c.status)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(query).all()

    def _change(self, ticket_id: int, values: Mapping[str, Any]) -> None:
        with self._engine.begin() as connection:
            if not connection.execute(update(tickets).where(tickets.c.id == ticket_id).values(**values)).rowcount:
                raise TicketNotFound


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.status == "waiting":
        conditions.append(tickets.c.status != "done")
    elif wanted.status is not None:
        conditions.append(tickets.c.status == wanted.status)
    if wanted.assignee is not None:
        conditions.append(tickets.c.assignee == wanted.assignee)
    if wanted.is_free:
        conditions.append(tickets.c.assignee.is_(None))
    if wanted.is_looked_at:
        conditions.append(tickets.c.version.is_not(None))
    labels: tuple[tuple[LabelName, str | None], ...] = (("category", wanted.category), ("severity", wanted.severity))
    conditions += [_label(name) == label for name, label in labels if label is not None]
    columns = (tickets.c.reference, tickets.c.subject, tickets.c.text)
    if words := wanted.words.strip():
        conditions.append(or_(*(column.icontains(words, autoescape=True) for column in columns)))
    return conditions


def _label(name: LabelName) -> ColumnElement[Any]:
    """What was decided, else what is guessed; a category is guessed of no ticket that is out of scope."""
    guessed = tickets.c.guessed[(name, 0)].as_string()
    if name == "category":
        guessed = case((tickets.c.is_out_of_scope.is_(True), null()), else_=guessed)
    return func.coalesce(tickets.c.decided[name].as_string(), guessed)


def _is_due(version: int) -> ColumnElement[bool]:
    return and_(tickets.c.status != "done", func.coalesce(tickets.c.version, -1) != version)


def _check_works_here(connection: Connection, key: str | None) -> None:
    is_theirs = people.c.issuer + "|" + people.c.subject == key
    is_here = and_(people.c.role.in_([role.value for role in DESK]), people.c.is_disabled.is_(False))
    if connection.execute(select(people.c.id).where(is_theirs, is_here)).first() is None:
        raise DecisionRefused("This person does not work at the support desk; choose another.")


def _key(ticket: Ticket) -> str:
    words = ticket.words.encode("utf-8", "replace").decode()
    return hashlib.sha256(json.dumps([ticket.id, words]).encode()).hexdigest()


def _row_of(ticket: Ticket) -> dict[str, Any]:
    return {
        "reference": ticket.id[:200],
        "line": ticket.line,
        "subject": _storable(ticket.subject),
        "text": _storable(ticket.text),
        "language": ticket.language[:16],
        "given": dict(ticket.labels),
    }


def _storable(text: str) -> str:
    """Without NUL and halves of surrogate pairs, which a database refuses."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _queued(row: Row[Any]) -> Queued:
    ticket = Ticket(row.text, row.subject, row.reference, row.line, labels=row.given or {}, language=row.language)
    return Queued(
        id=row.id,
        ticket=ticket,
        status=row.status,
        guesses={name: Guess(label, share) for name, (label, share) in (row.guessed or {}).items()},
        is_out_of_scope=bool(row.is_out_of_scope),
        needs_person=row.needs_person or "",
        version=row.version,
        assignee=row.assignee,
        decided=row.decided or {},
        decided_at=row.decided_at,
        created_at=row.created_at,
    )


def _taught(queued: Queued) -> Ticket:
    own = queued.ticket
    return Ticket(own.text, own.subject, own.id, labels={**own.labels, **queued.decided}, language=own.language)
