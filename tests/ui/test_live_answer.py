"""Streaming text is sent block by block: what is finished never changes, and nothing is lost."""

from hypothesis import given
from hypothesis import strategies as st

from ui.live_answer import Paragraphs


@given(st.lists(st.text(alphabet="ab \n`-1.", max_size=12), max_size=30))
def test_the_blocks_make_up_the_text(pieces: list[str]) -> None:
    paragraphs, finished = Paragraphs(), ""
    for piece in pieces:
        paragraphs.add(piece)
        finished += paragraphs.finish() or ""
        assert finished + paragraphs.rest == "".join(pieces)[: len(finished + paragraphs.rest)]
    assert finished + paragraphs.rest == "".join(pieces)


def test_a_paragraph_is_finished_once_the_next_begins() -> None:
    paragraphs = Paragraphs()
    paragraphs.add("One.\n\n")
    assert paragraphs.finish() is None
    paragraphs.add("Two")
    assert paragraphs.finish() == "One.\n\n"
    assert paragraphs.rest == "Two"


def test_neither_code_nor_a_list_is_cut_in_two() -> None:
    for text in ("```\na\n\nb", "- a\n\n- b", "1. a\n\n   more"):
        paragraphs = Paragraphs()
        paragraphs.add(text)
        assert paragraphs.finish() is None


def test_a_long_answer_costs_bytes_in_proportion() -> None:
    """Fifty paragraphs in small pieces: what goes over the wire grows with the text, not with its square."""
    paragraphs, sent = Paragraphs(), 0
    text = "\n\n".join(
        "Words of a paragraph, some eighty characters of them, more or less, here they are." for _ in range(50)
    )
    for at in range(0, len(text), 20):
        paragraphs.add(text[at : at + 20])
        sent += len(paragraphs.finish() or "") + len(paragraphs.rest)
    assert sent < 8 * len(text)
