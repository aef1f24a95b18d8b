"""Tables as Markdown, cut into blocks that stand alone: each repeats the header and says which rows it holds."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from retrieval.errors import ParseError
from retrieval.parsing.escape import escaped, escaped_line

MOST_CELLS = 500_000
"""A workbook or file with more filled cells is a database; it is refused rather than read for minutes."""

MOST_CHARS = 20_000_000
"""What all cells together may hold: one long text may stand in any number of them."""

MOST_PLACES = 10_000_000
"""Cells counted with the empty ones before them: a few filled cells may stand very far apart."""

_MOST_TOKENS = 112
"""What a block may hold to be one chunk (chunking.TABLE_SHARE times the target, less what the estimate may be wrong by)."""

_MOST_HEADER_TOKENS = 56
_YEAR = re.compile(r"(?:19|20)\d\d")
_VALUE = re.compile(r"[-+(]?[\d.,'’\s\xa0:/%-]*\d[\d.,'’\s\xa0:/%)-]*|TRUE|FALSE|#\S+", re.IGNORECASE)
_PIECE = re.compile(r"([a-zA-Z]+)|(\d+)|(\w)|[^\w\s]")


class Row(NamedTuple):
    """A row with its 1-based number in the file; its cells are plain text, "" where empty."""

    number: int
    cells: tuple[str, ...]


class Block(NamedTuple):
    """Some rows of a table as Markdown; `rows` names them for a heading ("Rows 2–19")."""

    rows: str
    text: str


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a sheet: what stands above it, its header (None where it has none), its body."""

    above: tuple[Row, ...]
    header: Row | None
    body: tuple[Row, ...]


def table_blocks(rows: Iterable[Row]) -> Iterator[Block]:
    """The tables in these rows, in order, as blocks of about one chunk each; empty rows and columns fall away."""
    for table in _tables(rows):
        yield from _blocks(table)


class Counter:
    """Counts what a file's rows hold; raises ParseError beyond what is read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._cells = self._chars = self._places = 0

    def row(self, number: int, cells: Sequence[str]) -> Row:
        """The row without the empty cells at its end, counted."""
        width = max((i + 1 for i, cell in enumerate(cells) if cell), default=0)
        self._places += width
        self._cells += sum(map(bool, cells))
        self._chars += sum(map(len, cells))
        if self._cells > MOST_CELLS or self._chars > MOST_CHARS or self._places > MOST_PLACES:
            raise too_many_cells(self._name)
        return Row(number, tuple(cells[:width]))


def too_many_cells(name: str) -> ParseError:
    """The refusal of a table beyond what is read."""
    return ParseError(
        f"{name} holds more than {MOST_CELLS:,} filled cells or {MOST_CHARS:,} characters; "
        "split it, or save the part that matters as a file of its own."
    )


def rows_label(first: int, last: int) -> str:
    """How a range of rows is named in a heading."""
    return f"Row {first}" if first == last else f"Rows {first}–{last}"


# Finding the tables


def _tables(rows: Iterable[Row]) -> Iterator[_Table]:
    part: list[Row] = []
    has_values = gap = False
    for row in rows:
        if not any(row.cells):
            gap = True
            continue
        if gap and has_values and _is_header(row):
            yield _table(part)
            part, has_values = [], False
        gap = False
        has_values = has_values or _holds_values(row)
        part.append(row)
    if part:
        yield _table(part)


def _table(rows: Sequence[Row]) -> _Table:
    """Rows of a single cell above wider ones are titles, not rows of the table."""
    is_wide = any(_filled(row) > 1 for row in rows)
    begin = next(i for i, row in enumerate(rows) if _filled(row) > 1) if is_wide else 0
    has_header = len(rows) > begin + 1 and _is_header(rows[begin], least=2 if is_wide else 1)
    header = rows[begin] if has_header else None
    return _Table(tuple(rows[:begin]), header, tuple(rows[begin + has_header :]))


def _filled(row: Row) -> int:
    return sum(map(bool, row.cells))


def _is_header(row: Row, *, least: int = 2) -> bool:
    """Whether all that is filled are words; years may be names of columns."""
    return _filled(row) >= least and not any(_is_value(cell) and not _YEAR.fullmatch(cell) for cell in row.cells)


def _holds_values(row: Row) -> bool:
    return any(map(_is_value, row.cells))


def _is_value(cell: str) -> bool:
    return bool(cell) and _VALUE.fullmatch(cell) is not None


# Writing them


def _blocks(table: _Table) -> Iterator[Block]:
    above = "\n\n".join(escaped_line(" ".join(filter(None, row.cells))) for row in table.above)
    columns = _columns(table)
    if not table.body:
        yield Block(rows_label(table.above[0].number, table.above[-1].number), above)
        return
    names = _names(table, columns)
    is_wide = estimated_tokens(" | ".join(names)) > _MOST_HEADER_TOKENS
    written = _records(table.body, columns, names) if is_wide else _grids(table.body, columns, names)
    first_rows, first_text = next(written)
    first = (*table.above, *first_rows)[0].number
    yield Block(rows_label(first, first_rows[-1].number), "\n\n".join(filter(None, [above, first_text])))
    for rows, text in written:
        yield Block(rows_label(rows[0].number, rows[-1].number), text)


def _columns(table: _Table) -> tuple[int, ...]:
    """The columns that hold anything."""
    rows = (*table.body, *([table.header] if table.header else []))
    return tuple(sorted({i for row in rows for i, cell in enumerate(row.cells) if cell}))


def _names(table: _Table, columns: Sequence[int]) -> tuple[str, ...]:
    """What the columns are called: by their header, else by their letters."""
    if table.header is None:
        return tuple(map(column_letters, columns))
    return tuple(map(escaped, _picked(table.header, columns)))


def column_letters(index: int) -> str:
    """A spreadsheet's name for a column counted from 0: A, B, … Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _picked(row: Row, columns: Sequence[int]) -> tuple[str, ...]:
    return tuple(row.cells[i] if i < len(row.cells) else "" for i in columns)


def _grids(body: Sequence[Row], columns: Sequence[int], names: Sequence[str]) -> Iterator[tuple[Sequence[Row], str]]:
    """Blocks of rows under the header."""
    head = f"{_line(names)}\n{_line(['----'] * len(names))}"
    lines = [_line(list(map(escaped, _picked(row, columns)))) for row in body]
    room = _MOST_TOKENS - estimated_tokens(head)
    for start, end in _packed([estimated_tokens(line) for line in lines], room):
        yield body[start:end], "\n".join([head, *lines[start:end]])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _packed(weights: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """Spans of items that together weigh no more than `room`, at least one in each."""
    start, weight = 0, 0
    for i, each in enumerate(weights):
        if i > start and weight + each > room:
            yield start, i
            start, weight = i, 0
        weight += each
    yield start, len(weights)


def _records(body: Sequence[Row], columns: Sequence[int], names: Sequence[str]) -> Iterator[tuple[Sequence[Row], str]]:
    """A list for each row, its values beside their columns' names: a header too wide to repeat says nothing."""
    labels = [name or column_letters(column) for name, column in zip(names, columns, strict=True)]
    for row in body:
        filled = ((label, escaped(cell)) for label, cell in zip(labels, _picked(row, columns), strict=True) if cell)
        yield (row,), "\n".join(f"- {label}: {cell}" for label, cell in filled)


def estimated_tokens(text: str) -> int:
    """About how many tokens a model makes of a line, rather too many than too few; needs no table of tokens."""
    return sum(map(_tokens, _PIECE.finditer(text)))


def _tokens(piece: re.Match[str]) -> int:
    letters, digits, _ = piece.groups()
    if letters:
        return 1 + (len(letters) - 1) // 5
    return 1 + (len(digits) - 1) // 3 if digits else 1
