"""What a search reads of chunks and their documents, by id.

Ids are filled up to one of a few numbers, so that few statements are ever put together: with a statement for each
number of ids, that cost more than carrying it out.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BindParameter, Connection, Engine, Select, bindparam, func, select

from retrieval.schema import chunks, documents, title_embeddings
from retrieval.values import Chunk, Scope, Source

Vector = NDArray[np.float32]
_SIZES = (16, 64, 128, 512)


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a search found, read back from SQL; `position` counts the chunks of its document."""

    id: int
    source: Source
    position: int
    chunk: Chunk
    page_starts: tuple[int, ...]


class ChunkReader:
    """Reads chunks, and what stands with them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def connect(self) -> Connection:
        """A connection for reading what stands beside the documents in the same database."""
        return self._engine.connect()

    def owners(self, chunk_ids: Sequence[int]) -> dict[int, int]:
        """The document id of each of these chunks."""
        found: dict[int, int] = {}
        with self._engine.connect() as connection:
            for size, ids in _filled_up(chunk_ids):
                found |= {row[0]: row[1] for row in connection.execute(_owners(size), ids).all()}
        return found

    def hits(self, chunk_ids: Sequence[int], scope: Scope) -> dict[int, Hit]:
        """The chunks of these ids that the scope may see; ids outside it, or deleted since, are left out."""
        found: dict[int, Hit] = {}
        with self._engine.connect() as connection:
            for size, ids in _filled_up(chunk_ids):
                hits = map(_hit, connection.execute(_hits(size), ids).all())
                found |= {hit.id: hit for hit in hits if hit.source.collection in scope}
        return found

    def vectors(self, chunk_ids: Sequence[int], model: str) -> dict[int, Vector]:
        """The embeddings of chunks by this model, by chunk id."""
        found: dict[int, Vector] = {}
        with self._engine.connect() as connection:
            for size, ids in _filled_up(chunk_ids):
                for id_, blob in connection.execute(_vectors(size), {**ids, "model": model}).all():
                    found[id_] = np.frombuffer(blob, dtype=np.float32)
        return found

    def vectors_of(self, collection_id: str, model: str, *, limit: int) -> tuple[NDArray[np.int64], Vector] | None:
        """The ids of a collection's chunks, growing, and the numbers of their embeddings by this model, in a row.

        None where the collection has more than `limit` chunks.
        """
        with self._engine.connect() as connection:
            if (connection.execute(_PASSAGES, {"collection": collection_id}).scalar() or 0) > limit:
                return None
            rows = connection.execute(_ALL_VECTORS, {"collection": collection_id, "model": model}).all()
        return _numbers(rows)

    def vectors_after(self, chunk_id: int, model: str, *, limit: int) -> tuple[NDArray[np.int64], Vector]:
        """The same of the next chunks of any collection that have an embedding."""
        with self._engine.connect() as connection:
            rows = connection.execute(_NEXT_VECTORS, {"after": chunk_id, "model": model, "limit": limit}).all()
        return _numbers(rows)

    def title_embedding(self, document_id: int, model: str) -> Vector | None:
        """The embedding of a document's title by this model, None where there is none yet."""
        with self._engine.connect() as connection:
            blob = connection.execute(_TITLE, {"id": document_id, "model": model}).scalar()
        return None if blob is None else np.frombuffer(blob, dtype=np.float32)

    def chunks_in(self, document_ids: Collection[int], scope: Scope, *, limit: int) -> dict[int, str] | None:
        """The collection of every chunk of these documents that the scope may see, None where they exceed `limit`."""
        found: dict[int, str] = {}
        with self._engine.connect() as connection:
            for size, ids in _filled_up(sorted(document_ids)):
                among = {**ids, "scope": sorted(scope)}
                query = _chunks_in(size).limit(limit + 1 - len(found))
                found |= {row[0]: row[1] for row in connection.execute(query, among)}
                if len(found) > limit:
                    return None
        return found

    def text_between(self, document_id: int, start: int, end: int) -> str:
        """A stretch of a document's text."""
        with self._engine.connect() as connection:
            where = {"document": document_id, "from": start + 1, "length": end - start}
            return str(connection.execute(_TEXT_BETWEEN, where).scalar_one())


def _numbers(rows: Sequence[Any]) -> tuple[NDArray[np.int64], Vector]:
    """Ids, and the numbers of all embeddings in a row."""
    ids = np.array([id_ for id_, _ in rows], np.int64)
    return ids, np.frombuffer(b"".join(blob for _, blob in rows), np.float32)


def _filled_up(ids: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The ids as parameters of a statement for so many, the last one repeated."""
    for start in range(0, len(ids), _SIZES[-1]):
        batch = ids[start : start + _SIZES[-1]]
        size = next(size for size in _SIZES if size >= len(batch))
        yield size, {f"id{at}": batch[min(at, len(batch) - 1)] for at in range(size)}


@cache
def _places(size: int) -> tuple[BindParameter[int], ...]:
    return tuple(bindparam(f"id{at}", type_=chunks.c.id.type) for at in range(size))


@cache
def _owners(size: int) -> Select[Any]:
    return select(chunks.c.id, chunks.c.document_id).where(chunks.c.id.in_(_places(size)))


@cache
def _hits(size: int) -> Select[Any]:
    # The scope is checked on the rows, for with it SQLite reads all documents of the collections and their chunks
    # instead of the few that are asked for.
    of_chunk = ("id", "document_id", "position", "start", "end", "heading", "page", "text")
    of_document = ("collection_id", "path", "title", "markup", "dated", "page_starts")
    columns = (*(chunks.c[name] for name in of_chunk), *(documents.c[name] for name in of_document))
    return select(*columns).join(documents).where(chunks.c.id.in_(_places(size)))


def _hit(row: Sequence[Any]) -> Hit:
    id_, document, position, start, end, heading, page, text, collection, path, title, markup, dated, pages = row
    source = Source(document, collection, path, title, markup, dated)
    return Hit(id_, source, position, Chunk(start, end, text, tuple(heading), page), tuple(pages))


@cache
def _vectors(size: int) -> Select[Any]:
    asked = chunks.c.id.in_(_places(size)), chunks.c.embedding_model == bindparam("model")
    return select(chunks.c.id, chunks.c.embedding).where(*asked)


@cache
def _chunks_in(size: int) -> Select[Any]:
    within = documents.c.collection_id.in_(bindparam("scope", expanding=True))
    return (
        select(chunks.c.id, documents.c.collection_id).join(documents).where(documents.c.id.in_(_places(size)), within)
    )


_TEXT_BETWEEN = select(func.substr(documents.c.text, bindparam("from"), bindparam("length"))).where(
    documents.c.id == bindparam("document")
)
_TITLE = select(title_embeddings.c.embedding).where(
    title_embeddings.c.document_id == bindparam("id"), title_embeddings.c.embedding_model == bindparam("model")
)
_PASSAGES = select(func.sum(documents.c.passages)).where(documents.c.collection_id == bindparam("collection"))
_ALL_VECTORS = (
    select(chunks.c.id, chunks.c.embedding)
    .join(documents)
    .where(documents.c.collection_id == bindparam("collection"), chunks.c.embedding_model == bindparam("model"))
    .order_by(chunks.c.id)
)
_NEXT_VECTORS = (
    select(chunks.c.id, chunks.c.embedding)
    .where(chunks.c.id > bindparam("after"), chunks.c.embedding_model == bindparam("model"))
    .order_by(chunks.c.id)
    .limit(bindparam("limit"))
)
