"""The indexes of a process: each follows SQL, proves itself against it, or is built again from it."""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from retrieval.chunk_reader import Vector
from retrieval.follower import Changing, ChunkIndex, Follower, own_follower
from retrieval.held import Held, HeldVectors
from retrieval.language import main_stemmer
from retrieval.lexical import LexicalIndex
from retrieval.library import Library
from retrieval.remembered import RememberedVectors
from retrieval.values import Leg, Scope
from retrieval.vectors import ChromaIndex

log = logging.getLogger(__name__)
Beside = Callable[[Callable[[], None]], None]


class Following(Protocol):
    """Makes the follower of the vectors' index."""

    def __call__(
        self, index: ChunkIndex, library: Library, directory: Path, stopping: threading.Event, changing: Changing
    ) -> Follower:
        """`changing` is to be told of each collection before its index is changed."""


class Indexes:
    """The lexical index, and the dense one where there is an embedding."""

    def __init__(
        self,
        lexical: LexicalIndex,
        dense: ChromaIndex | None,
        library: Library,
        directory: Path,
        stopping: threading.Event | None = None,
        beside: Beside = lambda work: work(),
        following: Following = own_follower,
    ) -> None:
        """`beside` runs what a search need not wait for in a thread, which ends when `stopping` is set."""
        self.lexical = lexical
        self.dense = dense
        self._library = library
        self._beside = beside
        stopping = stopping or threading.Event()
        self._lexical = own_follower(lexical, library, directory, stopping)
        self._dense: Follower | None = None
        self._held: HeldVectors | None = None
        self._remembered: RememberedVectors | None = None
        if dense is not None:
            remembered = RememberedVectors(library, model=dense.model, dimension=dense.dimension)
            grow = partial(beside, partial(remembered.grow, stopping))
            self._remembered = remembered
            self._held = HeldVectors(library, model=dense.model, dimension=dense.dimension, found_large=grow)
            self._dense = following(dense, library, directory, stopping, self._held.forget)
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

    def follow(self, collection_id: str) -> None:
        """Take up what another process may have changed of a collection, as far as it is this one's to do."""
        self._forget(collection_id)
        self._lexical.catch_up(collection_id)

    def leave(self, collection_id: str) -> None:
        """Forget of a collection that SQL has no more what this process alone has."""
        self._forget(collection_id)
        self._lexical.drop(collection_id)

    def look_at_vectors(self) -> None:
        """Learn how the vectors' index stands; where its server is there again, have it proven beside."""
        if self._dense is None or self.dense is None:
            return
        self._dense.look()
        if self.dense.came_back():
            log.info("The server of vectors answers.")
            self._beside(self._prove_vectors)

    def _prove_vectors(self) -> None:
        assert self._dense is not None
        self._dense.drop_unknown()
        for collection_id in self._library.every_collection():
            self._dense.answers(collection_id)

    def _forget(self, collection_id: str) -> None:
        if self._held is not None:
            self._held.forget(collection_id)

    def dense_scope(self, scope: Scope) -> Scope:
        """The collections whose vectors may be asked of their index now."""
        return self._whole(scope) if self.dense is not None and self.dense.is_reachable else frozenset()

    def _whole(self, scope: Scope) -> Scope:
        follower = self._dense
        return frozenset() if follower is None else frozenset(c for c in scope if follower.is_whole(c))

    def documents_behind(self, scope: Scope) -> dict[Leg, int]:
        """How many documents of these collections each index has still to take up."""
        return {f.index.leg: sum(f.documents_behind(collection) for collection in scope) for f in self._followers}

    def held(self, scope: Scope) -> dict[str, Held]:
        """The small collections among these, whose vectors are at hand without asking an index."""
        return self._held.among(self._whole(scope)) if self._held is not None else {}

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
        dropped = [follower.drop_unknown() for follower in self._followers]
        return any(dropped)

    def scrub(self) -> None:
        """Leave nothing of dropped collections on the disk; raises HomeInUse."""
        if self.dense is not None:
            self.dense.scrub()

    def close(self) -> None:
        """Let go of files."""
        for follower in self._followers:
            follower.index.close()
