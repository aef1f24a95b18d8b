"""What a search or a list is narrowed to, and the one function that makes conditions of it.

A document's date is the day that the document itself gives, else the day on which it was read in. Days are UTC's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from retrieval.dates import full_date
from retrieval.errors import FilterRefused
from retrieval.folding import Folded, fold
from retrieval.parsing import FORMATS
from retrieval.schema import documents

_MOST_CHARS, _MOST_WORDS = 400, 20
_CALLED = {
    "word": "DOCX",
    "excel": "XLSX",
    "spreadsheet": "XLSX",
    "powerpoint": "PPTX",
    "presentation": "PPTX",
    "email": "mail",
    "e-mail": "mail",
    "image": "picture",
    "photo": "picture",
    "web page": "HTML",
}
"""What people call formats, besides by their names and endings."""


@dataclass(frozen=True, slots=True)
class OneDocument:
    """A document by the place where it is kept, which stays when its file is read in anew."""

    collection: str
    path: str
    title: str = field(compare=False)
    """What a reader calls it; it does not count for the filter."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a document has to be; without values, anything. Days count from the first to the last, both included.

    Raises FilterRefused where a first day lies after its last.
    """

    formats: frozenset[str] = frozenset()
    """Names of `retrieval.parsing.FORMATS`, any of them."""
    title: str = ""
    """Words that all stand in the title, in any order, as parts of words too; case and accents do not count."""
    name: str = ""
    """Words that stand in the title or in the path."""
    dated_from: date | None = None
    dated_to: date | None = None
    read_from: date | None = None
    """The first day on which it was read in."""
    read_to: date | None = None
    only: OneDocument | None = None

    def __post_init__(self) -> None:
        for first, last in ((self.dated_from, self.dated_to), (self.read_from, self.read_to)):
            if first is not None and last is not None and first > last:
                raise FilterRefused(
                    f"The first day, {full_date(first)}, is after the last, {full_date(last)}; swap them."
                )

    def __bool__(self) -> bool:
        """Whether anything is filtered out."""
        return any(_in_words(self))

    def and_also(self, other: "Filters") -> "Filters | None":
        """What passes both; None where nothing can."""
        formats = self.formats & other.formats if self.formats and other.formats else self.formats | other.formats
        if self.formats and other.formats and not formats:
            return None
        if self.only and other.only and self.only != other.only:
            return None
        try:
            return Filters(
                formats,
                f"{self.title} {other.title}".strip(),
                f"{self.name} {other.name}".strip(),
                max(filter(None, (self.dated_from, other.dated_from)), default=None),
                min(filter(None, (self.dated_to, other.dated_to)), default=None),
                max(filter(None, (self.read_from, other.read_from)), default=None),
                min(filter(None, (self.read_to, other.read_to)), default=None),
                self.only or other.only,
            )
        except FilterRefused:
            return None

    def in_words(self) -> tuple[str, ...]:
        """Each filter as a reader says it: `PDF`, `from 4 March 2026`, `title has “travel”`."""
        return tuple(_in_words(self))


@dataclass(frozen=True, slots=True)
class FilterColumns:
    """The columns by which files are filtered."""

    collection: ColumnElement[Any]
    title: ColumnElement[Any]
    path: ColumnElement[Any]
    format: ColumnElement[Any]
    dated: ColumnElement[Any]
    read_at: ColumnElement[Any]


NO_FILTERS = Filters()
_DOCUMENTS = FilterColumns(
    documents.c.collection_id,
    documents.c.title,
    documents.c.path,
    documents.c.format,
    documents.c.dated,
    documents.c.added_at,
)


def compile_filters(filters: Filters, columns: FilterColumns = _DOCUMENTS) -> tuple[ColumnElement[bool], ...]:
    """The conditions that a row meets where it passes; none at all where nothing is filtered."""
    return tuple(_conditions(filters, columns))


def format_called(name: str) -> str:
    """The format that a person means by `pdf`, `.docx`, `Excel` or `word files`; raises FilterRefused."""
    asked = " ".join(name.casefold().split()).removeprefix(".").removesuffix(" files").removesuffix("s")
    for row in FORMATS:
        endings = {ending.removeprefix(".") for ending in row.endings}
        if asked in endings | {row.name.casefold()} or _CALLED.get(asked) == row.name:
            return row.name
    raise FilterRefused(f"There is no type {name!r}; there are: {', '.join(row.name for row in FORMATS)}.")


def _conditions(filters: Filters, columns: FilterColumns) -> Iterator[ColumnElement[bool]]:
    if filters.only:
        yield columns.collection == filters.only.collection
        yield columns.path == filters.only.path
    if filters.formats:
        yield columns.format.in_(sorted(filters.formats))
    for word in _words(filters.title):
        yield Folded(columns.title).contains(word, autoescape=True)
    for word in _words(filters.name):
        yield or_(*(Folded(column).contains(word, autoescape=True) for column in (columns.title, columns.path)))
    if filters.dated_from or filters.dated_to:
        given = and_(columns.dated.is_not(None), *between(columns.dated, filters.dated_from, filters.dated_to))
        yield or_(given, and_(columns.dated.is_(None), *_read_between(columns, filters.dated_from, filters.dated_to)))
    yield from _read_between(columns, filters.read_from, filters.read_to)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(fold(text[:_MOST_CHARS]).split()))[:_MOST_WORDS]


def _read_between(columns: FilterColumns, first: date | None, last: date | None) -> Iterator[ColumnElement[bool]]:
    yield from between(columns.read_at, *moments(first, last))


def moments(first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """The first and the last moment of these days."""
    return (
        None if first is None else datetime.combine(first, time.min),
        None if last is None else datetime.combine(last, time.max),
    )


def between(column: ColumnElement[Any], first: date | None, last: date | None) -> Iterator[ColumnElement[bool]]:
    """The conditions that a value lies from the first to the last, as far as they are given."""
    if first is not None:
        yield column >= first
    if last is not None:
        yield column <= last


def _in_words(filters: Filters) -> Iterator[str]:
    if filters.only:
        yield f"only “{' '.join(filters.only.title.split())}”"
    if filters.formats:
        yield " or ".join(sorted(filters.formats))
    if filters.title.strip():
        yield f"title has “{' '.join(filters.title.split())}”"
    if filters.name.strip():
        yield f"name has “{' '.join(filters.name.split())}”"
    yield from _days_in_words(filters.dated_from, filters.dated_to, "dated ")
    yield from _days_in_words(filters.read_from, filters.read_to, "read in ")


def _days_in_words(first: date | None, last: date | None, what: str) -> Iterator[str]:
    if first is not None and first == last:
        yield f"{what}on {full_date(first)}"
    elif first is not None or last is not None:
        days = [f"from {full_date(first)}" if first else "", f"to {full_date(last)}" if last else ""]
        yield what + " ".join(filter(None, days))
