"""Means over queries with their intervals, differences between methods, and trec_eval's ranking measures.

Resampling is by query and seeded, so that a run can be repeated. The test of a difference is Fisher's
randomisation, as Smucker, Allan and Carterette recommend it ("A Comparison of Statistical Significance Tests
for Information Retrieval Evaluation", CIKM 2007).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Interval = tuple[float, float]
Run = Mapping[str, Mapping[str, float]]
"""Scores of documents by query."""
_RESAMPLES = 2_000
_PERMUTATIONS = 9_999
_BATCH = 200
_SEED = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A method's mean less another's: 95 % paired bootstrap interval, and p of a paired permutation test."""

    mean: float
    interval: Interval
    p: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What a method reached: by measure one value per query, in the order of the queries. The first measure leads."""

    values: Mapping[str, Sequence[float]]

    @property
    def means(self) -> dict[str, float]:
        """By measure, the mean over queries."""
        return {name: float(np.mean(values)) for name, values in self.values.items()}

    @property
    def interval(self) -> Interval:
        """95 % bootstrap interval of the leading measure's mean."""
        return interval_of(self._leading)

    def minus(self, other: "Measured") -> Difference:
        """How far the leading measure is from another method's, query by query."""
        ours, theirs = self._leading, other._leading
        # A paired bootstrap of a difference of means is a bootstrap of the pairs' differences.
        return Difference(float(np.mean(ours - theirs)), interval_of(ours - theirs), _p_of(ours, theirs))

    @property
    def _leading(self) -> NDArray[np.float64]:
        return np.asarray(next(iter(self.values.values())), np.float64)


def interval_of(values: NDArray[np.float64]) -> Interval:
    """95 % percentile bootstrap interval of a mean; of a single value that value twice."""
    return bootstrap_interval((values,), np.mean, vectorized=True)


def bootstrap_interval(
    samples: Sequence[NDArray[Any]], statistic: Callable[..., Any], *, vectorized: bool = False
) -> Interval:
    """95 % percentile bootstrap interval of a statistic of samples that are resampled apart from one another."""
    from scipy.stats import bootstrap

    if min(map(len, samples)) < 2:
        only = float(statistic(*samples))
        return only, only
    low, high = bootstrap(
        samples,
        statistic,
        vectorized=vectorized,
        method="percentile",
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return float(low), float(high)


def _p_of(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    from scipy.stats import permutation_test

    if len(ours) < 2 or np.array_equal(ours, theirs):
        return 1.0
    test = permutation_test(
        (ours, theirs),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=_PERMUTATIONS,
        batch=_BATCH,
        rng=np.random.default_rng(_SEED),
    )
    return float(test.pvalue)


def auroc(positive: ArrayLike, negative: ArrayLike) -> float:
    """The chance that a positive scores above a negative, ties half: Mann and Whitney's U over the number of pairs.

    Counted by sorting, for it is resampled thousands of times; scipy's `mannwhitneyu` says the same in 0.5 ms.
    """
    ordered, asked = np.sort(np.asarray(negative, np.float64)), np.asarray(positive, np.float64)
    below, up_to = (np.searchsorted(ordered, asked, side=side) for side in ("left", "right"))
    return float((below + up_to).sum()) / (2 * asked.size * ordered.size)


def measure_ranking(run: Run, qrels: Mapping[str, Mapping[str, int]], queries: Iterable[str]) -> Measured:
    """nDCG@10, recall@10 and MRR@10 of a run; a query for which nothing was found counts as zero."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    names = {nDCG @ 10: "ndcg@10", R @ 10: "recall@10", RR @ 10: "mrr@10"}
    asked = list(queries)
    judged = {query: dict(qrels[query]) for query in asked}
    # trec_eval leaves out a query without results; one document that nobody judged keeps it in.
    answered = {query: dict(run.get(query, {})) or {"": 0.0} for query in asked}
    values = {name: dict.fromkeys(asked, 0.0) for name in names.values()}
    for metric in ir_measures.iter_calc(list(names), judged, answered):
        values[names[metric.measure]][metric.query_id] = float(metric.value)
    return Measured({name: tuple(by_query.values()) for name, by_query in values.items()})
