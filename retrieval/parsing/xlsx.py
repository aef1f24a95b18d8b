"""XLSX: each sheet's tables, cut into blocks of rows that repeat their header."""

import datetime as dt
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from retrieval.errors import ParseError
from retrieval.invisible import note_removed, visible
from retrieval.parsing.archive import check_archive, member_names
from retrieval.parsing.escape import escaped
from retrieval.parsing.names import sensible_title, stem
from retrieval.parsing.pieces import Pieces
from retrieval.parsing.progress import page_done
from retrieval.parsing.tables import MOST_CELLS, Counter, Row, table_blocks, too_many_cells
from retrieval.values import ParsedDocument

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet as Sheet

_FILLED = re.compile(rb"<(?:\w+:)?(?:v|is)(?:\s[^>]*)?>")
_NO_RESULT = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>")
_OVERLAP = 64
_ROWS_PER_PAGE = 1000
_MOST_ROWS = 1_048_576
_MOST_COLUMNS = 1000
NO_RESULTS = "Some formulas have no stored result and were left out; open and save the file in a spreadsheet program."


def is_xlsx(data: bytes) -> bool:
    """Whether the bytes are a zip archive with an Excel workbook in it."""
    names = member_names(data)
    return "[Content_Types].xml" in names and any(re.match(r"xl/workbook\d*\.xml\Z", name) for name in names)


def parse(data: bytes, name: str) -> ParsedDocument:
    """Every sheet with words in it; heading paths are (sheet, "Rows 2–19"). Formulas give their stored results.

    Raises ParseError for more than `MOST_CELLS` filled cells.
    """
    from openpyxl import load_workbook

    look = _Look(name)
    check_archive(data, name, look)
    workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    reader = _Reader(name)
    for sheet in workbook.worksheets:
        reader.sheet(sheet)
    text, sections, _ = reader.pieces.finish()
    has_properties = "docProps/core.xml" in member_names(data)
    return ParsedDocument(
        title=(has_properties and sensible_title(visible(workbook.properties.title or ""))) or stem(name),
        text=text,
        sections=sections,
        markup="markdown",
        dated=_day(workbook.properties.modified) if has_properties else None,
        notes=(*reader.notes, *((NO_RESULTS,) if look.lacks_results else ())),
    )


class _Look:
    """Counts filled cells while the archive is inflated, before anything is built from them."""

    def __init__(self, name: str) -> None:
        self.lacks_results = False
        self._name = name
        self._cells = 0
        self._tail = b""

    def __call__(self, member: str, block: bytes) -> None:
        if not member.startswith("xl/") or "/media/" in member or "haredStrings" in member:
            return
        self._cells += sum(1 for _ in _FILLED.finditer(block))
        if self._cells > MOST_CELLS:
            raise too_many_cells(self._name)
        self.lacks_results = self.lacks_results or bool(_NO_RESULT.search(self._tail + block))
        self._tail = block[-_OVERLAP:]


class _Reader:
    """Writes sheet after sheet."""

    def __init__(self, name: str) -> None:
        self.pieces = Pieces()
        self._name = name
        self._notes: dict[str, None] = {}
        self._counter = Counter(name)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of the workbook should know, a sentence each."""
        return tuple(self._notes)

    def sheet(self, sheet: "Sheet") -> None:
        """The sheet's name as a heading and its tables below it, nothing for an empty one."""
        title = " ".join(visible(sheet.title).split())
        named = f"## {escaped(title)}\n\n"
        for block in table_blocks(self._rows(sheet)):
            self.pieces.add((title, block.rows), named + block.text)
            named = ""
        if not named and sheet.sheet_state != "visible":
            self._note(f'The sheet "{title}" is hidden; it was read.')
        page_done()

    def _rows(self, sheet: "Sheet") -> Iterator[Row]:
        sheet.reset_dimensions()  # What a file says of its own size is often wrong.
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            if number > _MOST_ROWS:
                raise ParseError(f"{self._name} is damaged: it numbers rows that no sheet has; save it again.")
            yield (
                self._counter.row(number, [self._shown(cell) for cell in cells[:_MOST_COLUMNS]])
                if cells
                else Row(number, ())
            )
            if len(cells) > _MOST_COLUMNS:
                self._note(f"Columns beyond the {_MOST_COLUMNS:,}th were left out.")
            if number % _ROWS_PER_PAGE == 0:
                page_done()

    def _note(self, note: str) -> None:
        self._notes[note] = None

    def _shown(self, cell: Any) -> str:
        if cell.value is None:
            return ""
        if not isinstance(cell.value, str):
            return _as_text(cell.value, cell)
        self._notes.update(dict.fromkeys(note_removed(cell.value)))
        return visible(cell.value).strip()


def _as_text(value: Any, cell: Any) -> str:
    """A cell's value as its reader sees it, as far as its format is known here."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            is_share = "%" in (cell.number_format or "")
            return f"{value * 100:.12g}%" if is_share else f"{value:.15g}"
        case dt.datetime():
            return _moment(value)
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            return str(value)


def _moment(value: dt.datetime) -> str:
    return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")


def _day(value: dt.datetime | None) -> dt.date | None:
    return value.date() if value else None


def read_rows(data: bytes, name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The rows of the first sheet that has any, by number, each cell as its reader sees it.

    Raises ParseError for more than `MOST_CELLS` filled cells.
    """
    from openpyxl import load_workbook

    check_archive(data, name, _Look(name))
    workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()
        filled = False
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            shown = tuple(_plain(cell) for cell in cells[:_MOST_COLUMNS])
            if any(shown):
                filled = True
                yield number, shown
        if filled:
            return


def _plain(cell: Any) -> str:
    if cell.value is None:
        return ""
    return visible(cell.value).strip() if isinstance(cell.value, str) else _as_text(cell.value, cell)
