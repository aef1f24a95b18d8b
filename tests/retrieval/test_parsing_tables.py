"""XLSX and CSV: tables that stand alone in every block, and no sheet that takes the reader down."""

import io
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from docx.oxml.parser import parse_xml as docx_xml
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.xml import DEFUSEDXML
from openpyxl.xml.functions import fromstring as openpyxl_xml
from pptx.oxml import parse_xml as pptx_xml

from retrieval.chunking import TABLE_SHARE, TARGET_TOKENS, chunk_document
from retrieval.errors import ParseError
from retrieval.invisible import visible
from retrieval.parsing import parse_bytes
from retrieval.parsing.delimited import delimiter_of
from retrieval.parsing.escape import escaped, escaped_line
from retrieval.parsing.tables import Row, column_letters, estimated_tokens, table_blocks
from retrieval.plain import plain_text
from retrieval.tokens import count_tokens
from retrieval.values import ParsedDocument


def saved(workbook: Workbook) -> bytes:
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def workbook(rows: Sequence[Sequence[object]], *, title: str = "Prices") -> Workbook:
    made = Workbook()
    sheet = made.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    return made


def read(made: Workbook) -> ParsedDocument:
    return parse_bytes(saved(made), "prices.xlsx")


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == name else content)
    return stream.getvalue()


def refusal(data: bytes, name: str) -> str:
    with pytest.raises(ParseError) as caught:
        parse_bytes(data, name)
    assert caught.value.hint.startswith(name)
    assert "\n" not in caught.value.hint
    return caught.value.hint


PRICES = [("Plan", "Price", "Since"), *((f"Plan {i}", i * 1.5, date(2026, 1, 1)) for i in range(100))]
SHEET = "xl/worksheets/sheet1.xml"


def test_a_sheet_is_a_table_under_its_name() -> None:
    document = read(workbook([("Plan", "Price"), ("Basic", 5), ("Pro | Team", 12.5)]))
    assert document.text == "## Prices\n\n| Plan | Price |\n| ---- | ---- |\n| Basic | 5 |\n| Pro \\| Team | 12.5 |"
    assert [section.heading for section in document.sections] == [("Prices", "Rows 2–3")]
    assert document.markup == "markdown"


@pytest.mark.parametrize("name", ["prices.xlsx", "prices.csv"])
def test_every_chunk_of_a_long_table_repeats_its_header_and_names_its_rows(name: str) -> None:
    lines = "\n".join(",".join(map(str, row)) for row in PRICES)
    document = parse_bytes(saved(workbook(PRICES)) if name.endswith("xlsx") else lines.encode(), name)
    chunks = chunk_document(document, count_tokens=count_tokens)
    assert len(chunks) > 5
    for chunk in chunks:
        assert chunk.text.removeprefix("## Prices\n\n").startswith("| Plan | Price | Since |\n")
        assert chunk.heading[-1].startswith("Rows ")
        assert count_tokens(chunk.text) <= TABLE_SHARE * TARGET_TOKENS * 1.3
    assert chunks[0].heading[-1].startswith("Rows 2–")
    assert chunks[-1].heading[-1].endswith("–101")


def test_the_rows_named_in_a_heading_are_those_of_the_sheet() -> None:
    document = read(workbook([(), ("Plan", "Price"), ("A", 1), (), ("B", 2)]))
    assert document.sections[0].heading == ("Prices", "Rows 3–5")


def test_a_title_above_a_table_is_no_row_of_it() -> None:
    document = read(workbook([("Price list 2026",), (), ("Plan", "Price"), ("A", 1)]))
    assert "Price list 2026\n\n| Plan | Price |\n| ---- | ---- |\n| A | 1 |" in document.text
    assert document.sections[0].heading == ("Prices", "Rows 1–4")


def test_two_tables_on_a_sheet_have_each_its_header() -> None:
    rows = [("Plan", "Price"), ("A", 1), (), ("City", "Offices"), ("Bern", 2)]
    blocks = read(workbook(rows)).text.split("\n\n")[1:]
    assert [block.splitlines()[0] for block in blocks] == ["| Plan | Price |", "| City | Offices |"]


def test_columns_without_a_header_go_by_their_letters_and_years_are_a_header() -> None:
    assert read(workbook([(1, 2), (3, 4)])).text.splitlines()[2] == "| A | B |"
    assert read(workbook([("Region", 2024, 2025), ("North", 3, 4)])).text.splitlines()[2] == "| Region | 2024 | 2025 |"


def test_empty_columns_and_rows_fall_away() -> None:
    document = read(workbook([("A", None, "B", None), (1, None, 2, None), (None,) * 4, (3, None, 4)]))
    assert document.text.splitlines()[2:] == ["| A | B |", "| ---- | ---- |", "| 1 | 2 |", "| 3 | 4 |"]


def test_a_table_with_a_header_too_wide_to_repeat_is_read_as_records() -> None:
    header = [f"A rather long column name {i}" for i in range(20)]
    document = read(workbook([header, ["x", *range(19)], ["y", *range(19)]]))
    assert "- A rather long column name 0: x\n- A rather long column name 1: 0" in document.text
    assert [section.heading for section in document.sections] == [("Prices", "Row 2"), ("Prices", "Row 3")]


def test_cells_are_read_as_their_reader_sees_them() -> None:
    made = workbook(
        [("What", "Value"), ("share", 0.25), ("day", date(2026, 3, 1)), ("time", datetime(2026, 3, 1, 9, 30))]
    )
    made.active.append(["yes", True])
    made.active.append(["sum", 0.1 + 0.2])
    made.active["B2"].number_format = "0%"
    rows = read(made).text.splitlines()[4:]
    assert rows == [
        "| share | 25% |",
        "| day | 2026-03-01 |",
        "| time | 2026-03-01 09:30 |",
        "| yes | TRUE |",
        "| sum | 0.3 |",
    ]


def test_a_hidden_sheet_is_read_and_noted() -> None:
    made = workbook([("Plan", "Price"), ("A", 1)])
    hidden = made.create_sheet("Margins")
    hidden.append(["Plan", "Margin"])
    hidden.append(["A", 40])
    hidden.sheet_state = "hidden"
    document = read(made)
    assert "## Margins" in document.text
    assert document.notes == ('The sheet "Margins" is hidden; it was read.',)


def test_formulas_without_a_stored_result_are_noted() -> None:
    document = read(workbook([("Plan", "Price"), ("A", "=1+1"), ("B", 2)]))
    assert any("formulas have no stored result" in note for note in document.notes)
    assert "=1+1" not in document.text


def test_title_and_day_are_the_properties() -> None:
    made = workbook([("Plan", "Price"), ("A", 1)])
    made.properties.title = "Price list"
    made.properties.modified = datetime(2026, 3, 1, 9, 0)
    stream = saved(made)
    assert parse_bytes(stream, "a.xlsx").title == "Price list"
    assert parse_bytes(stream, "a.xlsx").dated is not None


def test_a_workbook_without_words_says_so() -> None:
    assert "has no text" in refusal(saved(Workbook()), "a.xlsx")


def test_a_sheet_of_a_million_rows_is_refused_within_a_second() -> None:
    row = b'<row><c t="n"><v>1</v></c><c><v>2</v></c></row>'
    big = with_part(
        saved(workbook([("a", 1)])),
        SHEET,
        lambda xml: xml[: xml.index(b"<sheetData>") + 11] + row * 1_000_000 + b"</sheetData></worksheet>",
    )
    started = time.process_time()
    hint = refusal(big, "big.xlsx")
    assert "filled cells" in hint
    assert time.process_time() - started < 1


def test_a_text_shared_by_very_many_cells_is_refused() -> None:
    made = workbook([["x" * 30_000] * 20] * 40)
    assert "more than" in refusal(saved(made), "big.xlsx")


def test_a_row_numbered_beyond_any_sheet_is_refused_at_once() -> None:
    far = with_part(saved(workbook([("a", 1)])), SHEET, lambda xml: xml.replace(b'<row r="1"', b'<row r="999999999"'))
    assert "numbers rows that no sheet has" in refusal(far, "far.xlsx")


def test_a_dimension_that_lies_costs_nothing() -> None:
    lying = with_part(
        saved(workbook([("Plan", "Price"), ("A", 1)])), SHEET, lambda xml: xml.replace(b"A1:B2", b"A1:XFD1048576")
    )
    assert parse_bytes(lying, "a.xlsx").text.endswith("| A | 1 |")


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "docProps/core.xml"])
@pytest.mark.parametrize("attack", ['<!ENTITY x SYSTEM "file:///etc/passwd">', '<!ENTITY a "ha"><!ENTITY x "&a;&a;">'])
def test_entities_in_any_part_are_refused(part: str, attack: str) -> None:
    def armed(xml: bytes) -> bytes:
        head = b"" if not xml.startswith(b"<?xml") else xml[: xml.index(b"?>") + 2]
        return head + f"<!DOCTYPE d [{attack}]>".encode() + xml[len(head) :]

    assert "defines XML entities" in refusal(with_part(saved(workbook([("a", "b")])), part, armed), "a.xlsx")


def test_an_encoding_that_could_hide_entities_is_refused() -> None:
    def hidden(xml: bytes) -> bytes:
        return b'<?xml version="1.0" encoding="cp037"?>' + '<!DOCTYPE d [<!ENTITY x "y">]>'.encode("cp037") + xml

    assert "encoding that no Office document has" in refusal(
        with_part(saved(workbook([("a", "b")])), SHEET, hidden), "a.xlsx"
    )


@pytest.mark.parametrize("read_xml", [pptx_xml, docx_xml, openpyxl_xml])
def test_behind_the_gate_the_readers_themselves_expand_nothing(
    read_xml: Callable[[bytes], Any], tmp_path: Path
) -> None:
    (tmp_path / "canary.txt").write_text("canary-4711")
    outside = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{(tmp_path / "canary.txt").as_uri()}"><!ENTITY y "inside">]>'
    found = "".join(read_xml(f"{outside}<d>&x;&y;</d>".encode()).itertext())
    assert "canary" not in found
    assert DEFUSEDXML, "openpyxl reads sheets by defusedxml, which must be installed"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    lines = [("Plan", "Price", "Note"), ("Basic", "5", "up to 3, or more"), ("Pro", "12", "a; b")]
    source = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert delimiter_of(source) == delimiter
    assert "| Pro | 12 | a; b |" in parse_bytes(source.encode(), "a.csv").text


def test_a_decimal_comma_does_not_hide_the_semicolon() -> None:
    assert delimiter_of("Plan;Preis\nBasis;5,50\nPro;12,90\n") == ";"


def test_a_csv_keeps_line_breaks_in_cells_in_their_cell_and_counts_its_rows() -> None:
    document = parse_bytes(b'Name,Note\r\nA,"one\r\ntwo"\r\n\r\nB,three\r\n', "a.csv")
    assert document.text.splitlines()[2:] == ["| A | one two |", "| B | three |"]
    assert document.sections[0].heading == ("Rows 2–4",)


def test_a_csv_in_other_letters_is_read_in_its_encoding() -> None:
    source = "名前,年齢,住所\n佐藤太郎,30,東京\n三木英子,25,大阪\n"
    document = parse_bytes(source.encode("cp932"), "a.csv")
    assert "| 佐藤太郎 | 30 | 東京 |" in document.text
    assert "Shift-JIS" in document.notes[0]


def test_a_csv_of_too_many_cells_is_refused_within_seconds() -> None:
    started = time.process_time()
    assert "more than" in refusal(b"a,b\n" * 1_000_000, "big.csv")
    assert time.process_time() - started < 3


def test_a_quotation_mark_that_never_ends_is_one_line() -> None:
    assert refusal(b'a,b\n"' + b"x" * 1_100_000, "a.csv")


def test_columns_are_lettered_as_in_spreadsheets() -> None:
    assert [column_letters(i) for i in (0, 25, 26, 51, 701, 702)] == ["A", "Z", "AA", "AZ", "ZZ", "AAA"]


WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="[]"), min_size=1, max_size=12).filter(
    lambda word: visible(word) == word
)


@given(st.lists(st.lists(WORDS, min_size=3, max_size=3), min_size=2, max_size=8))
@settings(deadline=None)
def test_a_table_read_as_plain_text_gives_back_its_cells(rows: list[list[str]]) -> None:
    blocks = list(table_blocks(Row(i, tuple(row)) for i, row in enumerate(rows, start=1)))
    shown = "\n".join(plain_text(block.text, "markdown") for block in blocks)
    for row in rows:
        assert all(cell in shown for cell in row)


@given(WORDS.filter(lambda word: word.strip("-:")))
@settings(deadline=None)
def test_an_escaped_word_reads_as_itself(word: str) -> None:
    assert plain_text(escaped_line(word), "markdown") == word
    assert plain_text(f"so {escaped(word)} it", "markdown") == f"so {word} it"


@given(st.text(max_size=200))
@settings(deadline=None)
def test_a_csv_of_any_text_ends_as_text_or_one_sentence(source: str) -> None:
    try:
        ended = parse_bytes(source.encode("utf-8", "replace"), "a.csv").text
    except ParseError as error:
        ended = error.hint
    assert ended.strip()


@given(
    st.lists(st.sampled_from(["Basic plan", "2026-03-01", "12.50", "refund", "ORD-4711", "Zürich", "yes"]), min_size=4)
)
@settings(deadline=None)
def test_the_estimate_of_tokens_is_not_far_too_low(cells: list[str]) -> None:
    line = f"| {' | '.join(cells)} |"
    assert estimated_tokens(line) >= 0.8 * count_tokens(line)
