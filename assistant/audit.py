"""The audit log: who did what, on what, from where, and how it ended. Rows are added and read, and none is changed.

They go when the time is up that an administrator has set (`expire`), by nothing else.

It names things by what an administrator knows them by: collections, groups and documents by name, people by their key,
conversations by id alone, for what was said in them is their owner's.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import Engine, Select, delete, insert, select

from assistant.access import Principal
from assistant.safe_cells import safe_cell
from assistant.schema import audit
from retrieval.dates import utc_now

Outcome = Literal["done", "refused", "failed"]
AT_THE_MACHINE = "command line"
"""From where, for what was done by a command."""
_AT_ONCE = 1_000
_MOST_ADDRESS_CHARS = 64
_COLUMNS = ("id", "at", "actor", "action", "target", "address", "outcome", "detail")


class Action(StrEnum):
    """Everything that is recorded."""

    COLLECTION_CREATED = "collection created"
    COLLECTION_CHANGED = "collection changed"
    COLLECTION_DELETED = "collection deleted"
    FOLDER_FOLLOWED = "folder followed"
    FOLDER_LEFT = "folder left"
    DOCUMENTS_READ = "documents read in"
    DOCUMENTS_DELETED = "documents deleted"
    INDEXES_REBUILT = "indexes rebuilt"
    CONVERSATION_SHARED = "conversation shared"
    SHARING_REVOKED = "sharing revoked"
    CONVERSATION_EXPORTED = "conversation exported"
    CONVERSATION_DELETED = "conversation deleted"
    CONVERSATION_RESTORED = "conversation restored"
    HOUSE_RULES_CHANGED = "house rules changed"
    ACCESS_CHANGED = "access changed"
    GROUP_CREATED = "group created"
    GROUP_RENAMED = "group renamed"
    GROUP_DELETED = "group deleted"
    MEMBERSHIP_CHANGED = "membership changed"
    ROLE_CHANGED = "role changed"
    PERSON_DISABLED = "person disabled"
    PERSON_ENABLED = "person enabled"
    SIGN_INS_ENDED = "sign-ins ended"
    INVITATION_MADE = "invitation made"
    INVITATION_USED = "invitation used"
    LIMITS_CHANGED = "limits changed"
    ENDPOINT_CHANGED = "model endpoint changed"
    RETENTION_CHANGED = "retention changed"
    RETENTION_APPLIED = "retention applied"
    DATA_EXPORTED = "personal data exported"
    PERSON_ERASED = "person erased"
    TRIAGE_TRAINED = "triage model trained"
    TRIAGE_PROMOTED = "triage model promoted"
    GAP_CHANGED = "knowledge gap changed"
    GAPS_ASKED_AGAIN = "knowledge gaps asked again"
    GAPS_EXPORTED = "knowledge gaps exported"
    GAP_WORDS_CHANGED = "words in knowledge gaps changed"
    QUESTIONS_CHANGED = "question set changed"
    QUESTIONS_DELETED = "question set deleted"
    EVALUATED = "question set measured"
    TICKETS_BROUGHT_IN = "tickets brought in"
    TICKETS_TAKEN_HOME = "tickets taken home"
    TICKET_DECIDED = "ticket decided"
    TICKET_TAKEN_UP = "ticket taken up"
    TICKET_ASSIGNED = "ticket assigned"
    ANSWER_VERIFIED = "answer verified"
    VERIFIED_WITHDRAWN = "verified answer withdrawn"
    KNOWN_ISSUE_CHANGED = "known issue changed"
    BACKED_UP = "backed up"
    BACKUP_RESTORED = "backup restored"
    API_KEY_MADE = "API key made"
    API_KEY_REVOKED = "API key revoked"
    SERVICE_MADE = "service made"
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row; `at` is UTC, `actor` a person's key."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    address: str
    outcome: str
    detail: dict[str, Any]

    @property
    def as_json(self) -> dict[str, Any]:
        """The entry in JSON's values."""
        values = {name: getattr(self, name) for name in _COLUMNS}
        return values | {"at": f"{self.at.isoformat(timespec='seconds')}Z"}


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries: of one actor, of one action, not before `since`, before `until`. Times are UTC."""

    actor: str | None = None
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = Sought()


class Audit:
    """Writes and reads the log. Who may read it is decided by whoever asks for it: administrators alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(
        self,
        actor: Principal | str,
        action: Action,
        target: str = "",
        outcome: Outcome = "done",
        *,
        address: str = "",
        **detail: Any,
    ) -> None:
        """Add a row; `actor` is a person, or the key of one, `address` from where it was done, empty where that is unknown."""
        key = actor.key if isinstance(actor, Principal) else actor
        row = {
            "at": utc_now(),
            "actor": key,
            "action": action.value,
            "target": target,
            "address": address[:_MOST_ADDRESS_CHARS],
            "outcome": outcome,
            "detail": detail or None,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(audit).values(**row))

    def entries(self, sought: Sought = EVERYTHING, *, before: int | None = None, limit: int = 100) -> tuple[Entry, ...]:
        """What was sought, the newest first; a further page begins with those whose ids are below `before`."""
        query = _of(sought)
        if before is not None:
            query = query.where(audit.c.id < before)
        with self._engine.connect() as connection:
            return tuple(_entry(row) for row in connection.execute(query.limit(limit)))

    def expire(self, before: datetime) -> int:
        """Remove what was recorded before then, for the time is up; returns how many rows that were."""
        with self._engine.begin() as connection:
            return connection.execute(delete(audit).where(audit.c.at < before)).rowcount

    def all_entries(self, sought: Sought = EVERYTHING) -> Iterator[Entry]:
        """All that was sought, the newest first, however many there are."""
        before: int | None = None
        while page := self.entries(sought, before=before, limit=_AT_ONCE):
            yield from page
            before = page[-1].id


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """The lines of a table with its head; no cell is a formula in any spreadsheet."""
    yield _csv_line(_COLUMNS)
    for entry in entries:
        values = entry.as_json | {"detail": _compact(entry.detail) if entry.detail else ""}
        yield _csv_line([v if isinstance(v, int) else safe_cell(str(v)) for v in values.values()])


def as_json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """A line of JSON for each entry, with its end."""
    for entry in entries:
        yield _compact(entry.as_json) + "\n"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _csv_line(cells: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(cells)
    return line.getvalue()


def _of(sought: Sought) -> Select[Any]:
    query = select(*(audit.c[name] for name in _COLUMNS)).order_by(audit.c.id.desc())
    if sought.actor is not None:
        query = query.where(audit.c.actor == sought.actor)
    if sought.action is not None:
        query = query.where(audit.c.action == sought.action.value)
    if sought.since is not None:
        query = query.where(audit.c.at >= sought.since)
    if sought.until is not None:
        query = query.where(audit.c.at < sought.until)
    return query


def _entry(row: Any) -> Entry:
    return Entry(row.id, row.at, row.actor, row.action, row.target, row.address, row.outcome, row.detail or {})
