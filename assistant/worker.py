"""Carries out the jobs of the table: one thread for those that write collections, one for those that only read,
one each for tickets, knowledge gaps, question sets and what is found out about all documents, and one for the files of
conversations, each in a collection of its own.

What the command line hands over, what the page starts and what a followed folder needs all come through the table.
Any number of processes may take from it at once (`Turns` says what may run beside what); what is to happen once, such
as looking at followed folders, the one that leads does.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell
from assistant.carrying_out import Begun, carry_out
from assistant.erasure import CLEAR
from assistant.errors import AssistantError
from assistant.holdings import sync_work
from assistant.job_table import ALONE, BY_COLLECTION, Job, JobTable, Turns
from assistant.operations import (
    ATTACHED,
    EMBED,
    EVALUATING,
    GAPS,
    INSIGHTS,
    READING,
    READING_IN,
    TRIAGE,
    WRITING,
    Operation,
    Reporter,
)
from assistant.triage.sample import bring_in_sample
from retrieval.errors import HomeUnreachable, RetrievalError
from retrieval.intake import Progress
from retrieval.outage import through_outage

log = logging.getLogger(__name__)
_POLL_S = 0.25
_REPORT_EVERY_S = 0.25
_WATCH_EVERY_S = 15.0
_A_DAY_S = 86_400.0
_LOOK_WHO_LEADS_S = 5.0
_AGAIN_S = 1.0
_WATCH_SHARE = 0.02
"""Looking at followed folders takes at most this share of the time."""
_WARM_UP_AFTER_S = 2.0
"""So that it does not hold up the page of whoever comes first."""
_UNEXPECTED = "This failed unexpectedly; the log of Citewell says why. What was read in until then is kept."


@dataclass(frozen=True, slots=True)
class _Line:
    """Work that one thread of each worker does; `turns` is None where any number may be done at once."""

    operations: Mapping[str, Operation]
    turns: Turns | None


_WRITING = _Line(WRITING, BY_COLLECTION)
_TRIAGE = _Line(TRIAGE, ALONE)
_OTHERS = (
    _Line(READING, None),
    _Line(ATTACHED, BY_COLLECTION),
    _Line(GAPS, ALONE),
    _Line(EVALUATING, Turns("set_id")),
    _Line(INSIGHTS, ALONE),
)


class Worker:
    """The threads that work off the job table. They end with the home's background work."""

    def __init__(self, citewell: Citewell) -> None:
        self._citewell = citewell
        self._stopping = citewell.background.stopping
        self._glance = _Glance(citewell.jobs)

    def start(self) -> None:
        """Take up what was left, and the sample company in a new home; then take work from anyone who has some."""
        citewell = self._citewell
        has_dropped = citewell.indexes.drop_unknown()
        if citewell.processes.leads():
            self._take_up(has_dropped=has_dropped)
        citewell.background.keep(self._keep_no_longer)
        citewell.background.keep(self._write)
        citewell.background.keep(self._triage)
        for line in _OTHERS:
            citewell.background.keep(partial(self._keep_taking, line))
        citewell.home.offer_hand_over()

    def _take_up(self, *, has_dropped: bool) -> None:
        citewell = self._citewell
        citewell.attached.sweep()
        if has_dropped:
            citewell.jobs.add(CLEAR, {"collection_ids": []}, owner="")
        for collection_id in self._not_embedded():
            citewell.jobs.add(EMBED, {"collection_id": collection_id}, owner="")
        if citewell.settings.sample and not citewell.library.collections() and not citewell.jobs.open(("read_sample",)):
            citewell.jobs.add("read_sample", {}, owner=LOCAL_USER.key)
            bring_in_sample(citewell)

    def _not_embedded(self) -> Iterator[str]:
        """The collections with documents that the embedding of now has not seen."""
        citewell, underway = self._citewell, {job.work["collection_id"] for job in self._citewell.jobs.open((EMBED,))}
        if citewell.embedder is not None:
            for collection_id in citewell.library.every_collection():
                if collection_id not in underway and citewell.library.documents_without(
                    collection_id, citewell.embedder.name
                ):
                    yield collection_id

    def _keep_no_longer(self) -> None:
        """Now and once a day, remove what is kept no longer."""
        due_at = time.monotonic()
        while not self._stopping.is_set():
            with self._in_spite_of_outages():
                if time.monotonic() >= due_at and self._citewell.processes.leads():
                    due_at = time.monotonic() + _A_DAY_S
                    self._remove_what_is_kept_no_longer()
            self._stopping.wait(_LOOK_WHO_LEADS_S)

    def _remove_what_is_kept_no_longer(self) -> None:
        try:
            self._citewell.retention.apply()
        except (AssistantError, RetrievalError) as error:
            log.warning("what is kept no longer could not all be removed: %s", error.hint)

    def _write(self) -> None:
        watch_at = time.monotonic()
        while not self._stopping.is_set():
            with self._in_spite_of_outages():
                if self._take(_WRITING):
                    continue
                if time.monotonic() >= watch_at:
                    watch_at = time.monotonic() + self._look_at_folders()
            self._citewell.wake.wait(_POLL_S)
            self._citewell.wake.clear()

    def _keep_taking(self, line: _Line) -> None:
        kinds = line.operations.keys()
        while not self._stopping.wait(_POLL_S / 2):
            with self._in_spite_of_outages():
                while not self._stopping.is_set() and kinds & self._glance.kinds() and self._take(line):
                    pass

    def _triage(self) -> None:
        """Do what is done with tickets; before that, where nothing waits and pages are here, open the models' store."""
        with self._in_spite_of_outages():
            if not self._take(_TRIAGE) and self._citewell.processes.is_alone:
                warm_up(self._citewell)
        self._keep_taking(_TRIAGE)

    def _take(self, line: _Line) -> bool:
        """Do the next job of a line; False where none may begin."""
        job = self._citewell.jobs.claim(line.operations.keys(), line.turns)
        if job is None:
            return False
        jobs = self._citewell.jobs
        try:
            with self._stoppable(job) as reporter:
                begun = Begun(job.owner, job=job.id)
                result = carry_out(
                    self._citewell, job.kind, job.work, reporter, begun=begun, operations=line.operations
                )
            self._store(job, result, was_stopped=reporter.stopping.is_set())
        except HomeUnreachable:
            log.warning("job %d (%s) is taken up again, for the database went away", job.id, job.kind, exc_info=True)
            through_outage(jobs.try_again)(job.id)
        except (AssistantError, RetrievalError) as error:
            jobs.fail(job.id, error.hint)
        except Exception:
            log.exception("job %d (%s) failed", job.id, job.kind)
            jobs.fail(job.id, _UNEXPECTED)
        finally:
            jobs.let_go(job.id)
        return True

    @through_outage
    def _store(self, job: Job, result: Mapping[str, Any], *, was_stopped: bool) -> None:
        """How a job ended: that it was done, or that it waits again, for this process closes or was taken for dead."""
        jobs = self._citewell.jobs
        if was_stopped and not jobs.is_cancelled(job.id):
            jobs.put_back(job.id)
        else:
            jobs.finish(job.id, result, cancelled=was_stopped)
            self._ask_gaps_again(job, result)

    @contextmanager
    def _in_spite_of_outages(self) -> Iterator[None]:
        """A database that is away for a while ends no thread: it goes on when it is back."""
        try:
            yield
        except (SQLAlchemyError, RetrievalError):
            log.warning("the database could not be asked", exc_info=True)
            self._stopping.wait(_AGAIN_S)

    def _ask_gaps_again(self, job: Job, result: Mapping[str, Any]) -> None:
        """Where documents came in, what was not answered before may be now."""
        if job.kind in READING_IN and (result.get("added") or result.get("updated")):
            named = str(job.work.get("collection"))
            ids = {each.name: each.id for each in self._citewell.library.collections()}
            self._citewell.gaps.documents_came(job.work.get("collection_id") or ids.get(named or ""))

    @contextmanager
    def _stoppable(self, job: Job) -> Iterator[Reporter]:
        """A reporter whose `stopping` is set once the job is cancelled or lost, or the home closes."""
        over = threading.Event()
        reporter = Reporter(on_progress=_Throttled(self._citewell, job))

        def watch() -> None:
            while not over.wait(_POLL_S):
                with self._in_spite_of_outages():
                    if self._stopping.is_set() or self._citewell.jobs.is_to_end(job.id):
                        reporter.stopping.set()
                        return

        watcher = threading.Thread(target=watch, name="job-watch", daemon=True)
        watcher.start()
        try:
            yield reporter
        finally:
            over.set()
            watcher.join()

    def _look_at_folders(self) -> float:
        """Queue a sync of every watched folder that has changed; returns in how many seconds to look again."""
        started, citewell = time.monotonic(), self._citewell
        if not citewell.processes.leads() or citewell.jobs.open(WRITING):  # What is being written looks like a change.
            return _LOOK_WHO_LEADS_S
        problems = {}
        for collection in citewell.library.collections():
            if not (collection.watched and collection.folder):
                continue
            try:
                if not citewell.intake.plan(collection.id, Path(collection.folder)).is_empty:
                    citewell.jobs.add("sync", sync_work(collection), owner=LOCAL_USER.key)
            except RetrievalError as error:
                problems[collection.id] = error.hint
            except Exception:
                log.exception("the folder of %s could not be looked at", collection.name)
        citewell.watch_problems.tell(problems)
        return max(_WATCH_EVERY_S, (time.monotonic() - started) / _WATCH_SHARE)


def warm_up(citewell: Citewell) -> None:
    """Open the triage models' store for the page, a moment after the start."""
    if not citewell.background.stopping.wait(_WARM_UP_AFTER_S):
        try:
            citewell.teaching.warm_up()
        except AssistantError as error:
            log.warning("the triage models could not be opened: %s", error.hint)


class _Glance:
    """Which kinds of jobs wait, looked at once for all lines."""

    def __init__(self, jobs: JobTable) -> None:
        self._jobs = jobs
        self._lock = threading.Lock()
        self._until = 0.0
        self._kinds: frozenset[str] = frozenset()

    def kinds(self) -> frozenset[str]:
        """As they were a moment ago."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._kinds = self._jobs.waiting_kinds()
                self._until = time.monotonic() + _POLL_S / 2
            return self._kinds


class _Throttled:
    """Stores progress a few times a second, and the last of it always."""

    def __init__(self, citewell: Citewell, job: Job) -> None:
        self._citewell = citewell
        self._job_id = job.id
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now >= self._next or progress.done == progress.total:
            self._next = now + _REPORT_EVERY_S
            self._citewell.jobs.report(self._job_id, done=progress.done, total=progress.total, current=progress.path)
