"""Asks the indexes for the chunks nearest to some queries, and gives every one of them its exact scores.

A chunk that one index alone found is not zero in the other: counting it as zero costs more than searching ten
times as deep gains (docs/evaluation.md).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.chunk_reader import Vector
from retrieval.embedding import Embedder
from retrieval.errors import VectorsUnreachable
from retrieval.fusion import fuse_legs, ranked
from retrieval.held import Held, nearest, products
from retrieval.indexes import Indexes
from retrieval.library import Library
from retrieval.queries import Query
from retrieval.trace import Parts
from retrieval.values import Leg, Scope

_MOST_COMPARED = 4_000
"""Up to this many chunks of chosen documents are compared one by one; the index would mostly find others."""
_WIDENED = 2_000
"""How many chunks the index of meanings is asked for where more are chosen."""
_THREADS = 2
_WORDS_ALONE = "The index of vectors could not be asked, so some collections were searched by words alone."
FEEDBACK = 0.2
"""How far a question moves towards its best chunk: +.006 on SciFact, +.007 on MTRAG-human (docs/evaluation.md)."""

Documents = frozenset[int] | None
"""Ids of the documents that a search is restricted to; None is all."""
Lap = Callable[[str], None]
_AtHand = Mapping[str, Held]


class _Hit(NamedTuple):
    """Where a chunk was found, with what score; its document where the index tells it."""

    collection: str
    score: float
    document: int | None = None


_Hits = Mapping[int, _Hit]


@dataclass(frozen=True, slots=True)
class QueryScores:
    """The scores of one query by chunk: cosine, BM25 of the chunk, BM25 of its whole document.

    `moved` is the cosine to the question once it has moved towards its best chunk.
    """

    dense: Mapping[int, float]
    lexical: Mapping[int, float]
    documents: Mapping[int, float]
    moved: Mapping[int, float]

    def fused(self) -> dict[int, float]:
        """One score for every chunk."""
        return fuse_legs(self.moved, self.lexical, self.documents)

    def of(self, chunk: int) -> Parts:
        """What one chunk's score is made of."""
        return Parts(self.dense.get(chunk), self.lexical.get(chunk), self.documents.get(chunk), self.moved.get(chunk))


@dataclass(frozen=True, slots=True)
class Scored:
    """Every chunk that any index found for any query, with all its scores."""

    found_by: Mapping[int, frozenset[Leg]]
    owners: Mapping[int, int]
    """The document of each chunk that still has one."""
    counts: tuple[Mapping[Leg, int], ...]
    """How many chunks each index found, by query."""
    scores: tuple[QueryScores, ...]
    vectors: Sequence[Vector]
    """The embeddings of the queries; empty where there is no embedding."""
    notes: tuple[str, ...] = ()
    """What could not be asked."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What the indexes of words say of some chunks: their document, their BM25, and that of the document."""

    owners: Mapping[int, int]
    chunks: Mapping[int, float]
    documents: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class _Embedded:
    """Chunks with their embeddings, one row each."""

    chunks: Sequence[int]
    rows: NDArray[np.float32]

    def cosines(self, vector: Vector) -> dict[int, float]:
        return dict(zip(self.chunks, products(self.rows, vector).tolist(), strict=True)) if self.chunks else {}

    def moved(self, vector: Vector, scores: Mapping[int, float]) -> dict[int, float]:
        """The cosines to a question that has moved towards the best chunk."""
        if not self.chunks:
            return {}
        best = max(range(len(self.chunks)), key=lambda at: (scores[self.chunks[at]], -self.chunks[at]))
        towards = (1 - FEEDBACK) * vector + FEEDBACK * self.rows[best]
        return self.cosines(towards / np.linalg.norm(towards))


_NOTHING_EMBEDDED = _Embedded((), np.empty((0, 0), np.float32))


class Scorer:
    """Finds and scores chunks. Safe to share between threads."""

    def __init__(self, library: Library, indexes: Indexes, embedder: Embedder | None) -> None:
        self._library = library
        self._indexes = indexes
        self._embedder = embedder
        # Both indexes hold Python's lock for little of their work: words are looked up while a question is embedded.
        self._beside = ThreadPoolExecutor(_THREADS, "search")

    def score(self, queries: Sequence[Query], scope: Scope, documents: Documents, depth: int, lap: Lap) -> Scored:
        """Up to `depth` chunks of each index for each query, by their exact scores; `lap` hears each part's name."""
        sought = [self._beside.submit(self._matching, query.text, scope, documents, depth) for query in queries]
        vectors = self._embed(queries)
        lap("embed")
        held = self._indexes.held(scope)
        near = [self._nearest(vector, scope, held, documents, depth) for vector in vectors]
        notes = self._left_out(scope - held.keys()) if vectors else ()
        lap("dense")
        matching = [found.result() for found in sought]
        lap("lexical")
        places = {chunk: hit.collection for found in (*near, *matching) for chunk, hit in found.items()}
        embedded = self._embedded(places, held) if vectors else _NOTHING_EMBEDDED
        words = [self._words(query.text, places, found) for query, found in zip(queries, matching, strict=True)]
        asked: Sequence[Vector | None] = vectors or [None] * len(queries)
        scores = tuple(_scores(embedded, vector, told) for vector, told in zip(asked, words, strict=True))
        owners = self._owners(places, words[0])
        lap("complete")
        return Scored(_found_by(near, matching), owners, _counts(near, matching), scores, vectors, notes)

    def _left_out(self, large: Scope) -> tuple[str, ...]:
        """A note where the index of vectors could not be asked about some of these collections."""
        return () if large <= self._indexes.dense_scope(large) else (_WORDS_ALONE,)

    def _embed(self, queries: Sequence[Query]) -> list[Vector]:
        if self._embedder is None or self._indexes.dense is None:
            return []
        return [self._embedder.embed_query(query.text) for query in queries]

    def _matching(self, text: str, scope: Scope, documents: Documents, depth: int) -> _Hits:
        """The chunks whose words match best."""
        found = self._indexes.lexical.search_together(scope, text, depth, documents=documents)
        return {hit.id: _Hit(collection, hit.score, hit.document) for collection, hits in found.items() for hit in hits}

    def _nearest(self, vector: Vector, scope: Scope, held: _AtHand, documents: Documents, depth: int) -> _Hits:
        """The chunks nearest in meaning."""
        if documents is not None:
            return self._nearest_of(vector, scope, held, documents, depth)
        index = self._indexes.dense
        assert index is not None

        def search(collection: str) -> _Hits:
            try:
                found = index.search(collection, vector, depth)
            except VectorsUnreachable:  # Words answer meanwhile; the notes say so.
                return {}
            return {chunk: _Hit(collection, cosine) for chunk, cosine in found}

        large = sorted(self._indexes.dense_scope(scope) - held.keys())
        asked = (self._beside.map if len(large) > 1 else map)(search, large)
        small = {chunk: _Hit(*found) for chunk, found in nearest(held, vector, depth).items()}
        return _best((small, *asked), depth)

    def _nearest_of(self, vector: Vector, scope: Scope, held: _AtHand, documents: Collection[int], depth: int) -> _Hits:
        """The same within some documents: their chunks one by one where they are few, else out of many found."""
        among = self._library.chunks_in(documents, scope, limit=_MOST_COMPARED)
        if among is not None:
            cosines = self._embedded(among, held).cosines(vector)
            return _best([{chunk: _Hit(among[chunk], cosine) for chunk, cosine in cosines.items()}], depth)
        wide = self._nearest(vector, scope, held, None, _WIDENED)
        owners = self._library.owners(list(wide))
        return _best([{chunk: hit for chunk, hit in wide.items() if owners.get(chunk) in documents}], depth)

    def _words(self, text: str, places: Mapping[int, str], found: _Hits) -> _Words:
        """The exact BM25 of these chunks, of which some were found by it, and of the documents they belong to."""
        lexical = self._indexes.lexical
        owners = {chunk: hit.document for chunk, hit in found.items() if hit.document is not None}
        scores = {chunk: hit.score for chunk, hit in found.items()}
        for collection, chunks in _by_collection(places).items():
            for hit in lexical.score_chunks(collection, text, [chunk for chunk in chunks if chunk not in scores]):
                owners[hit.id], scores[hit.id] = hit.document, hit.score
        documents: dict[int, float] = {}
        for collection, chunks in _by_collection({chunk: places[chunk] for chunk in owners}).items():
            whole = lexical.score_documents(collection, text, frozenset(owners[chunk] for chunk in chunks))
            documents |= {chunk: whole[owners[chunk]] for chunk in chunks if owners[chunk] in whole}
        return _Words(owners, scores, documents)

    def _embedded(self, places: Mapping[int, str], held: _AtHand) -> "_Embedded":
        """The embeddings of these chunks, from memory where they are held; what has none is left out."""
        assert self._embedder is not None
        elsewhere = [chunk for chunk, collection in places.items() if collection not in held]
        found = self._indexes.remembered(elsewhere)
        if unread := [chunk for chunk in elsewhere if chunk not in found]:
            found |= self._library.vectors(unread, self._embedder.name)
        for collection, chunks in _by_collection(places).items():
            if collection in held:
                found |= held[collection].of(chunks)
        return _Embedded(tuple(found), np.stack(list(found.values()))) if found else _NOTHING_EMBEDDED

    def _owners(self, places: Mapping[int, str], words: _Words) -> dict[int, int]:
        """The document of each chunk; the database is asked where the words are not indexed yet."""
        unindexed = [chunk for chunk in places if chunk not in words.owners]
        return {**words.owners, **(self._library.owners(unindexed) if unindexed else {})}


def _scores(embedded: _Embedded, vector: Vector | None, words: _Words) -> QueryScores:
    """The scores of one query; what its best chunk is like counts as well (Rocchio, 1971)."""
    dense = {} if vector is None else embedded.cosines(vector)
    moved = {} if vector is None else embedded.moved(vector, fuse_legs(dense, words.chunks, words.documents))
    return QueryScores(dense, words.chunks, words.documents, moved)


def _by_collection(places: Mapping[int, str]) -> dict[str, list[int]]:
    chunks: dict[str, list[int]] = {}
    for chunk, collection in places.items():
        chunks.setdefault(collection, []).append(chunk)
    return chunks


def _best(found: Iterable[_Hits], depth: int) -> _Hits:
    """The best of several collections together."""
    merged = {chunk: hit for hits in found for chunk, hit in hits.items()}
    best = ranked({chunk: hit.score for chunk, hit in merged.items()})[:depth]
    return {chunk: merged[chunk] for chunk, _ in best}


def _counts(near: Sequence[_Hits], words: Sequence[_Hits]) -> tuple[Mapping[Leg, int], ...]:
    return tuple({"dense": len(near[n]) if near else 0, "lexical": len(found)} for n, found in enumerate(words))


def _found_by(near: Sequence[_Hits], words: Sequence[_Hits]) -> dict[int, frozenset[Leg]]:
    """Which indexes found each chunk, for any of the queries."""
    legs: dict[Leg, Sequence[_Hits]] = {"dense": near, "lexical": words}
    by: dict[int, frozenset[Leg]] = {}
    for leg, found in legs.items():
        for chunk in {chunk for hits in found for chunk in hits}:
            by[chunk] = by.get(chunk, frozenset()) | {leg}
    return by
