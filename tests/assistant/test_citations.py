"""Markers come out in one form and in order, whatever the model writes and however its text is cut."""

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.citations import CitationStream, cited_sentences, without_markers


def rewritten(text: str, *, count: int = 5, size: int = 0) -> tuple[str, tuple[int, ...]]:
    """What a stream of `count` passages makes of the text, cut into pieces of `size`."""
    stream = CitationStream(count)
    pieces = [text[i : i + size] for i in range(0, len(text), size)] if size else [text]
    return "".join(map(stream.feed, pieces)) + stream.finish(), stream.cited


@pytest.mark.parametrize(
    ("text", "shown", "cited"),
    [
        ("It is so [3].", "It is so [1].", (3,)),
        ("A [3]. B [1]. C [3].", "A [1]. B [2]. C [1].", (3, 1)),
        ("A [1, 2].", "A [1][2].", (1, 2)),
        ("A [2,1 ; 4].", "A [1][2][3].", (2, 1, 4)),
        ("A [1][2].", "A [1][2].", (1, 2)),
        ("A [1] [2], [3].", "A [1][2], [3].", (1, 2, 3)),
        ("A [2-4].", "A [1][2][3].", (2, 3, 4)),
        ("A [2\u20133].", "A [1][2].", (2, 3)),
        ("A [^1].", "A [1].", (1,)),
        ("A \u30103\u3011.", "A [1].", (3,)),
        ("A [3\u2020source].", "A [1].", (3,)),
        ("A \u30103\u2020L1-L9\u3011\u30102\u2020source\u3011.", "A [1][2].", (3, 2)),
        ("A [3\u2020source, 4\u2020source].", "A [1][2].", (3, 4)),
        ("A [source 2].", "A [1].", (2,)),
        ("A [Passages 2 and 3].", "A [1][2].", (2, 3)),
        ("A [1 & 2].", "A [1][2].", (1, 2)),
        ("A [2][2] [2].", "A [1].", (2,)),
        ("A[5]", "A[1]", (5,)),
        ("A.[2] B", "A.[1] B", (2,)),
        ("", "", ()),
    ],
)
def test_every_way_to_write_a_marker_comes_out_as_one(text: str, shown: str, cited: tuple[int, ...]) -> None:
    assert rewritten(text) == (shown, cited)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A [6].", "A."),
        ("A [0].", "A."),
        ("A [99] and B [7, 8].", "A and B."),
        ("A [1, 99].", "A [1]."),
        ("A [4-9].", "A [1][2]."),
        ("A [1][77].", "A [1]."),
        ("A[99]B", "A B"),
        ("[99] A", " A"),
        ("A [99]\nB", "A\nB"),
        ("A [123456789012345678901234567890]", "A"),
    ],
)
def test_numbers_outside_the_retrieved_set_disappear_with_their_space(text: str, shown: str) -> None:
    assert rewritten(text)[0] == shown


@pytest.mark.parametrize("text", ["[[99]7]", "[7[99]]", "[[99]99]", "[9[9]9] [[[9]9]9]", "[1][9](x)", "`[9]``[8]"])
def test_what_is_left_when_a_marker_is_taken_out_never_makes_another(text: str) -> None:
    shown, _ = rewritten(text)
    assert set(re.findall(r"\[([0-9]+)\](?!\()", shown)) <= {"1"}


@pytest.mark.parametrize(
    "text",
    [
        "[the guide](https://a.example/x_[1])",
        "[1](https://a.example)",
        "![2](picture.png)",
        "- [x] done\n- [ ] open",
        "[see the annex] [a1] [1a] [1.5] [2026-03-01] [10:30] [0-9] [+1] [,]",
        "Run `list[2]` and ``a`[3]`` now",
        "```python\nfirst = rows[1]\n```",
        "~~~\nrows[4]\n~~~",
        "> ```\n> rows[1]\n> ```",
        "```\nrows[1]",
        "[unclosed",
        "[]",
        "\u3010\u6ce8\u610f\u3011",
    ],
)
def test_links_code_and_other_brackets_stay_as_they_are(text: str) -> None:
    assert rewritten(text) == (text, ())
    assert rewritten(text, size=1) == (text, ())


def test_after_code_markers_count_again() -> None:
    assert rewritten("```\na[1]\n```\nSo [3]. A ` alone [2].")[0] == "```\na[1]\n```\nSo [1]. A ` alone [2]."


def test_half_a_marker_is_held_back_and_everything_else_is_not() -> None:
    stream = CitationStream(3)
    assert stream.feed("The limit is 150 EUR") == "The limit is 150 EUR"
    assert stream.feed(" [") == ""
    assert stream.feed("2") == ""
    assert stream.feed("]") == ""
    assert stream.feed(".") == " [1]."
    assert stream.finish() == ""


def test_a_bracket_that_never_closes_is_let_go_before_long() -> None:
    stream = CitationStream(3)
    shown = "".join(stream.feed(letter) for letter in "see [" + "words " * 20)
    assert len(shown) > 30


_PARTS = [
    "[", "]", "\u3010", "\u3011", "[1]", "[2, 3]", "[^4]", "[99]", "[1-3]", "[7\u2020source]", "[source 2]", "`", "``", "```",
    "```\n", "~~~\n", "\n", "\n\n", " ", "  ", "(", ")", "](", "[a](b)", "> ", "- ", "#", "x", "Word", ". ", ",", "1",
    "23", "^", "\u2020", "-", "\t", "\u00e9",
]  # fmt: skip
_WRITTEN = st.lists(st.one_of(st.sampled_from(_PARTS), st.text(max_size=4)), max_size=30).map("".join)


def assert_only_retrieved(text: str, count: int) -> None:
    shown, cited = rewritten(text, count=count)
    assert set(cited) <= set(range(1, count + 1))
    assert {n for sentence in cited_sentences(shown) for n in sentence.numbers} <= set(range(1, len(cited) + 1))


@given(text=_WRITTEN, cuts=st.lists(st.integers(0, 120), max_size=12))
@settings(max_examples=1_000, deadline=None)
def test_what_comes_out_does_not_depend_on_how_the_text_is_cut(text: str, cuts: list[int]) -> None:
    edges = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    stream = CitationStream(4)
    shown = "".join(stream.feed(text[a:b]) for a, b in pairwise(edges)) + stream.finish()
    assert (shown, stream.cited) == rewritten(text, count=4)
    assert rewritten(text, count=4, size=1)[0] == shown


@given(text=_WRITTEN, count=st.integers(0, 6))
@settings(max_examples=500, deadline=None)
def test_no_marker_ever_stands_for_a_passage_that_was_not_retrieved(text: str, count: int) -> None:
    assert_only_retrieved(text, count)


def test_nor_in_ten_thousand_texts_drawn_by_lot() -> None:
    lot = random.Random(20261122)
    for _ in range(10_000):
        assert_only_retrieved("".join(lot.choices(_PARTS, k=lot.randint(1, 20))), lot.randint(0, 6))


@given(_WRITTEN)
@settings(max_examples=300, deadline=None)
def test_a_rewritten_text_with_every_number_known_is_not_rewritten_again(text: str) -> None:
    shown, cited = rewritten(text, count=9_999)
    assert without_markers(shown).split() == without_markers(rewritten(shown, count=len(cited))[0]).split()


@given(st.text(alphabet="abc .\n`(", max_size=60))
def test_text_without_brackets_comes_out_as_it_went_in(text: str) -> None:
    assert rewritten(text) == (text, ())


@pytest.mark.parametrize("evil", ["`", "[", " ", "\n", "[1", "`a", "[1]", "~", "\u3010", "```x", "> ", "[1-9999]"])
def test_twenty_thousand_of_anything_take_less_than_two_seconds(evil: str) -> None:
    stream = CitationStream(3)
    text = (evil * 20_000)[:20_000]
    shown = "".join(stream.feed(text[i : i + 4]) for i in range(0, len(text), 4)) + stream.finish()
    assert len(cited_sentences(shown)) <= 20_000


def sentences(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(sentence.sentence, sentence.numbers) for sentence in cited_sentences(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A is so [1]. B is not.", [("A is so.", (1,)), ("B is not.", ())]),
        ("A is so.[1][2] B is not. [3]", [("A is so.", (1, 2)), ("B is not.", (3,))]),
        ("It costs [1] 5 EUR [2][1].", [("It costs 5 EUR.", (1, 2))]),
        ("- First [1]\n- Second [2]\n", [("First", (1,)), ("Second", (2,))]),
        ("1. First. [1]\n2. Second [2].", [("First.", (1,)), ("Second.", (2,))]),
        ("One [1].\n\n[2] Two.", [("One.", (1,)), ("Two.", (2,))]),
        ("One.\n[1]\n\nTwo.", [("One.", (1,)), ("Two.", ())]),
        ("## Limits\n\nIt is 5 [1].", [("## Limits", ()), ("It is 5.", (1,))]),
        ("**It is so.** [1] Next.", [("**It is so.**", (1,)), ("Next.", ())]),
        ("| a [1] | b |\n|---|---|\n| 1 | 2 [2] |", [("| a | b |", (1,)), ("| 1 | 2 |", (2,))]),
        ("```sh\nrun [1]\n```\nDone [1].", [("run [1]", ()), ("Done.", (1,))]),
        ("See [1](https://a.example).", [("See [1](https://a.example).", ())]),
        ("[1]", []),
        ("", []),
    ],
)
def test_a_citation_belongs_to_the_sentence_it_stands_in_or_behind(
    text: str, found: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert sentences(text) == found


@given(_WRITTEN)
@settings(max_examples=300, deadline=None)
def test_sentences_are_in_order_do_not_overlap_and_lie_where_they_say(text: str) -> None:
    end = 0
    for sentence in cited_sentences(text):
        assert end <= sentence.start < sentence.end <= len(text)
        assert sentence.sentence == sentence.sentence.strip() != ""
        letters = iter(text[sentence.start : sentence.end])
        assert all(letter in letters for letter in sentence.sentence)
        end = sentence.end


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("A is so [1]. B [2][3] too.", "A is so. B too."),
        ("[1] A.", "A."),
        ("A [1]", "A"),
        ("`a[1]` [2]", "`a[1]`"),
        ("no markers  ", "no markers  "),
    ],
)
def test_without_markers_a_text_reads_as_if_they_had_never_been(text: str, plain: str) -> None:
    assert without_markers(text) == plain
