"""The store of documents: what SQL knows, and the only place that writes it.

A document becomes visible whole or not at all: its text, chunks and embeddings are one transaction.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    Connection,
    Row,
    RowMapping,
    ScalarSelect,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from retrieval.chunk_reader import Vector
from retrieval.context import indexed_text
from retrieval.dates import utc_now
from retrieval.errors import CollectionRefused, UnknownCollection, UnknownDocument
from retrieval.index_feed import IndexFeed
from retrieval.private import CALLED, PrivateCollections
from retrieval.schema import chunks, collections, documents, failures, removals, title_embeddings
from retrieval.values import Chunk, ParsedDocument, Scope, Section, Source

_IDS_PER_QUERY = 500
_MOST_NAME_CHARS = 120


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents, the unit of access. One that follows a folder is brought in step by a sync."""

    id: str
    name: str
    description: str = ""
    folder: str | None = None
    watched: bool = False
    contact: str = ""
    """Whom to ask where the documents do not say: a name, an e-mail address or a link."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file besides its text.

    `modified_ns` is None where a later change could leave the time as it is. `folder` is the followed folder
    that the file came from, None for files that were added on their own.
    """

    sha256: str
    format: str = ""
    bytes: int = 0
    modified_ns: int | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document ready to be stored. `embeddings` has a row per chunk; they and the title's are None without a model."""

    path: str
    file: FileFacts
    parsed: ParsedDocument
    chunks: tuple[Chunk, ...]
    embeddings: NDArray[np.float32] | None
    embedding_model: str | None
    language: str | None = None
    title_embedding: Vector | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read in, and why. `deaths` counts how often it took its parser with it."""

    path: str
    file: FileFacts
    reason: str
    deaths: int = 0


class Library(PrivateCollections, IndexFeed):
    """Collections, documents and chunks in SQL."""

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()

    def collections(self) -> tuple[Collection, ...]:
        """The collections of everybody's, by name; the private ones of conversations are not among them."""
        query = select(collections).where(collections.c.conversation_id.is_(None)).order_by(collections.c.name)
        with self._engine.connect() as connection:
            return tuple(_collection(row) for row in connection.execute(query))

    def collection(self, collection_id: str, scope: Scope | None = None) -> Collection:
        """The collection of that id; raises UnknownCollection where it is absent or outside a given scope."""
        with self._engine.connect() as connection:
            row = connection.execute(select(collections).where(collections.c.id == collection_id)).first()
        if row is None or (scope is not None and collection_id not in scope):
            raise UnknownCollection("There is no such collection; it may have been deleted.")
        return _collection(row)

    def collection_named(self, name: str, scope: Scope | None = None) -> Collection:
        """The collection of that name; raises UnknownCollection where it is absent or outside a given scope."""
        visible = [c for c in self.collections() if scope is None or c.id in scope]
        for collection in visible:
            if collection.name == name:
                return collection
        known = ", ".join(repr(c.name) for c in visible) or "none yet"
        raise UnknownCollection(f"There is no collection named {name!r}; there are: {known}.")

    def create_collection(self, name: str) -> Collection:
        """The collection of that name, made if it is new; raises CollectionRefused for a name that is none."""
        named = collections.c.name == (name := _checked_name(name))
        row = {**asdict(Collection(uuid.uuid4().hex, name)), "created_at": utc_now()}
        with self._engine.connect() as connection:
            found = connection.execute(select(collections).where(named)).first()
        if found is None:
            # Somebody else may make it meanwhile: then theirs is found.
            with suppress(IntegrityError), self._engine.begin() as connection:
                connection.execute(insert(collections).values(**row))
            with self._engine.connect() as connection:
                found = connection.execute(select(collections).where(named)).one()
        return _collection(found)

    def change_collection(
        self,
        collection_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        folder: str | None = None,
        watched: bool | None = None,
        contact: str | None = None,
    ) -> None:
        """Change what is given; raises CollectionRefused where the name is taken, UnknownCollection."""
        given = {
            "name": None if name is None else _checked_name(name),
            "description": None if description is None else description.strip(),
            "folder": folder,
            "watched": watched,
            "contact": None if contact is None else " ".join(contact.split()),
        }
        values = {key: value for key, value in given.items() if value is not None}
        self.collection(collection_id)
        try:
            with self._engine.begin() as connection:
                connection.execute(update(collections).where(collections.c.id == collection_id).values(**values))
        except IntegrityError as error:
            raise CollectionRefused(f"There is a collection named {name!r} already; choose another name.") from error

    def unfollow(self, collection_id: str) -> None:
        """Follow no folder any more; the documents that came from it stay."""
        change = update(collections).where(collections.c.id == collection_id).values(folder=None, watched=False)
        with self._engine.begin() as connection:
            connection.execute(change)

    def delete_collection(self, collection_id: str) -> None:
        """Delete a collection with its documents and failures, in one transaction."""
        with self._writing(collection_id) as connection:
            connection.execute(delete(removals).where(removals.c.collection_id == collection_id))
            connection.execute(delete(collections).where(collections.c.id == collection_id))

    def add(self, collection_id: str, new: NewDocument) -> int:
        """Store a document and return its id; one of the same path is replaced in the same transaction."""
        with self._writing(collection_id) as connection:
            old = _remove_at(connection, collection_id, new.path)
            document_id = _insert_document(connection, collection_id, new)
            if old is not None:
                succeeded = removals.c.document_id == old
                connection.execute(update(removals).where(succeeded).values(successor_id=document_id))
            if rows := _chunk_rows(document_id, new):
                connection.execute(insert(chunks), rows)
            if new.title_embedding is not None and new.embedding_model is not None:
                _set_title(connection, document_id, new.title_embedding, new.embedding_model)
            _forget_failure(connection, collection_id, new.path)
        return document_id

    def remove(self, document_id: int) -> None:
        """Delete a document with its chunks; raises UnknownDocument."""
        place = select(documents.c.collection_id, documents.c.path).where(documents.c.id == document_id)
        with self._engine.connect() as connection:
            row = connection.execute(place).first()
        if row is None:
            raise UnknownDocument(f"There is no document {document_id}.")
        with self._writing(row.collection_id) as connection:
            if (now := connection.execute(place).first()) is None:
                raise UnknownDocument(f"There is no document {document_id}.")
            _remove_at(connection, row.collection_id, now.path)

    def remove_paths(self, collection_id: str, paths: Iterable[str]) -> None:
        """Delete the documents and forget the failures at these paths, in one transaction."""
        with self._writing(collection_id) as connection:
            for path in paths:
                _remove_at(connection, collection_id, path)
                _forget_failure(connection, collection_id, path)

    @contextmanager
    def _writing(self, collection_id: str | ScalarSelect[Any]) -> Iterator[Connection]:
        """A transaction that says that a collection changes, before anything else in it.

        Whoever else changes it waits here, so that ids of documents and removals are drawn and committed in one order,
        and an index that has seen one has seen all before it.
        """
        changed = update(collections).where(collections.c.id == collection_id)
        with self._engine.begin() as connection:
            connection.execute(changed.values(version=collections.c.version + 1))
            yield connection

    def forget_failures(self, collection_id: str, paths: Iterable[str]) -> None:
        """Forget that the files at these paths could not be read in."""
        with self._engine.begin() as connection:
            for path in paths:
                _forget_failure(connection, collection_id, path)

    def relocate(self, collection_id: str, moves: Iterable[tuple[str, str, FileFacts]]) -> None:
        """Give documents, by (old path, new path, facts), the path to which their file was moved."""
        with self._engine.begin() as connection:
            for old, new, facts in moves:
                at_old = (documents.c.collection_id == collection_id) & (documents.c.path == old)
                connection.execute(update(documents).where(at_old).values(path=new, **asdict(facts)))
                _forget_failure(connection, collection_id, new)

    def confirm(self, collection_id: str, files: Iterable[tuple[str, FileFacts]]) -> None:
        """Store what is newly known of files, by (path, facts), whose documents are unchanged."""
        with self._engine.begin() as connection:
            for path, facts in files:
                at_path = (documents.c.collection_id == collection_id) & (documents.c.path == path)
                connection.execute(update(documents).where(at_path).values(**asdict(facts)))

    def document(self, document_id: int, scope: Scope) -> tuple[Source, ParsedDocument]:
        """A whole document; raises UnknownDocument where it is absent or outside the scope."""
        query = select(documents).where(documents.c.id == document_id, documents.c.collection_id.in_(scope))
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise UnknownDocument(f"There is no document {document_id}.")
        return _source(row), _parsed(row)

    def current_id(self, document_id: int) -> int:
        """The id under which a document is known now: another one where its file was read in anew since."""
        query = select(removals.c.successor_id).where(removals.c.document_id == bindparam("id"))
        with self._engine.connect() as connection:
            while (successor := connection.execute(query, {"id": document_id}).scalar()) is not None:
                document_id = int(successor)
        return document_id

    def document_at(self, path: str, scope: Scope) -> int:
        """The id of the document at a path; raises UnknownDocument."""
        query = select(documents.c.id).where(documents.c.path == path, documents.c.collection_id.in_(scope))
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(documents.c.id.desc())).scalar()
        if found is None:
            raise UnknownDocument(f"There is no document {path!r}; see: citewell documents list.")
        return int(found)

    def chunks_of(self, document_id: int) -> tuple[tuple[int, Chunk], ...]:
        """The chunks of a document with their ids, in reading order."""
        query = select(chunks).where(chunks.c.document_id == document_id).order_by(chunks.c.position)
        with self._engine.connect() as connection:
            return tuple((row["id"], _chunk(row)) for row in connection.execute(query).mappings())

    def files(self, collection_id: str) -> dict[str, FileFacts]:
        """What is known of every document's file, by path."""
        query = select(documents.c.path, *_facts_of(documents)).where(documents.c.collection_id == collection_id)
        with self._engine.connect() as connection:
            return {row[0]: FileFacts(*row[1:]) for row in connection.execute(query)}

    def failures(self, collection_id: str) -> dict[str, Failure]:
        """The files that could not be read in, by path."""
        query = (
            select(failures.c.path, failures.c.reason, failures.c.deaths, *_facts_of(failures))
            .where(failures.c.collection_id == collection_id)
            .order_by(failures.c.path)
        )
        with self._engine.connect() as connection:
            return {row[0]: Failure(row[0], FileFacts(*row[3:]), *row[1:3]) for row in connection.execute(query)}

    def record_failures(self, collection_id: str, new: Sequence[Failure]) -> None:
        """Remember why files could not be read in, in one transaction."""
        by_path = {failure.path: failure for failure in new}
        if not by_path:
            return
        rows = [
            {
                "collection_id": collection_id,
                "path": failure.path,
                **asdict(failure.file),
                "failed_at": utc_now(),
                "deaths": failure.deaths,
                "reason": failure.reason,
            }
            for failure in by_path.values()
        ]
        with self._engine.begin() as connection:
            for path in by_path:
                _forget_failure(connection, collection_id, path)
            connection.execute(insert(failures), rows)

    def document_count(self, scope: Scope) -> int:
        """How many documents the collections in scope hold."""
        query = select(func.count()).select_from(documents).where(documents.c.collection_id.in_(scope))
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def hashes_in_use(self) -> frozenset[str]:
        """SHA-256 of every file that a document or a failure stands for."""
        with self._engine.connect() as connection:
            return frozenset(
                sha256
                for table in (documents, failures)
                for sha256 in connection.execute(select(table.c.sha256).distinct()).scalars()
            )

    def chunk_owners(self, collection_id: str) -> dict[int, int]:
        """The document id of every chunk of a collection."""
        query = select(chunks.c.id, chunks.c.document_id).join(documents)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(documents.c.collection_id == collection_id))
            return {row[0]: row[1] for row in rows}

    def embeddings_of(self, hashes: Iterable[str], model: str) -> dict[str, Vector]:
        """Embeddings already stored for these texts (by IndexedText.sha256), so none is computed twice."""
        found: dict[str, Vector] = {}
        with self._engine.connect() as connection:
            for batch in _batches(tuple(set(hashes))):
                query = select(chunks.c.embedded_text_sha256, chunks.c.embedding).where(
                    chunks.c.embedded_text_sha256.in_(batch), chunks.c.embedding_model == model
                )
                for sha256, blob in connection.execute(query):
                    found[sha256] = np.frombuffer(blob, dtype=np.float32)
        return found

    def documents_without(self, collection_id: str, model: str) -> tuple[int, ...]:
        """Ids of documents of which something lacks an embedding by this model."""
        lacking = exists().where(
            chunks.c.document_id == documents.c.id, func.coalesce(chunks.c.embedding_model, "") != model
        )
        known = exists().where(
            title_embeddings.c.document_id == documents.c.id, title_embeddings.c.embedding_model == model
        )
        query = select(documents.c.id).where(
            documents.c.collection_id == collection_id, documents.c.passages > 0, lacking | ~known
        )
        with self._engine.connect() as connection:
            return tuple(connection.execute(query.order_by(documents.c.id)).scalars())

    def store_embeddings(self, document_id: int, vectors: dict[int, Vector], title: Vector, model: str) -> None:
        """Set the embeddings of a document's title and of all its chunks, by chunk id, in one transaction."""
        of_document = select(documents.c.collection_id).where(documents.c.id == document_id).scalar_subquery()
        with self._writing(of_document) as connection:
            for chunk_id, vector in vectors.items():
                connection.execute(
                    update(chunks)
                    .where(chunks.c.id == chunk_id)
                    .values(embedding=vector.astype(np.float32).tobytes(), embedding_model=model)
                )
            _set_title(connection, document_id, title, model)


def _set_title(connection: Connection, document_id: int, title: Vector, model: str) -> None:
    connection.execute(delete(title_embeddings).where(title_embeddings.c.document_id == document_id))
    blob = title.astype(np.float32).tobytes()
    connection.execute(insert(title_embeddings).values(document_id=document_id, embedding_model=model, embedding=blob))


def _remove_at(connection: Connection, collection_id: str, path: str) -> int | None:
    """Delete the document at a path; returns its id."""
    at_path = (documents.c.collection_id == collection_id) & (documents.c.path == path)
    old = connection.execute(select(documents.c.id).where(at_path)).scalar()
    if old is not None:
        connection.execute(delete(documents).where(documents.c.id == old))
        connection.execute(insert(removals).values(collection_id=collection_id, document_id=old, removed_at=utc_now()))
    return None if old is None else int(old)


def _forget_failure(connection: Connection, collection_id: str, path: str) -> None:
    connection.execute(delete(failures).where(failures.c.collection_id == collection_id, failures.c.path == path))


def _facts_of(table: Table) -> tuple[Column[Any], ...]:
    return tuple(table.c[field.name] for field in fields(FileFacts))


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _MOST_NAME_CHARS:
        raise CollectionRefused(f"A collection needs a name of 1 to {_MOST_NAME_CHARS} characters; choose another.")
    return name


def _insert_document(connection: Connection, collection_id: str, new: NewDocument) -> int:
    parsed = new.parsed
    result = connection.execute(
        insert(documents).values(
            collection_id=collection_id,
            path=new.path,
            title=parsed.title,
            markup=parsed.markup,
            dated=parsed.dated,
            language=new.language,
            **asdict(new.file),
            added_at=utc_now(),
            characters=len(parsed.text),
            pages=len(parsed.page_starts),
            passages=len(new.chunks),
            notes=list(parsed.notes),
            page_starts=list(parsed.page_starts),
            sections=[[list(section.heading), section.start, section.end] for section in parsed.sections],
            text=parsed.text,
        )
    )
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def _chunk_rows(document_id: int, new: NewDocument) -> list[dict[str, Any]]:
    def row(position: int, chunk: Chunk) -> dict[str, Any]:
        words = indexed_text(chunk.text, title=new.parsed.title, heading=chunk.heading, markup=new.parsed.markup)
        embedding = None if new.embeddings is None else new.embeddings[position].astype(np.float32).tobytes()
        return {
            "document_id": document_id,
            "position": position,
            "start": chunk.start,
            "end": chunk.end,
            "heading": list(chunk.heading),
            "page": chunk.page,
            "text": chunk.text,
            "embedded_text_sha256": words.sha256,
            "embedding_model": None if embedding is None else new.embedding_model,
            "embedding": embedding,
        }

    return [row(position, chunk) for position, chunk in enumerate(new.chunks)]


def _chunk(row: RowMapping) -> Chunk:
    return Chunk(row["start"], row["end"], row["text"], tuple(row["heading"]), row["page"])


def _source(row: RowMapping) -> Source:
    return Source(
        row["id"],
        row["collection_id"],
        row["path"],
        row["title"],
        row["markup"],
        row["dated"],
    )


def _parsed(row: RowMapping) -> ParsedDocument:
    return ParsedDocument(
        row["title"],
        row["text"],
        tuple(Section(tuple(heading), start, end) for heading, start, end in row["sections"]),
        row["markup"],
        tuple(row["page_starts"]),
        row["dated"],
        tuple(row["notes"]),
    )


def _collection(row: Row[Any]) -> Collection:
    name = row.name if row.conversation_id is None else CALLED
    return Collection(row.id, name, row.description, row.folder, row.watched, row.contact)


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _IDS_PER_QUERY):
        yield items[start : start + _IDS_PER_QUERY]
