"""Everything of one person removed for good: conversations with their files, opinions, links, choices, counts, access.

Whatever is asked for is a job, so that a killed process goes on with it. SQL forgets all in one transaction, which
also stores what is left to do on the disk; from then on nothing that is left needs to know whose it was.

What stays: the audit log, which names people by what their provider calls them; documents in collections of
everybody's, which are the organisation's; and of each sign-in a hash, so that a cookie that is still about does not
bring the person back by itself. Whoever signs in again is somebody new.
"""

import threading
import time
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert, or_, select, update

from assistant.access import LOCAL_USER, Principal, Role
from assistant.accounts import ERASED, Accounts, keeping_an_admin
from assistant.conversations import OPEN
from assistant.errors import PersonNotFound
from assistant.job_table import Job, JobTable
from assistant.jobs import JOBS, JobRegistry
from assistant.processes import known_ids
from assistant.schema import (
    api_keys,
    choices,
    conversations,
    events,
    feedback,
    gaps,
    grants,
    jobs,
    memberships,
    messages,
    people,
    set_questions,
    sign_ins,
    snapshots,
    tickets,
    used,
    verified,
)
from retrieval.dates import utc_now
from retrieval.schema import collections, removals
from retrieval.sqlite_file import scrub

LOCAL = "local"
"""What whoever sits at the machine is called, who has no number."""
ERASE, CLEAR = "erase_person", "clear_traces"
"""The kinds of job."""
EVALUATED = "evaluate_set"
ASKED = ("ask", "check", EVALUATED, "list_documents", "list_gaps", "search")
"""The kinds of job that hold what somebody asked by a command, and what they were told."""
_GOES = (
    "This removes, for good: the name and address, sign-ins, groups and access, all conversations with their files, "
    "links, feedback and what was taken from them into question sets, own choices, API keys and counts, and the events "
    "that insights are made of."
)
_STAYS = (
    "What stays: rows of the audit log, which know people by what their provider calls them and by the network address "
    "they came from, not by name, until their time is up; documents and verified answers in collections, without a "
    "word of who brought or verified them; and for 31 days a hash of each sign-in, so that an old cookie does not bring the person back."
)
_GOES_LOCAL = (
    "This removes, for good: all conversations of whoever sits at this machine, with their files, links and feedback, "
    "own choices and API keys, and what commands asked. What stays: documents in collections, and the audit log."
)
_LOOK_AGAIN_S = 0.2


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed from the database, and the job that removes the rest, for these collections."""

    conversations: int
    files: int
    collection_ids: tuple[str, ...]
    job_id: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases people. `person_id` None is whoever sits at the machine, who stays who they are.

    `patience_s`: an open page believes for a second that its reader is still let in. `stopping_s`: so long an answer may
    take to end.
    """

    engine: Engine
    accounts: Accounts
    jobs: JobTable
    wake: threading.Event
    answers: JobRegistry = JOBS
    patience_s: float = 1.5
    stopping_s: float = 30.0

    def begin(self, person_id: int | None, principal: Principal) -> int:
        """Shut a person out and have everything of theirs removed; returns the job's id.

        Oneself, or anybody for an administrator. Raises PersonNotFound, and NotAllowed for the last administrator.
        """
        if person_id is not None:
            self.accounts.person(person_id, principal)
        elif not principal.is_admin:
            raise PersonNotFound
        if (job := self.under_way(person_id)) is not None:
            return job.id
        self._shut_out(person_id)
        job_id = self.jobs.add(ERASE, {"person_id": person_id}, owner="")
        self.wake.set()
        return job_id

    def under_way(self, person_id: int | None) -> Job | None:
        """The job that erases this person, while it waits or runs."""
        return next((job for job in self.jobs.open((ERASE,)) if job.work["person_id"] == person_id), None)

    def erase(self, person_id: int | None) -> Erased | None:
        """Remove everything of a person from the database, for the job; None where they are not there any more.

        Raises NotAllowed for the last administrator.
        """
        key = self._key(person_id)
        if key is None:
            return None
        self._shut_out(person_id)
        time.sleep(0.0 if person_id is None else self.patience_s)
        self.answers.stop_all_of(key, timeout_s=self.stopping_s)
        self._stop_elsewhere(key)
        self._cancel_reading(key)
        with self.engine.begin() as connection:
            if person_id is not None:
                _leave_a_grave(connection, person_id)
            return _remove(connection, key, person_id)

    def scrub(self) -> None:
        """Leave nothing of what was deleted in the database's files; raises HomeInUse."""
        scrub(self.engine)

    def _key(self, person_id: int | None) -> str | None:
        if person_id is None:
            return LOCAL_USER.key
        query = select(people.c.issuer, people.c.subject).where(people.c.id == person_id, people.c.issuer != ERASED)
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else Principal(row.issuer, row.subject).key

    def _shut_out(self, person_id: int | None) -> None:
        if person_id is None:
            return
        with self.engine.begin() as connection, keeping_an_admin(connection):
            connection.execute(update(people).where(people.c.id == person_id).values(is_disabled=True))
            _end_sign_ins(connection, person_id)

    def _stop_elsewhere(self, key: str) -> None:
        """Stop what other processes write of theirs, and wait until it has ended."""
        theirs = messages.c.conversation_id.in_(select(conversations.c.id).where(conversations.c.owner == key))
        is_written = theirs & messages.c.state.in_(OPEN) & messages.c.process_id.in_(known_ids())
        until = time.monotonic() + self.stopping_s
        while time.monotonic() < until:
            with self.engine.begin() as connection:
                if not connection.execute(update(messages).where(is_written).values(stop_asked=True)).rowcount:
                    return
            time.sleep(_LOOK_AGAIN_S)

    def _cancel_reading(self, key: str) -> None:
        """Nothing of theirs is to be read in any more."""
        query = select(collections.c.id).where(collections.c.owner == key)
        with self.engine.connect() as connection:
            collection_ids = connection.execute(query).scalars().all()
        for collection_id in collection_ids:
            for job in self.jobs.of_collection(collection_id):
                self.jobs.cancel(job.id)


def consequences(person_id: int | None) -> tuple[str, ...]:
    """What goes and what stays, in a person's words."""
    return (_GOES_LOCAL,) if person_id is None else (_GOES, _STAYS)


def called(person_id: int | None) -> str:
    """What the audit log calls whose data were taken out or removed."""
    return LOCAL if person_id is None else f"person {person_id}"


def _end_sign_ins(connection: Connection, person_id: int) -> None:
    moment, theirs = utc_now(), sign_ins.c.person_id == person_id
    connection.execute(update(sign_ins).where(theirs, sign_ins.c.ended_at.is_(None)).values(ended_at=moment))


def _leave_a_grave(connection: Connection, person_id: int) -> None:
    """Of the person's row only the number stays, of sign-ins only the hash."""
    moment = utc_now()
    empty = {"issuer": ERASED, "subject": str(person_id), "name": "", "email": "", "role": Role.WAITING.value}
    times = {"created_at": moment, "seen_at": moment}
    connection.execute(update(people).where(people.c.id == person_id).values(**empty, **times, is_disabled=True))
    ended = {"began_at": moment, "seen_at": moment, "ended_at": moment}
    connection.execute(update(sign_ins).where(sign_ins.c.person_id == person_id).values(**ended))
    connection.execute(delete(memberships).where(memberships.c.person_id == person_id))
    connection.execute(delete(grants).where(grants.c.person_id == person_id))


def _remove(connection: Connection, key: str, person_id: int | None) -> Erased:
    """All rows of an owner. Messages, citations and questions in gaps go with their conversations, chunks with their collections."""
    files = tuple(connection.execute(select(collections.c.id).where(collections.c.owner == key)).scalars())
    works_on_them = jobs.c.work["collection_id"].as_string().in_(files)
    has_asked = (jobs.c.owner == key) & jobs.c.kind.in_(ASKED)
    # A run of a question set tells of its questions, whoever began it.
    has_told = (jobs.c.kind == EVALUATED) & jobs.c.ended_at.is_not(None)
    connection.execute(delete(jobs).where(or_(works_on_them, has_asked, has_told), jobs.c.state != "running"))
    if person_id is not None:
        connection.execute(update(jobs).where(jobs.c.owner == key).values(owner=f"{ERASED}|{person_id}"))
    for table in (api_keys, feedback, snapshots, choices, used, events):
        connection.execute(delete(table).where(table.c.owner == key))
    for table in (tickets, gaps):
        connection.execute(update(table).where(table.c.assignee == key).values(assignee=None))
    connection.execute(delete(set_questions).where(set_questions.c.asked_by == key))
    connection.execute(update(verified).where(verified.c.owner == key).values(owner=""))
    gone = connection.execute(delete(conversations).where(conversations.c.owner == key)).rowcount
    connection.execute(delete(removals).where(removals.c.collection_id.in_(files)))
    connection.execute(delete(collections).where(collections.c.owner == key))
    work = {"collection_ids": list(files)}
    values = {"kind": CLEAR, "state": "waiting", "owner": "", "work": work, "created_at": utc_now()}
    inserted = connection.execute(insert(jobs).values(**values)).inserted_primary_key
    assert inserted is not None
    return Erased(gone, len(files), files, int(inserted[0]))
