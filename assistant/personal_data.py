"""All that is kept about a person, as one ZIP: JSON for people and programs, and the files of their conversations.

Names in it are made of ids alone. What rests on documents that the person may not read now is left out of answers, as
it is out of every export. Sign-ins and API keys come without their hashes, and other people are not named.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Connection, Engine, RowMapping, Select, Table, select

from assistant.access import LOCAL_USER, Principal, readable_by
from assistant.accounts import Accounts, Person
from assistant.attached import READ
from assistant.conversations import StoredMessage, every_message
from assistant.errors import PersonNotFound, SnapshotNotFound
from assistant.export.as_json import message_json
from assistant.job_table import JobTable
from assistant.schema import (
    api_keys,
    audit,
    choices,
    conversations,
    events,
    feedback,
    gap_questions,
    gaps,
    grants,
    groups,
    jobs,
    memberships,
    messages,
    set_questions,
    sign_ins,
    snapshots,
    used,
    verified,
    verified_questions,
)
from assistant.snapshots import Snapshots
from assistant.transcript import Transcript, entries_of, first_question
from retrieval.catalogue import Catalogue
from retrieval.library import Library
from retrieval.originals import Originals
from retrieval.schema import collections
from retrieval.values import Scope

_ENDING = re.compile(r"\.[a-z0-9]{1,5}")
_ABOUT_PEOPLE = frozenset(
    ("role changed", "membership changed", "person disabled", "person enabled", "sign-ins ended", "person erased")
)
"""What is recorded of these names somebody."""
_YOU, _ANOTHER = "you", "somebody else"
_OF_KEYS = ("name", "hint", "scopes", "created_at", "expires_at", "used_at", "calls_a_minute")
"""Not its hash."""
_FACTS = ("model", "prompt_tokens", "completion_tokens", "cost", "currency", "style")


@dataclass(frozen=True, slots=True)
class Exported:
    """How much it was."""

    conversations: int
    files: int


@dataclass(frozen=True, slots=True)
class _Of:
    """Whose data are read, and which collections they may read."""

    principal: Principal
    person: Person | None
    scope: Scope


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Writes it. `person_id` None is whoever sits at the machine."""

    engine: Engine
    accounts: Accounts
    library: Library
    catalogue: Catalogue
    originals: Originals
    snapshots: Snapshots
    jobs: JobTable

    def export(self, person_id: int | None, principal: Principal, to: IO[bytes]) -> Exported:
        """Write the ZIP of a person: one's own, or anybody's for an administrator. Raises PersonNotFound, OSError."""
        whose = self._whose(person_id, principal)
        count = files = 0
        with ZipFile(to, "w", ZIP_DEFLATED) as archive:
            _add(archive, "about.json", self._about(whose))
            for conversation_id in self._conversations(whose):
                kept = self._files(whose, conversation_id)
                told = self._conversation(whose, conversation_id)
                if told is None:  # It was deleted meanwhile.
                    continue
                told["files"] = [{"name": name, "in_this_archive": place} for name, _, place in kept]
                _add(archive, f"conversations/{conversation_id}.json", told)
                files += sum(self._add_file(archive, sha256, place) for _, sha256, place in kept)
                count += 1
        return Exported(count, files)

    def _whose(self, person_id: int | None, principal: Principal) -> _Of:
        if person_id is not None:
            person = self.accounts.person(person_id, principal)
            return _Of(person.principal, person, readable_by(person.principal, self.library))
        if not principal.is_admin:
            raise PersonNotFound
        return _Of(LOCAL_USER, None, readable_by(LOCAL_USER, self.library))

    # Who they are and what they did.

    def _about(self, whose: _Of) -> dict[str, Any]:
        key = whose.principal.key
        with self.engine.connect() as connection:
            return {
                "person": _person(whose.person),
                **(_access(connection, whose.person.id) if whose.person else {}),
                "choices": _rows(connection, choices, key, "name", "value", "changed_at"),
                "api_keys": _rows(connection, api_keys, key, *_OF_KEYS),
                "used": _rows(connection, used, key, "limit", "began_at", "amount"),
                "verified": _verified(connection, key),
                "events": [_happened(row) for row in connection.execute(_events_of(key)).mappings()],
                "work_begun": [
                    {**_plain(row, "kind", "state", "created_at", "started_at", "ended_at"), "work": row["work"]}
                    for row in connection.execute(select(jobs).where(jobs.c.owner == key)).mappings()
                ],
                "gaps_to_close": [
                    _plain(row, "id", "state", "created_at")
                    for row in connection.execute(select(gaps).where(gaps.c.assignee == key)).mappings()
                ],
                "questions_in_sets": [
                    _plain(row, "text", "created_at") for row in connection.execute(_questions_of(key)).mappings()
                ],
                "audit_log": list(_recorded(connection, key)),
            }

    # What they asked.

    def _conversations(self, whose: _Of) -> tuple[str, ...]:
        query = select(conversations.c.id).where(conversations.c.owner == whose.principal.key)
        with self.engine.connect() as connection:
            return tuple(connection.execute(query.order_by(conversations.c.created_at, conversations.c.id)).scalars())

    def _conversation(self, whose: _Of, conversation_id: str) -> dict[str, Any] | None:
        query = select(conversations).where(conversations.c.id == conversation_id)
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
            if row is None:
                return None
            stored = every_message(connection, conversation_id)
            facts = _facts(connection, conversation_id)
            links = connection.execute(select(snapshots.c.id).where(snapshots.c.conversation_id == conversation_id))
            shared = tuple(links.scalars())
        transcript = self._readable(whose, row, stored)
        times = _plain(row, "created_at", "pinned_at", "archived_at", "deleted_at", "narrowed", "style", "model")
        return {
            "id": conversation_id,
            "title": transcript.title,
            **times,
            "messages": [
                {"id": one.id, **facts[one.id], **message_json(entry)}
                for one, entry in zip(stored, transcript.entries, strict=True)
            ],
            "shared": list(self._shared(whose, shared)),
        }

    def _readable(self, whose: _Of, row: RowMapping, stored: tuple[StoredMessage, ...]) -> Transcript:
        entries = entries_of(stored)
        transcript = Transcript(row["title"] or first_question(entries), row["created_at"], entries)
        return transcript.for_reader(self.catalogue.readable(transcript.documents, whose.scope))

    def _shared(self, whose: _Of, snapshot_ids: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Links that are in force."""
        for snapshot_id in snapshot_ids:
            with suppress(SnapshotNotFound):
                transcript = self.snapshots.open(snapshot_id, whose.scope)
                told = [message_json(entry) for entry in transcript.entries]
                yield {"title": transcript.title, "shared_at": transcript.created_at, "messages": told}

    # Their files.

    def _files(self, whose: _Of, conversation_id: str) -> tuple[tuple[str, str, str], ...]:
        """(name, hash, name in the archive) of the files of a conversation, those not read yet among them."""
        query = select(collections.c.id).where(
            collections.c.owner == whose.principal.key, collections.c.conversation_id == conversation_id
        )
        with self.engine.connect() as connection:
            collection_id = connection.execute(query).scalar()
        if collection_id is None:
            return ()
        read = {entry.path: entry.sha256 for entry in self.catalogue.page(frozenset({collection_id})).entries}
        waiting = [job for job in self.jobs.of_collection(collection_id) if job.kind == READ and job.is_open]
        hashes = {name: sha256 for job in waiting for name, sha256 in job.work["uploads"]} | read
        return tuple(
            (name, sha256, f"files/{conversation_id}-{number}{_ending(name)}")
            for number, (name, sha256) in enumerate(sorted(hashes.items()), 1)
        )

    def _add_file(self, archive: ZipFile, sha256: str, place: str) -> bool:
        """Whether it is kept."""
        path = self.originals.path_of(sha256)
        if path is None:
            return False
        try:
            archive.write(path, place)
        except FileNotFoundError:  # It was removed meanwhile.
            return False
        return True


def _person(person: Person | None) -> dict[str, Any]:
    if person is None:
        return {"name": "whoever sits at the machine"}
    told = ("id", "issuer", "subject", "name", "email", "role", "is_disabled", "created_at", "seen_at")
    return {name: getattr(person, name) for name in told}


def _access(connection: Connection, person_id: int) -> dict[str, Any]:
    """Their groups, what was opened to them by themselves, and when they signed in."""
    of_groups = select(groups.c.name, memberships.c.is_claimed).join(memberships)
    of_grants = select(collections.c.name, grants.c.may_edit).join(grants)
    of_sign_ins = select(sign_ins.c.began_at, sign_ins.c.seen_at, sign_ins.c.ended_at)
    queries = {
        "groups": of_groups.where(memberships.c.person_id == person_id),
        "grants": of_grants.where(grants.c.person_id == person_id),
        "sign_ins": of_sign_ins.where(sign_ins.c.person_id == person_id),
    }
    return {name: [dict(row) for row in connection.execute(query).mappings()] for name, query in queries.items()}


def _recorded(connection: Connection, key: str) -> Iterator[dict[str, Any]]:
    """What the audit log has of what they did, and of what was done about them."""
    query = select(audit).where((audit.c.actor == key) | (audit.c.target == key)).order_by(audit.c.id)
    for row in connection.execute(query).mappings():
        is_theirs = row["actor"] == key
        target = _YOU if row["target"] == key else row["target"]
        yield {
            "by": _YOU if is_theirs else _ANOTHER,
            **_plain(row, "at", "action", "outcome", "detail"),
            "target": _ANOTHER if target != _YOU and row["action"] in _ABOUT_PEOPLE else target,
            "address": row["address"] if is_theirs else "",
        }


def _events_of(key: str) -> Select[Any]:
    """What is counted of what they did, in the order in which they did it."""
    return select(events).where(events.c.owner == key).order_by(events.c.id)


def _happened(row: RowMapping) -> dict[str, Any]:
    """An event without what is of the organisation: groups and collections by their numbers."""
    at = datetime.fromtimestamp(row["at_s"], UTC).replace(tzinfo=None)
    left_out = {"owner", "groups", "collections", "at_s"}
    return {"at": at, **{name: value for name, value in row.items() if name not in left_out and value is not None}}


def _facts(connection: Connection, conversation_id: str) -> dict[int, dict[str, Any]]:
    """What stands beside each message: what it follows, when it was written, what it took, what was thought of it."""
    opinion = (feedback.c.is_helpful, feedback.c.reason.label("why"), feedback.c.comment)
    columns = (messages.c.id, messages.c.parent_id, messages.c.created_at, *(messages.c[name] for name in _FACTS))
    in_gap = (gap_questions.c.gap_id, gap_questions.c.reason.label("lacks"), gap_questions.c.answered_at)
    query = (
        select(*columns, *opinion, *in_gap)
        .outerjoin(feedback, feedback.c.message_id == messages.c.id)
        .outerjoin(gap_questions, gap_questions.c.question_id == messages.c.id)
        .where(messages.c.conversation_id == conversation_id)
    )
    found: dict[int, dict[str, Any]] = {}
    for row in connection.execute(query).mappings():
        judged = None if row["is_helpful"] is None else _plain(row, "is_helpful", "why", "comment")
        account = {name: row[name] for name in _FACTS if row[name] is not None}
        told = {"follows": row["parent_id"], "created_at": row["created_at"], **account, "feedback": judged}
        if row["gap_id"] is not None:
            told["knowledge_gap"] = _plain(row, "gap_id", "lacks", "answered_at")
        found[row["id"]] = told
    return found


def _rows(connection: Connection, table: Table, key: str, *names: str) -> list[dict[str, Any]]:
    query = select(*(table.c[name] for name in names)).where(table.c.owner == key)
    return [dict(row) for row in connection.execute(query).mappings()]


def _questions_of(key: str) -> Select[Any]:
    """What was taken from their conversations into question sets."""
    return select(set_questions).where(set_questions.c.asked_by == key).order_by(set_questions.c.id)


def _verified(connection: Connection, key: str) -> list[dict[str, Any]]:
    """What they vouch for, by the question that it is known by; its words are the collection's."""
    columns = (verified_questions.c.text.label("question"), verified.c.verified_at, verified.c.expires_on)
    query = select(*columns).join(verified).where(verified_questions.c.n == 0, verified.c.owner == key)
    return [dict(row) for row in connection.execute(query.order_by(verified.c.id)).mappings()]


def _plain(row: Mapping[Any, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _ending(name: str) -> str:
    """The ending of a file's name where it is an ordinary one: nothing else of a name goes into the archive's."""
    ending = PurePosixPath(name).suffix.lower()
    return ending if _ENDING.fullmatch(ending) else ""


def _add(archive: ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, json.dumps(value, ensure_ascii=False, indent=1, default=_as_text) + "\n")


def _as_text(value: Any) -> str:
    """Times, which are UTC, and days."""
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='seconds')}Z"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")
