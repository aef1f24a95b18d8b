"""Means, intervals, differences and their tests are those of the statistics they are named after."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from retrieval.evaluation.measures import Measured, auroc, bootstrap_interval, measure_ranking

NOISE = np.random.default_rng(1)


def measured(*values: float) -> Measured:
    return Measured({"ndcg@10": values})


def test_an_interval_holds_its_mean_and_is_the_same_every_time():
    values = measured(*NOISE.random(200))
    low, high = values.interval
    assert low < values.means["ndcg@10"] < high
    assert high - low == pytest.approx(2 * 1.96 * np.std(values.values["ndcg@10"]) / np.sqrt(200), rel=0.15)
    assert values.interval == (low, high)


def test_values_that_do_not_differ_have_an_interval_without_width():
    assert measured(1.0).interval == (1.0, 1.0)
    assert measured(0.5, 0.5, 0.5).interval == (0.5, 0.5)


def test_a_method_is_not_different_from_itself():
    values = measured(0.1, 0.9, 0.5)
    difference = values.minus(values)
    assert (difference.mean, difference.interval, difference.p) == (0.0, (0.0, 0.0), 1.0)


def test_pairs_show_a_difference_that_the_two_intervals_hide():
    hard = NOISE.random(100)
    better, worse = measured(*hard), measured(*(hard - 0.05 + 0.01 * NOISE.standard_normal(100)))
    assert better.interval[0] < worse.interval[1]
    difference = worse.minus(better)
    assert difference.interval[1] < 0
    assert difference.p < 0.001


def test_a_single_pair_shows_nothing():
    difference = measured(1.0).minus(measured(0.0))
    assert (difference.mean, difference.p) == (1.0, 1.0)


def test_few_pairs_are_permuted_exactly():
    difference = measured(1.0, 1.0, 1.0).minus(measured(0.0, 0.0, 0.0))
    assert (difference.mean, difference.p) == (1.0, pytest.approx(2 / 2**3))


def test_auroc_is_the_chance_that_a_positive_scores_higher_and_ties_count_half():
    assert auroc([2.0, 1.0], [0.0, 1.0]) == pytest.approx((3 + 0.5) / 4)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_auroc_is_what_scipy_makes_of_mann_and_whitney(positive, negative):
    u = mannwhitneyu(positive, negative).statistic
    assert auroc(positive, negative) == pytest.approx(u / (len(positive) * len(negative)))


def test_an_interval_of_auroc_holds_it():
    positive, negative = NOISE.normal(1, 1, 100), NOISE.normal(0, 1, 100)
    low, high = bootstrap_interval((positive, negative), auroc)
    assert low < auroc(positive, negative) < high


def test_a_query_without_results_counts_as_zero_in_every_measure():
    found = measure_ranking({"a": {"x": 1.0}}, {"a": {"x": 1}, "b": {"y": 1}}, ["a", "b"])
    assert found.values == {"ndcg@10": (1.0, 0.0), "recall@10": (1.0, 0.0), "mrr@10": (1.0, 0.0)}
