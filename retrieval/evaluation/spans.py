"""How much of the text that answers a question is retrieved within a budget of tokens, in characters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.embedding import Embedder
from retrieval.errors import DatasetError
from retrieval.evaluation.datasets import is_whole_number, read_jsonl, read_lines, required_text
from retrieval.evaluation.measures import Measured
from retrieval.evaluation.outcome import Asked, Evaluation
from retrieval.evaluation.workbench import OnProgress, Workbench, ask_each, unseen, workbench
from retrieval.fusion import ranked
from retrieval.methods import CITEWELL, scores_by_method
from retrieval.tokens import count_tokens
from retrieval.trace import SearchTrace
from retrieval.values import ParsedDocument, Section

PASSAGES = 40
"""More than any budget holds."""
UNJOINED = "unjoined"
"""Citewell's ranking of chunks, before neighbours are joined into passages."""
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SpanQuestion:
    """A question and the spans of one document that answer it."""

    text: str
    document: str
    references: tuple[Span, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class SpanSet:
    """Documents by file name and questions about them."""

    corpus: dict[str, ParsedDocument]
    questions: tuple[SpanQuestion, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shares of characters for one question."""

    recall: float
    precision: float
    iou: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document that was retrieved."""

    document: str
    start: int
    end: int
    text: str


def read_span_set(folder: Path) -> SpanSet:
    """`docs/*.txt` and `questions.jsonl`; raises DatasetError naming file and line of what is malformed."""
    corpus = {}
    for file in sorted((folder / "docs").glob("*.txt")):
        text = "".join(line for _, line in read_lines(file))  # newlines as they are: offsets depend on them
        corpus[file.name] = ParsedDocument(file.stem, text, (Section((), 0, len(text)),))
    if not corpus:
        raise DatasetError(f"{folder}: there is no docs/*.txt.")
    file = folder / "questions.jsonl"
    questions = tuple(_question(row, at, corpus) for at, row in read_jsonl(file))
    if not questions:
        raise DatasetError(f"{file} holds no question.")
    return SpanSet(corpus, questions)


def _question(row: Mapping[str, Any], at: str, corpus: Mapping[str, ParsedDocument]) -> SpanQuestion:
    name = f"{required_text(row, 'site', at)}.txt"
    if name not in corpus:
        raise DatasetError(f"{at}: there is no docs/{name}.")
    rows = row.get("references")
    if not isinstance(rows, list) or not rows:
        raise DatasetError(f'{at}: "references" is not a list of {{"start_index", "end_index"}}, or is empty.')
    references = tuple(_reference(reference, at, len(corpus[name].text)) for reference in rows)
    key = "question_with_site" if row.get("question_with_site") is not None else "question"
    return SpanQuestion(required_text(row, key, at), name, references, str(row.get("id") or ""))


def _reference(row: object, at: str, length: int) -> Span:
    start, end = (row.get("start_index"), row.get("end_index")) if isinstance(row, Mapping) else (None, None)
    if not (is_whole_number(start) and is_whole_number(end)):
        raise DatasetError(f'{at}: a reference has no whole numbers "start_index" and "end_index".')
    if not 0 <= start < end <= length:
        raise DatasetError(
            f"{at}: the reference {start} to {end} is empty, reversed or outside the document's {length} characters."
        )
    return start, end


def evaluate_spans(
    data: SpanSet, embedder: Embedder, *, tokens: int, compare: bool = False, on_progress: OnProgress = unseen
) -> Evaluation:
    """What the first passages hold, up to `tokens` tokens of document text; with `compare` also each part's chunks."""
    asked = {str(at): question for at, question in enumerate(data.questions)}
    with workbench(data.corpus, embedder, on_progress) as bench:
        found, latency = ask_each(
            asked,
            lambda question: bench.search.passages(question.text, scope=bench.scope, limit=PASSAGES),
            on_progress,
        )
        kept: dict[str, list[tuple[Piece, ...]]] = {}
        for each in found.values():
            joined = (Piece(p.source.path, p.start, p.end, p.text) for p in each.passages)
            ranked_pieces = {**(_chunks(each.trace, bench) if compare else {}), CITEWELL: joined}
            for method, pieces in ranked_pieces.items():
                kept.setdefault(method, []).append(within_budget(pieces, tokens))
    return Evaluation(
        asked=tuple(Asked(q.id or str(n), q.text, _wanted(q)) for n, q in enumerate(data.questions, 1)),
        methods={method: measure_overlaps(pieces, data.questions) for method, pieces in kept.items()},
        retrieved={method: tuple(map(_shown, pieces)) for method, pieces in kept.items()},
        reference=CITEWELL,
        latency_ms=latency,
    )


def measure_overlaps(retrieved: Sequence[Sequence[Piece]], questions: Sequence[SpanQuestion]) -> Measured:
    """Recall, precision and intersection over union of what was retrieved for each question."""
    found = [overlap(pieces, question) for pieces, question in zip(retrieved, questions, strict=True)]
    return Measured(
        {
            "recall": [each.recall for each in found],
            "precision": [each.precision for each in found],
            "iou": [each.iou for each in found],
        }
    )


def _chunks(trace: SearchTrace, bench: Workbench) -> dict[str, Iterator[Piece]]:
    """By method the chunks in its order, not joined."""
    hits = bench.library.hits([c.chunk_id for c in trace.candidates], bench.scope)

    def pieces(scores: Mapping[int, float]) -> Iterator[Piece]:
        for chunk_id, _ in ranked(scores):
            if hit := hits.get(chunk_id):
                yield Piece(hit.source.path, hit.chunk.start, hit.chunk.end, hit.chunk.text)

    return {
        UNJOINED if method == CITEWELL else method: pieces(scores) for method, scores in scores_by_method(trace).items()
    }


def within_budget(pieces: Iterator[Piece] | Sequence[Piece], tokens: int) -> tuple[Piece, ...]:
    """The pieces in rank order, up to the first that would exceed the budget."""
    kept: list[Piece] = []
    for piece in pieces:
        tokens -= count_tokens(piece.text)
        if tokens < 0:
            break
        kept.append(piece)
    return tuple(kept)


def overlap(retrieved: Sequence[Piece], question: SpanQuestion) -> Overlap:
    """Characters in common with the references; what was retrieved of other documents is in vain."""
    wanted = _characters(question.references)
    inside = _characters([(piece.start, piece.end) for piece in retrieved if piece.document == question.document])
    elsewhere = sum(piece.end - piece.start for piece in retrieved if piece.document != question.document)
    common, total = len(wanted & inside), len(inside) + elsewhere
    return Overlap(
        common / len(wanted) if wanted else 0.0,
        common / total if total else 0.0,
        common / (len(wanted) + total - common) if wanted or total else 0.0,
    )


def _characters(spans: Sequence[Span]) -> set[int]:
    return {offset for start, end in spans for offset in range(start, end)}


def _wanted(question: SpanQuestion) -> dict[str, object]:
    return {"document": question.document, "references": question.references}


def _shown(pieces: Sequence[Piece]) -> list[dict[str, object]]:
    return [{"document": piece.document, "start": piece.start, "end": piece.end} for piece in pieces]
