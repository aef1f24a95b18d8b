"""The job table: long work that outlives the page, the command and the process that asked for it.

A job goes waiting → running → done, failed or cancelled. One that a stopped process left running waits again,
for every kind of work converges when it is done twice.

The table is the queue, however many processes take from it: they take their turns (`_take_turns`), so that each job
is claimed once, and what must not run beside each other does not. A process that was taken for dead changes nothing
any more about a job that somebody else has claimed since.
"""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, case, delete, func, insert, select, update

from assistant.processes import known_ids
from assistant.schema import jobs
from retrieval.dates import utc_now

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
OPEN: tuple[JobState, ...] = ("waiting", "running")
_MOST_LOOKED_AT = 100
"""Where none of so many may begin, those behind them wait too."""
_CLAIMING = 4_716_200_013
"""The number by which PostgreSQL knows this lock from others; no other meaning."""
_MOST_STARTS = 3
_GIVEN_UP = "Citewell stopped three times while it worked on this; its log says more. Start it again to retry."


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the table. `work` says what to do, `result` what came of it, `problem` why it failed. Times are UTC."""

    id: int
    kind: str
    state: JobState
    owner: str
    cancelled: bool
    starts: int
    done: int
    total: int
    current: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    work: dict[str, Any]
    result: dict[str, Any] | None
    problem: str | None

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in OPEN

    def files_per_second(self, now: datetime) -> float | None:
        """How fast it goes; None before the first file is finished."""
        if self.started_at is None or not self.done:
            return None
        return self.done / max(((self.ended_at or now) - self.started_at).total_seconds(), 1e-3)

    def seconds_left(self, now: datetime) -> float | None:
        """How long it will take at the rate so far; None before there is a rate."""
        rate = self.files_per_second(now)
        return None if rate is None else max(self.total - self.done, 0) / rate


@dataclass(frozen=True, slots=True)
class Turns:
    """Which jobs of some kinds may run beside each other, in all processes together.

    Those that name different things under `by`, such as collections; what names none runs alone. Without `by` every
    job runs alone.
    """

    by: str | None = None

    def next(self, running: Sequence[Row[Any]], waiting: Sequence[Row[Any]]) -> int | None:
        """The id of the first job that may begin. None overtakes another that it must not run beside."""
        before = [self._named(row) for row in running]
        for row in waiting:
            named = self._named(row)
            if not before or not (named is None or None in before or named in before):
                return int(row.id)
            before.append(named)
        return None

    def _named(self, row: Row[Any]) -> object:
        return None if self.by is None else row.work.get(self.by)


ALONE = Turns()
BY_COLLECTION = Turns("collection_id")


class JobTable:
    """Reads and writes jobs. Safe to use from several processes: each job is claimed once.

    `process_id` is whose the jobs are that are claimed here.
    """

    def __init__(self, engine: Engine, process_id: str | None = None) -> None:
        self._engine = engine
        self._process_id = process_id
        self._held: set[int] = set()
        """What is carried out here."""
        self._claiming = threading.Lock()

    def add(self, kind: str, work: Mapping[str, Any], *, owner: str) -> int:
        """Put a job at the end of the queue; returns its id."""
        values = {"kind": kind, "state": "waiting", "owner": owner, "work": dict(work), "created_at": utc_now()}
        with self._engine.begin() as connection:
            key = connection.execute(insert(jobs).values(**values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def get(self, job_id: int) -> Job | None:
        """The job of that id."""
        with self._engine.connect() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
        return None if row is None else _job(row)

    def open(self, kinds: Collection[str] | None = None) -> tuple[Job, ...]:
        """Jobs that wait or run, the oldest first."""
        query = select(jobs).where(jobs.c.state.in_(OPEN))
        if kinds is not None:
            query = query.where(jobs.c.kind.in_(kinds))
        with self._engine.connect() as connection:
            return tuple(_job(row) for row in connection.execute(query.order_by(jobs.c.id)))

    def waiting_kinds(self) -> frozenset[str]:
        """The kinds of which a job waits."""
        with self._engine.connect() as connection:
            found = connection.execute(select(jobs.c.kind).where(jobs.c.state == "waiting").distinct())
            return frozenset(found.scalars())

    def ended(self, kinds: Collection[str], *, limit: int, owner: str | None = None) -> tuple[Job, ...]:
        """Jobs of these kinds that are over, the newest first; with `owner`, only theirs."""
        query = select(jobs).where(jobs.c.state.not_in(OPEN), jobs.c.kind.in_(kinds))
        if owner is not None:
            query = query.where(jobs.c.owner == owner)
        with self._engine.connect() as connection:
            return tuple(_job(row) for row in connection.execute(query.order_by(jobs.c.id.desc()).limit(limit)))

    def of_collection(self, collection_id: str) -> tuple[Job, ...]:
        """The jobs that work on one collection, over or not, the oldest first."""
        query = select(jobs).where(_works_on(collection_id)).order_by(jobs.c.id)
        with self._engine.connect() as connection:
            return tuple(_job(row) for row in connection.execute(query))

    def forget(self, collection_id: str) -> None:
        """Delete the rows of jobs that worked on a collection: they name its files."""
        with self._engine.begin() as connection:
            connection.execute(delete(jobs).where(_works_on(collection_id)))

    def remove(self, job_id: int) -> None:
        """Delete the row of a job whose work is done."""
        with self._engine.begin() as connection:
            connection.execute(delete(jobs).where(jobs.c.id == job_id))

    def expire(self, kinds: Collection[str], before: datetime) -> None:
        """Delete the rows of jobs of these kinds that ended before then."""
        with self._engine.begin() as connection:
            connection.execute(delete(jobs).where(jobs.c.kind.in_(kinds), jobs.c.ended_at < before))

    def claim(self, kinds: Collection[str], turns: Turns | None = None) -> Job | None:
        """Take the oldest job of these kinds that may begin, any that waits without `turns`; None where there is none."""
        of_kinds = select(jobs.c.id, jobs.c.work).where(jobs.c.kind.in_(kinds)).order_by(jobs.c.id)
        waiting = of_kinds.where(jobs.c.state == "waiting")
        if not self._are_there(waiting.limit(1)):  # Polling disturbs nobody.
            return None
        with self._claiming:
            job = self._claim(of_kinds, waiting, turns)
            if job is not None:
                self._held.add(job.id)
        return job

    def let_go(self, job_id: int) -> None:
        """Nothing carries it out here any more; how it ended could not be stored, if it is still running then."""
        with self._claiming:
            self._held.discard(job_id)

    def _claim(self, of_kinds: Select[Any], waiting: Select[Any], turns: Turns | None) -> Job | None:
        with self._engine.begin() as connection:
            _take_turns(connection)
            first = connection.execute(waiting.limit(_MOST_LOOKED_AT)).all()
            running = connection.execute(of_kinds.where(jobs.c.state == "running")).all() if turns else ()
            job_id = (turns or ALONE).next(running, first)
            begun = {"starts": jobs.c.starts + 1, "started_at": utc_now(), "process_id": self._process_id}
            taken = connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state == "waiting")
                .values(state="running", done=0, current="", **begun)
            )
            return _job(connection.execute(select(jobs).where(jobs.c.id == job_id)).one()) if taken.rowcount else None

    def _are_there(self, query: Select[Any]) -> bool:
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def report(self, job_id: int, *, done: int, total: int, current: str) -> None:
        """Store how far it has come."""
        self._change(job_id, done=done, total=total, current=current)

    def finish(self, job_id: int, result: Mapping[str, Any], *, cancelled: bool = False) -> None:
        """Store what came of it."""
        self._change(job_id, state="cancelled" if cancelled else "done", result=dict(result), ended_at=utc_now())

    def fail(self, job_id: int, problem: str) -> None:
        """Store why nothing came of it."""
        self._change(job_id, state="failed", problem=problem, ended_at=utc_now())

    def put_back(self, job_id: int) -> None:
        """Let it wait again: this process closes before it is done."""
        self._change(job_id, state="waiting", starts=jobs.c.starts - 1, process_id=None)

    def cancel(self, job_id: int) -> None:
        """End a job that waits, and ask one that runs to end."""
        is_waiting = jobs.c.state == "waiting"
        with self._engine.begin() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state.in_(OPEN))
                .values(
                    cancelled=True,
                    state=case((is_waiting, "cancelled"), else_=jobs.c.state),
                    ended_at=case((is_waiting, utc_now()), else_=jobs.c.ended_at),
                )
            )

    def is_cancelled(self, job_id: int) -> bool:
        """Whether somebody asked it to end."""
        with self._engine.connect() as connection:
            return bool(connection.execute(select(jobs.c.cancelled).where(jobs.c.id == job_id)).scalar())

    def is_to_end(self, job_id: int) -> bool:
        """Whether a job that is carried out here is to end: it was cancelled, or this process was taken for dead and
        the job is not its own any more.
        """
        is_to_go_on = self._is_no_others(job_id) & (jobs.c.state == "running") & jobs.c.cancelled.is_(False)
        return not self._are_there(select(jobs.c.id).where(is_to_go_on))

    def resume(self) -> None:
        """What a process left running that is gone waits again; what stopped it each time has failed.

        So does what nobody carries out in this process either, for the database was away when it ended.
        """
        with self._claiming, self._engine.begin() as connection:
            is_lost = jobs.c.process_id.is_(None) | jobs.c.process_id.not_in(known_ids())
            is_lost |= (jobs.c.process_id == self._process_id) & jobs.c.id.not_in(tuple(self._held))
            _let_wait(connection, (jobs.c.state == "running") & is_lost)

    def try_again(self, job_id: int) -> None:
        """Let a job wait again that was cut off here; after three times it has failed."""
        with self._engine.begin() as connection:
            _let_wait(connection, self._is_no_others(job_id) & (jobs.c.state == "running"))

    def _change(self, job_id: int, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(jobs).where(self._is_no_others(job_id)).values(**values))

    def _is_no_others(self, job_id: int) -> ColumnElement[bool]:
        """The job, unless another process has claimed it."""
        return (jobs.c.id == job_id) & (jobs.c.process_id.is_(None) | (jobs.c.process_id == self._process_id))


def _take_turns(connection: Connection) -> None:
    """Wait until nobody else claims, in any process; whoever comes later waits for the end of this transaction.

    Rows locked one by one (FOR UPDATE SKIP LOCKED) are not enough: two processes would pass each other and begin on
    two jobs of the same collection.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # Before it is read, not when it is written.
    else:
        connection.execute(select(func.pg_advisory_xact_lock(_CLAIMING)))


def _let_wait(connection: Connection, which: ColumnElement[bool]) -> None:
    failed = {"state": "failed", "problem": _GIVEN_UP, "ended_at": utc_now()}
    connection.execute(update(jobs).where(which, jobs.c.starts >= _MOST_STARTS).values(failed))
    connection.execute(update(jobs).where(which).values(state="waiting", process_id=None))


def _works_on(collection_id: str) -> ColumnElement[bool]:
    named: ColumnElement[bool] = jobs.c.work["collection_id"].as_string() == collection_id
    return named


def hashes_of(open_jobs: Sequence[Job]) -> frozenset[str]:
    """SHA-256 of the uploaded files that jobs have yet to read."""
    return frozenset(sha256 for job in open_jobs for _, sha256 in job.work.get("uploads", ()))


def _job(row: Row[Any]) -> Job:
    return Job(**{field.name: getattr(row, field.name) for field in fields(Job)})
