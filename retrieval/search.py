"""From a question to passages: ask both indexes, fuse their exact scores, check every hit against SQL, join.

No language model is called. An empty scope finds nothing and asks nothing.
"""

import time
from collections.abc import Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass, field, replace

from retrieval.chunk_reader import Hit, Vector
from retrieval.embedding import Embedder
from retrieval.evidence import Signals, assess, inverse_document_frequency, measure_signals
from retrieval.fusion import fuse_queries, ranked
from retrieval.indexes import Indexes
from retrieval.joining import join
from retrieval.library import Library
from retrieval.methods import CITEWELL, Method, in_order_of
from retrieval.parts import Part, content_of, parts_of
from retrieval.plain import plain_text
from retrieval.queries import Query, judged_query, leans_on_history, queries_for
from retrieval.rerank import RERANK_DEPTH, Reranker, rerank
from retrieval.scoring import Documents, Scorer
from retrieval.trace import Candidate, Found, SearchTrace
from retrieval.values import Passage, Scope

DEPTH = 60
"""How many chunks each index is asked for."""
_READ_PER_PASSAGE = 3
"""Chunks read from SQL for each passage wanted: neighbours among them are joined."""
PART_FROM = 0.35
"""From this probability on, a part of a question counts as answered; chosen on the sample company's questions."""
_LEANING_COVERAGE = 0.7
_PASSAGES_FOR_PARTS = 3
_JUDGED_DOCUMENTS = 2
"""The ranking is not sure enough to judge answerability by its first document alone (docs/evaluation.md)."""


@dataclass(slots=True)
class _Stopwatch:
    """Milliseconds by part of the work."""

    parts: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, part: str) -> None:
        now = time.perf_counter()
        self.parts[part] = self.parts.get(part, 0.0) + (now - self._since) * 1000
        self._since = now


class Search:
    """Searches the collections of a scope. Safe to share between threads."""

    def __init__(
        self, library: Library, indexes: Indexes, embedder: Embedder | None, reranker: Reranker | None = None
    ) -> None:
        self._method: Method = CITEWELL
        self._library = library
        self._indexes = indexes
        self._embedder = embedder
        self._scorer = Scorer(library, indexes, embedder)
        self._reranker = reranker

    def varied(self, method: Method = CITEWELL, *, reranks: bool = True) -> "Search":
        """The same search in the order of one of its parts, or without the reranker: what it is compared with."""
        other = copy(self)
        other._method, other._reranker = method, self._reranker if reranks else None
        return other

    @property
    def reranks(self) -> bool:
        """Whether a reranker takes part."""
        return self._reranker is not None

    def passages(
        self,
        question: str,
        *,
        scope: Scope,
        history: Sequence[str] = (),
        rewrite: str | None = None,
        documents: Documents = None,
        limit: int = 8,
    ) -> Found:
        """The best passages for a question, given the questions asked before it (oldest first).

        `rewrite` is the question as a model or a person put it to stand alone; it is searched for as well.
        """
        queries = queries_for(question, history, rewrite)
        found = self._find(queries, scope, documents, max(limit, RERANK_DEPTH) if self._reranker else limit)
        parts = self._supported(parts_of(question), found.passages, scope, documents)
        found = replace(found, trace=replace(found.trace, parts=parts))
        return self._rerank(self._reranker, found, limit) if self._reranker else found

    def _find(self, queries: Sequence[Query], scope: Scope, documents: Documents, limit: int) -> Found:
        watch = _Stopwatch()
        trace, vectors = self._candidates(queries, scope, documents, watch)
        read = limit * _READ_PER_PASSAGE
        hits = self._library.hits([c.chunk_id for c in trace.candidates[:read]], scope)
        joined = join(trace.candidates, hits, self._library.text_between, read=read, limit=limit)
        watch.lap("read")
        signals = self._signals(trace, vectors, hits, scope)
        watch.lap("evidence")
        whole = replace(trace, candidates=joined.candidates, signals=signals, timings_ms=watch.parts)
        return Found(joined.passages, whole)

    def _rerank(self, reranker: Reranker, found: Found, limit: int) -> Found:
        """Answerability is judged before: its thresholds were chosen on the order of the search."""
        watch = _Stopwatch(dict(found.trace.timings_ms))
        reranked = rerank(reranker, found.trace.asked, found.passages, limit=limit)
        watch.lap("rerank")
        trace = replace(
            found.trace,
            candidates=reranked.renumbered(found.trace.candidates),
            notes=(*found.trace.notes, *reranked.notes),
            timings_ms=watch.parts,
        )
        return Found(reranked.passages, trace)

    def rank(self, question: str, *, scope: Scope, history: Sequence[str] = ()) -> SearchTrace:
        """The ranked chunks themselves, not joined and not read back: what evaluation measures."""
        return self._candidates(queries_for(question, history), scope, None, _Stopwatch())[0]

    def within(self, document_id: int, question: str, *, scope: Scope, limit: int = 5) -> tuple[Passage, ...]:
        """The passages of one document that are nearest to a question, best first."""
        return self.passages(question, scope=scope, documents=frozenset({document_id}), limit=limit).passages

    def _candidates(
        self, queries: Sequence[Query], scope: Scope, documents: Documents, watch: _Stopwatch
    ) -> tuple[SearchTrace, Sequence[Vector]]:
        if not scope or not queries or documents == frozenset():
            return SearchTrace(), ()
        scored = self._scorer.score(queries, scope, documents, DEPTH, watch.lap)
        weighted = zip(queries, scored.scores, strict=True)
        fused = fuse_queries([(query.weight, each.fused()) for query, each in weighted])
        candidates = tuple(
            Candidate(
                chunk,
                scored.owners[chunk],
                score,
                tuple(each.of(chunk) for each in scored.scores),
                scored.found_by[chunk],
            )
            for chunk, score in ranked(fused)
            if chunk in scored.owners
        )
        asked = tuple(replace(query, found=found) for query, found in zip(queries, scored.counts, strict=True))
        watch.lap("fuse")
        judged, notes = judged_query(queries), scored.notes
        trace = SearchTrace(asked, len(scope), candidates, judged, timings_ms=watch.parts, notes=notes)
        return in_order_of(self._method, trace), scored.vectors

    def _signals(
        self, trace: SearchTrace, vectors: Sequence[Vector], hits: Mapping[int, Hit], scope: Scope
    ) -> Signals | None:
        """What the search says about answerability, by whichever of its best documents speaks more for an answer."""
        heads = _heads(trace.candidates, hits)[:_JUDGED_DOCUMENTS]
        weights, unknown = self._weights(trace.asked, scope) if heads else ({}, frozenset())
        judged = (
            self._signals_of(head, hits[head.chunk_id], trace, vectors, weights, unknown, scope) for head in heads
        )
        return max(judged, key=lambda signals: assess(signals).probability, default=None)

    def _signals_of(
        self,
        best: Candidate,
        hit: Hit,
        trace: SearchTrace,
        vectors: Sequence[Vector],
        weights: Mapping[str, float],
        unknown: Set[str],
        scope: Scope,
    ) -> Signals:
        cosines = {c: dense for c in trace.candidates if (dense := c.parts[trace.judged].dense) is not None}
        signals = measure_signals(
            list(cosines.values()),
            [dense for c, dense in cosines.items() if c.document_id == best.document_id],
            weights,
            frozenset(self._indexes.lexical.stems(plain_text(hit.chunk.text, hit.source.markup), scope)),
            unknown,
        )
        title = self._library.title_embedding(best.document_id, self._embedder.name) if self._embedder else None
        if title is None or not vectors:
            return signals
        return replace(signals, title_cosine=float(title @ vectors[trace.judged]))

    def _supported(
        self, texts: Sequence[str], passages: Sequence[Passage], scope: Scope, documents: Documents
    ) -> tuple[Part, ...]:
        """Each part of a question searched for by itself, and held against what the whole question found.

        A part that leans on the one before says too little alone; for it the words in the passages count as well.
        """
        if not texts or not passages:
            return ()
        lexical = self._indexes.lexical
        held = {
            stem
            for p in passages[:_PASSAGES_FOR_PARTS]
            for stem in lexical.stems(plain_text(p.text, p.source.markup), scope)
        }

        def judged(text: str) -> Part:
            signals = self._find(queries_for(text), scope, documents, 1).trace.signals
            probability, coverage = assess(signals).probability, self._coverage(content_of(text), held, scope)
            leans = leans_on_history(text)
            return Part(
                text, probability, coverage, probability >= PART_FROM or (leans and coverage >= _LEANING_COVERAGE)
            )

        return tuple(judged(text) for text in texts)

    def _coverage(self, text: str, held: Set[str], scope: Scope) -> float:
        weights, _ = self._weights(text, scope)
        return sum(weight for stem, weight in weights.items() if stem in held) / (sum(weights.values()) or 1.0)

    def _weights(self, text: str, scope: Scope) -> tuple[dict[str, float], frozenset[str]]:
        """The inverse document frequency of a text's stems, and which of them stand in no chunk."""
        stems = self._indexes.lexical.stems(text, scope)
        chunks, containing = self._indexes.lexical.chunk_frequencies(scope, stems)
        counts = dict(zip(stems, containing, strict=True))
        weights = {stem: inverse_document_frequency(chunks, n) for stem, n in counts.items()}
        return weights, frozenset(stem for stem, n in counts.items() if n == 0)


def _heads(candidates: Sequence[Candidate], hits: Mapping[int, Hit]) -> list[Candidate]:
    """The best chunk of each document that is still there, best first."""
    heads: dict[int, Candidate] = {}
    for candidate in candidates:
        if candidate.chunk_id in hits:
            heads.setdefault(candidate.document_id, candidate)
    return list(heads.values())
