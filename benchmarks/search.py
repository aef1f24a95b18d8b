"""How long a search takes beside the sum of its parts, beside LangChain's plain `Chroma.similarity_search`, and
over many collections; and how much memory what is searched takes.

A collection small enough to be held in memory is not asked of Chroma, which is measured as a part all the same.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.bootstrap import Citewell
from benchmarks.app import ROOT
from benchmarks.bench import COLLECTION, Bench, embedder_of
from benchmarks.plain_chroma import PASSAGES, Work, langchain_chroma
from benchmarks.report import Row, Target
from benchmarks.timing import elapsed_ms, latency_of
from retrieval.search import DEPTH
from retrieval.vectors import VectorIndex

_WARM_UP = 20
_LARGE = 100_000
_COLLECTIONS = 20

_PARTS = {"embed": "query embedding", "chroma": "Chroma", "tantivy": "Tantivy (chunks, their exact scores, documents)"}

Milliseconds = NDArray[np.float64]


def measure(bench: Bench) -> Iterator[Row]:
    """Rows for each size; the targets are those of the largest."""
    for chunks in (400,) if bench.quick else (10_000, _LARGE):
        with bench.synthetic(chunks) as (citewell, corpus), langchain_chroma(bench, citewell, corpus) as plain:
            works = {"search": _search(citewell), **_parts(citewell), "plain": plain or _nothing}
            questions = corpus.questions[: 20 if bench.quick else 400]
            taken = _timed(works, questions)
            yield from _rows(chunks, taken)
            yield from _plain_rows(chunks, taken["plain"] if plain else None)
    yield from _over_collections(bench, chunks)
    yield _memory(bench, chunks)


def _over_collections(bench: Bench, chunks: int) -> Iterator[Row]:
    """The same chunks in one collection and in twenty, question by question."""
    with bench.synthetic(chunks) as (one, corpus), bench.synthetic(chunks, collections=_COLLECTIONS) as (many, _):
        works = {"one": _search(one), "many": _search(many)}
        for question in corpus.questions[:_WARM_UP]:
            for work in works.values():
                work(question)
        taken = [
            {name: elapsed_ms(partial(work, question)) for name, work in works.items()}
            for question in corpus.questions[: 20 if bench.quick else 200]
        ]
    p50 = {name: latency_of([ms[name] for ms in taken]).p50 for name in works}
    name = f"search p50, {chunks:,} chunks in {_COLLECTIONS} collections"
    yield Row(name, p50["many"], "ms", note=f"in one {p50['one']:.1f} ms in the same run")
    yield Row(f"{_COLLECTIONS} collections ÷ one, p50", p50["many"] / p50["one"], "×", Target(2))


def _memory(bench: Bench, chunks: int) -> Row:
    """Two processes that open a home and search it, one with hardly anything in it."""
    small = 40
    with bench.synthetic(small):
        pass
    resident = {count: _resident_after_searching(bench, count) for count in (small, chunks)}
    per_large = (resident[chunks] - resident[small]) / (chunks - small) * _LARGE / 1e6
    note = f"resident {resident[chunks] / 1e6:.0f} MB against {resident[small] / 1e6:.0f} MB with {small} chunks"
    return Row(f"memory per {_LARGE:,} chunks", per_large, "MB", Target(450) if chunks >= _LARGE else None, note)


def _resident_after_searching(bench: Bench, chunks: int) -> int:
    command = [sys.executable, "-m", "benchmarks.footprint", str(bench.directory), str(chunks)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def _timed(works: dict[str, Work], questions: Sequence[str]) -> dict[str, Milliseconds]:
    """How long each work takes for each question, in turns, so that drift meets all alike.

    What comes later finds warmer caches: the search goes before its parts and after them, question by question.
    """
    for question in questions[:_WARM_UP]:
        for work in works.values():
            work(question)
    orders = (("search", *_PARTS, "plain"), ("plain", *_PARTS, "search"))
    taken = [
        {name: elapsed_ms(partial(works[name], question)) for name in orders[at % 2]}
        for at, question in enumerate(questions)
    ]
    return {name: np.array([ms[name] for ms in taken]) for name in works}


def _rows(chunks: int, taken: dict[str, Milliseconds]) -> Iterator[Row]:
    search, parts = latency_of(taken["search"]), latency_of(np.sum([taken[part] for part in _PARTS], axis=0))
    size, is_large = f"{chunks:,} chunks", chunks >= _LARGE
    each = ", ".join(f"{name} {np.median(taken[part]):.1f}" for part, name in _PARTS.items())
    note = f"{search.count} questions, {PASSAGES} passages each"
    yield Row(f"search p50, {size}", search.p50, "ms", Target(8) if is_large else None, note)
    yield Row(f"search p95, {size}", search.p95, "ms", Target(20) if is_large else None)
    yield Row(f"sum of its parts p50, {size}", parts.p50, "ms", note=each)
    yield Row(f"search ÷ sum of its parts, p50, {size}", search.p50 / parts.p50, "×", Target(1.5) if is_large else None)


def _plain_rows(chunks: int, taken: Milliseconds | None) -> Iterator[Row]:
    name = "LangChain `Chroma.similarity_search`"
    if taken is None:
        yield Row(f"{name}, {chunks:,} chunks", None, "ms", note="langchain-chroma is not installed")
        return
    plain = latency_of(taken)
    yield Row(f"{name} p50, {chunks:,} chunks", plain.p50, "ms", note=f"vectors alone, k={PASSAGES}")
    yield Row(f"{name} p95, {chunks:,} chunks", plain.p95, "ms")


def _nothing(_: str) -> None:
    """What is not there takes no time, and is not shown."""


def _search(citewell: Citewell) -> Work:
    scope = frozenset(collection.id for collection in citewell.library.collections())
    return lambda question: citewell.search.passages(question, scope=scope, limit=PASSAGES)


def _parts(citewell: Citewell) -> dict[str, Work]:
    """Each part alone, to the depth that the search asks for."""
    embedder = embedder_of(citewell)
    collection_id = citewell.library.collection_named(COLLECTION).id
    vectors = _chroma_collection(citewell, collection_id)
    words = citewell.indexes.lexical
    embedded: dict[str, Any] = {}

    def embed(question: str) -> None:
        embedded[question] = embedder.embed_query(question)

    def chroma(question: str) -> None:
        vectors.query(query_embeddings=[embedded[question]], n_results=DEPTH, include=["distances"])

    def tantivy(question: str) -> None:
        hits = words.search(collection_id, question, DEPTH)
        words.score_chunks(collection_id, question, [hit.id for hit in hits])
        words.score_documents(collection_id, question, {hit.document for hit in hits})

    return {"embed": embed, "chroma": chroma, "tantivy": tantivy}


def _chroma_collection(citewell: Citewell, collection_id: str) -> Any:
    dense = citewell.indexes.dense
    assert isinstance(dense, VectorIndex)
    return dense._collection(collection_id)
