"""The adapter of Tantivy: BM25 of chunks, and of whole documents. The only file that imports tantivy.

A question is cut into stems by the same analyzer as the documents and put together as a query of terms,
so operators, quotes and brackets in it are ordinary characters.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, lru_cache
from heapq import nlargest
from pathlib import Path
from typing import Any, NamedTuple

from retrieval.index_feed import IndexedChunk
from retrieval.seal import Seal, clear
from retrieval.values import Leg, Scope

_ANALYZER = "citewell"
_ENGLISH, _NO_STEMMER = "english", "none"
_HEAP_BYTES = 32_000_000
_MOST_STEMS = 512
_TELLING_SHARE = 0.3
"""A stem that stands in more of the entries tells nothing: without it scores are as good (docs/evaluation.md)."""
_FEW = 300
"""So many entries cost nothing to look at."""
_MOST_WRITING = 4
"""Of so many collections the writers are kept: the two of each have sixteen threads."""
_LOOKED_UP = 256
"""Up to this many numbers are looked up one by one; at 500 the set is faster."""


class WordHit(NamedTuple):
    """An entry of an index, the document it belongs to, and its BM25."""

    id: int
    document: int
    score: float


class LexicalIndex:
    """Two Tantivy directories per collection, so that no collection's word counts show in another's scores.

    A chunk is indexed with its title and headings in front, a document as one text with all its words:
    a question's words often stand in different parts of the document that answers it.
    """

    leg: Leg = "lexical"
    name = "lexical"
    embedded_by: str | None = None

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.seal = Seal(directory)
        if self.seal.breaks():
            clear(directory)
        self._open: dict[str, tuple[_Entries, _Entries]] = {}
        self._written: dict[str, None] = {}
        self._stemmers: dict[str, str] = {}

    def on_trial(self) -> AbstractContextManager[None]:
        """If the process ends within it, the next one opens new files."""
        return self.seal.on_trial()

    def add(self, collection_id: str, chunks: Sequence[IndexedChunk]) -> None:
        """Insert or replace whole documents, given by all their chunks; seen by searches after `commit`."""
        by_document: dict[int, list[IndexedChunk]] = defaultdict(list)
        for chunk in chunks:
            by_document[chunk.document_id].append(chunk)
        self.remove(collection_id, tuple(by_document))
        of_chunks, of_documents = self._entries(collection_id)
        for document_id, parts in by_document.items():
            for part in parts:
                of_chunks.add(part.id, document_id, part.words.embedded)
            of_documents.add(document_id, document_id, _whole(parts))

    def remove(self, collection_id: str, document_ids: Sequence[int]) -> None:
        """Delete these documents; seen by searches after `commit`."""
        for entries in self._entries(collection_id):
            entries.remove(document_ids)

    def commit(self, collection_id: str) -> None:
        """Make what was written durable and visible."""
        for entries in self._entries(collection_id):
            entries.commit()
        self._written.pop(collection_id, None)
        self._written[collection_id] = None
        for other in tuple(self._written)[:-_MOST_WRITING]:
            del self._written[other]
            for entries in self._open.get(other, ()):
                entries.close()

    def search(
        self, collection_id: str, text: str, limit: int, *, documents: Collection[int] | None = None
    ) -> tuple[WordHit, ...]:
        """The best chunks by the BM25 of the telling words, best first; nothing for a text without words."""
        stems = _stems(text, self._stemmer(collection_id))
        return self._entries(collection_id)[0].search(stems, limit, documents).first(limit)

    def search_together(
        self, scope: Scope, text: str, limit: int, *, documents: Collection[int] | None = None
    ) -> dict[str, tuple[WordHit, ...]]:
        """The best chunks of all collections together, by collection, best first."""
        found = {
            collection_id: self._entries(collection_id)[0].search(
                _stems(text, self._stemmer(collection_id)), limit, documents
            )
            for collection_id in sorted(scope)
        }
        scores = ((score, collection_id) for collection_id, ranking in found.items() for score in ranking.scores())
        best = Counter(collection_id for _, collection_id in nlargest(limit, scores))
        return {collection_id: found[collection_id].first(count) for collection_id, count in best.items()}

    def score_chunks(self, collection_id: str, text: str, chunk_ids: Collection[int]) -> tuple[WordHit, ...]:
        """The exact BM25 of these chunks, 0 where one holds no telling word of the text."""
        stems = _stems(text, self._stemmer(collection_id))
        return self._entries(collection_id)[0].score(stems, chunk_ids)

    def score_documents(self, collection_id: str, text: str, document_ids: Collection[int]) -> dict[int, float]:
        """The exact BM25 of these whole documents, by document id."""
        stems = _stems(text, self._stemmer(collection_id))
        return {hit.id: hit.score for hit in self._entries(collection_id)[1].score(stems, document_ids)}

    def search_documents(self, collection_id: str, text: str, limit: int) -> tuple[tuple[int, float], ...]:
        """(document id, BM25), best first; nothing for a text without words."""
        stems = _stems(text, self._stemmer(collection_id))
        return tuple((hit.id, hit.score) for hit in self._entries(collection_id)[1].search(stems, limit).first(limit))

    def stems(self, text: str, scope: Scope = frozenset()) -> tuple[str, ...]:
        """The distinct stems of a text, in order, by the language that most collections of the scope are in."""
        stemmers = Counter(self._stemmer(collection_id) for collection_id in sorted(scope))
        return _stems(text, stemmers.most_common(1)[0][0] if stemmers else _ENGLISH)

    def is_stemmed_as(self, collection_id: str, stemmer: str | None) -> bool:
        """Whether a collection's words are stemmed so; None is for no stemming."""
        return self._stemmer(collection_id) == (stemmer or _NO_STEMMER)

    def stem_as(self, collection_id: str, stemmer: str | None) -> None:
        """Stem a collection's words so from now on; it has to be filled anew for that."""
        for entries in self._open.pop(collection_id, ()):
            entries.close()
        self._directory.mkdir(parents=True, exist_ok=True)
        self._stemmers[collection_id] = stemmer or _NO_STEMMER
        self._stemmer_file(collection_id).write_text(self._stemmers[collection_id], encoding="utf-8")

    def chunk_frequencies(self, scope: Scope, stems: Sequence[str]) -> tuple[int, tuple[int, ...]]:
        """How many chunks a scope has, and in how many of them each stem stands."""
        entries = [self._entries(collection_id)[0] for collection_id in sorted(scope)]
        return sum(e.count() for e in entries), tuple(sum(e.containing(stem) for e in entries) for stem in stems)

    def count(self, collection_id: str) -> int:
        """How many chunks are searchable."""
        return self._entries(collection_id)[0].count()

    def finds(self, collection_id: str, chunk: IndexedChunk) -> bool:
        """Whether a query leads to this chunk and to its document."""
        of_chunks, of_documents = self._entries(collection_id)
        return of_chunks.has(chunk.id) and of_documents.has(chunk.document_id)

    def empty(self, collection_id: str) -> None:
        """Let the next `commit` replace all that there is; searches find the old until then."""
        for entries in self._entries(collection_id):
            entries.remove_all()

    def held(self) -> frozenset[str]:
        """The collections of which there are files."""
        return frozenset(path.name for path in self._directory.glob("*") if path.is_dir())

    def drop(self, collection_id: str) -> None:
        """Forget a collection; how its words are stemmed is kept, for it may be filled again."""
        for entries in self._open.pop(collection_id, ()):
            entries.close()
        clear(self._directory / collection_id)

    def close(self) -> None:
        """Let go of the directories."""
        for pair in self._open.values():
            for entries in pair:
                entries.close()
        self._open.clear()
        self.seal.close()

    def _entries(self, collection_id: str) -> "tuple[_Entries, _Entries]":
        if collection_id not in self._open:
            directory = self._directory / collection_id
            analyzer = _analyzer(self._stemmer(collection_id))
            self._open[collection_id] = (
                _Entries(directory / "chunks", analyzer),
                _Entries(directory / "documents", analyzer),
            )
        return self._open[collection_id]

    def _stemmer(self, collection_id: str) -> str:
        if collection_id not in self._stemmers:
            try:
                self._stemmers[collection_id] = self._stemmer_file(collection_id).read_text("utf-8").strip()
            except OSError:
                self._stemmers[collection_id] = _ENGLISH
        return self._stemmers[collection_id]

    def _stemmer_file(self, collection_id: str) -> Path:
        return self._directory / f"{collection_id}.stemmer"


class _Entries:
    """One Tantivy directory: texts by id, each belonging to a document."""

    def __init__(self, path: Path, analyzer: Any) -> None:
        self._index = _open_index(path, analyzer)
        self._writer: Any = None

    def add(self, id_: int, document_id: int, text: str) -> None:
        import tantivy

        entry = tantivy.Document()
        entry.add_unsigned("id", id_)
        entry.add_unsigned("document", document_id)
        entry.add_text("words", text)
        self._writing().add_document(entry)

    def remove(self, document_ids: Sequence[int]) -> None:
        for document_id in document_ids:
            # By query: delete_documents_by_term deletes nothing on an unsigned field (tantivy 0.27).
            self._writing().delete_documents_by_query(self._term("document", document_id))

    def remove_all(self) -> None:
        self._writing().delete_all_documents()

    def commit(self) -> None:
        self._writing().commit()
        self._index.reload()

    def search(self, stems: Iterable[str], limit: int, documents: Collection[int] | None = None) -> "_Ranking":
        import tantivy

        query = self._words(self._telling(stems))
        if query is None:
            return _NOTHING
        if documents is not None:
            within = self._one_of("document", documents)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, within)])
        return self._ranking(query, limit)

    def score(self, stems: Iterable[str], ids: Collection[int]) -> tuple[WordHit, ...]:
        """Every entry of these ids with its score, 0 where no telling stem stands in it."""
        import tantivy

        if not ids:
            return ()
        parts = [(tantivy.Occur.Must, self._one_of("id", ids))]
        words = self._words(self._telling(stems))
        if words is not None:
            parts.append((tantivy.Occur.Should, words))
        return self._ranking(tantivy.Query.boolean_query(parts), len(ids)).first(len(ids))

    def _telling(self, stems: Iterable[str]) -> Sequence[str]:
        """Without the words of every other text, whose long lists cost most and tell nothing; all, if all are such."""
        asked, most = tuple(stems), max(_FEW, _TELLING_SHARE * self.count())
        return tuple(stem for stem in asked if self.containing(stem) <= most) or asked

    def _words(self, stems: Iterable[str]) -> Any:
        """Any of these stems, None where there is none."""
        import tantivy

        parts = [(tantivy.Occur.Should, self._term("words", stem)) for stem in stems]
        return tantivy.Query.boolean_query(parts) if parts else None

    def _one_of(self, field: str, values: Collection[int]) -> Any:
        """Any of these numbers; adds nothing to a score.

        A few are looked up one by one: a set is made an automaton that passes over the whole dictionary.
        """
        import tantivy

        if len(values) <= _LOOKED_UP:
            chosen = tantivy.Query.boolean_query([(tantivy.Occur.Should, self._term(field, n)) for n in values])
        else:
            chosen = tantivy.Query.term_set_query(self._index.schema, field, list(values))
        return tantivy.Query.const_score_query(chosen, 0.0)

    def _ranking(self, query: Any, limit: int) -> "_Ranking":
        searcher = self._index.searcher()
        return _Ranking(searcher, searcher.search(query, limit, count=False).hits)

    def containing(self, stem: str) -> int:
        return int(self._index.searcher().doc_freq("words", stem))

    def count(self) -> int:
        return int(self._index.searcher().num_docs)

    def has(self, id_: int) -> bool:
        return bool(self._index.searcher().search(self._term("id", id_), 1).hits)

    def close(self) -> None:
        """Let the writer go; it comes back when there is something to write."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.wait_merging_threads()

    def _term(self, field: str, value: int | str) -> Any:
        import tantivy

        return tantivy.Query.term_query(self._index.schema, field, value, "freq")

    def _writing(self) -> Any:
        if self._writer is None:
            self._writer = self._index.writer(_HEAP_BYTES, 1)
        return self._writer


@dataclass(frozen=True, slots=True)
class _Ranking:
    """What a query found, best first; which entries these are is read where somebody wants to know."""

    searcher: Any
    hits: Sequence[tuple[float, Any]]

    def scores(self) -> Iterator[float]:
        return (score for score, _ in self.hits)

    def first(self, count: int) -> tuple[WordHit, ...]:
        hits = self.hits[:count]
        addresses = [address for _, address in hits]
        if not addresses:
            return ()
        ids = self.searcher.fast_field_values("id", addresses)
        documents = self.searcher.fast_field_values("document", addresses)
        return tuple(
            WordHit(int(id_), int(document), float(score))
            for id_, document, (score, _) in zip(ids, documents, hits, strict=True)
        )


_NOTHING = _Ranking(None, ())


def _whole(parts: Sequence[IndexedChunk]) -> str:
    """A document's words: its title, each heading once, and all its text."""

    def texts() -> Iterator[str]:
        yield parts[0].words.title
        yield from dict.fromkeys(part.words.heading for part in parts)
        yield from (part.words.body for part in parts)

    return "\n".join(texts())


@lru_cache(maxsize=128)
def _stems(text: str, stemmer: str) -> tuple[str, ...]:
    """The distinct stems of a text, in order; a search asks for those of its question several times."""
    return tuple(dict.fromkeys(_analyzer(stemmer).analyze(text)))[:_MOST_STEMS]


@cache
def _analyzer(stemmer: str) -> Any:
    import tantivy

    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
    )
    return (builder if stemmer == _NO_STEMMER else builder.filter(tantivy.Filter.stemmer(stemmer))).build()


def _open_index(path: Path, analyzer: Any) -> Any:
    """The index at a path; one that cannot be opened is emptied, for SQL can fill it again."""
    import tantivy

    try:
        path.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(_schema(), path=str(path))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - a panic of Tantivy is no Exception
        clear(path)
        path.mkdir()
        index = tantivy.Index(_schema(), path=str(path))
    index.register_tokenizer(_ANALYZER, analyzer)
    return index


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", indexed=True, fast=True)
    builder.add_unsigned_field("document", indexed=True, fast=True)
    builder.add_text_field("words", tokenizer_name=_ANALYZER, index_option="freq")
    return builder.build()
