"""Chunks: exact offsets, nothing lost, seams where the document has them."""

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.blocks import blocks
from retrieval.chunking import TABLE_SHARE, chunk_document
from retrieval.parsing import parse_bytes
from retrieval.plain import plain_text
from retrieval.values import Chunk, ParsedDocument, Section


def words(text: str) -> int:
    """Tokens as these tests count them: words and signs."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def markdown(source: str) -> ParsedDocument:
    return parse_bytes(source.encode(), "note.md")


def plain(text: str) -> ParsedDocument:
    return ParsedDocument("note", text, (Section((), 0, len(text)),))


def chunks(document: ParsedDocument, *, target: int = 40, least: int = 8) -> tuple[Chunk, ...]:
    return chunk_document(document, count_tokens=words, target_tokens=target, min_tokens=least)


def assert_whole(document: ParsedDocument, found: tuple[Chunk, ...], start: int = 0) -> None:
    """Every character but space is in exactly one chunk, and each chunk is the document's text."""
    position = start
    for chunk in found:
        assert position <= chunk.start < chunk.end
        assert not document.text[position : chunk.start].strip()
        assert chunk.text == document.text[chunk.start : chunk.end] == chunk.text.strip()
        position = chunk.end
    assert not document.text[position:].strip()


BLOCKS = st.sampled_from(
    [
        "# One\n",
        "## Two\n",
        "### Three\r\n",
        "A sentence here. Another one? Yes!\n",
        "word " * 60,
        "unbroken" * 40,
        "\n\n",
        "\r\n\r\n",
        "- item one\n- item two\n",
        "| a | b |\n| - | - |\n| c | d |\n",
        "```\ncode one\n\ncode two\n```\n",
        "```\nnever closed\n",
        "Título — größer 😀 東京。次の文。\n",
        "---\n",
        "<div>tag</div>\n",
        "[link](https://example.com/long/address)\n",
        " \t ",
    ]
)


@given(st.lists(BLOCKS, max_size=25).map("".join), st.integers(5, 60))
@settings(max_examples=200, deadline=None)
def test_every_character_of_markdown_is_in_exactly_one_chunk(source: str, target: int) -> None:
    document = plain(source)
    assert_whole(document, chunks(document, target=target))
    with_sections = ParsedDocument("note", source, _sections(source), markup="markdown")
    if not source.startswith("---"):
        assert_whole(with_sections, chunks(with_sections, target=target))


def _sections(source: str) -> tuple[Section, ...]:
    cuts = sorted({0, len(source) // 3, 2 * len(source) // 3, len(source)})
    return tuple(Section((f"part {a}",), a, b) for a, b in pairwise(cuts))


@given(st.text(max_size=400), st.integers(1, 30))
@settings(max_examples=200, deadline=None)
def test_every_character_of_any_text_is_in_exactly_one_chunk(text: str, target: int) -> None:
    assert_whole(plain(text), chunks(plain(text), target=target))


@given(st.lists(BLOCKS, max_size=25).map("".join), st.integers(10, 60))
@settings(max_examples=100, deadline=None)
def test_no_chunk_is_much_larger_than_the_target(source: str, target: int) -> None:
    """A chunk that holds rows of a table may be twice as large, so that they stay under their header."""
    rows = [block for block in blocks(source) if block.kind == "row"]
    for chunk in chunks(plain(source), target=target):
        is_table = any(row.start < chunk.end and chunk.start < row.end for row in rows)
        assert words(chunk.text) <= target * (TABLE_SHARE if is_table else 1)


def test_an_empty_document_has_no_chunks() -> None:
    assert chunks(plain("")) == chunks(plain(" \n\n ")) == ()


def test_front_matter_is_left_out() -> None:
    document = markdown("---\ntitle: Leave\n---\n\nAsk your manager.\n")
    assert [chunk.text for chunk in chunks(document)] == ["Ask your manager."]
    assert document.text[21:].lstrip().startswith(chunks(document)[0].text)


def test_sections_are_not_mixed() -> None:
    document = markdown("# A\n\n" + "One two three four five. " * 4 + "\n\n# B\n\n" + "Six seven eight nine ten. " * 4)
    found = chunks(document, target=200)
    assert [chunk.heading for chunk in found] == [("A",), ("B",)]
    assert found[1].text.startswith("# B")


def test_tiny_neighbours_under_one_parent_are_joined_under_the_parents_heading() -> None:
    document = markdown(
        "# Office\n\nWe share one office in the old harbour.\n\n## Wifi\n\nAsk.\n\n## Door\n\nCode 12.\n"
    )
    joined = chunks(document)[-1]
    assert joined.heading == ("Office",)
    assert "Wifi" in joined.text
    assert "Code 12" in joined.text


def test_tiny_sections_under_different_parents_stay_apart() -> None:
    long = "One two three four five six seven. " * 4
    document = markdown(f"# A\n\n{long}\n\n## Wifi\n\nAsk them for it.\n\n# B\n\nBye.\n")
    assert [chunk.heading for chunk in chunks(document)] == [("A",), ("A", "Wifi"), ("B",)]


def test_a_heading_without_text_goes_with_its_first_subsection() -> None:
    long = "One two three four five six seven eight. " * 10
    found = chunks(markdown(f"# Leave\n\n## Annual\n\n{long}"))
    assert found[0].text.startswith("# Leave\n\n## Annual\n\nOne")
    assert {chunk.heading for chunk in found} == {("Leave", "Annual")}


def test_the_same_holds_where_the_heading_is_a_plain_line() -> None:
    text = "Leave\n\nAnnual\n\n" + "One two three four five six seven eight. " * 10
    document = ParsedDocument("x", text, (Section(("Leave",), 0, 7), Section(("Leave", "Annual"), 7, len(text))))
    assert chunks(document)[0].text.startswith("Leave\n\nAnnual\n\nOne")


def test_paragraphs_are_cut_apart_before_sentences() -> None:
    first = "One two three four five. " * 4
    second = "Six seven eight nine ten. " * 4
    found = chunks(plain(first + "\n\n" + second))
    assert [chunk.text for chunk in found] == [first.strip(), second.strip()]


def test_a_sentence_that_fits_is_never_cut() -> None:
    text = "The quick brown fox jumps over it. " * 30
    assert all(chunk.text.endswith(".") and chunk.text.startswith("The") for chunk in chunks(plain(text)))


def test_a_line_that_leads_in_a_list_stays_with_it() -> None:
    filler = "One two three four five six. " * 5
    text = f"{filler}\n\nBring with you:\n- a pass\n- a laptop\n- a friend\n"
    found = chunks(plain(text))
    assert not any(chunk.text.endswith(":") for chunk in found)


def test_table_rows_are_kept_whole() -> None:
    rows = [f"| Plan {i} | costs {i} euros | and lasts {i} months |" for i in range(30)]
    found = chunks(markdown("\n".join(["| a | b | c |", "|---|---|---|", *rows])))
    assert len(found) > 1
    assert all(set(chunk.text.split("\n")) <= {*rows, "| a | b | c |", "|---|---|---|"} for chunk in found)


def test_code_that_fits_is_kept_whole() -> None:
    code = "```\n" + "\n\n".join(f"step {i}" for i in range(10)) + "\n```"
    found = chunks(markdown("One two three four five six seven. " * 4 + "\n\n" + code))
    assert any(chunk.text == code for chunk in found)


def test_an_over_long_sentence_is_cut_between_words_where_it_can_be() -> None:
    text = "word, " * 300
    found = chunks(plain(text))
    assert len(found) > 5
    assert all(chunk.text.endswith(",") for chunk in found)
    assert_whole(plain(text), found)


def test_a_run_without_spaces_is_cut_all_the_same() -> None:
    document = plain("x" * 5000)

    def letters(text: str) -> int:
        return len(text)

    found = chunk_document(document, count_tokens=letters, target_tokens=100)
    assert max(len(chunk.text) for chunk in found) <= 100
    assert "".join(chunk.text for chunk in found) == document.text


def test_the_last_two_chunks_are_shared_out_evenly() -> None:
    sizes = [words(chunk.text) for chunk in chunks(plain("One two three four five six seven. " * 6))]
    assert len(sizes) == 2
    assert max(sizes) - min(sizes) <= 8


def test_addresses_of_links_do_not_count() -> None:
    source = " ".join(f"[Form {i}](https://example.com/a/b/c/d/e/f/{i})." for i in range(6))
    assert len(chunks(markdown(source))) == 1


def test_a_chunk_knows_the_page_it_begins_on() -> None:
    text = "One two three. " * 10 + "\n\n" + "Four five six. " * 10
    document = ParsedDocument("x", text, (Section((), 0, len(text)),), page_starts=(0, text.index("Four")))
    assert [chunk.page for chunk in chunks(document)] == [1, 2]
    assert chunks(plain("text"))[0].page is None


def test_gaps_between_sections_are_not_lost() -> None:
    text = "before one between two after"
    sections = (Section(("a",), 7, 10), Section(("b",), 19, 22))
    assert_whole(ParsedDocument("x", text, sections), chunks(ParsedDocument("x", text, sections)))


def test_tokens_are_counted_in_linear_time() -> None:
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return words(text)

    text = "One two three four five. " * 4000
    chunk_document(plain(text), count_tokens=count)
    assert counted < 2 * len(text)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_newline_separates(newline: str) -> None:
    text = newline.join(["# A", "", "One two three four five. " * 5, "", "# B", "", "Six seven eight. " * 5])
    found = chunks(markdown(text))
    assert [chunk.heading for chunk in found] == [("A",), ("B",)]


SPACES = " " * 100_000


@pytest.mark.parametrize(
    "source",
    [
        "---" + SPACES + "x",
        "- - " * 25_000 + "x",
        "---\r" + "a\r" * 50_000,
        "---\n" + "a\n" * 50_000,
        "# " + SPACES + "x",
        "x](" * 30_000,
        "](" + SPACES + '"',
        "[a](" + "." * 100_000,
        "<a" * 50_000,
        "| " * 50_000,
        "`" * 100_000,
        "> " * 50_000 + "x",
        "a\n" * 50_000,
        "A. B? c! " * 10_000,
        "\"'(“" * 25_000,
        "x" * 100_000,
        "é😀 " * 30_000,
    ],
    ids=range(17),
)
def test_no_text_takes_longer_than_its_length_warrants(source: str) -> None:
    document = ParsedDocument("x", source, (Section((), 0, len(source)),), markup="markdown")
    started = time.process_time()
    found = chunk_document(document, count_tokens=lambda text: len(text) // 4 + 1)
    for chunk in found:
        plain_text(chunk.text, "markdown")
    assert time.process_time() - started < 30
    assert found
