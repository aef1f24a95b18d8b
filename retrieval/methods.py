"""What the parts of a search would rank by themselves, read from the trace of one search on one index."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, get_args

from retrieval.fusion import ranked
from retrieval.trace import SearchTrace

Method = Literal["citewell", "dense", "bm25", "rrf"]
"""The product's own order; cosine alone, BM25 alone, reciprocal rank fusion of both."""
METHODS: tuple[Method, ...] = get_args(Method)
CITEWELL: Method = "citewell"
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


def in_order_of(method: Method, trace: SearchTrace) -> SearchTrace:
    """The trace as if this method had ranked: its candidates alone, with its scores."""
    if method == CITEWELL:
        return trace
    candidates = {candidate.chunk_id: candidate for candidate in trace.candidates}
    scores = ranked(scores_by_method(trace)[method])
    return replace(trace, candidates=tuple(replace(candidates[chunk], score=score) for chunk, score in scores))


def _reciprocal_ranks(*legs: Mapping[int, float]) -> dict[int, float]:
    total: dict[int, float] = {}
    for scores in legs:
        for rank, (chunk, _) in enumerate(ranked(scores), 1):
            total[chunk] = total.get(chunk, 0.0) + 1 / (_RRF_K + rank)
    return total
