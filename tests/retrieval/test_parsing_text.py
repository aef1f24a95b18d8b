"""Text and Markdown are their own text: a quotation is file[start:end]."""

import codecs
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.parsing import parse_bytes
from retrieval.parsing.markdown import front_matter_end
from retrieval.values import ParsedDocument


def markdown(source: str, name: str = "note.md") -> ParsedDocument:
    return parse_bytes(source.encode(), name)


def headings(source: str) -> list[tuple[str, ...]]:
    return [section.heading for section in markdown(source).sections]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(str.strip))
@settings(max_examples=200, deadline=None)
def test_the_text_is_the_file(text: str) -> None:
    for name in ("a.txt", "a.md"):
        document = parse_bytes(text.encode(), name)
        assert document.text == text.removeprefix("\ufeff")


@given(
    st.lists(st.sampled_from(["# A\n", "## B\r\n", "text\r", "\n", "C\n===\n", "```\n", "- x\n", "> # q\n", "---\n"]))
)
@settings(max_examples=200, deadline=None)
def test_sections_are_in_order_and_hold_every_letter(lines: list[str]) -> None:
    document = markdown("x\n" + "".join(lines))
    position = 0
    for section in document.sections:
        assert not document.text[position : section.start].strip()
        assert section.start < section.end
        position = section.end
    assert not document.text[position:].strip()


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
     (codecs.BOM_UTF32_LE, "utf-32-le")],
)  # fmt: skip
def test_the_byte_order_mark_decides_and_goes(bom: bytes, encoding: str) -> None:
    document = parse_bytes(bom + "Grüße 😀\r\n".encode(encoding), "a.txt")
    assert document.text == "Grüße 😀\r\n"


def test_text_that_is_not_utf8_is_read_as_windows_1252_and_says_so() -> None:
    document = parse_bytes("Grüße – 5 €".encode("cp1252"), "a.txt")
    assert document.text == "Grüße – 5 €"
    assert "Windows-1252" in document.notes[0]


def test_hidden_characters_stay_and_are_noted() -> None:
    source = "Refunds\U000e0041\U000e0042 and \u202ereversed\u202c"
    for name in ("a.txt", "a.md"):
        document = parse_bytes(source.encode(), name)
        assert document.text == source
        assert "cannot be seen" in document.notes[0]
    assert parse_bytes(b"Refunds", "a.txt").notes == ()


def test_a_text_has_one_section_and_its_file_name_as_title() -> None:
    document = parse_bytes(b"# not a heading\n\nwords", "how_to refund.txt")
    assert document.title == "how_to refund"
    assert [section.heading for section in document.sections] == [()]
    assert document.markup == "plain"


def test_headings_open_sections_with_their_path() -> None:
    source = "intro\n# A\n## B ##\ntext\n### C\n## D\nE\n===\nF\n---\n"
    assert headings(source) == [(), ("A",), ("A", "B"), ("A", "B", "C"), ("A", "D"), ("E",), ("E", "F")]


def test_each_section_begins_at_its_heading() -> None:
    document = markdown("intro\r\n\r\n# A\r\ntext\r# B\rmore\n\n# C\n")
    assert [document.text[section.start :][:3] for section in document.sections] == ["int", "# A", "# B", "# C"]


def test_what_only_looks_like_a_heading_is_none() -> None:
    source = "# A\n\n```\n# code\n```\n\n    # indented\n\n> # quoted\n\n- # item\n\n#tag\n\n<!--\n# comment\n-->\n"
    assert headings(source) == [("A",)]


def test_markup_in_a_heading_is_not_in_its_path() -> None:
    assert headings("# The **bold** `code` [link](x) &amp; more\n") == [("The bold code link & more",)]


def test_line_separators_that_markdown_does_not_know_do_not_shift_sections() -> None:
    document = markdown("a\u2028b\x0bc\x0cd\x85e\n# A\n")
    assert document.text[document.sections[1].start :] == "# A\n"


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("---\ntitle: 'Leave: how'\n---\n# Other\n", "Leave: how"),
        ('---\r\nTitle: "Leave"\r\n---\r\ntext', "Leave"),
        ("---\ntitle: >\n  folded\n---\n# Folded\n", "Folded"),
        ("---\ntitle:\n---\n# From heading\n", "From heading"),
        ("## Small\n# Large\n", "Large"),
        ("text only", "note"),
        ("---\nno end of front matter\ntitle: X\n", "note"),
        ("\n---\ntitle: X\n---\n", "note"),
    ],
)
def test_the_title_comes_from_front_matter_then_the_first_large_heading_then_the_name(source: str, title: str) -> None:
    assert markdown(source).title == title


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("date: 2026-03-01", date(2026, 3, 1)),
        ("date: '2026-03-01T10:00:00Z'", date(2026, 3, 1)),
        ("date: 2026-01-01\nupdated: 2026-02-01", date(2026, 2, 1)),
        ("date: March 2026", None),
        ("date: 2026-13-45", None),
        ("date: {{ page.date }}", None),
    ],
)
def test_the_day_comes_from_front_matter_where_it_can_be_read(line: str, day: date | None) -> None:
    assert markdown(f"---\n{line}\n---\ntext").dated == day


def test_front_matter_ends_where_the_body_begins() -> None:
    source = "---\ntitle: x\n---\nBody\n---\n"
    assert source[front_matter_end(source) :] == "Body\n---\n"
    assert front_matter_end("--- \n\n---\nBody") == 10
    assert front_matter_end("---\nBody") == 0
    assert front_matter_end("Body\n---\n---\n") == 0


def test_headings_in_front_matter_are_comments() -> None:
    assert headings("---\n# a comment\ntitle: x\n---\n# A\n") == [(), ("A",)]
