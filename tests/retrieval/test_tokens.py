"""Token counts: exact, offline, linear in time, and cuts that keep their limit."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.tokens import count_tokens, truncate_tokens

any_text = st.text(st.characters(), max_size=300)


def test_known_counts() -> None:
    """The figures OpenAI publishes for cl100k_base."""
    assert [count_tokens(text) for text in ("", "tiktoken is great!", "antidisestablishmentarianism")] == [
        0,
        6,
        6,
    ]


def test_special_tokens_in_text_are_ordinary_text() -> None:
    assert count_tokens("<|endoftext|>") > 1
    assert truncate_tokens("<|endoftext|> and more", limit_tokens=50) == "<|endoftext|> and more"


def test_a_lone_surrogate_is_counted_not_refused() -> None:
    assert count_tokens("a\ud800b") > 0


@given(text=any_text, limit=st.integers(0, 120))
@settings(deadline=None)
def test_a_cut_is_a_beginning_that_keeps_the_limit(text: str, limit: int) -> None:
    cut = truncate_tokens(text, limit_tokens=limit)
    assert count_tokens(cut) <= limit
    assert text.encode("utf-8", "replace").decode().startswith(cut)


@given(text=any_text)
@settings(deadline=None)
def test_a_text_within_its_limit_stays_whole(text: str) -> None:
    whole = text.encode("utf-8", "replace").decode()
    assert truncate_tokens(text, limit_tokens=count_tokens(text)) == whole


def test_a_cut_never_splits_a_character() -> None:
    assert set(truncate_tokens("😀" * 20, limit_tokens=7)) == {"😀"}


def test_a_cut_uses_the_whole_limit_of_ordinary_prose() -> None:
    text = "The deposit is returned within fourteen days of the end of the lease. " * 40
    assert count_tokens(truncate_tokens(text, limit_tokens=100)) == 100


@pytest.mark.parametrize("unit", ["a", " ", "\n", "!", "0", "é", "漢", " \n", "\u0301"])
def test_a_megabyte_of_one_character_takes_no_quadratic_time(unit: str) -> None:
    """Quadratic merging would take minutes; linear takes under half a second."""
    text = unit * (1_000_000 // len(unit))
    began = time.process_time()
    assert count_tokens(text) > 1000
    assert count_tokens(truncate_tokens(text, limit_tokens=500)) <= 500
    assert time.process_time() - began < 30
