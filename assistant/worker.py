"""Carries out the jobs of an open home: one thread for those that write it, one for those that only read,
one each for tickets, knowledge gaps, question sets and what is found out about all documents, and one for the files of
conversations, each in a collection of its own.

What the command line hands over, what the page starts and what a followed folder needs all come through the table.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell
from assistant.carrying_out import Begun, carry_out
from assistant.erasure import CLEAR
from assistant.errors import AssistantError
from assistant.job_table import Job
from assistant.operations import (
    ATTACHED,
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
from retrieval.errors import RetrievalError
from retrieval.intake import Progress

log = logging.getLogger(__name__)
_POLL_S = 0.25
_REPORT_EVERY_S = 0.25
_WATCH_EVERY_S = 15.0
_A_DAY_S = 86_400.0
_WATCH_SHARE = 0.02
"""Looking at followed folders takes at most this share of the time."""
_WARM_UP_AFTER_S = 2.0
"""So that it does not hold up the page of whoever comes first."""
_UNEXPECTED = "This failed unexpectedly; the log of Citewell says why. What was read in until then is kept."


class Worker:
    """The threads that work off the job table. They end with the home's background work."""

    def __init__(self, citewell: Citewell) -> None:
        self._citewell = citewell
        self._stopping = citewell.background.stopping

    def start(self) -> None:
        """Take up what was left, and the sample company in a new home; then take work from anyone who has some."""
        citewell = self._citewell
        citewell.jobs.resume()
        citewell.attached.sweep()
        if citewell.indexes.drop_unknown():
            citewell.jobs.add(CLEAR, {"collection_ids": []}, owner="")
        if citewell.settings.sample and not citewell.library.collections():
            citewell.jobs.add("read_sample", {}, owner=LOCAL_USER.key)
            bring_in_sample(citewell)
        citewell.background.start(self._keep_no_longer)
        citewell.background.start(self._write)
        citewell.background.start(partial(self._keep_doing, READING))
        citewell.background.start(partial(self._keep_doing, ATTACHED))
        citewell.background.start(self._triage)
        for operations in (GAPS, EVALUATING, INSIGHTS):
            citewell.background.start(partial(self._keep_doing, operations))
        citewell.home.offer_hand_over()

    def _keep_no_longer(self) -> None:
        """Now and once a day, remove what is kept no longer."""
        while not self._stopping.is_set():
            try:
                self._citewell.retention.apply()
            except (AssistantError, RetrievalError) as error:
                log.warning("what is kept no longer could not all be removed: %s", error.hint)
            self._stopping.wait(_A_DAY_S)

    def _write(self) -> None:
        citewell = self._citewell
        for collection_id in citewell.library.every_collection():
            try:
                if count := citewell.intake.embed_missing(collection_id, self._stopping):
                    log.info("embedded %d documents of %s", count, collection_id)
            except Exception:
                log.exception("%s could not be embedded", collection_id)  # Its files may just have been removed.
        watch_at = time.monotonic()
        while not self._stopping.is_set():
            if self._take(WRITING):
                continue
            if time.monotonic() >= watch_at:
                watch_at = time.monotonic() + self._look_at_folders()
            citewell.wake.wait(_POLL_S)
            citewell.wake.clear()

    def _keep_doing(self, operations: Mapping[str, Operation]) -> None:
        while not self._stopping.wait(_POLL_S / 2):
            while not self._stopping.is_set() and self._take(operations):
                pass

    def _triage(self) -> None:
        """Do what is done with tickets; before that, where nothing waits, open the models' store for the page."""
        if not self._take(TRIAGE) and not self._stopping.wait(_WARM_UP_AFTER_S):
            try:
                self._citewell.teaching.warm_up()
            except AssistantError as error:
                log.warning("the triage models could not be opened: %s", error.hint)
        self._keep_doing(TRIAGE)

    def _take(self, operations: Mapping[str, Operation]) -> bool:
        """Do the next job of these kinds; False where none waits."""
        job = self._citewell.jobs.claim(operations.keys())
        if job is None:
            return False
        jobs = self._citewell.jobs
        try:
            with self._stoppable(job) as reporter:
                begun = Begun(job.owner, job=job.id)
                result = carry_out(self._citewell, job.kind, job.work, reporter, begun=begun, operations=operations)
            if self._stopping.is_set() and reporter.stopping.is_set() and not jobs.is_cancelled(job.id):
                jobs.put_back(job.id)
            else:
                jobs.finish(job.id, result, cancelled=reporter.stopping.is_set())
                self._ask_gaps_again(job, result)
        except (AssistantError, RetrievalError) as error:
            jobs.fail(job.id, error.hint)
        except Exception:
            log.exception("job %d (%s) failed", job.id, job.kind)
            jobs.fail(job.id, _UNEXPECTED)
        return True

    def _ask_gaps_again(self, job: Job, result: Mapping[str, Any]) -> None:
        """Where documents came in, what was not answered before may be now."""
        if job.kind in READING_IN and (result.get("added") or result.get("updated")):
            named = str(job.work.get("collection"))
            ids = {each.name: each.id for each in self._citewell.library.collections()}
            self._citewell.gaps.documents_came(job.work.get("collection_id") or ids.get(named or ""))

    @contextmanager
    def _stoppable(self, job: Job) -> Iterator[Reporter]:
        """A reporter whose `stopping` is set once the job is cancelled or the home closes."""
        over = threading.Event()
        reporter = Reporter(on_progress=_Throttled(self._citewell, job))

        def watch() -> None:
            while not over.wait(_POLL_S):
                if self._stopping.is_set() or self._citewell.jobs.is_cancelled(job.id):
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
        for collection in citewell.library.collections():
            if not (collection.watched and collection.folder):
                continue
            citewell.watch_problems.pop(collection.id, None)
            try:
                if not citewell.intake.plan(collection.id, Path(collection.folder)).is_empty:
                    work = {"collection": collection.name, "folder": collection.folder}
                    citewell.jobs.add("sync", work, owner=LOCAL_USER.key)
            except RetrievalError as error:
                citewell.watch_problems[collection.id] = error.hint
            except Exception:
                log.exception("the folder of %s could not be looked at", collection.name)
        return max(_WATCH_EVERY_S, (time.monotonic() - started) / _WATCH_SHARE)


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
