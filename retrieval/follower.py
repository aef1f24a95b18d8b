"""One index that follows SQL: catches up with it, proves itself against it, or is filled anew from it."""

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from retrieval.errors import FULL, HomeFull, VectorsUnreachable
from retrieval.index_feed import IndexedChunk
from retrieval.library import Library
from retrieval.marks import NOTHING, FileMarks, Mark, Marks, OwnTurns, Turns
from retrieval.values import Leg

log = logging.getLogger(__name__)
Changing = Callable[[str], None]
"""Told of a collection that SQL has changed, before its index is."""
_DOCUMENTS_AT_ONCE = 200
_PROOF_SAMPLE = 32
_PROOF_TRIES = 5
_MOST_BEHIND = 10_000
_ROOM_BYTES = 4 * 1024 * 1024
"""With less room than this, whatever an index says when it cannot write, the disk is to blame."""


class ChunkIndex(Protocol):
    """What all indexes do alike."""

    leg: Leg
    embedded_by: str | None
    """The embedding model whose vectors it holds, None for words."""

    @property
    def name(self) -> str:
        """Changes whenever what is indexed changes, so that an older index is not taken for this one."""

    def on_trial(self) -> AbstractContextManager[None]:
        """Within it, what it keeps on the disk is read for the first time."""

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
    """An index that this process writes, remembering by marks how far it has come."""

    def __init__(
        self,
        index: ChunkIndex,
        library: Library,
        stopping: threading.Event,
        *,
        marks: Marks,
        turns: Turns,
        directory: Path,
        changing: Changing = lambda _: None,
    ) -> None:
        """`directory` is where it writes, as far as room on a disk is concerned."""
        self.index = index
        self._changing = changing
        self._stopping = stopping
        self._library = library
        self._directory = directory
        self._marks = marks
        self._turns = turns

    def catch_up(self, collection_id: str) -> None:
        """Apply all that SQL has and the index has not."""
        with self._turns.taken(collection_id):
            try:
                self._come_along(collection_id)
            except VectorsUnreachable:
                raise
            except Exception as error:
                if shutil.disk_usage(self._directory).free < _ROOM_BYTES:
                    raise HomeFull(FULL) from error
                raise

    def look(self) -> None:
        """Learn what other processes have done with it."""
        self._marks.look()

    def set_aside(self, collection_id: str) -> None:
        """Let nobody ask it until it is filled anew."""
        self._marks.begin_anew(collection_id)

    def is_whole(self, collection_id: str) -> bool:
        """Whether it may be asked: not while it is being filled anew."""
        return self._marks.is_whole(collection_id)

    def rebuild(self, collection_id: str) -> None:
        """Fill the index anew from SQL, with the embeddings stored there."""
        self.refill(collection_id, self.index.empty)

    def replace(self, collection_id: str) -> None:
        """Rebuild an index whose files cannot be trusted, in new ones."""
        self.refill(collection_id, self.index.drop)

    def refill(self, collection_id: str, clear: Callable[[str], None]) -> None:
        """Fill the index anew from SQL once `clear` has made it ready; if that is cut off, the next start begins again."""
        with self._turns.taken(collection_id):
            self._refill(collection_id, clear)

    def documents_behind(self, collection_id: str) -> int:
        """How many documents SQL has that it has not, ten thousand at most."""
        return len(self._library.documents_after(collection_id, self._marks.get(collection_id).document, _MOST_BEHIND))

    def drop(self, collection_id: str) -> None:
        """Forget a collection."""
        with self._turns.taken(collection_id):
            self._changing(collection_id)
            self.index.drop(collection_id)
            self._marks.forget(collection_id)

    def drop_unknown(self) -> bool:
        """Forget the collections that SQL has no more, whatever was cut off when they went; whether there was one."""
        unknown = self.index.held().difference(self._library.every_collection())
        for collection_id in unknown:
            self.drop(collection_id)
        return bool(unknown)

    def answers(self, collection_id: str) -> bool:
        """Catch up; whether what SQL has can then be queried."""
        with self._turns.taken(collection_id):
            return self._answers(collection_id)

    def _come_along(self, collection_id: str) -> None:
        if self._marks.is_whole(collection_id):  # Else it is about to be filled anew.
            self._catch_up(collection_id)

    def _answers(self, collection_id: str) -> bool:
        try:
            with self.index.on_trial():
                return not self._has_lost_its_marks(collection_id) and self._follows(collection_id)
        except (KeyboardInterrupt, SystemExit, VectorsUnreachable):
            raise
        except BaseException:  # damage shows in any way, and a panic of Rust is no Exception
            log.warning("The %s index of %s is damaged.", self.index.leg, collection_id, exc_info=True)
            return False

    def _follows(self, collection_id: str) -> bool:
        """Catch up and compare with SQL; it is compared again where SQL was changed meanwhile."""
        for _ in range(_PROOF_TRIES):
            version = self._library.version(collection_id)
            self._catch_up(collection_id)
            if self._answers_like_sql(collection_id):
                return True
            if self._library.version(collection_id) == version:
                return False
        return True

    def _refill(self, collection_id: str, clear: Callable[[str], None]) -> None:
        self._marks.begin_anew(collection_id)
        clear(collection_id)
        self._catch_up(collection_id)

    def _catch_up(self, collection_id: str) -> None:
        """Closing ends it between two batches, to be begun again at the next start."""
        document, removal = begun = self._marks.get(collection_id)
        while ids := self._library.documents_after(collection_id, document, _DOCUMENTS_AT_ONCE):
            if self._stopping.is_set():
                return
            self._changing(collection_id)
            self.index.add(collection_id, tuple(self._library.indexed_chunks(ids)))
            document = ids[-1]
        if gone := self._library.removals_after(collection_id, removal):
            self._changing(collection_id)
            self.index.remove(collection_id, tuple(document_id for _, document_id in gone))
            removal = gone[-1][0]
        if (document, removal) != begun or not self._marks.is_whole(collection_id):
            self.index.commit(collection_id)
            self._marks.set(collection_id, Mark(document, removal))

    def _has_lost_its_marks(self, collection_id: str) -> bool:
        """An index that seems to follow nothing and yet holds something: adding all again would not make it whole."""
        return self._marks.get(collection_id) == NOTHING and self.index.count(collection_id) > 0

    def _answers_like_sql(self, collection_id: str) -> bool:
        sample = self._library.sample(collection_id, _PROOF_SAMPLE)
        expected = self._library.chunk_count(collection_id, embedded_by=self.index.embedded_by)
        return self.index.count(collection_id) == expected and all(
            self.index.finds(collection_id, chunk) for chunk in sample
        )


def own_follower(
    index: ChunkIndex, library: Library, directory: Path, stopping: threading.Event, changing: Changing = lambda _: None
) -> Follower:
    """The follower of an index that belongs to this process alone."""
    marks = FileMarks(directory / f"{index.name}.json")
    return Follower(index, library, stopping, marks=marks, turns=OwnTurns(), directory=directory, changing=changing)


class SharedFollower(Follower):
    """The follower of an index on a server that may be away; what could not be done then is done when it is back."""

    def catch_up(self, collection_id: str) -> None:
        """Apply all that SQL has and the index has not, as soon as the server is there."""
        self._or_later(lambda: super(SharedFollower, self).catch_up(collection_id))

    def refill(self, collection_id: str, clear: Callable[[str], None]) -> None:
        """Fill the index anew from SQL, as soon as the server is there."""
        self._or_later(lambda: super(SharedFollower, self).refill(collection_id, clear))

    def drop(self, collection_id: str) -> None:
        """Forget a collection, as soon as the server is there."""
        self._changing(collection_id)
        self._or_later(lambda: super(SharedFollower, self).drop(collection_id))

    def drop_unknown(self) -> bool:
        """Forget the collections that SQL has no more, as far as the server is there."""
        try:
            return super().drop_unknown()
        except VectorsUnreachable:
            return False

    def answers(self, collection_id: str) -> bool:
        """Catch up, and fill anew what SQL has and cannot be queried, while nobody else may; then there is none such.

        A server that is away proves nothing.
        """
        self._or_later(lambda: self._prove(collection_id))
        return True

    def _prove(self, collection_id: str) -> None:
        with self._turns.taken(collection_id):
            self._marks.look()
            if not (self._marks.is_whole(collection_id) and self._answers(collection_id)):
                self._fill_anew(collection_id)

    def _come_along(self, collection_id: str) -> None:
        self._marks.look()
        if self._marks.is_whole(collection_id):
            self._catch_up(collection_id)
        else:  # Whoever began to fill it is gone, for it is our turn.
            self._fill_anew(collection_id)

    def _fill_anew(self, collection_id: str) -> None:
        told = {"event": "index_rebuilt", "facts": {"leg": self.index.leg, "collection": collection_id}}
        log.warning("The %s index of %s is built again.", self.index.leg, collection_id, extra=told)
        self._refill(collection_id, self.index.drop)

    def _or_later(self, work: Callable[[], None]) -> None:
        try:
            work()
        except VectorsUnreachable:
            log.warning("The %s index falls behind until its server is there.", self.index.leg)


class Onlooker(SharedFollower):
    """Asks an index that other processes write, and writes nothing."""

    def catch_up(self, collection_id: str) -> None:
        """Others do it."""

    def refill(self, collection_id: str, clear: Callable[[str], None]) -> None:
        """Others do it."""

    def drop(self, collection_id: str) -> None:
        """Others do it; what is known of it in memory goes."""
        self._changing(collection_id)

    def drop_unknown(self) -> bool:
        """Others do it."""
        return False

    def _prove(self, collection_id: str) -> None:
        """Others do it."""
