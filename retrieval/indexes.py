"""Keeps the indexes in step with SQL: each follows it, proves itself against it, or is built again from it."""

import json
import logging
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from retrieval.chunk_reader import Vector
from retrieval.errors import FULL, HomeFull
from retrieval.held import Held, HeldVectors
from retrieval.index_feed import IndexedChunk
from retrieval.language import main_stemmer
from retrieval.lexical import LexicalIndex
from retrieval.library import Library
from retrieval.remembered import RememberedVectors
from retrieval.seal import Seal
from retrieval.values import Leg, Scope
from retrieval.vectors import VectorIndex

log = logging.getLogger(__name__)
Beside = Callable[[Callable[[], None]], None]
Changing = Callable[[str], None]
"""Told of a collection that SQL has changed, before its index is."""
_DOCUMENTS_AT_ONCE = 200
_PROOF_SAMPLE = 32
_MOST_BEHIND = 10_000
_ROOM_BYTES = 4 * 1024 * 1024
"""With less room than this, whatever an index says when it cannot write, the disk is to blame."""


class ChunkIndex(Protocol):
    """What both indexes do alike."""

    leg: Leg
    seal: Seal
    embedded_by: str | None
    """The embedding model whose vectors it holds, None for words."""

    @property
    def name(self) -> str:
        """Changes whenever what is indexed changes, so that an older index is not taken for this one."""

    def add(self, collection_id: str, chunks: Sequence[IndexedChunk]) -> None:
        """Insert or replace; doing it twice is the same as once."""

    def remove(self, collection_id: str, document_ids: Sequence[int]) -> None:
        """Delete the chunks of documents; of unknown ones, nothing."""

    def commit(self, collection_id: str) -> None:
        """Make what was written durable and searchable."""

    def count(self, collection_id: str) -> int:
        """How many chunks the index believes to hold."""

    def finds(self, collection_id: str, chunk: IndexedChunk) -> bool:
        """Whether a query leads to this chunk."""

    def empty(self, collection_id: str) -> None:
        """Make ready to be filled anew by one `commit`; until then what it held may still be found."""

    def held(self) -> frozenset[str]:
        """The collections of which it has anything."""

    def drop(self, collection_id: str) -> None:
        """Forget a collection, its files with it."""

    def close(self) -> None:
        """Let go of files."""


class Follower:
    """One index that follows SQL, remembering in a small file how far it has come."""

    def __init__(
        self,
        index: ChunkIndex,
        library: Library,
        directory: Path,
        stopping: threading.Event,
        *,
        changing: Changing = lambda _: None,
    ) -> None:
        self.index = index
        self._changing = changing
        self._stopping = stopping
        self._filling: set[str] = set()
        self._library = library
        self._directory = directory
        self._marks = _Marks(directory / f"{index.name}.json")
        self._lock = threading.Lock()

    def catch_up(self, collection_id: str) -> None:
        """Apply all that SQL has and the index has not."""
        with self._lock:
            try:
                self._catch_up(collection_id)
            except Exception as error:
                if shutil.disk_usage(self._directory).free < _ROOM_BYTES:
                    raise HomeFull(FULL) from error
                raise

    def set_aside(self, collection_id: str) -> None:
        """Let nobody ask it until it is filled anew."""
        self._filling.add(collection_id)

    def is_whole(self, collection_id: str) -> bool:
        """Whether it may be asked: not while it is being filled anew."""
        return collection_id not in self._filling

    def rebuild(self, collection_id: str) -> None:
        """Fill the index anew from SQL, with the embeddings stored there."""
        self.refill(collection_id, self.index.empty)

    def replace(self, collection_id: str) -> None:
        """Rebuild an index whose files cannot be trusted, in new ones."""
        self.refill(collection_id, self.index.drop)

    def refill(self, collection_id: str, clear: Callable[[str], None]) -> None:
        """Fill the index anew from SQL once `clear` has made it ready; if that is cut off, the next start begins again."""
        with self._lock:
            self._filling.add(collection_id)
            self._marks.set(collection_id, (0, 0))
            clear(collection_id)
            if self._catch_up(collection_id):
                self._filling.discard(collection_id)

    def documents_behind(self, collection_id: str) -> int:
        """How many documents SQL has that it has not, ten thousand at most."""
        document, _ = self._marks.get(collection_id)
        return len(self._library.documents_after(collection_id, document, _MOST_BEHIND))

    def drop(self, collection_id: str) -> None:
        """Forget a collection."""
        with self._lock:
            self._changing(collection_id)
            self.index.drop(collection_id)
            self._marks.forget(collection_id)

    def answers(self, collection_id: str) -> bool:
        """Catch up; whether what SQL has can then be queried."""
        try:
            with self.index.seal.on_trial():
                if self._has_lost_its_marks(collection_id):
                    return False
                self.catch_up(collection_id)
                return self._answers_like_sql(collection_id)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # damage shows in any way, and a panic of Rust is no Exception
            log.warning("The %s index of %s is damaged.", self.index.leg, collection_id, exc_info=True)
            return False

    def _catch_up(self, collection_id: str) -> bool:
        """Whether it came to the end: closing ends it between two batches, to be begun again at the next start."""
        document, removal = self._marks.get(collection_id)
        changed = False
        while ids := self._library.documents_after(collection_id, document, _DOCUMENTS_AT_ONCE):
            if self._stopping.is_set():
                return False
            self._changing(collection_id)
            self.index.add(collection_id, tuple(self._library.indexed_chunks(ids)))
            document, changed = ids[-1], True
        if gone := self._library.removals_after(collection_id, removal):
            self._changing(collection_id)
            self.index.remove(collection_id, tuple(document_id for _, document_id in gone))
            removal, changed = gone[-1][0], True
        if changed or collection_id in self._filling:
            self.index.commit(collection_id)
            self._marks.set(collection_id, (document, removal))
        return True

    def _has_lost_its_marks(self, collection_id: str) -> bool:
        """An index that seems to follow nothing and yet holds something: adding all again would not make it whole."""
        return self._marks.get(collection_id) == (0, 0) and self.index.count(collection_id) > 0

    def _answers_like_sql(self, collection_id: str) -> bool:
        sample = self._library.sample(collection_id, _PROOF_SAMPLE)
        expected = self._library.chunk_count(collection_id, embedded_by=self.index.embedded_by)
        return self.index.count(collection_id) == expected and all(
            self.index.finds(collection_id, chunk) for chunk in sample
        )


class Indexes:
    """The lexical index, and the dense one where there is an embedding."""

    def __init__(
        self,
        lexical: LexicalIndex,
        dense: VectorIndex | None,
        library: Library,
        directory: Path,
        stopping: threading.Event | None = None,
        beside: Beside = lambda work: work(),
    ) -> None:
        """`beside` runs what a search need not wait for in a thread, which ends when `stopping` is set."""
        self.lexical = lexical
        self.dense = dense
        self._library = library
        stopping = stopping or threading.Event()
        self._lexical = Follower(lexical, library, directory, stopping)
        self._dense: Follower | None = None
        self._held: HeldVectors | None = None
        self._remembered: RememberedVectors | None = None
        if dense is not None:
            remembered = RememberedVectors(library, model=dense.model, dimension=dense.dimension)
            grow = partial(beside, partial(remembered.grow, stopping))
            self._remembered = remembered
            self._held = HeldVectors(library, model=dense.model, dimension=dense.dimension, found_large=grow)
            self._dense = Follower(dense, library, directory, stopping, changing=self._held.forget)
        self._followers = (self._lexical,) if self._dense is None else (self._lexical, self._dense)

    def catch_up(self, collection_id: str) -> None:
        """Apply SQL's changes to every index."""
        for follower in self._followers:
            follower.catch_up(collection_id)

    def prove(self, collection_id: str, *, beside: Beside | None = None) -> tuple[Leg, ...]:
        """Check every index of a collection against SQL, and build those again that fail; returns which.

        `beside` runs the slow part, the vectors', in a thread: words answer meanwhile.
        """
        self._stem_by_language(collection_id, self.lexical.drop)
        failed = tuple(follower for follower in self._followers if not follower.answers(collection_id))
        for follower in failed:
            facts = {"leg": follower.index.leg, "collection": collection_id}
            told = {"event": "index_rebuilt", "facts": facts}
            log.warning("The %s index of %s is built again.", *facts.values(), extra=told)
            if follower is self._dense and beside is not None:
                follower.set_aside(collection_id)
                beside(partial(follower.replace, collection_id))
            else:
                follower.replace(collection_id)
        return tuple(follower.index.leg for follower in failed)

    def adapt(self, collection_id: str) -> None:
        """Stem the words of a collection by the language that most of it is in."""
        self._stem_by_language(collection_id, self.lexical.empty)

    def _stem_by_language(self, collection_id: str, clear: Callable[[str], None]) -> None:
        stemmer = main_stemmer(self._library.languages(collection_id))
        if self.lexical.is_stemmed_as(collection_id, stemmer):
            return

        def restem(_: str) -> None:
            self.lexical.stem_as(collection_id, stemmer)
            clear(collection_id)

        self._lexical.refill(collection_id, restem)

    def dense_scope(self, scope: Scope) -> Scope:
        """The collections whose vectors may be asked now."""
        follower = self._dense
        return frozenset() if follower is None else frozenset(c for c in scope if follower.is_whole(c))

    def documents_behind(self, scope: Scope) -> dict[Leg, int]:
        """How many documents of these collections each index has still to take up."""
        return {f.index.leg: sum(f.documents_behind(collection) for collection in scope) for f in self._followers}

    def held(self, scope: Scope) -> dict[str, Held]:
        """The small collections among these, whose vectors are at hand without asking an index."""
        return self._held.among(self.dense_scope(scope)) if self._held is not None else {}

    def remembered(self, chunk_ids: Sequence[int]) -> dict[int, Vector]:
        """The embeddings of those of these chunks that are at hand by id without asking SQL."""
        return self._remembered.of(chunk_ids) if self._remembered is not None else {}

    def rebuild(self, collection_id: str, *, legs: Sequence[Leg] = ("lexical", "dense")) -> None:
        """Build indexes of a collection again from SQL."""
        for follower in self._followers:
            if follower.index.leg in legs:
                follower.rebuild(collection_id)

    def drop(self, collection_id: str) -> None:
        """Forget a collection that SQL has no more."""
        for follower in self._followers:
            follower.drop(collection_id)

    def drop_unknown(self) -> bool:
        """Forget the collections that SQL has no more, whatever was cut off when they went; whether there was one."""
        held = frozenset[str]().union(*(follower.index.held() for follower in self._followers))
        unknown = held.difference(self._library.every_collection())
        for collection_id in unknown:
            self.drop(collection_id)
        return bool(unknown)

    def scrub(self) -> None:
        """Leave nothing of dropped collections on the disk; raises HomeInUse."""
        if self.dense is not None:
            self.dense.scrub()

    def close(self) -> None:
        """Let go of files."""
        for follower in self._followers:
            follower.index.close()


class _Marks:
    """How far an index has come, by collection: (last document id, last removal id)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, collection_id: str) -> tuple[int, int]:
        document, removal = self._read().get(collection_id, (0, 0))
        return document, removal

    def set(self, collection_id: str, mark: tuple[int, int]) -> None:
        self._write(self._read() | {collection_id: mark})

    def forget(self, collection_id: str) -> None:
        self._write({key: mark for key, mark in self._read().items() if key != collection_id})

    def _write(self, marks: dict[str, tuple[int, int]]) -> None:
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps(marks), encoding="utf-8")
        os.replace(temporary, self._path)

    def _read(self) -> dict[str, tuple[int, int]]:
        try:
            return {key: (int(a), int(b)) for key, (a, b) in json.loads(self._path.read_text("utf-8")).items()}
        except (OSError, ValueError):
            return {}
