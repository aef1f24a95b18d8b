"""What the parts of a search would rank by themselves, as runs over documents: a document scores by its best chunk."""

from collections.abc import Mapping

from retrieval.evaluation.measures import Run
from retrieval.evaluation.workbench import Workbench
from retrieval.methods import scores_by_method
from retrieval.trace import SearchTrace


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


def best_documents(trace: SearchTrace, paths: Mapping[int, str]) -> dict[str, float]:
    """The scores of documents by their best chunk in a trace; `paths` names them by id, others are left out."""
    owners = {c.chunk_id: paths[c.document_id] for c in trace.candidates if c.document_id in paths}
    return _best_chunks({c.chunk_id: c.score for c in trace.candidates if c.chunk_id in owners}, owners)


def _best_chunks(scores: Mapping[int, float], owners: Mapping[int, str]) -> dict[str, float]:
    best: dict[str, float] = {}
    for chunk, score in scores.items():
        document = owners[chunk]
        best[document] = max(score, best.get(document, float("-inf")))
    return best
