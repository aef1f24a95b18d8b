"""An operation carried out, with what the log and the audit log are told of it, whoever began it and wherever it runs."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.audit import Action, Outcome
from assistant.bootstrap import Citewell
from assistant.evaluation_runs import EVALUATE, GENERATE
from assistant.gaps.board import ASK_AGAIN
from assistant.insights.happened import Happened, Status
from assistant.logs import log_event
from assistant.operations import OPERATIONS, Operation, Reporter, Work
from assistant.triage.teaching import GUESS, TRAIN
from retrieval.catalogue import Wanted
from retrieval.errors import UnknownCollection

_COUNTS = (
    "added",
    "updated",
    "unchanged",
    "removed",
    "moved",
    "deleted",
    "chunks",
    "asked",
    "answered",
    "version",
    "tickets",
)
_MOST_NAMES = 50
_RECORDED: Mapping[str, Action] = {
    "ingest": Action.DOCUMENTS_READ,
    "read_sample": Action.DOCUMENTS_READ,
    "read_uploads": Action.DOCUMENTS_READ,
    "read_again": Action.DOCUMENTS_READ,
    "sync": Action.DOCUMENTS_READ,
    "delete_documents": Action.DOCUMENTS_DELETED,
    "delete_collection": Action.COLLECTION_DELETED,
    "rebuild": Action.INDEXES_REBUILT,
    TRAIN: Action.TRIAGE_TRAINED,
    ASK_AGAIN: Action.GAPS_ASKED_AGAIN,
    EVALUATE: Action.EVALUATED,
    GENERATE: Action.QUESTIONS_CHANGED,
}
"""What is recorded of each kind of work. What only reads, and the files of conversations, are their owner's affair."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Who began an operation and from where; `job` where it came through the job table."""

    actor: str
    address: str = ""
    job: int | None = None


def carry_out(
    citewell: Citewell,
    kind: str,
    work: Work,
    reporter: Reporter,
    *,
    begun: Begun,
    operations: Mapping[str, Operation] = OPERATIONS,
) -> dict[str, Any]:
    """Do it and return its result; how it ended is told and recorded even where it raises."""
    started, record = time.monotonic(), _recorder(citewell, kind, work, begun)
    try:
        result = operations[kind](citewell, work, reporter)
    except Exception as error:
        log_event("job_failed", kind=kind, job=begun.job, error=type(error).__name__, seconds=_since(started))
        record("failed", {"error": type(error).__name__})
        raise
    counts = dict(_counts(result))
    if kind in (TRAIN, GUESS):
        detail: dict[str, Any] = {
            "kind": kind,
            **{name: result[name] for name in ("guessed", "version") if name in result},
        }
        citewell.recorder.record(Happened("triage", begun.actor, total_ms=_since(started) * 1000, detail=detail))
    log_event("job_finished", kind=kind, job=begun.job, seconds=_since(started), **counts)
    if not _changed_nothing(kind, result):
        record("done", counts | _names(work, result))
        if _RECORDED.get(kind) is Action.DOCUMENTS_READ:
            citewell.recorder.record(_read_in(citewell, work, begun, counts, seconds=_since(started)))
    return result


def _read_in(citewell: Citewell, work: Work, begun: Begun, counts: Mapping[str, int], *, seconds: float) -> Happened:
    """What is counted of files that were read in."""
    name, id_ = work.get("collection"), work.get("collection_id")
    into = frozenset(one.id for one in citewell.library.collections() if one.id == id_ or one.name == name)
    status: Status = (
        "failed" if counts.get("failed") and not counts.get("added") and not counts.get("updated") else "done"
    )
    return Happened("intake", begun.actor, status, into, total_ms=seconds * 1000, detail=counts)


def _recorder(citewell: Citewell, kind: str, work: Work, begun: Begun) -> Callable[[Outcome, Mapping[str, Any]], None]:
    """Writes to the audit log; made before the work, for what is deleted has no name afterwards."""
    action = _RECORDED.get(kind)
    if action is None:
        return lambda _outcome, _detail: None
    target, deleted = _target(citewell, work), _deleted_names(citewell, work)
    named = {"files": deleted} if deleted else {}

    def record(outcome: Outcome, detail: Mapping[str, Any]) -> None:
        told = {"kind": kind, **named, **detail}
        citewell.audit.record(begun.actor, action, target, outcome, address=begun.address, **told)

    return record


def _target(citewell: Citewell, work: Work) -> str:
    """The collection's name, or the gaps' numbers; empty where the work is about all or none."""
    if gap_ids := work.get("gap_ids"):
        return ", ".join(f"gap {gap_id}" for gap_id in gap_ids[:_MOST_NAMES])
    if (collection_id := work.get("collection_id")) is None:
        return str(work.get("collection") or "")
    try:
        return citewell.library.collection(collection_id).name
    except UnknownCollection:
        return str(collection_id)


def _deleted_names(citewell: Citewell, work: Work) -> list[str]:
    """The documents that are to be deleted, by collection and path, and the files that were not read in."""
    named = [path for _, path in work.get("failures", ())]
    if ids := frozenset(work.get("ids", ())):
        scope = frozenset(citewell.library.every_collection())
        entries = citewell.catalogue.page(scope, Wanted(only=ids), limit=_MOST_NAMES).entries
        named += [f"{entry.collection}: {entry.path}" for entry in entries]
    return named[:_MOST_NAMES]


def _names(work: Work, result: Mapping[str, Any]) -> dict[str, Any]:
    """The files that were read or taken out, as far as the work or its result names them."""
    changes = result.get("changes", {})
    given = [name for name, _ in work.get("uploads", ())] or list(work.get("paths", ()))
    named = {"files": given, "removed_files": list(changes.get("removed", ()))}
    return {key: names[:_MOST_NAMES] for key, names in named.items() if names}


def _counts(result: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    yield from ((name, result[name]) for name in _COUNTS if isinstance(result.get(name), int))
    if isinstance(failed := result.get("failed"), list):
        yield "failed", len(failed)


def _changed_nothing(kind: str, result: Mapping[str, Any]) -> bool:
    """Whether it only looked: a dry run, a folder in step, gaps with nothing left to ask, a set not measured to the end."""
    if kind == ASK_AGAIN:
        return not result.get("asked")
    if kind == EVALUATE:
        return not result
    if _RECORDED.get(kind) is not Action.DOCUMENTS_READ:
        return False
    return bool(result.get("dry_run")) or not any(result.get(n) for n in ("added", "updated", "removed", "failed"))


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
