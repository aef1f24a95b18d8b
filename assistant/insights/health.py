"""How documents fare: what is never found, found and never cited, disliked, old, said twice or said otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, func, select

from assistant.schema import citations, document_pairs, document_use, feedback
from retrieval.schema import documents
from retrieval.values import Scope

Ailment = Literal["never found", "never cited", "disliked", "due", "contradicted", "copied"]
AILMENTS: tuple[Ailment, ...] = get_args(Ailment)
PairKind = Literal["copy", "contradiction"]
DUE_AFTER_DAYS = 365
"""How old a document may become, where its reader says nothing else."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What stands beside a document: the other one, and what each of them says."""

    kind: PairKind
    document_id: int
    title: str
    path: str
    collection_id: str
    says: str
    other_says: str


@dataclass(frozen=True, slots=True)
class DocumentHealth:
    """A document and what ails it; `dated` is the day it gives itself, else the day it was read in."""

    id: int
    title: str
    path: str
    collection_id: str
    found: int
    cited: int
    disliked: int
    found_on: date | None
    cited_on: date | None
    dated: date
    ailments: tuple[Ailment, ...]
    pairs: tuple[Pair, ...] = ()


def read_health(connection: Connection, scope: Scope, *, due_before: date) -> tuple[DocumentHealth, ...]:
    """The documents of these collections that something ails, by collection and path."""
    pairs = _pairs(connection, scope)
    disliked = _disliked(connection)
    place = (document_use.c.collection_id == documents.c.collection_id) & (document_use.c.path == documents.c.path)
    shown = ("id", "title", "path", "collection_id", "dated", "added_at")
    query = (
        select(*(documents.c[name] for name in shown), *(document_use.c[name] for name in _USE))
        .outerjoin(document_use, place)
        .where(documents.c.collection_id.in_(scope))
        .order_by(documents.c.collection_id, documents.c.path)
    )
    found = (
        _health(row, disliked.get(row.id, 0), pairs.get(row.id, ()), due_before) for row in connection.execute(query)
    )
    return tuple(one for one in found if one.ailments)


def due_before(today: date, days: int) -> date:
    """Documents from before this day are past their review."""
    return today - timedelta(days=days)


_USE = ("found", "cited", "found_at_s", "cited_at_s")


def _health(row: Row[Any], disliked: int, pairs: tuple[Pair, ...], due_before: date) -> DocumentHealth:
    found, cited, dated = row.found or 0, row.cited or 0, row.dated or row.added_at.date()
    kinds = {pair.kind for pair in pairs}
    ails = (not found, found and not cited, disliked, dated < due_before, "contradiction" in kinds, "copy" in kinds)
    return DocumentHealth(
        row.id,
        row.title,
        row.path,
        row.collection_id,
        found,
        cited,
        disliked,
        _day(row.found_at_s),
        _day(row.cited_at_s),
        dated,
        tuple(name for name, has_it in zip(AILMENTS, ails, strict=True) if has_it),
        pairs,
    )


def _day(seconds: int | None) -> date | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date()


def _disliked(connection: Connection) -> dict[int, int]:
    """In how many disliked answers each document is cited, as it is now: one that is read anew begins again."""
    count = func.count(citations.c.message_id.distinct())
    query = select(citations.c.document_id, count).join(feedback, feedback.c.message_id == citations.c.message_id)
    query = query.where(feedback.c.is_helpful.is_(False)).group_by(citations.c.document_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def _pairs(connection: Connection, scope: Scope) -> dict[int, tuple[Pair, ...]]:
    """By document, its pairs with documents of the same collections; of any other nothing is said."""
    one, other = documents.alias("one"), documents.alias("other")
    told = [
        side.c[name].label(f"{prefix}_{name}") for prefix, side in (("one", one), ("other", other)) for name in _TOLD
    ]
    query = (
        select(document_pairs, *told)
        .join(one, one.c.id == document_pairs.c.one_id)
        .join(other, other.c.id == document_pairs.c.other_id)
        .where(one.c.collection_id.in_(scope), other.c.collection_id.in_(scope))
        .order_by(document_pairs.c.likeness.desc(), document_pairs.c.id)
    )
    found: dict[int, list[Pair]] = {}
    for row in connection.execute(query):
        for document_id, pair in _both_ways(row):
            found.setdefault(document_id, []).append(pair)
    return {document_id: tuple(pairs) for document_id, pairs in found.items()}


_TOLD = ("title", "path", "collection_id")


def _both_ways(row: Row[Any]) -> Iterator[tuple[int, Pair]]:
    other = (row.other_id, row.other_title, row.other_path, row.other_collection_id)
    one = (row.one_id, row.one_title, row.one_path, row.one_collection_id)
    yield row.one_id, Pair(row.kind, *other, row.one_says, row.other_says)
    yield row.other_id, Pair(row.kind, *one, row.other_says, row.one_says)
