"""What can be asked of an open home by name: by a command that holds it, or by the job table of the app that does.

An operation gets its work as JSON and returns the JSON that the command prints.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant.access import LOCAL_USER, scope_of
from assistant.as_json import (
    checked_text_json,
    entry_json,
    found_json,
    report_json,
    trace_json,
)
from assistant.attached import FORGET, READ, REMOVE
from assistant.bootstrap import EXAMPLES, SAMPLE_COLLECTION, Citewell
from assistant.check_text import CheckedText, Searched, checking
from assistant.erasure import CLEAR, ERASE
from assistant.errors import AssistantError
from assistant.evaluation_runs import EVALUATE, GENERATE
from assistant.events import AnswerReplaced, ModelWaiting, TextDelta
from assistant.gaps.board import ASK_AGAIN, GATHER
from assistant.gaps.sheet import gap_json
from assistant.insights.comparing import COMPARE, compare
from assistant.insights.happened import searched, turned
from assistant.job_table import hashes_of
from assistant.llm import Message
from assistant.measuring import bring_in_sample_questions, evaluate, generate
from assistant.narrowed import Narrowed, filters_of, nothing_fits
from assistant.outcome import Outcome, outcome_json
from assistant.triage.registry import Version
from assistant.triage.sample import resolved_tickets
from assistant.triage.teaching import GUESS, TRAIN
from assistant.triage.training import Training
from assistant.turn import checked_question
from prompts import Style
from retrieval.errors import UnknownDocument
from retrieval.evidence import Evidence
from retrieval.intake import IntakeReport, Progress
from retrieval.library import FileFacts
from retrieval.listing import ListedFile, uploaded_file
from retrieval.mentions import Mentions
from retrieval.private import CALLED
from retrieval.sync import SyncPlan
from retrieval.trace import SearchTrace
from retrieval.values import Scope

_TAKEN_BACK = "\n\n(Taken back: the documents do not bear it out.)\n\n"
TIDY, EMBED = "tidy", "embed_missing"
_NO_FILE = "Its file is not kept here; add it again."


@dataclass(frozen=True, slots=True)
class Reporter:
    """How an operation tells how far it is, and learns that it should end."""

    on_progress: Callable[[Progress], None] = lambda _: None
    on_text: Callable[[str], None] = lambda _: None
    on_notice: Callable[[str], None] = lambda _: None
    stopping: threading.Event = field(default_factory=threading.Event)


Work = Mapping[str, Any]
Operation = Callable[[Citewell, Work, Reporter], dict[str, Any]]


def ingest(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Read `paths` into `collection`."""
    report = citewell.intake.read_paths(
        [Path(path) for path in work["paths"]],
        collection=work["collection"],
        retry=work.get("retry", False),
        on_progress=reporter.on_progress,
        stopping=reporter.stopping,
    )
    return report_json(report)


def read_sample(citewell: Citewell, _work: Work, reporter: Reporter) -> dict[str, Any]:
    """Read the sample company."""
    result = ingest(citewell, {"paths": [EXAMPLES / "company"], "collection": SAMPLE_COLLECTION}, reporter)
    bring_in_sample_questions(citewell, citewell.library.collection_named(SAMPLE_COLLECTION).id)
    citewell.jobs.add(TRAIN, {"sample": True}, owner=LOCAL_USER.key)  # Only now: reading comes first.
    return result


def train_triage(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Train another model of tickets, with `sample` of the sample company's; the first one looks at those that wait."""
    teaching = citewell.teaching
    if work.get("sample"):
        resolved = resolved_tickets()
        if not resolved or teaching.number_in_use(LOCAL_USER) is not None:
            return {}
        version, training = teaching.teach(resolved)
    else:
        version, training = _train_anew(citewell, work, reporter)
    told = {
        "version": version.number,
        "tickets": len(training.model.tickets),
        "contradictions": len(training.contradictions),
        "notes": list(training.notes),
    }
    return {**told, **guess_tickets(citewell, {}, reporter)}


def _train_anew(citewell: Citewell, work: Work, reporter: Reporter) -> tuple[Version, Training]:
    lesson = str(work.get("lesson", ""))
    try:
        return citewell.teaching.train_anew(lesson, with_known=bool(work.get("with_known", True)))
    finally:
        if lesson and not reporter.stopping.is_set():
            citewell.teaching.forget_lesson(lesson)


def guess_tickets(citewell: Citewell, _work: Work, reporter: Reporter) -> dict[str, Any]:
    """Let the model in use look at the tickets that wait."""
    return {"guessed": citewell.teaching.guess(_telling(reporter), reporter.stopping)}


def gather_gaps(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Put what was asked and not answered into gaps; with `anew` whatever nobody has taken up is grouped again."""
    tell = _telling(reporter)
    gathered = citewell.gaps.gathering.gather(tell, reporter.stopping, anew=bool(work.get("anew")))
    return asdict(gathered)


def ask_gaps_again(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Ask the open questions of the gaps `gap_ids` again; without them those that wait for `collection_id`, or for any.

    What nobody asked for is done without a model.
    """
    citewell.gaps.gathering.gather(stopping=reporter.stopping)
    asking, assistant = citewell.gaps.asking, citewell.assistant
    if (gap_ids := work.get("gap_ids")) is not None:
        rows = asking.of_gaps(gap_ids)
    else:
        rows, assistant = asking.of_collection(work.get("collection_id")), replace(assistant, model=None)
    return asdict(asking.ask(rows, assistant, _telling(reporter), reporter.stopping))


def list_gaps(citewell: Citewell, _work: Work, reporter: Reporter) -> dict[str, Any]:
    """The gaps, after a look at what was asked since."""
    citewell.gaps.gathering.gather(stopping=reporter.stopping)
    return {"gaps": [gap_json(gap) for gap in citewell.gaps.list(LOCAL_USER)]}


def _telling(reporter: Reporter) -> Callable[[int, int], None]:
    return lambda done, total: reporter.on_progress(Progress(done, total, ""))


def evaluate_set(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Measure a question set in one configuration or several."""

    def tell(done: int, total: int, doing: str) -> None:
        reporter.on_progress(Progress(done, total, doing))

    return evaluate(citewell, work, tell, reporter.stopping)


def generate_questions(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Add questions made of documents to a set."""
    return generate(citewell, work, _telling(reporter), reporter.stopping)


def compare_documents(citewell: Citewell, _work: Work, reporter: Reporter) -> dict[str, Any]:
    """Look for copies and contradictions among the documents."""
    pairs = compare(citewell.insights.engine, on_done=_telling(reporter), stopping=reporter.stopping)
    return {} if pairs is None else {"pairs": pairs}


def read_uploads(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Read `uploads`, given as [name, SHA-256 of the kept file], into `collection_id`."""
    kept = [(name, citewell.originals.path_of(sha256)) for name, sha256 in work["uploads"]]
    files = [uploaded_file(name, path) for name, path in kept if path is not None]
    return report_json(_read(citewell, work["collection_id"], files, reporter, retry=True))


def read_again(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Read the files at `paths` of `collection_id` anew, from where they lie or from the kept original."""
    collection_id = work["collection_id"]
    failures = {path: failure.file for path, failure in citewell.library.failures(collection_id).items()}
    known = failures | citewell.library.files(collection_id)
    files = [_source(citewell, path, known[path]) for path in work["paths"] if path in known]
    return report_json(_read(citewell, collection_id, files, reporter, again=True))


def sync(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Bring `collection` in step with `folder`, which it follows from then on; without them, all that follow one.

    With `dry_run` nothing is changed and nothing followed.
    """
    dry_run = bool(work.get("dry_run"))
    done = [
        _sync_one(citewell, collection_id, Path(folder), reporter, dry_run=dry_run)
        for collection_id, folder in _followed(citewell, work)
    ]
    if not done:
        raise AssistantError("No collection follows a folder yet; name one: citewell sync FOLDER --collection NAME.")
    totals: dict[str, Any] = {
        name: sum(result[name] for result in done)
        for name in ("added", "updated", "unchanged", "removed", "moved", "chunks")
    }
    failed = [failure for result in done for failure in result["failed"]]
    changes = {kind: [row for r in done for row in r["changes"][kind]] for kind in done[0]["changes"]}
    seconds = round(sum(result["seconds"] for result in done), 3)
    return {**totals, "failed": failed, "seconds": seconds, "dry_run": dry_run, "changes": changes}


def delete_documents(citewell: Citewell, work: Work, _reporter: Reporter) -> dict[str, Any]:
    """Delete the documents of these `ids`, and forget the `failures`, given as [collection id, path].

    What is gone already is passed over.
    """
    gone = 0
    for collection_id, path in work.get("failures", ()):
        citewell.library.forget_failures(collection_id, [path])
    for document_id in work["ids"]:
        try:
            citewell.library.remove(document_id)
            gone += 1
        except UnknownDocument:
            continue
    for collection_id in citewell.library.every_collection():
        citewell.indexes.catch_up(collection_id)
    _tidy(citewell)
    return {"deleted": gone}


def delete_collection(citewell: Citewell, work: Work, _reporter: Reporter) -> dict[str, Any]:
    """Delete `collection_id` with everything in it."""
    count = citewell.library.document_count(frozenset({work["collection_id"]}))
    citewell.library.delete_collection(work["collection_id"])
    citewell.indexes.drop(work["collection_id"])
    citewell.jobs.add(TIDY, {}, owner="")
    return {"deleted": count}


def remove_attached(citewell: Citewell, work: Work, _reporter: Reporter) -> dict[str, Any]:
    """Take the files at `paths` out of `collection_id`, which holds those of a conversation."""
    citewell.library.remove_paths(work["collection_id"], work["paths"])
    citewell.indexes.catch_up(work["collection_id"])
    citewell.jobs.add(TIDY, {}, owner="")
    return {}


def forget_attached(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Delete `collection_ids`, which hold the files of conversations, with the jobs that name these."""
    for collection_id in work["collection_ids"]:
        citewell.library.delete_collection(collection_id)
    return clear_traces(citewell, work, reporter)


def erase_person(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Remove everything of the person `person_id`, None for whoever sits at the machine; of one who is gone, nothing."""
    erased = citewell.erasure.erase(work["person_id"])
    if erased is None:
        return {"erased": False, "conversations": 0, "files": 0}
    clear_traces(citewell, {"collection_ids": erased.collection_ids}, reporter)
    citewell.jobs.remove(erased.job_id)  # It was for the next start, had this one been cut off.
    return {"erased": True, "conversations": erased.conversations, "files": erased.files}


def clear_traces(citewell: Citewell, work: Work, _reporter: Reporter) -> dict[str, Any]:
    """Leave nothing on the disk of what SQL has deleted, such as the files of conversations in `collection_ids`."""
    for collection_id in work["collection_ids"]:
        citewell.indexes.drop(collection_id)
        citewell.jobs.forget(collection_id)
    citewell.page_images.forget()
    citewell.jobs.add(TIDY, {}, owner="")
    citewell.indexes.scrub()
    citewell.erasure.scrub()
    return {}


def finish_up(citewell: Citewell) -> None:
    """Tidy where that is wanted, in a process that nobody waits for beside it: no worker does it before the app runs."""
    while (job := citewell.jobs.claim((TIDY,))) is not None:
        _tidy(citewell)
        citewell.jobs.finish(job.id, {})


def tidy(citewell: Citewell, _work: Work, _reporter: Reporter) -> dict[str, Any]:
    """Delete the kept files that nothing stands for any more; beside it no file is read in and kept."""
    _tidy(citewell)
    return {}


def embed_missing(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Embed what `collection_id` has without an embedding by the model of now."""
    return {"embedded": citewell.intake.embed_missing(work["collection_id"], reporter.stopping)}


def rebuild(citewell: Citewell, _work: Work, reporter: Reporter) -> dict[str, Any]:
    """Build every index again from the database."""
    every, collections = citewell.library.every_collection(), citewell.library.collections()
    names = {collection.id: collection.name for collection in collections}
    for done, collection_id in enumerate(every, 1):
        citewell.indexes.rebuild(collection_id)
        reporter.on_progress(Progress(done, len(every), names.get(collection_id, CALLED)))
    chunks = sum(citewell.library.chunk_count(collection.id) for collection in collections)
    return {"collections": len(collections), "chunks": chunks}


def search(citewell: Citewell, work: Work, _reporter: Reporter) -> dict[str, Any]:
    """Find the passages nearest to `text`."""
    earlier = [message["text"] for message in work.get("history", ()) if message["role"] == "user"]
    scope = scope_of(LOCAL_USER, citewell.library, collection=work.get("collection"))
    filters = filters_of(work)
    documents = citewell.catalogue.ids(scope, filters)
    found = citewell.search.passages(
        work["text"], scope=scope, history=earlier, limit=work["limit"], documents=documents
    )
    citewell.recorder.record(
        searched(LOCAL_USER, found.passages, scope, words=work["text"], total_ms=_took(found.trace))
    )
    notice = {"notice": nothing_fits(filters)} if documents == frozenset() else {}
    return found_json(found) | notice | _traced(citewell, found.trace, scope, work)


def list_documents(citewell: Citewell, work: Work, _reporter: Reporter) -> dict[str, Any]:
    """The documents that pass the filters; with `mentions`, only those that have these words."""
    scope = scope_of(LOCAL_USER, citewell.library, collection=work.get("collection"))
    entries = citewell.catalogue.documents(scope, filters_of(work))
    found = Mentions(citewell.library, citewell.indexes.lexical).documents(work["mentions"], scope)
    return {"documents": [entry_json(entry) for entry in entries if entry.id in found]}


def ask(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Answer `text`; where the model failed, `error` says why beside what was written."""
    scope = scope_of(LOCAL_USER, citewell.library, collection=work.get("collection"))
    history = [Message(**message) for message in work.get("history", ())]
    outcome, question, filters = Outcome(), checked_question(work["text"]), filters_of(work)
    style: Style = work.get("style", "standard")
    for event in citewell.assistant.answer(question, scope=scope, history=history, filters=filters, style=style):
        outcome.see(event)
        match event:
            case TextDelta(delta):
                reporter.on_text(delta)
            case ModelWaiting(seconds):
                reporter.on_notice(f"The model is busy and asks to wait {seconds:.0f} s.")
            case AnswerReplaced():
                reporter.on_text(_TAKEN_BACK)
        if done := turned(event, LOCAL_USER, outcome.passages, scope, words=question):
            citewell.recorder.record(done)
    narrowed = Narrowed(work.get("collection"), filters)
    told = outcome_json(outcome, question, narrowed=narrowed, collections=citewell.library.collections())
    if told is None or outcome.answer is None:
        raise AssistantError(outcome.failure or "There is no answer; ask again.")
    trace = outcome.search.trace if outcome.search else None
    found = _traced(citewell, trace, scope, work, outcome.answer.evidence) if trace else {}
    return {**told, **found} | ({"error": outcome.failure} if outcome.failure else {})


def check(citewell: Citewell, work: Work, reporter: Reporter) -> dict[str, Any]:
    """Hold `text` against the documents, sentence by sentence."""
    scope = scope_of(LOCAL_USER, citewell.library, collection=work.get("collection"))
    for event in checking(work["text"], scope=scope, retriever=citewell.retriever):
        match event:
            case Searched(done, total):
                reporter.on_progress(Progress(done, total, ""))
            case CheckedText():
                return checked_text_json(event)
    raise AssistantError("The text could not be checked; try again.")


def _took(trace: SearchTrace) -> float:
    return sum(trace.timings_ms.values())


def _traced(
    citewell: Citewell, trace: SearchTrace, scope: Scope, work: Work, evidence: Evidence | None = None
) -> dict[str, Any]:
    """The trace, where it is wanted, with the place of every candidate."""
    if not work.get("trace"):
        return {}
    hits = citewell.library.hits([candidate.chunk_id for candidate in trace.candidates], scope)
    return {"trace": trace_json(trace, hits, evidence or trace.evidence)}


WRITING: Mapping[str, Operation] = {
    "ingest": ingest,
    "read_sample": read_sample,
    "read_uploads": read_uploads,
    "read_again": read_again,
    "sync": sync,
    "delete_documents": delete_documents,
    "delete_collection": delete_collection,
    "rebuild": rebuild,
    EMBED: embed_missing,
    TIDY: tidy,
}
ATTACHED: Mapping[str, Operation] = {
    READ: read_uploads,
    REMOVE: remove_attached,
    FORGET: forget_attached,
    ERASE: erase_person,
    CLEAR: clear_traces,
}
"""What is done with the files of conversations, and with all that is one person's: beside all other work."""
TRIAGE: Mapping[str, Operation] = {TRAIN: train_triage, GUESS: guess_tickets}
"""What is done with tickets: beside all other work, for a support desk does not wait for documents."""
GAPS: Mapping[str, Operation] = {GATHER: gather_gaps, ASK_AGAIN: ask_gaps_again, "list_gaps": list_gaps}
"""What is done with knowledge gaps: beside all other work, for nobody waits for it."""
EVALUATING: Mapping[str, Operation] = {EVALUATE: evaluate_set, GENERATE: generate_questions}
"""What is done with question sets: it takes long, and nobody's search waits for it."""
INSIGHTS: Mapping[str, Operation] = {COMPARE: compare_documents}
"""What is found out about the documents as a whole: beside all other work, for it takes its time."""
READING: Mapping[str, Operation] = {"search": search, "ask": ask, "check": check, "list_documents": list_documents}
OPERATIONS = {**WRITING, **READING, **TRIAGE, **GAPS, **EVALUATING, **INSIGHTS, ERASE: erase_person}
READING_IN = ("ingest", "read_sample", "read_uploads", "read_again", "sync")
"""The kinds of job that read files in, for a page that shows their progress."""


def _read(
    citewell: Citewell,
    collection_id: str,
    files: Iterable[ListedFile],
    reporter: Reporter,
    *,
    retry: bool = False,
    again: bool = False,
) -> IntakeReport:
    return citewell.intake.read_files(
        collection_id,
        tuple(files),
        retry=retry,
        again=again,
        on_progress=reporter.on_progress,
        stopping=reporter.stopping,
    )


def _source(citewell: Citewell, path: str, facts: FileFacts) -> ListedFile:
    """Where a known file is to be read from: its folder, else the kept original."""
    in_folder = Path(facts.folder) / path if facts.folder else None
    source = in_folder if in_folder is not None and in_folder.is_file() else citewell.originals.path_of(facts.sha256)
    problem = None if source is not None else _NO_FILE
    return ListedFile(path, source or Path(path), problem, facts.bytes, facts.modified_ns, facts.folder)


def _followed(citewell: Citewell, work: Work) -> list[tuple[str | None, str]]:
    """(collection id, folder) of every sync to be done; a collection that a dry run would make has no id yet."""
    name, folder = work.get("collection"), work.get("folder")
    collections = citewell.library.collections()
    if folder is None:
        return [(c.id, c.folder) for c in collections if c.folder and name in {None, c.name}]
    name = name or Path(folder).name
    if work.get("dry_run"):
        return [(next((c.id for c in collections if c.name == name), None), folder)]
    return [(citewell.library.create_collection(name).id, folder)]


def _sync_one(
    citewell: Citewell, collection_id: str | None, folder: Path, reporter: Reporter, *, dry_run: bool
) -> dict[str, Any]:
    plan = citewell.intake.plan(collection_id, folder)
    changes = _changes_json(plan)
    if dry_run or collection_id is None:
        counts = {name: len(rows) for name, rows in changes.items()}
        updated = counts["changed"] + counts["moved"]
        report = IntakeReport(counts["added"], updated, plan.unchanged, counts["removed"], 0, (), 0.0, counts["moved"])
    else:
        citewell.library.change_collection(collection_id, folder=str(folder))
        report = citewell.intake.sync(collection_id, plan, on_progress=reporter.on_progress, stopping=reporter.stopping)
        if plan.removed:
            citewell.jobs.add(TIDY, {}, owner="")  # Beside this, others may keep files that nothing stands for yet.
    return {**report_json(report), "moved": report.moved, "changes": changes}


def _changes_json(plan: SyncPlan) -> dict[str, list[Any]]:
    return {
        "added": [file.name for file in plan.added],
        "changed": [file.name for file in plan.changed],
        "moved": [{"from": old, "to": file.name} for old, file, _ in plan.moved],
        "removed": list(plan.removed),
    }


def _tidy(citewell: Citewell) -> None:
    """Delete the kept files that nothing stands for any more."""
    waiting = hashes_of(citewell.jobs.open())  # First: what ends between the two looks is then in use.
    citewell.originals.forget_all_but(waiting | citewell.library.hashes_in_use())
