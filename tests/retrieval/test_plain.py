"""Markdown as a person reads it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.plain import plain_text


@pytest.mark.parametrize(
    ("source", "readable"),
    [
        ('Read the [leave policy](https://example.com/a_(b).html "t") first.', "Read the leave policy first."),
        ("![Floor plan](plan.png) shows the exits", "Floor plan shows the exits"),
        ("**Bold**, *slanted*, ~~struck~~ and `code`", "Bold, slanted, struck and code"),
        ("## Sick leave ##", "Sick leave"),
        ("Sick leave\n---", "Sick leave"),
        ("- one\n- two\n  - three", "one\ntwo\nthree"),
        ("1. one\n2. two", "one\ntwo"),
        ("> quoted\n> text", "quoted text"),
        ("wrapped\nline", "wrapped line"),
        ("| Plan | Price |\n|---|---|\n| Basic | [5](x) |", "Plan | Price\nBasic | 5"),
        ("```sh\nnpm ci\n```", "npm ci"),
        ("<div><b>Note</b> well</div>", "Note well"),
        ("Press <kbd>Esc</kbd> &amp; wait", "Press Esc & wait"),
        ("<script>alert(1)</script>", ""),
        ("<!-- hidden -->", ""),
        ("a \\* b", "a * b"),
        ("[^1]: see", "[^1]: see"),
        ("first\n\nsecond", "first\nsecond"),
        ("[help]: https://example.com/help", "[help]: https://example.com/help"),
        ("See [the guide][help] and [it][].", "See the guide and it."),
        ('Ask [people ops]({% page "people/ops/" %}) now', "Ask people ops now"),
        ("The [plan](my files/plan 2.pdf) is [here](or there)", "The plan is [here](or there)"),
        ("| --- | --- |\n| **Basic** | 5 |", "Basic | 5"),
    ],
)
def test_markup_goes_and_words_stay(source: str, readable: str) -> None:
    assert plain_text(source, "markdown") == readable


def test_plain_text_comes_back_as_it_is() -> None:
    assert plain_text("a * b\n\n- c [d](e)  ", "plain") == "a * b\n\n- c [d](e)  "


def test_a_chunk_cut_out_of_a_table_still_reads_well() -> None:
    assert plain_text("| Basic | 5 |\n| Plus | 9 |", "markdown") == "Basic | 5\nPlus | 9"


@given(st.text(alphabet=st.sampled_from(list("abc123 .,;()\n#*-")), max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_letter_is_lost_where_there_are_no_links_and_tags(source: str) -> None:
    kept = plain_text(source, "markdown")
    assert [c for c in kept if c.isalpha()] == [c for c in source if c.isalpha()]


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_anything_at_all_can_be_read(source: str) -> None:
    assert isinstance(plain_text(source, "markdown"), str)


@pytest.mark.parametrize("source", ["[" * 5000, "*a" * 5000, "<" * 5000, "> " * 2000 + "a", "`" * 5000, "|" * 5000])
def test_markup_that_never_ends_takes_no_time(source: str) -> None:
    started = time.process_time()
    plain_text(source, "markdown")
    assert time.process_time() - started < 20
