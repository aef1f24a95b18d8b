"""The JSON of the command line's contract (docs/cli.md): one function for each kind of object."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, get_args

from assistant.api_keys import ApiKey
from assistant.check_text import CheckedText
from assistant.events import (
    Answer,
    CheckedSentence,
    Citation,
    Comparison,
    DocumentList,
    Support,
    VerifiedMark,
)
from assistant.job_table import Job
from assistant.rewrite import Rewrite
from retrieval.catalogue import Entry
from retrieval.chunk_reader import Hit
from retrieval.dates import utc_now
from retrieval.evidence import ANSWERABLE_FROM, PARTLY_FROM, Evidence
from retrieval.fusion import CHUNK_WEIGHT, DENSE_WEIGHT, DOCUMENT_WEIGHT
from retrieval.intake import IntakeReport
from retrieval.library import Collection
from retrieval.trace import Candidate, Found, SearchTrace
from retrieval.values import Chunk, ParsedDocument, Passage, Source


def found_json(found: Found) -> dict[str, Any]:
    """What `search` returns."""
    timings = {part: round(ms, 3) for part, ms in found.trace.timings_ms.items()}
    return {"passages": [passage_json(passage) for passage in found.passages], "timings_ms": timings}


def passage_json(passage: Passage) -> dict[str, Any]:
    """A passage that a search found; `fused_score` where a reranker gave the score."""
    fused = {} if passage.fused_score is None else {"fused_score": passage.fused_score}
    return {
        "document": passage.source.path,
        "title": passage.source.title,
        "dated": passage.source.dated.isoformat() if passage.source.dated else None,
        "page": passage.page,
        "heading": " > ".join(passage.heading),
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "score": passage.score,
        "found_by": sorted(passage.found_by),
        **fused,
    }


def trace_json(trace: SearchTrace, hits: Mapping[int, Hit], evidence: Evidence) -> dict[str, Any]:
    """What `--trace` adds: what was asked, what was found, how scores combined, what became of each candidate."""
    return {
        "queries": [
            {"text": query.text, "kind": query.kind, "weight": query.weight, "found": dict(query.found)}
            for query in trace.queries
        ],
        "collections": trace.collections,
        "weights": {
            "dense": DENSE_WEIGHT,
            "lexical": CHUNK_WEIGHT,
            "document": DOCUMENT_WEIGHT,
        },
        "candidates": [_candidate_json(candidate, hits.get(candidate.chunk_id)) for candidate in trace.candidates],
        "evidence": {
            "status": evidence.status,
            "probability": evidence.probability,
            "answerable_from": ANSWERABLE_FROM,
            "partly_from": PARTLY_FROM,
            "judged_by": trace.asked,
            "signals": asdict(trace.signals) if trace.signals else None,
            "parts": [asdict(part) for part in trace.parts],
        },
        "notes": list(trace.notes),
        "timings_ms": {part: round(ms, 3) for part, ms in trace.timings_ms.items()},
    }


def _candidate_json(candidate: Candidate, hit: Hit | None) -> dict[str, Any]:
    """A candidate; its place is null where it was deleted meanwhile."""
    return {
        "document": hit.source.path if hit else None,
        "heading": " > ".join(hit.chunk.heading) if hit else None,
        "start": hit.chunk.start if hit else None,
        "end": hit.chunk.end if hit else None,
        "score": candidate.score,
        "parts": [asdict(part) for part in candidate.parts],
        "found_by": sorted(candidate.found_by),
        "outcome": candidate.outcome,
        "passage": candidate.passage,
    }


def rewrite_json(rewrite: Rewrite | None) -> dict[str, str] | None:
    """What was searched for beside a question."""
    return asdict(rewrite) if rewrite else None


def answer_json(answer: Answer, passages: Sequence[Passage] = ()) -> dict[str, Any]:
    """What `ask` returns; `passages` are those of its search, which its comparisons name by number."""
    listed = answer.listed
    return ({"inventory": _inventory_json(listed)} if listed else {}) | {
        "answer": answer.text,
        "status": answer.status,
        "sentences": [sentence_json(sentence, passages) for sentence in answer.sentences],
        "citations": [citation_json(citation) for citation in answer.citations],
        "notice": answer.notice,
        "verified": _verified_json(answer.verified),
        "usage": {
            "model": answer.usage.model,
            "prompt_tokens": answer.usage.prompt_tokens,
            "completion_tokens": answer.usage.completion_tokens,
            "is_estimate": answer.usage.is_estimate,
            "cost": answer.usage.cost,
            "currency": answer.usage.currency or None,
        },
        "style": answer.style,
        "prompt_version": answer.prompt_version,
        "timings_ms": answer.timings_ms,
    }


def _verified_json(mark: VerifiedMark | None) -> dict[str, Any] | None:
    """Which verified answer it is, and when it was verified."""
    if mark is None:
        return None
    return {"question": mark.question, "verified_at": f"{mark.verified_at.isoformat(timespec='seconds')}Z"}


def checked_text_json(checked: CheckedText) -> dict[str, Any]:
    """What `check` returns."""
    sentences = [
        {**sentence_json(sentence, checked.passages), "opposed": _place_json(sentence.opposed, checked.passages)}
        for sentence in checked.sentences
    ]
    return {
        "sentences": sentences,
        "citations": [citation_json(citation) for citation in checked.citations],
        "counts": {support: checked.counts.get(support, 0) for support in get_args(Support)},
        "timings_ms": dict(checked.timings_ms),
    }


def sentence_json(sentence: CheckedSentence, passages: Sequence[Passage]) -> dict[str, Any]:
    """A sentence with its verdict, what it was held against, and in what the two differ; `opinion` where a model
    judged it."""
    differences = sentence.compared.differences if sentence.compared else ()
    opinion = {"opinion": True} if sentence.is_opinion else {}
    return {
        "text": sentence.text,
        "support": sentence.support,
        "citations": list(sentence.citations),
        "differences": [asdict(difference) for difference in differences],
        "compared": _place_json(sentence.compared, passages),
        **opinion,
    }


def _place_json(compared: Comparison | None, passages: Sequence[Passage]) -> dict[str, Any] | None:
    if compared is None or not 1 <= compared.passage <= len(passages):
        return None
    document = passages[compared.passage - 1].source.path
    return {"document": document, "start": compared.start, "end": compared.end, "quote": compared.quote}


def _inventory_json(listed: DocumentList) -> dict[str, Any]:
    filters = listed.filters
    options = {
        "--collection": listed.collection,
        "--mentions": listed.words,
        "--title": filters.title,
        "--from": filters.dated_from,
        "--to": filters.dated_to,
        "--read-from": filters.read_from,
        "--read-to": filters.read_to,
    }
    given = [(name, str(value)) for name, value in options.items() if value]
    given += [("--type", name) for name in sorted(filters.formats)]
    words = ["citewell", "documents", "list", *(word for option in given for word in option)]
    return {"total": listed.total, "shown": listed.shown, "command": shlex.join(words)}


def citation_json(citation: Citation) -> dict[str, Any]:
    """One proof of an answer."""
    source = citation.passage.source
    return {
        "n": citation.n,
        "document": source.path,
        "title": source.title,
        "dated": source.dated.isoformat() if source.dated else None,
        "page": citation.page,
        "heading": " > ".join(citation.heading),
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
    }


def report_json(report: IntakeReport) -> dict[str, Any]:
    """What `ingest` returns."""
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "chunks": report.chunks,
        "failed": [{"path": failed.path, "reason": failed.reason} for failed in report.failed],
        "seconds": report.seconds,
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """A row of `documents list`."""
    return {
        "id": entry.id,
        "collection": entry.collection,
        "document": entry.path,
        "title": entry.title,
        "format": entry.format,
        "bytes": entry.bytes,
        "language": entry.language,
        "dated": entry.dated.isoformat() if entry.dated else None,
        "pages": entry.pages,
        "characters": entry.characters,
        "chunks": entry.passages,
        "notes": list(entry.notes),
        "reason": entry.reason,
    }


def document_json(source: Source, parsed: ParsedDocument, chunks: Sequence[Chunk]) -> dict[str, Any]:
    """What `documents show` returns."""
    return {
        "id": source.id,
        "document": source.path,
        "title": source.title,
        "text": parsed.text,
        "notes": list(parsed.notes),
        "chunks": [
            {"start": c.start, "end": c.end, "page": c.page, "heading": " > ".join(c.heading), "text": c.text}
            for c in chunks
        ],
    }


def collection_json(collection: Collection, documents: int) -> dict[str, Any]:
    """A row of `collections list`."""
    return {
        "id": collection.id,
        "collection": collection.name,
        "description": collection.description,
        "contact": collection.contact,
        "folder": collection.folder,
        "watched": collection.watched,
        "documents": documents,
    }


def job_json(job: Job) -> dict[str, Any]:
    """A row of `jobs list`."""
    left = job.seconds_left(utc_now()) if job.is_open else None
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "current": job.current,
        "seconds_left": None if left is None else round(left, 1),
        "problem": job.problem,
        "result": job.result,
    }


def key_json(key: ApiKey) -> dict[str, Any]:
    """A row of `keys list`."""
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "owner": key.owner,
        "scopes": list(key.scopes),
        "calls_a_minute": key.calls_a_minute,
        "created_at": _moment(key.created_at),
        "expires_at": _moment(key.expires_at),
        "used_at": key.used_at and _moment(key.used_at),
    }


def _moment(at: datetime) -> str:
    return f"{at.isoformat(timespec='seconds')}Z"
