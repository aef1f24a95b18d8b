"""What a library page lists: documents and the files that could not be read in, filtered, sorted and paged by SQL."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Engine,
    Subquery,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.types import JSON, Date, Integer, String, Text

from retrieval.errors import UnknownDocument
from retrieval.filters import NO_FILTERS, FilterColumns, Filters, between, compile_filters, moments
from retrieval.private import shown_name
from retrieval.schema import collections, documents, failures, removals
from retrieval.values import Scope, Section

Status = Literal["read", "failed"]
SortKey = Literal["title", "path", "format", "dated", "at", "bytes", "passages"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a collection: a document, or a failure, which has a `reason` and no `id`."""

    id: int | None
    collection_id: str
    collection: str
    path: str
    title: str
    format: str
    bytes: int
    sha256: str
    language: str | None
    dated: date | None
    passages: int
    pages: int
    characters: int
    notes: tuple[str, ...]
    at: datetime
    """When it was read in, or failed; UTC."""
    reason: str | None

    @property
    def status(self) -> Status:
        """Whether it was read in."""
        return "failed" if self.id is None else "read"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files a list shows, and in what order."""

    filters: Filters = NO_FILTERS
    status: Status | None = None
    only: frozenset[int] | None = None
    """Documents of these ids alone."""
    sort: SortKey = "path"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """What a collection holds; `changed_at` is when a file of it was last read in or failed, UTC."""

    documents: int = 0
    passages: int = 0
    failures: int = 0
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list, and how many files the whole list has."""

    entries: tuple[Entry, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Outline:
    """What a document is about, by its title and its headings."""

    collection: str
    title: str
    language: str | None
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a document: read in anew, else deleted. `at` is when, UTC; None where that is not known."""

    is_renewed: bool
    at: datetime | None


class Catalogue:
    """Reads the list of files. Quick at ten thousand documents: no text is touched."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, scope: Scope, wanted: Wanted = Wanted(), *, offset: int = 0, limit: int | None = None) -> Listing:
        """The files of the collections in scope, all of them without a limit."""
        files = _files(scope).subquery()
        conditions = tuple(_conditions(files, wanted))
        order: ColumnElement[Any] = files.c[wanted.sort]
        if isinstance(order.type, String):
            order = func.lower(order)
        directed = order.desc() if wanted.descending else order.asc()
        query = select(files).where(*conditions).order_by(directed.nulls_last(), files.c.path, files.c.id)
        with self._engine.connect() as connection:
            total = connection.execute(select(func.count()).select_from(files).where(*conditions)).scalar_one()
            rows = connection.execute(query.offset(offset).limit(limit)).all()
        return Listing(tuple(_entry(row) for row in rows), int(total))

    def entry(self, document_id: int, scope: Scope) -> Entry:
        """The document of that id; raises UnknownDocument where it is absent or outside the scope."""
        files = _files(scope).subquery()
        with self._engine.connect() as connection:
            row = connection.execute(select(files).where(files.c.id == document_id)).first()
        if row is None:
            raise UnknownDocument(f"There is no document {document_id}.")
        return _entry(row)

    def contents(self, scope: Scope) -> dict[str, Contents]:
        """What each collection in scope holds, by its id; empty ones are left out."""
        files = _files(scope).subquery()
        read = func.count(files.c.id)
        query = select(
            files.c.collection_id, read, func.sum(files.c.passages), func.count() - read, func.max(files.c.at)
        ).group_by(files.c.collection_id)
        with self._engine.connect() as connection:
            return {row[0]: Contents(row[1], int(row[2]), row[3], row[4]) for row in connection.execute(query)}

    def documents(self, scope: Scope, filters: Filters = NO_FILTERS) -> tuple[Entry, ...]:
        """Every document in scope that passes the filters, by path."""
        return self.page(scope, Wanted(filters, status="read")).entries

    def ids(self, scope: Scope, filters: Filters) -> frozenset[int] | None:
        """The documents in scope that pass the filters; None, without asking, where nothing is filtered."""
        if not filters:
            return None
        query = select(documents.c.id).where(documents.c.collection_id.in_(scope), *compile_filters(filters))
        with self._engine.connect() as connection:
            return frozenset(connection.execute(query).scalars())

    def fates(self, document_ids: Collection[int], scope: Scope) -> dict[int, Fate]:
        """What became of those of these documents that are no longer in scope as they were; of all others, nothing."""
        here = select(documents.c.id).where(documents.c.id.in_(document_ids), documents.c.collection_id.in_(scope))
        with self._engine.connect() as connection:
            gone = frozenset(document_ids) - frozenset(connection.execute(here).scalars())
            return {document_id: _fate(connection, document_id, scope) for document_id in gone}

    def read_anew(self, document_ids: Collection[int], scope: Scope) -> frozenset[int]:
        """Those of these documents that took the place of an earlier version."""
        query = select(removals.c.successor_id).where(
            removals.c.collection_id.in_(scope), removals.c.successor_id.is_not(None)
        )
        with self._engine.connect() as connection:
            return frozenset(connection.execute(query).scalars()) & frozenset(document_ids)

    def readable(self, document_ids: Collection[int], scope: Scope) -> frozenset[int]:
        """Those of these documents that are in scope, by themselves or as the version that took their place."""
        current = {id_: id_ for id_ in document_ids}
        while newer := self._successors(frozenset(current.values())):
            current = {id_: newer.get(now, now) for id_, now in current.items()}
        wanted = documents.c.id.in_(frozenset(current.values()))
        query = select(documents.c.id).where(wanted, documents.c.collection_id.in_(scope))
        with self._engine.connect() as connection:
            there = frozenset(connection.execute(query).scalars())
        return frozenset(id_ for id_, now in current.items() if now in there)

    def _successors(self, document_ids: frozenset[int]) -> dict[int, int]:
        """The next version of each of these documents that was read in anew."""
        query = select(removals.c.document_id, removals.c.successor_id).where(
            removals.c.document_id.in_(document_ids), removals.c.successor_id.is_not(None)
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def deleted(self, scope: Scope, first: date, last: date) -> int:
        """How many documents were deleted on these days, UTC; those that a newer version replaced do not count."""
        days = between(removals.c.removed_at, *moments(first, last))
        query = select(func.count()).where(
            removals.c.collection_id.in_(scope), removals.c.successor_id.is_(None), *days
        )
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def outlines(self, scope: Scope, *, of_each: int = 6) -> tuple[Outline, ...]:
        """The documents that came last into each collection, at most so many of each."""
        columns = (documents.c.title, documents.c.language, documents.c.sections)
        with self._engine.connect() as connection:
            return tuple(
                Outline(
                    one, row.title, row.language, tuple(Section(tuple(path), *span) for path, *span in row.sections)
                )
                for one in sorted(scope)
                for row in connection.execute(
                    select(*columns)
                    .where(documents.c.collection_id == one)
                    .order_by(documents.c.id.desc())
                    .limit(of_each)
                )
            )

    def formats(self, scope: Scope) -> tuple[str, ...]:
        """The kinds of file that the collections in scope hold."""
        query = select(documents.c.format).where(documents.c.collection_id.in_(scope)).distinct()
        with self._engine.connect() as connection:
            return tuple(sorted(filter(None, connection.execute(query).scalars())))


def _fate(connection: Connection, document_id: int, scope: Scope) -> Fate:
    """Follows a document through its versions to the last."""
    at: datetime | None = None
    while True:
        row = connection.execute(
            select(removals.c.successor_id, removals.c.removed_at).where(
                removals.c.document_id == document_id, removals.c.collection_id.in_(scope)
            )
        ).first()
        if row is None:
            return Fate(at is not None, at)
        if row.successor_id is None:
            return Fate(is_renewed=False, at=row.removed_at)
        document_id, at = row.successor_id, row.removed_at


def _files(scope: Scope) -> CompoundSelect[Any]:
    read = select(
        documents.c.id,
        documents.c.collection_id,
        shown_name().label("collection"),
        documents.c.path,
        documents.c.title,
        documents.c.format,
        documents.c.bytes,
        documents.c.sha256,
        documents.c.language,
        documents.c.dated,
        documents.c.passages,
        documents.c.pages,
        documents.c.characters,
        documents.c.notes,
        documents.c.added_at.label("at"),
        cast(null(), Text).label("reason"),
    ).join(collections)
    failed = select(
        cast(null(), Integer).label("id"),
        failures.c.collection_id,
        shown_name().label("collection"),
        failures.c.path,
        failures.c.path.label("title"),
        failures.c.format,
        failures.c.bytes,
        failures.c.sha256,
        cast(null(), String).label("language"),
        cast(null(), Date).label("dated"),
        literal(0).label("passages"),
        literal(0).label("pages"),
        literal(0).label("characters"),
        cast(literal("[]"), JSON).label("notes"),
        failures.c.failed_at.label("at"),
        failures.c.reason,
    ).join(collections)
    return union_all(
        read.where(documents.c.collection_id.in_(scope)), failed.where(failures.c.collection_id.in_(scope))
    )


def _conditions(files: Subquery, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    columns = FilterColumns(
        files.c.collection_id, files.c.title, files.c.path, files.c.format, files.c.dated, files.c.at
    )
    yield from compile_filters(wanted.filters, columns)
    if wanted.only is not None:
        # Written into the statement: PostgreSQL takes 65,535 parameters, and a list may name every document there is.
        ids = bindparam(None, tuple(wanted.only), type_=Integer(), unique=True, expanding=True, literal_execute=True)
        yield files.c.id.in_(ids)
    if wanted.status is not None:
        yield files.c.id.is_(None) if wanted.status == "failed" else files.c.id.is_not(None)


def _entry(row: Any) -> Entry:
    values = {field.name: getattr(row, field.name) for field in fields(Entry)}
    return Entry(**values | {"notes": tuple(row.notes) if row.id is not None else ()})
