"""What the parts of a search would rank by themselves, read from the trace of one search on one index."""

from collections.abc import Mapping

from retrieval.evaluation.measures import Run
from retrieval.evaluation.workbench import Workbench
from retrieval.fusion import ranked
from retrieval.trace import SearchTrace

CITEWELL = "citewell"
_RRF_K = 60
"""Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion", SIGIR 2009."""


def scores_by_method(trace: SearchTrace, *, compare: bool = True) -> dict[str, Mapping[int, float]]:
    """By method the scores of chunks: cosine alone, BM25 alone, reciprocal rank fusion of both, and Citewell's."""
    citewell: dict[str, Mapping[int, float]] = {CITEWELL: {c.chunk_id: c.score for c in trace.candidates}}
    if not compare:
        return citewell
    # A chunk that an index did not bring itself may have its score all the same, computed afterwards.
    dense = {c.chunk_id: c.dense for c in trace.candidates if c.dense is not None and "dense" in c.found_by}
    bm25 = {c.chunk_id: c.lexical for c in trace.candidates if c.lexical is not None and "lexical" in c.found_by}
    return {"dense": dense, "bm25": bm25, "rrf": _reciprocal_ranks(dense, bm25), **citewell}


def runs_by_method(traces: Mapping[str, SearchTrace], bench: Workbench, *, compare: bool = True) -> dict[str, Run]:
    """By method and query the scores of documents: a document scores by its best chunk."""
    runs: dict[str, dict[str, dict[str, float]]] = {}
    for query, trace in traces.items():
        for method, scores in scores_by_method(trace, compare=compare).items():
            runs.setdefault(method, {})[query] = _best_chunks(scores, bench.chunk_documents)
    return dict(runs)


def top_ten(run: Run) -> tuple[list[tuple[str, float]], ...]:
    """For each query the ten best documents with their scores, best first."""
    return tuple(
        [(document, round(score, 6)) for document, score in sorted(found.items(), key=lambda item: -item[1])[:10]]
        for found in run.values()
    )


def _best_chunks(scores: Mapping[int, float], owners: Mapping[int, str]) -> dict[str, float]:
    best: dict[str, float] = {}
    for chunk, score in scores.items():
        document = owners[chunk]
        best[document] = max(score, best.get(document, float("-inf")))
    return best


def _reciprocal_ranks(*legs: Mapping[int, float]) -> dict[int, float]:
    total: dict[int, float] = {}
    for scores in legs:
        for rank, (chunk, _) in enumerate(ranked(scores), 1):
            total[chunk] = total.get(chunk, 0.0) + 1 / (_RRF_K + rank)
    return total
