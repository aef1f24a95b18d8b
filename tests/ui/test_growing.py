"""Streaming text is sent part by part: what is finished never changes, nothing is lost, and no shape costs a square."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.jobs import MOST_AT_ONCE
from assistant.markup import read_markup, text_of
from ui.growing import GrowingText
from ui.live_answer import update_after_s

SENTENCE = "Everyone who works full time has 26 days of paid annual leave in a calendar year, as before [1]. "
LINES = (
    "A paragraph of some length that goes on for a while. It has a second sentence! And [1] a third. ",
    "More **bold words. That go on** and end. ",
    "- an item\n",
    "- **an** item. With two sentences\n",
    "  - one below it\n",
    "1. first\n",
    "2. second\n",
    "10) tenth\n",
    "\n",
    "\n\n",
    "# A heading. With a stop\n",
    "| a | b |\n|---|---|\n| c. d | e |\n",
    "```\ncode. Of two\n\n- lines\n```\n",
    "> quoted. Words\n",
    "26 days\n",
    "* starred\n",
    "the end",
)


def streamed(text: str, *, size: int) -> tuple[list[str], int]:
    """The parts of a text that came in pieces of a size, the rest at last; and how many characters were sent."""
    growing, parts, sent = GrowingText(), [], 0
    for at in range(0, len(text), size):
        growing.add(text[at : at + size])
        if growing.is_due:
            finished = growing.take_finished()
            parts += [part.text for part in finished]
            sent += sum(len(part.text) for part in finished) + len(growing.rest.text)
    parts += [part.text for part in growing.take_finished()]
    return [*parts, growing.rest.text], sent


@given(st.lists(st.text(alphabet="ab \n`-1.*[]A", max_size=40), max_size=30), st.integers(1, 50))
def test_the_parts_make_up_the_text(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    assert "".join(streamed(text, size=size)[0]) == text


@given(st.lists(st.sampled_from(LINES), max_size=12), st.integers(1, 90))
def test_the_parts_say_what_the_whole_says(lines: list[str], size: int) -> None:
    """Each part is Markdown of its own: cut anywhere else, marks would show as marks or items as words."""
    text = "".join(lines)
    said = "".join(text_of(read_markup(part)) for part in streamed(text, size=size)[0])
    assert "".join(said.split()) == "".join(text_of(read_markup(text)).split())


def test_a_paragraph_is_finished_once_the_next_begins() -> None:
    growing = GrowingText()
    growing.add("One.\n\n")
    assert growing.take_finished() == ()
    growing.add("Two")
    assert [part.text for part in growing.take_finished()] == ["One.\n\n"]
    assert growing.rest.text == "Two"


def test_an_item_is_finished_once_the_next_begins() -> None:
    growing = GrowingText()
    growing.add("Bring:\n- a pen\n- some")
    assert [(part.text, part.kind) for part in growing.take_finished()] == [
        ("Bring:\n", "block"),
        ("- a pen\n", "item"),
    ]
    assert growing.rest.kind == "item"


def test_a_long_paragraph_goes_on_in_the_same_place() -> None:
    growing = GrowingText()
    growing.add(SENTENCE * 3 + "And then")
    assert [(part.text, part.kind) for part in growing.take_finished()] == [(SENTENCE * 3, "block")]
    assert (growing.rest.text, growing.rest.kind) == ("And then", "more")


@pytest.mark.parametrize("text", ["```\na\n\nb", "- a\n\n  more", "1. a\n\n   more", "a\n\n-", "a\n\n26"])
def test_what_may_still_belong_together_is_not_cut(text: str) -> None:
    growing = GrowingText()
    growing.add(text)
    assert growing.take_finished() == ()


@pytest.mark.parametrize(
    "text",
    [
        "\n\n".join([SENTENCE.strip()] * 42),
        SENTENCE * 42,
        "".join(f"- {SENTENCE}\n" for _ in range(42)),
        "".join(f"{n}. {SENTENCE}\n" for n in range(1, 43)),
        "| a | b |\n|---|---|\n" + "".join(f"| {n} | {SENTENCE} |\n" for n in range(42)),
        "```\n" + f"{SENTENCE}\n" * 42,
        "a word without an end " * 190,
    ],
    ids=["paragraphs", "one paragraph", "list", "numbered list", "table", "code", "one sentence"],
)
def test_a_long_answer_costs_characters_in_proportion(text: str) -> None:
    """Whatever its shape, and twice the text costs about twice as much."""
    once, twice = streamed(text, size=12)[1], streamed(text + text, size=12)[1]
    assert once < 9 * len(text)
    assert twice < 2.6 * once


def test_where_many_answers_are_written_each_is_drawn_less_often_but_within_the_second():
    assert update_after_s(1) == update_after_s(3) < update_after_s(4)
    assert update_after_s(MOST_AT_ONCE) < 1
