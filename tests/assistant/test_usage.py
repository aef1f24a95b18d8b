"""Tokens add up over the calls of a turn, and cost what the prices say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.usage import Prices, Usage

PRICES = Prices(0.5, 2.0, "EUR")


def test_tokens_cost_what_a_million_of_them_cost():
    priced = PRICES.priced(Usage(10_000, 500, "m"))
    assert priced.cost == pytest.approx(0.006)
    assert priced.currency == "EUR"


def test_where_no_model_was_asked_nothing_is_said_of_costs():
    assert PRICES.priced(Usage()) == Usage()


def test_two_calls_add_up_and_one_estimate_makes_the_sum_one():
    both = Usage(5, 1, "m").plus(Usage(7, 2, "m", is_estimate=True))
    assert both == Usage(12, 3, "m", is_estimate=True)


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_cost_of_a_sum_is_the_sum_of_the_costs(a: int, b: int, c: int, d: int) -> None:
    one, other = Usage(a, b, "m"), Usage(c, d, "m")
    together = PRICES.priced(one.plus(other)).cost
    apart = [PRICES.priced(usage).cost for usage in (one, other)]
    assert together == pytest.approx(sum(cost for cost in apart if cost is not None))
