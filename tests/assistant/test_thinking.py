"""Thinking aloud before the answer is left out, however the stream is cut; anything else passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.thinking import ThinkingFilter


def filtered(*pieces: str) -> str:
    thinking = ThinkingFilter()
    return "".join(map(thinking.feed, pieces)) + thinking.finish()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("It is 5.", "It is 5."),
        ("<think>Well, 5?</think>\n\nIt is 5.", "It is 5."),
        ("\n<think>\n</think>It is 5.", "It is 5."),
        ("<thinking>a < b</thinking> It is 5.", "It is 5."),
        ("<think>never ends", ""),
        ("<think></think>", ""),
        ("It is <think>5</think>.", "It is <think>5</think>."),
        ("<thick> wood", "<thick> wood"),
        ("<thin", "<thin"),
        ("  ", "  "),
        ("", ""),
    ],
)
def test_only_what_stands_before_the_answer_is_dropped(text: str, answer: str) -> None:
    assert filtered(text) == answer
    assert filtered(*text) == answer


@given(st.lists(st.sampled_from(["<", "think", ">", "</think>", "a", " ", "\n", "</", "<thi", "nk>"]), max_size=12))
def test_the_answer_does_not_depend_on_how_the_text_is_cut(pieces: list[str]) -> None:
    assert filtered(*pieces) == filtered("".join(pieces)) == filtered(*"".join(pieces))


def test_an_answer_streams_from_its_first_letter_on() -> None:
    thinking = ThinkingFilter()
    assert [thinking.feed(piece) for piece in ("<think>hm</think>", " ", "It", " is")] == ["", "", "It", " is"]
