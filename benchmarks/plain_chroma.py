"""LangChain's plain vector store, as its documentation sets it up: what a search is compared with."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.bootstrap import Citewell
from benchmarks.bench import Bench, embedder_of
from benchmarks.corpus import Corpus
from retrieval.embedding import as_langchain

log = logging.getLogger(__name__)
PASSAGES = 8
"""How many passages both are asked for."""
_CHROMA_BATCH = 2000

Work = Callable[[str], object]


@contextmanager
def langchain_chroma(bench: Bench, citewell: Citewell, corpus: Corpus) -> Iterator[Work | None]:
    """Its search over the same chunks, vectors and embedding; None where langchain-chroma is not installed."""
    try:
        from langchain_chroma import Chroma
    except ImportError:
        yield None
        return
    directory = bench.directory / f"langchain-{corpus.chunks}"
    store = Chroma("plain", as_langchain(embedder_of(citewell)), persist_directory=str(directory))
    if store._collection.count() != corpus.chunks:
        _fill(store._collection, corpus)
    try:
        yield lambda question: store.similarity_search(question, k=PASSAGES)
    finally:
        store._client.close()


def _fill(collection: Any, corpus: Corpus) -> None:
    """The corpus as LangChain would have stored it, without embedding it."""
    log.info("Storing %d chunks for LangChain ...", corpus.chunks)
    waiting: list[tuple[str, str, NDArray[np.float32]]] = []
    for document in corpus.documents():
        assert document.embeddings is not None
        waiting += [
            (f"{document.path}#{number}", chunk.text, vector)
            for number, (chunk, vector) in enumerate(zip(document.chunks, document.embeddings, strict=True))
        ]
        if len(waiting) >= _CHROMA_BATCH:
            _upsert(collection, waiting)
            waiting = []
    if waiting:
        _upsert(collection, waiting)


def _upsert(collection: Any, rows: Sequence[tuple[str, str, NDArray[np.float32]]]) -> None:
    ids, texts, vectors = zip(*rows, strict=True)
    metadatas = [{"source": id_.split("#")[0]} for id_ in ids]
    collection.upsert(ids=list(ids), documents=list(texts), embeddings=np.stack(vectors), metadatas=metadatas)
