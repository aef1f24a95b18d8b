"""A command's work, done by whoever holds the home: this process, or the running app through its job table."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import Any

from sqlalchemy import Engine

from assistant.access import LOCAL_USER
from assistant.audit import AT_THE_MACHINE
from assistant.bootstrap import open_citewell
from assistant.carrying_out import Begun, carry_out
from assistant.errors import AssistantError
from assistant.home import database_of, home_of, takes_work
from assistant.job_table import JobTable
from assistant.operations import READING, Reporter, finish_up
from assistant.processes import Processes
from assistant.settings import Settings
from retrieval.database import open_database
from retrieval.errors import HomeBusy
from retrieval.intake import Progress

_NOBODY = "Citewell was stopped meanwhile; it goes on with this work when it starts again, or a worker does."
_POLL_S = 0.1
_LOOK_AT_HOLDER_EVERY_S = 2.0


def perform(settings: Settings, kind: str, work: Mapping[str, Any], reporter: Reporter) -> tuple[dict[str, Any], str]:
    """Carry out an operation; returns its result, and a notice where the home is degraded.

    Where several processes share a database, a worker of theirs does it: paths are as it sees them.
    Raises HomeBusy where another command holds the home: only the app takes work.
    """
    if settings.database_url is not None:
        return _hand_over(settings, kind, work, reporter), ""
    try:
        citewell = open_citewell(settings)
    except HomeBusy:
        if not takes_work(home_of(settings)):
            raise
        return _hand_over(settings, kind, work, reporter), ""
    with closing(citewell):
        begun = Begun(LOCAL_USER.key, AT_THE_MACHINE)
        result = carry_out(citewell, kind, work, reporter, begun=begun)
        finish_up(citewell)
        return result, citewell.notice or ""


def _hand_over(settings: Settings, kind: str, work: Mapping[str, Any], reporter: Reporter) -> dict[str, Any]:
    engine = open_database(database_of(settings))
    try:
        jobs = JobTable(engine)
        job_id = jobs.add(kind, work, owner=LOCAL_USER.key)
        try:
            return _followed(jobs, job_id, reporter, partial(is_worked_on, settings, engine))
        except KeyboardInterrupt:  # It ends the work here as it does where this process does it itself.
            jobs.cancel(job_id)
            raise
        except AssistantError:
            if kind in READING:  # Nobody waits for the answer any more; what writes goes on.
                jobs.cancel(job_id)
            raise
    finally:
        engine.dispose()


def is_worked_on(settings: Settings, engine: Engine) -> bool:
    """Whether somebody takes jobs from the table now: the app that holds the home, or a worker."""
    if settings.database_url is None:
        return takes_work(home_of(settings))
    return Processes(engine, is_alone=False).takers() > 0


def _followed(jobs: JobTable, job_id: int, reporter: Reporter, is_taken: Callable[[], bool]) -> dict[str, Any]:
    seen, look_at = (0, ""), time.monotonic() + _LOOK_AT_HOLDER_EVERY_S
    while (job := jobs.get(job_id)) is not None and job.is_open:
        if (job.done, job.current) != seen:
            seen = job.done, job.current
            reporter.on_progress(Progress(job.done, job.total, job.current))
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + _LOOK_AT_HOLDER_EVERY_S
            if not is_taken():
                raise AssistantError(_NOBODY)
        time.sleep(_POLL_S)
    if job is None or job.problem:
        raise AssistantError(job.problem if job and job.problem else "The work was deleted; start it again.")
    if job.result is None:
        raise AssistantError("The work was cancelled in the app before it began; start it again.")
    return job.result
