"""What an index reads of SQL to follow it: the documents that came and went, and their chunks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from retrieval.chunk_reader import ChunkReader, Vector
from retrieval.context import IndexedText, indexed_text
from retrieval.schema import chunks, collections, documents, removals


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk as an index wants it."""

    id: int
    document_id: int
    words: IndexedText
    embedding: Vector | None
    embedding_model: str | None


class IndexFeed(ChunkReader):
    """Documents and removals in the order of their ids, which only ever grow."""

    def languages(self, collection_id: str) -> dict[str, int]:
        """How many characters a collection has in each language; texts of unknown language are left out."""
        query = (
            select(documents.c.language, func.sum(documents.c.characters))
            .where(documents.c.collection_id == collection_id, documents.c.language.is_not(None))
            .group_by(documents.c.language)
        )
        with self._engine.connect() as connection:
            return {language: int(count) for language, count in connection.execute(query)}

    def versions(self) -> dict[str, int]:
        """A number of every collection, the private ones too, that grows with each change of its documents."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(collections.c.id, collections.c.version))
            return {row.id: row.version for row in rows}

    def version(self, collection_id: str) -> int | None:
        """The same of one collection, None where there is none."""
        query = select(collections.c.version).where(collections.c.id == collection_id)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def chunk_count(self, collection_id: str, *, embedded_by: str | None = None) -> int:
        """How many chunks a collection has; with `embedded_by`, only those with that model's embedding."""
        query = (
            select(func.count()).select_from(chunks.join(documents)).where(documents.c.collection_id == collection_id)
        )
        if embedded_by is not None:
            query = query.where(chunks.c.embedding_model == embedded_by)
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def documents_after(self, collection_id: str, last_id: int, limit: int) -> tuple[int, ...]:
        """Ids of documents added since `last_id`, oldest first."""
        query = (
            select(documents.c.id)
            .where(documents.c.collection_id == collection_id, documents.c.id > last_id)
            .order_by(documents.c.id)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return tuple(connection.execute(query).scalars())

    def removals_after(self, collection_id: str, last_id: int) -> tuple[tuple[int, int], ...]:
        """(removal id, document id) since `last_id`, oldest first."""
        query = (
            select(removals.c.id, removals.c.document_id)
            .where(removals.c.collection_id == collection_id, removals.c.id > last_id)
            .order_by(removals.c.id)
        )
        with self._engine.connect() as connection:
            return tuple((row[0], row[1]) for row in connection.execute(query))

    def indexed_chunks(self, document_ids: Sequence[int]) -> Iterator[IndexedChunk]:
        """The chunks of these documents as an index wants them."""
        query = (
            select(chunks, documents.c.title, documents.c.markup)
            .join(documents)
            .where(documents.c.id.in_(document_ids))
            .order_by(chunks.c.id)
        )
        with self._engine.connect() as connection:
            for row in connection.execute(query).mappings():
                words = indexed_text(row["text"], title=row["title"], heading=row["heading"], markup=row["markup"])
                yield IndexedChunk(
                    row["id"], row["document_id"], words, _vector(row["embedding"]), row["embedding_model"]
                )

    def sample(self, collection_id: str, count: int) -> tuple[IndexedChunk, ...]:
        """About `count` chunks spread evenly over a collection."""
        query = select(documents.c.id).where(documents.c.collection_id == collection_id).order_by(documents.c.id)
        with self._engine.connect() as connection:
            ids = tuple(connection.execute(query).scalars())
        step = max(1, len(ids) // count)
        return tuple(self.indexed_chunks(ids[::step]))[:: max(1, len(ids[::step]) // count)][:count]


def _vector(blob: bytes | None) -> Vector | None:
    return None if blob is None else np.frombuffer(blob, dtype=np.float32)
