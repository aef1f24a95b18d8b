"""The figures of an open home that are looked at when they are asked for."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

from assistant.audit import Action, Audit, Sought
from assistant.bootstrap import Citewell
from assistant.jobs import JOBS
from assistant.metrics import Gauge
from assistant.readiness import readiness_of
from assistant.version import version_of_citewell
from retrieval.dates import utc_now


def gauges_of(citewell: Citewell) -> Iterator[Gauge]:
    """All of them, none with anything of a person or a document."""
    yield Gauge("info", "The version that runs.", 1, {"version": version_of_citewell()})
    yield Gauge("ready", "1 while questions can be answered.", int(readiness_of(citewell).is_ready))
    yield Gauge("active_answers", "Answers that are being written.", JOBS.active())
    yield Gauge("disk_free_bytes", "Room where the data directory lies.", shutil.disk_usage(citewell.home.path).free)
    for kind, count in citewell.processes.living().items():
        yield Gauge("processes", "Processes that work on this database.", count, {"kind": kind})
    yield Gauge("job_takers", "Processes that take jobs.", citewell.processes.takers())
    open_jobs, now = citewell.jobs.open(), utc_now()
    waiting = [job for job in open_jobs if job.state == "waiting"]
    oldest = max(((now - job.created_at).total_seconds() for job in waiting), default=0.0)
    yield Gauge("jobs_waiting", "Jobs that wait.", len(waiting))
    yield Gauge("jobs_running", "Jobs that are being done.", len(open_jobs) - len(waiting))
    yield Gauge("queue_age_seconds", "For how long the oldest job has waited.", max(oldest, 0.0))
    behind = citewell.indexes.documents_behind(frozenset(citewell.library.every_collection()))
    yield Gauge("index_lag_documents", "Documents that an index has still to take up.", sum(behind.values()))
    made_at = last_backup(citewell.audit)
    yield Gauge("last_backup_timestamp_seconds", "When the last backup was made; 0: not known.", _seconds(made_at))


def last_backup(audit: Audit) -> datetime | None:
    """When a backup was last made, in UTC, as far as the audit log goes back."""
    found = audit.entries(Sought(action=Action.BACKED_UP), limit=1)
    return found[0].at if found else None


def _seconds(moment: datetime | None) -> float:
    return moment.replace(tzinfo=UTC).timestamp() if moment else 0.0
