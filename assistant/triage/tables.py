"""Reads tickets from CSV, XLSX or JSON lines, whatever the columns are called; every row is taken or accounted for."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AssistantError
from assistant.triage.values import LABEL_NAMES, Ticket
from retrieval.errors import ParseError
from retrieval.parsing.delimited import delimiter_of
from retrieval.parsing.text import decode
from retrieval.parsing.xlsx import is_xlsx, read_rows

MOST_TICKETS = 100_000
MOST_CHARS = 1_000_000
"""In a ticket; what is longer is a file, not a ticket."""
_MOST_BYTES = 200_000_000
_GUESSED_FROM = 200
_MOST_KINDS = 100
_SPACES = re.compile(r"[\s_\-]+")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "body", "description", "message", "content", "details", "comment", "request", "utterance",
             "question", "query", "issue", "ticket"),
    "subject": ("subject", "title", "summary", "short description", "headline"),
    "id": ("id", "ticket id", "number", "key", "ticket number", "case", "reference"),
    "category": ("category", "label", "intent", "topic", "queue", "department", "class", "area", "component", "group"),
    "type": ("type", "ticket type", "kind", "request type", "issue type"),
    "severity": ("severity", "priority", "urgency", "impact"),
    "product": ("product", "product name", "service", "system", "product purchased"),
    "language": ("language", "lang", "locale"),
    "reply": ("reply", "answer", "response", "first response"),
    "resolution": ("resolution", "solution", "fix", "root cause", "resolved by"),
}  # fmt: skip
"""What a ticket may have, with the names that columns for it go by."""


class TableRefused(AssistantError):
    """A file of tickets cannot be read as a whole; nothing of it was taken."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is no ticket, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """The tickets of a file, the rows that were left out, and which column was taken for what."""

    tickets: tuple[Ticket, ...]
    rejected: tuple[Rejected, ...]
    columns: Mapping[str, str]
    notes: tuple[str, ...] = ()


_Row = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's rows with their lines, before it is said which column is what."""

    name: str
    head: tuple[str, ...]
    rows: tuple[_Row, ...]
    notes: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(dict.fromkeys(column for column in self.head if column.strip()))


def read_tickets(path: Path, columns: Mapping[str, str] | None = None, *, needs: Sequence[str] = ()) -> Table:
    """The tickets of a file; `columns` names the column of a field where the name does not say it.

    Raises TableRefused where the file cannot be read, has no column for the text or for what is needed, or is too
    large.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise TableRefused(f"{path.name} has more than {_MOST_BYTES // 1_000_000} MB; divide it.")
        data = path.read_bytes()
    except OSError as error:
        raise TableRefused(f"{path} could not be read ({error.strerror or error}); check the path.") from error
    return tickets_in(data, path.name, columns, needs=needs)


def tickets_in(data: bytes, name: str, columns: Mapping[str, str] | None = None, *, needs: Sequence[str] = ()) -> Table:
    """The same, of a file's bytes."""
    sheet = sheet_in(data, name)
    chosen = _choose(sheet.head, columns or {}, name)
    _check_needed(chosen, sheet, ("text", *needs))
    return _table(sheet, chosen)


def sheet_in(data: bytes, name: str) -> Sheet:
    """The rows of a file. Raises TableRefused where it cannot be read or is too large."""
    try:
        rows, notes = _rows(data, name)
        (_, head), *body = _limited(rows, name)
    except ParseError as error:
        raise TableRefused(error.hint) from error
    except csv.Error as error:
        raise TableRefused(
            f"{name} has a cell that never ends; check its quotation marks and save it again."
        ) from error
    except ValueError:
        raise TableRefused(f"{name} is empty; it needs a first row with the names of its columns.") from None
    return Sheet(name, head, tuple(body), notes)


def guessed_columns(sheet: Sheet, needs: Sequence[str] = ()) -> tuple[dict[str, str], frozenset[str]]:
    """Which column is what, by its name, or by its cells for the text and what else is needed; and which those are."""
    chosen = {field: sheet.head[at] for field, at in _choose(sheet.head, {}, sheet.name).items()}
    by_cells = set()
    for field in ("text", *needs):
        taken = [sheet.head.index(column) for column in chosen.values()]
        if field not in chosen and (likely := _likely(field, sheet, taken)):
            chosen[field] = likely
            by_cells.add(field)
    return chosen, frozenset(by_cells)


def tickets_of(sheet: Sheet, columns: Mapping[str, str]) -> Table:
    """The tickets of a sheet by exactly these columns. Raises TableRefused without one for the text or the subject."""
    chosen = {field: sheet.head.index(column) for field, column in columns.items()}
    if "text" not in chosen and "subject" in chosen:
        chosen["text"] = chosen.pop("subject")
    if "text" not in chosen:
        raise TableRefused("Say which column is the text of a ticket.")
    return _table(sheet, chosen)


def _table(sheet: Sheet, chosen: Mapping[str, int]) -> Table:
    made = [_ticket(row, sheet.head, chosen) for row in sheet.rows]
    return Table(
        tuple(ticket for ticket in made if isinstance(ticket, Ticket)),
        tuple(row for row in made if isinstance(row, Rejected)),
        {field: sheet.head[at] for field, at in chosen.items()},
        sheet.notes,
    )


def _rows(data: bytes, name: str) -> tuple[Iterable[_Row], tuple[str, ...]]:
    if is_xlsx(data):
        return _workbook_rows(data, name), ()
    text, notes = decode(data, name)
    if text.count("\n") > 50 * MOST_TICKETS:
        raise _too_many(name)
    return (_json_rows(text, name) if text.lstrip().startswith("{") else _csv_rows(text)), notes


def _workbook_rows(data: bytes, name: str) -> Iterator[_Row]:
    try:
        yield from read_rows(data, name)
    except (ParseError, MemoryError):
        raise
    except Exception as error:  # Over damaged files the parser raises anything.
        raise ParseError(f"{name} is damaged or unusual and could not be read; save it again and retry.") from error


def _csv_rows(text: str) -> Iterator[_Row]:
    """Each row with the line on which it begins."""
    csv.field_size_limit(2 * MOST_CHARS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    before = 0
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield before + 1, tuple(cells)
        before = reader.line_num


def _json_rows(text: str, name: str) -> Iterator[_Row]:
    objects = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError:
                raise TableRefused(f"{name}, line {number}: this is not JSON; each line needs one object.") from None
            if not isinstance(value, dict):
                raise TableRefused(f"{name}, line {number}: this is no JSON object.")
            objects.append((number, value))
    head = tuple(dict.fromkeys(key for _, value in objects for key in value))
    yield 0, head
    for number, value in objects:
        yield number, tuple("" if value.get(key) is None else str(value[key]) for key in head)


def _limited(rows: Iterable[_Row], name: str) -> Iterator[_Row]:
    for count, row in enumerate(rows):
        if count > MOST_TICKETS:
            raise _too_many(name)
        yield row


def _too_many(name: str) -> TableRefused:
    return TableRefused(
        f"{name} has more than {MOST_TICKETS:,} rows; divide it, and give the parts one after the other."
    )


def _plain(name: str) -> str:
    return _SPACES.sub(" ", name).strip(" \ufeff").casefold()


def _choose(head: Sequence[str], named: Mapping[str, str], name: str) -> dict[str, int]:
    """The column of each field: as named, else by what it is called. A subject alone is the text."""
    plain = [_plain(column) for column in head]
    chosen: dict[str, int] = {}
    for field, column in named.items():
        if field not in FIELDS:
            raise TableRefused(f"There is no field {field}; the fields are {', '.join(FIELDS)}.")
        if _plain(column) not in plain:
            raise TableRefused(f"{name} has no column {column}; it has {', '.join(head)}.")
        chosen[field] = plain.index(_plain(column))
    for field, names in FIELDS.items():
        free = [n for n in names if n in plain and plain.index(n) not in chosen.values()]
        if field not in chosen and free:
            chosen[field] = plain.index(free[0])
    if "text" not in chosen and "subject" in chosen:
        chosen["text"] = chosen.pop("subject")
    return chosen


def _check_needed(chosen: Mapping[str, int], sheet: Sheet, needed: Iterable[str]) -> None:
    for field in needed:
        if field not in chosen:
            likely = _likely(field, sheet, list(chosen.values()))
            guess = f"; probably --column {field}={likely}" if likely else ""
            raise TableRefused(
                f"{sheet.name} has no column that is named like the {field} of a ticket. "
                f"Its columns are {', '.join(sheet.head)}. Say which it is with --column {field}=NAME{guess}."
            )


def _likely(field: str, sheet: Sheet, taken: Sequence[int]) -> str | None:
    """The column with the longest cells for a text, the one whose cells repeat most for a label."""
    head = sheet.head
    free = [at for at in range(len(head)) if at not in taken and head[at].strip()]
    cells = {at: [row[at].strip() for _, row in sheet.rows[:_GUESSED_FROM] if at < len(row)] for at in free}
    if field == "text":
        return head[max(free, key=lambda at: sum(map(len, cells[at])))] if free else None
    kinds = {at: len(Counter(filter(None, cells[at]))) for at in free}
    repeating = [at for at in free if 1 < kinds[at] < min(_MOST_KINDS, len(cells[at]))]
    return head[min(repeating, key=lambda at: kinds[at])] if repeating else None


def _ticket(row: _Row, head: Sequence[str], chosen: Mapping[str, int]) -> Ticket | Rejected:
    line, cells = row
    if any(cell.strip() for cell in cells[len(head) :]):
        return Rejected(line, f"it has {len(cells)} cells, and the first row names {len(head)}")
    values = {field: cells[at].strip() if at < len(cells) else "" for field, at in chosen.items()}
    if not values["text"] and not values.get("subject"):
        return Rejected(line, "it has no text")
    if len(values["text"]) > MOST_CHARS:
        return Rejected(line, f"its text has {len(values['text']):,} characters; {MOST_CHARS:,} are the most")
    return Ticket(
        text=values["text"],
        subject=values.get("subject", ""),
        id=values.get("id", ""),
        line=line,
        labels={name: values[name] for name in LABEL_NAMES if values.get(name)},
        language=values.get("language", ""),
        reply=values.get("reply", ""),
        resolution=values.get("resolution", ""),
    )
