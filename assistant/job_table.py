"""The job table: long work that outlives the page, the command and the process that asked for it.

A job goes waiting → running → done, failed or cancelled. One that a stopped process left running waits again,
for every kind of work converges when it is done twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Row, case, delete, insert, select, update

from assistant.schema import jobs
from retrieval.dates import utc_now

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
OPEN: tuple[JobState, ...] = ("waiting", "running")
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


class JobTable:
    """Reads and writes jobs. Safe to use from several processes: each job is claimed once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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

    def claim(self, kinds: Collection[str]) -> Job | None:
        """Take the oldest job that waits; None where there is none."""
        waiting = select(jobs.c.id).where(jobs.c.state == "waiting", jobs.c.kind.in_(kinds)).order_by(jobs.c.id)
        with self._engine.begin() as connection:
            job_id = connection.execute(waiting.limit(1)).scalar()
            if job_id is None:
                return None
            taken = connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state == "waiting")
                .values(state="running", starts=jobs.c.starts + 1, started_at=utc_now(), done=0, current="")
            )
        return self.get(job_id) if taken.rowcount else None

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
        self._change(job_id, state="waiting", starts=jobs.c.starts - 1)

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

    def resume(self) -> None:
        """At start: what a stopped process left running waits again; what stopped it each time has failed."""
        running = jobs.c.state == "running"
        with self._engine.begin() as connection:
            connection.execute(
                update(jobs)
                .where(running, jobs.c.starts >= _MOST_STARTS)
                .values(state="failed", problem=_GIVEN_UP, ended_at=utc_now())
            )
            connection.execute(update(jobs).where(running).values(state="waiting"))

    def _change(self, job_id: int, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values))


def _works_on(collection_id: str) -> ColumnElement[bool]:
    named: ColumnElement[bool] = jobs.c.work["collection_id"].as_string() == collection_id
    return named


def hashes_of(open_jobs: Sequence[Job]) -> frozenset[str]:
    """SHA-256 of the uploaded files that jobs have yet to read."""
    return frozenset(sha256 for job in open_jobs for _, sha256 in job.work.get("uploads", ()))


def _job(row: Row[Any]) -> Job:
    return Job(**{field.name: getattr(row, field.name) for field in fields(Job)})
