"""What is being read in or deleted, file by file, and what came of it. All of it is read from the job table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Literal

import streamlit as st

from assistant.job_table import Job
from assistant.markup import visible
from retrieval.dates import utc_now
from retrieval.errors import UnknownCollection
from retrieval.listing import uploaded_name
from ui.component import mount
from ui.markdown import literal
from ui.visit import Visit
from ui.words import counted

FileState = Literal["waiting", "reading", "read", "failed", "skipped"]
_WORDS: Mapping[FileState, str] = {
    "waiting": "Waiting",
    "reading": "Being read",
    "read": "Read in",
    "failed": "Not read in",
    "skipped": "Not begun",
}
_SHOWN_KINDS = ("ingest", "read_uploads", "read_again", "sync", "delete_documents", "delete_collection", "rebuild")
_REFRESH_S = 1.0
_OUTCOME_SHOWN = timedelta(hours=1)
_MOST_ROWS = 40
_MOST_FAILURES = 200


@dataclass(frozen=True, slots=True)
class FileStatus:
    """One file of a job; `reason` says why it was not read in, and what to do."""

    name: str
    state: FileState
    reason: str = ""


def draw_jobs(visit: Visit) -> None:
    """The work under way, refreshed by itself, and what came of the last one."""
    if visit.citewell.holdings.open_jobs(_SHOWN_KINDS, visit.principal):
        with st.container(key="jobs"):
            st.fragment(_draw_open, run_every=_REFRESH_S)(visit)
    elif job := _last_outcome(visit):
        with st.container(key="outcome"):
            _draw_outcome(visit, job)


def file_statuses(job: Job, failures: Mapping[str, str]) -> tuple[FileStatus, ...]:
    """The files of a job in its order, where it names them; `failures` are reasons by name, true once it is past them."""
    names = _names(job)
    ended = {row["path"]: str(row["reason"]) for row in (job.result or {}).get("failed", ())}
    return tuple(_status(name, position, job, ended or failures) for position, name in enumerate(names))


def shown_rows(statuses: Sequence[FileStatus]) -> tuple[FileStatus, ...]:
    """The rows worth showing of a long list: what failed, what was read last, what comes next."""
    if len(statuses) <= _MOST_ROWS:
        return tuple(statuses)
    failed = [status for status in statuses if status.state == "failed"][-_MOST_ROWS // 2 :]
    at = next((i for i, status in enumerate(statuses) if status.state in {"waiting", "reading"}), len(statuses))
    near = [s for s in statuses[max(0, at - 5) : at + _MOST_ROWS // 2 - 5] if s.state != "failed"]
    return (*failed, *near)


def _names(job: Job) -> tuple[str, ...]:
    if "uploads" in job.work:
        return tuple(uploaded_name(name) for name, _ in job.work["uploads"])
    return tuple(job.work.get("paths", ())) if job.kind == "read_again" else ()


def _status(name: str, position: int, job: Job, failures: Mapping[str, str]) -> FileStatus:
    if position < job.done:
        return FileStatus(name, "failed", failures[name]) if name in failures else FileStatus(name, "read")
    if not job.is_open:
        return FileStatus(name, "skipped")
    is_next = position == job.done and job.state == "running" and not job.cancelled
    return FileStatus(name, "reading" if is_next else "waiting")


# While it runs.


def _draw_open(visit: Visit) -> None:
    jobs = visit.citewell.holdings.open_jobs(_SHOWN_KINDS, visit.principal)
    if not jobs:
        st.rerun(scope="app")
    for job in jobs:
        with st.container(key=f"job_{job.id}", gap="xsmall"):
            _draw_job(visit, job)


def _draw_job(visit: Visit, job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"job_head_{job.id}"):
        st.markdown(f"**{literal(_doing(visit, job))}**")
        if job.cancelled:
            st.caption("Ends with the file under way.")
        elif not visit.is_demo:
            cancel = visit.citewell.holdings.cancel
            st.button("Cancel", key=f"cancel_{job.id}", on_click=cancel, args=(job.id, visit.principal))
    statuses = file_statuses(job, _reasons(visit, job))
    if statuses:
        draw_files(statuses, key=f"files_{job.id}", label="Files of this upload")


def _doing(visit: Visit, job: Job) -> str:
    place = f" into {_place(visit, job)}" if _place(visit, job) else ""
    waits = "Waiting: " if job.state == "waiting" else ""
    match job.kind:
        case "read_uploads" | "read_again":
            words = f"{waits}reading {counted(len(_names(job)), 'file')}{place}"
        case "sync":
            words = f"{waits}bringing {_place(visit, job) or 'collections'} in step with the folder"
        case "delete_documents":
            words = f"{waits}deleting {_counted_deletions(job)}"
        case "delete_collection":
            words = f"{waits}deleting {_place(visit, job) or 'the collection'} with everything in it"
        case "rebuild":
            words = f"{waits}building the indexes again"
        case _:
            words = f"{waits}reading documents{place}"
    return words[0].upper() + words[1:]


def _place(visit: Visit, job: Job) -> str:
    """The name of the collection that a job works on; empty where it is gone."""
    if "collection_id" not in job.work:
        return str(job.work.get("collection") or "")
    try:
        return visit.citewell.library.collection(job.work["collection_id"]).name
    except UnknownCollection:
        return ""


def _reasons(visit: Visit, job: Job) -> dict[str, str]:
    """Why files of the job's collection were not read in; asked for only where files are listed."""
    if not _names(job):
        return {}
    return {
        path: failure.reason for path, failure in visit.citewell.library.failures(job.work["collection_id"]).items()
    }


def draw_files(statuses: Sequence[FileStatus], *, key: str, label: str) -> None:
    """A list of files, each with its state in words; of a long one only what is worth watching."""
    rows = shown_rows(statuses)
    data = {
        "label": label,
        "rows": [
            asdict(row) | {"name": visible(row.name), "reason": visible(row.reason), "word": _WORDS[row.state]}
            for row in rows
        ],
        "more": _counts(statuses) if len(rows) < len(statuses) else "",
    }
    mount("files", data, key=key)


def _counts(statuses: Sequence[FileStatus]) -> str:
    """How many files there are in each state: `312 read in, 4 not read in, 684 waiting`."""
    names: dict[FileState, str] = {"read": "read in", "failed": "not read in", "waiting": "waiting"}
    counts = {name: sum(status.state == state for status in statuses) for state, name in names.items()}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


# When it is over.


def _last_outcome(visit: Visit) -> Job | None:
    """The job that ended last, while it is worth telling and until somebody closes it."""
    last = visit.citewell.holdings.last_job(_SHOWN_KINDS, visit.principal)
    if last is None or last.id in visit.state.seen_jobs or last.ended_at is None:
        return None
    return last if utc_now() - last.ended_at < _OUTCOME_SHOWN else None


def _draw_outcome(visit: Visit, job: Job) -> None:
    failed = (job.result or {}).get("failed", ())[:_MOST_FAILURES]
    with st.container(horizontal=True, vertical_alignment="center", key="outcome_head"):
        st.markdown(f"**{literal(outcome(job, _place(visit, job)))}**")
        if failed and not visit.is_demo:
            st.button("Try again", key="try_again", on_click=_try_again, args=(visit, job))
        st.button("Close", key="close_outcome", type="tertiary", on_click=visit.state.close_job, args=(job.id,))
    statuses = list(file_statuses(job, {})) or [FileStatus(row["path"], "failed", str(row["reason"])) for row in failed]
    statuses.sort(key=lambda status: status.state != "failed")
    if statuses:
        draw_files(statuses, key="outcome_files", label="What became of the files")


def outcome(job: Job, place: str) -> str:
    """What came of a job, in one sentence or two."""
    result = job.result or {}
    if job.problem:
        return job.problem
    if job.state == "cancelled":
        return (
            f"Cancelled after {counted(job.done, 'file')} of {job.total:,}; what was read in is kept."
            if job.done
            else "Cancelled."
        )
    match job.kind:
        case "delete_documents":
            return f"Deleted {_counted_deletions(job)}."
        case "delete_collection":
            return f"Deleted the collection with {counted(result.get('deleted', 0), 'document')}."
        case "rebuild":
            return "The indexes were built again."
        case _:
            return " ".join(_reading_outcome(job, result, place))


def _reading_outcome(job: Job, result: Mapping[str, Any], place: str) -> Iterator[str]:
    read = result.get("added", 0) + result.get("updated", 0) - result.get("moved", 0)
    removed, moved, failed = result.get("removed", 0), result.get("moved", 0), len(result.get("failed", ()))
    is_sync = job.kind == "sync"
    if read:
        yield f"{counted(read, 'file')} read into {place}." if place else f"{counted(read, 'file')} read in."
    if (unchanged := result.get("unchanged", 0)) and not is_sync:
        yield f"{counted(unchanged, 'file')} {'was' if unchanged == 1 else 'were'} there already."
    if is_sync:
        yield from (f"{counted(n, 'file')} {verb}." for n, verb in ((moved, "moved"), (removed, "removed")) if n)
        if not (read or removed or moved):
            yield f"{place or 'Every collection'} is in step with its folder."
    if failed:
        yield f"{counted(failed, 'file')} {'was' if failed == 1 else 'were'} not read in."


def _counted_deletions(job: Job) -> str:
    parts = (
        counted(len(job.work.get("ids", ())), "document"),
        counted(len(job.work.get("failures", ())), "file that was not read in", "files that were not read in"),
    )
    return " and ".join(part for part in parts if not part.startswith("0 ")) or "nothing"


def _try_again(visit: Visit, job: Job) -> None:
    """Read the failed files of a job anew."""
    visit.state.close_job(job.id)
    failed = [row["path"] for row in (job.result or {}).get("failed", ())]
    if "uploads" in job.work or ("paths" in job.work and "collection_id" in job.work):
        collections = {job.work["collection_id"]}
    else:
        collections = {
            c.id for c in visit.collections if job.work.get("collection") in {None, c.name} and c.id in visit.editable
        }
    for collection_id in collections:
        start_again(visit, collection_id, failed)


def start_again(visit: Visit, collection_id: str, paths: Sequence[str]) -> None:
    """Queue these files of a collection to be read anew."""
    visit.citewell.holdings.read_again(collection_id, paths, visit.principal)
