"""Whether the documents that a verified answer rests on still say what they said."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from assistant.schema import verified_sources
from retrieval.schema import documents, removals


@dataclass(frozen=True, slots=True)
class Sources:
    """What became of the sources of one answer: `now` are new ids of documents whose text is the same."""

    changes: tuple[str, ...] = ()
    """What is otherwise, a sentence each."""
    now: Mapping[int, int] = field(default_factory=dict)


def sources_of(connection: Connection, verified_ids: Collection[int]) -> dict[int, Sources]:
    """For each of these answers what became of its sources."""
    query = select(verified_sources).where(verified_sources.c.verified_id.in_(verified_ids))
    rows = connection.execute(query.order_by(verified_sources.c.document_id)).all()
    ids = {row.document_id for row in rows}
    there = frozenset(connection.execute(select(documents.c.id).where(documents.c.id.in_(ids))).scalars())
    by_answer: dict[int, list[Any]] = {}
    for row in rows:
        by_answer.setdefault(row.verified_id, []).append(row)
    return {id_: _sources(connection, by_answer.get(id_, []), there) for id_ in verified_ids}


def rows_of(connection: Connection, document_ids: Collection[int], collection_id: str) -> list[dict[str, Any]]:
    """What is kept of documents of a collection; those that are not in it are left out."""
    query = select(documents.c.id, documents.c.title, documents.c.text).where(
        documents.c.id.in_(document_ids), documents.c.collection_id == collection_id
    )
    return [
        {"document_id": id_, "title": title, "text_sha256": _sha256(text)}
        for id_, title, text in connection.execute(query)
    ]


def _sources(connection: Connection, rows: Collection[Any], there: frozenset[int]) -> Sources:
    changes: list[str] = []
    now: dict[int, int] = {}
    for row in rows:
        if row.document_id in there:
            continue
        current = _current(connection, row.document_id)
        text = connection.execute(select(documents.c.text).where(documents.c.id == current)).scalar()
        if text is None:
            changes.append(f"“{row.title}” was deleted.")
        elif _sha256(text) != row.text_sha256:
            changes.append(f"“{row.title}” was read in anew, and its text is another one.")
        else:
            now[row.document_id] = current
    return Sources(tuple(changes), now)


def _current(connection: Connection, document_id: int) -> int:
    """The id under which a document is known now."""
    query = select(removals.c.successor_id)
    while (newer := connection.execute(query.where(removals.c.document_id == document_id)).scalar()) is not None:
        document_id = newer
    return document_id


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
