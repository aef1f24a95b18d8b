"""Numbers are recognised in the forms people write, and compared by what they measure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.quantities import Quantity, find_quantities

DAY = 86_400.0


def only(text: str) -> Quantity:
    (stated,) = find_quantities(text)
    return stated.quantity


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("30 days", "time", 30 * DAY),
        ("thirty days", "time", 30 * DAY),
        ("30 calendar days", "time", 30 * DAY),
        ("twenty-four hours", "time", DAY),
        ("a week", "time", 7 * DAY),
        ("an hour", "time", 3_600.0),
        ("two years", "months", 24.0),
        ("1,000 users", "", 1_000.0),
        ("10 000 users", "", 10_000.0),
        ("1'000 users", "", 1_000.0),
        ("two hundred and fifty users", "", 250.0),
        ("a dozen users", "", 12.0),
        ("EUR 1,250.50", "eur", 1_250.5),
        ("\u20ac2.5 million", "eur", 2_500_000.0),
        ("40,000 dollars", "usd", 40_000.0),
        ("$3k", "usd", 3_000.0),
        ("20 %", "percent", 20.0),
        ("20 per cent", "percent", 20.0),
        ("9 am", "clock", 540.0),
        ("5:30 p.m.", "clock", 1_050.0),
        ("17:30", "clock", 1_050.0),
        ("12 am", "clock", 0.0),
        ("500 MB", "bytes", 5e8),
        ("the 3rd floor", "ordinal", 3.0),
    ],
)
def test_a_number_is_read_with_its_unit(text: str, dimension: str, value: float) -> None:
    quantity = only(f"It is {text} here")
    assert (quantity.dimension, quantity.value) == (dimension, pytest.approx(value))


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-03-01", (2026, 3, 1)),
        ("1 March 2026", (2026, 3, 1)),
        ("1.3.2026", (2026, 3, 1)),
        ("21/03/2026", (2026, 3, 21)),
        ("3/21/2026", (2026, 3, 21)),
        ("1st of March, 2026", (2026, 3, 1)),
        ("March 1st, 2026", (2026, 3, 1)),
        ("Mar. 1, 2026", (2026, 3, 1)),
        ("March 2026", (2026, 3, 0)),
        ("31 December", (0, 12, 31)),
    ],
)
def test_a_date_is_read_in_its_parts(text: str, date: tuple[int, int, int]) -> None:
    assert only(f"from {text} on").date == date


@pytest.mark.parametrize(
    ("text", "code"), [("E-4012", "e-4012"), ("v2.3", "2.3"), ("10.0.0.1", "10.0.0.1"), ("SP3", "sp3")]
)
def test_an_identifier_is_taken_as_written(text: str, code: str) -> None:
    assert only(f"the {text} thing").code == code


@pytest.mark.parametrize("text", ["you may march on", "nothing to count", "second to none of them", "Mayor", "often"])
def test_words_that_only_look_like_numbers_are_none(text: str) -> None:
    assert find_quantities(text) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("within 30 calendar days after", "30 calendar days"),
        ("a 14-day notice", "14-day"),
        ("pay EUR 20 now", "EUR 20"),
        ("5\n  years later", "5\n  years"),
        ("ten people", "ten"),
    ],
)
def test_a_number_reaches_to_the_end_of_its_unit(text, said):
    (stated,) = find_quantities(text)
    assert text[stated.start : stated.reach] == said


def test_two_numbers_in_words_are_two() -> None:
    assert [stated.quantity.value for stated in find_quantities("from eight to twelve, two of them")] == [8, 12, 2]


def test_both_ends_of_a_range_have_the_unit() -> None:
    assert [stated.quantity.value for stated in find_quantities("10-15 days, or 2 to 3 weeks")] == [
        10 * DAY,
        15 * DAY,
        14 * DAY,
        21 * DAY,
    ]


@pytest.mark.parametrize(
    ("mine", "theirs", "backed"),
    [
        ("14 days", "two weeks", True),
        ("24 hours", "1 day", True),
        ("12 months", "one year", True),
        ("1000", "1,000 users", True),
        ("14 days", "14 weeks", False),
        ("14 days", "90 days", False),
        ("five years", "five seconds", False),
        ("0 days", "0 hours", False),
        ("the fifth", "five", False),
        ("the third", "the 3rd", True),
        ("3 percentage points", "3 %", False),
        ("two hundred and fifty", "250", True),
        ("2 hundred", "two hundred", True),
        ("\u00a32.5m", "\u00a32.5 million", True),
        ("40 degrees Celsius", "40 \u00b0C", True),
        ("40 degrees Fahrenheit", "40 \u00b0C", False),
        ("5 mg", "5 g", False),
        ("20 %", "20 days", False),
        ("5 EUR", "5 dollars", False),
        ("17:00", "5 pm", True),
        ("1 March 2026", "2026-03-01", True),
        ("March 2026", "1 March 2026", True),
        ("1 March 2026", "March 2026", False),
        ("1 March 2025", "1 March 2026", False),
        ("in 2026", "1 March 2026", True),
        ("E-4012", "E-4013", False),
        ("version 2.3.1", "v2.3.1", True),
    ],
)
def test_a_quantity_is_backed_by_the_same_one_in_another_form(mine: str, theirs: str, backed: bool) -> None:
    assert only(mine).is_backed_by(only(theirs)) is backed


@pytest.mark.parametrize(
    ("mine", "theirs", "rivals"),
    [
        ("14 days", "90 days", True),
        ("14 days", "EUR 90", False),
        ("3 keys", "4 keys", True),
        ("3 keys", "4 doors", False),
    ],
)
def test_only_measures_of_the_same_thing_are_rivals(mine: str, theirs: str, rivals: bool) -> None:
    assert only(mine).rivals(only(theirs)) is rivals


@given(st.text(max_size=200))
def test_any_text_is_read_without_failing_and_where_it_says(text: str) -> None:
    for stated in find_quantities(text):
        assert text[stated.start : stated.end] == stated.quantity.text


@given(st.integers(0, 999_999))
def test_a_whole_number_is_the_same_with_and_without_separators(number: int) -> None:
    assert only(f"{number} users").is_backed_by(only(f"{number:,} users"))
