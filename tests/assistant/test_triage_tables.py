"""Tickets in and out of tables: whatever they are called and however they are written, no row is lost in silence."""

import csv
import io
import json

import pytest
from openpyxl import Workbook, load_workbook

from assistant.triage.sheets import SheetNotWritten, write_sheet
from assistant.triage.tables import MOST_CHARS, MOST_TICKETS, TableRefused, read_tickets, tickets_in


def read(text: str, encoding: str = "utf-8", **more):
    return tickets_in(text.encode(encoding), "tickets.csv", **more)


def test_columns_are_found_by_what_they_are_usually_called():
    table = read(
        "Ticket ID,Subject,Description,Queue,Priority,Ticket Type\n7,No paper,The printer is empty,IT,high,Fault\n"
    )
    (ticket,) = table.tickets
    assert (ticket.id, ticket.subject, ticket.text, ticket.line) == ("7", "No paper", "The printer is empty", 2)
    assert ticket.labels == {"category": "IT", "severity": "high", "type": "Fault"}
    assert table.columns["text"] == "Description"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiters_and_encodings_are_recognised(delimiter, encoding):
    text = delimiter.join(("text", "label")) + "\n" + delimiter.join(("Der Drucker hört nicht auf", "Gerät")) + "\n"
    (ticket,) = read(text, encoding).tickets
    assert (ticket.text, ticket.labels["category"]) == ("Der Drucker hört nicht auf", "Gerät")


def test_a_missing_column_is_asked_for_by_name_with_a_guess():
    rows = "".join(
        f"{word},{word} is broken and nobody knows why,{kind}\n" for word, kind in (("a", "x"), ("b", "y"), ("c", "x"))
    )
    with pytest.raises(TableRefused, match="--column text=NAME; probably --column text=Klage"):
        read("Nr,Klage,Sorte\n" + rows)
    with pytest.raises(TableRefused, match="probably --column category=Sorte"):
        read("Nr,Klage,Sorte\n" + rows, columns={"text": "Klage"}, needs=("category",))
    table = read("Nr,Klage,Sorte\n" + rows, columns={"text": "klage", "category": "Sorte"}, needs=("category",))
    assert [ticket.labels["category"] for ticket in table.tickets] == ["x", "y", "x"]


def test_a_column_or_field_that_is_not_there_is_said():
    with pytest.raises(TableRefused, match="no column Nowhere; it has text"):
        read("text\nhello\n", columns={"category": "Nowhere"})
    with pytest.raises(TableRefused, match="no field colour"):
        read("text\nhello\n", columns={"colour": "text"})


def test_each_rejected_row_has_its_line_and_reason_and_the_others_are_taken():
    long = "x" * (MOST_CHARS + 1)
    table = read(f'text,label\n"two\nlines",a\n,b\nfine,c,surplus\n{long},d\nlast,e\n')
    assert [ticket.line for ticket in table.tickets] == [2, 7]
    assert [each.line for each in table.rejected] == [4, 5, 6]
    assert ["no text" in table.rejected[0].reason, "3 cells" in table.rejected[1].reason] == [True, True]
    assert "1,000,001 characters" in table.rejected[2].reason


def test_a_megabyte_is_a_ticket_and_a_subject_alone_is_its_text():
    (ticket,) = read(f"text\n{'x' * MOST_CHARS}\n").tickets
    assert len(ticket.text) == MOST_CHARS
    (ticket,) = read("Subject\nNo paper\n").tickets
    assert (ticket.text, ticket.subject) == ("No paper", "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\xff" * 100, "binary"),
        (b'{"text": "a"}\nnot json\n', "line 2"),
        (b'{"text": "a"}\n[1]\n', "line 2"),
        (b"text\n" + b"a\n" * (MOST_TICKETS + 1), "more than 100,000 rows"),
        (b"text\n" + b"\n" * (60 * MOST_TICKETS), "more than 100,000 rows"),
    ],
)
def test_what_cannot_be_read_as_a_whole_is_refused_in_a_sentence(data, said):
    with pytest.raises(TableRefused) as refused:
        tickets_in(data, "tickets.csv")
    assert said in refused.value.hint


def test_json_lines_are_read_by_their_keys():
    lines = [{"text": "a", "label": "x"}, {"text": "b", "priority": 1, "extra": None}]
    table = tickets_in("\n".join(map(json.dumps, lines)).encode(), "tickets.jsonl")
    assert [dict(ticket.labels) for ticket in table.tickets] == [{"category": "x"}, {"severity": "1"}]


def test_a_workbook_is_read_from_its_first_sheet_with_rows():
    book = Workbook()
    book.create_sheet("Tickets").append(["Body", "Category"])
    book["Tickets"].append(["No paper", "IT"])
    written = io.BytesIO()
    book.save(written)
    (ticket,) = tickets_in(written.getvalue(), "tickets.xlsx").tickets
    assert (ticket.text, ticket.labels["category"], ticket.line) == ("No paper", "IT", 2)


HOSTILE = ("=1+1", "@SUM(A1)", "+2", "-2", "\t=cmd", "＝1", "a\x00b\x07", "half \ud800", "fine")


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_no_cell_that_is_written_is_a_formula(tmp_path, name):
    write_sheet(tmp_path / name, ("text",), [[cell] for cell in HOSTILE])
    if name.endswith(".csv"):
        cells = [row[0] for row in csv.reader((tmp_path / name).read_text("utf-8-sig").splitlines())]
    else:
        book = load_workbook(tmp_path / name)
        assert {cell.data_type for (cell,) in book["Tickets"].iter_rows()} == {"s"}
        cells = [str(cell.value) for (cell,) in book["Tickets"].iter_rows()]
    assert len(cells) == len(HOSTILE) + 1
    assert not any(cell.lstrip()[:1] in tuple("=+-@＝") for cell in cells)


def test_a_table_is_written_whole_or_not_at_all(tmp_path):
    (tmp_path / "out.csv").write_text("before", "utf-8")

    def breaking():
        yield ("one",)
        raise OSError(28, "No space left on device")

    with pytest.raises(SheetNotWritten, match="No space left"):
        write_sheet(tmp_path / "out.csv", ("text",), breaking())
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text("utf-8") == "before"
    with pytest.raises(SheetNotWritten, match=r"\.csv or \.xlsx"):
        write_sheet(tmp_path / "out.ods", ("text",), [])


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(TableRefused, match="check the path"):
        read_tickets(tmp_path / "nowhere.csv")
