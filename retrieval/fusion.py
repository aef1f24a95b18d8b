"""Puts the scores of the indexes together. Pure functions of chunk id to score.

A convex combination of scores: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid
Retrieval", ACM TOIS 2023. It beats reciprocal rank fusion because it keeps how much better the best is.
"""

from collections.abc import Mapping, Sequence

DENSE_WEIGHT, CHUNK_WEIGHT, DOCUMENT_WEIGHT = 0.7, 0.15, 0.15
"""Shares of cosine, of the chunk's BM25 and of its whole document's; chosen on development data. Giving half
of the words' share to the document gained .033 on PolicyQA and .010 on MTRAG-human (docs/evaluation.md)."""

Scores = Mapping[int, float]


def fuse_legs(dense: Scores, lexical: Scores, whole: Scores) -> dict[int, float]:
    """`.7 · cosine + .15 · BM25 / max BM25 + .15 · document's BM25 / max` for every chunk an index found.

    `whole` is the BM25 of each chunk's document. A chunk without a score counts as zero there; a part
    without any score, such as cosines where there is no embedding, takes no share.
    """
    parts = (
        (DENSE_WEIGHT, 1.0, dense),
        (CHUNK_WEIGHT, _best(lexical), lexical),
        (DOCUMENT_WEIGHT, _best(whole), whole),
    )
    present = [(weight, best, scores) for weight, best, scores in parts if scores and best > 0]
    total = sum(weight for weight, _, _ in present)
    fused = dict.fromkeys(dense.keys() | lexical.keys(), 0.0)
    for weight, best, scores in present:
        share = weight / (best * total)
        for chunk in fused.keys() & scores.keys():
            fused[chunk] += share * scores[chunk]
    return fused


def _best(scores: Scores) -> float:
    return max(scores.values(), default=0.0)


def fuse_queries(weighted: Sequence[tuple[float, Scores]]) -> dict[int, float]:
    """The weighted sum of several queries' fused scores; the weights are taken as given."""
    total: dict[int, float] = {}
    for weight, scores in weighted:
        for chunk, score in scores.items():
            total[chunk] = total.get(chunk, 0.0) + weight * score
    return total


def ranked(scores: Scores) -> tuple[tuple[int, float], ...]:
    """(chunk id, score), best first; ties by id, so that the same search always answers the same."""
    return tuple(sorted(scores.items(), key=lambda item: (-item[1], item[0])))
