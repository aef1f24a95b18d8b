"""The default pipelines of other projects, rebuilt from document to passages with this project's embedding.

Each cuts documents by its own rule, stores the pieces in Chroma and ranks them by cosine or, for vectors of
length 1 the same order, by squared distance. The defaults are as read in the code of:

- LangChain's tutorial: langchain-ai/langchain f399cf6, docs/docs/tutorials/rag.ipynb (chunk_size 1000,
  chunk_overlap 200, similarity_search without k); langchain-core 1.7.2, vectorstores/base.py (k = 4). Its newer
  page, langchain-ai/docs 0ea0323, src/oss/langchain/rag.mdx, cuts alike.
- LlamaIndex: run-llama/llama_index 1d8353e, llama-index-core/llama_index/core/constants.py
  (DEFAULT_CHUNK_SIZE 1024, DEFAULT_CHUNK_OVERLAP 20, DEFAULT_SIMILARITY_TOP_K 2); settings.py at 291185e makes
  a SentenceSplitter without arguments, whose own overlap is 200 (node_parser/text/sentence.py at 062929d):
  both are measured. SimpleDirectoryReader (readers/file/base.py at 80b7643) leaves `file_path` in what is
  embedded, so it is here. The splitter is no dependency: its rule is rebuilt below with this project's
  sentence boundaries in the place of NLTK's. It keeps vectors in memory; here they are in Chroma, as cosines.
- Open WebUI: open-webui/open-webui 2586f1f, backend/open_webui/config.py (CHUNK_SIZE 1000, CHUNK_OVERLAP 100,
  RAG_TOP_K 3, all-MiniLM-L6-v2, hybrid search off), retrieval/vector/dbs/chroma.py (cosine). Its splitting at
  Markdown headings changes nothing in plain text and is left out.
- LibreChat: danny-avila/rag_api 4985b37 (v0.9.0 and later), app/config.py (CHUNK_SIZE 1500, CHUNK_OVERLAP 100),
  app/routes/document_routes.py (recursive splitter); danny-avila/LibreChat 39346d6,
  api/app/clients/tools/util/fileSearch.js (k = 5 of each file, sorted by distance). It keeps vectors in
  pgvector; here they are in Chroma, as cosines, and all files are ranked together.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Literal

from retrieval.embedding import Embedder
from retrieval.evaluation.spans import Piece
from retrieval.sentences import sentence_spans
from retrieval.tokens import count_tokens

Span = tuple[int, int]
Split = Callable[[str], Iterable[Span]]
_BATCH = 500
_LLAMA_TOKENS = 1024
_PHRASE = re.compile(r"[^,.;。？！]+[,.;。？！]?|[,.;。？！]")


@dataclass(frozen=True, slots=True)
class Peer:
    """How one project cuts, what it embeds in front of a piece, what distance it ranks by, how much it retrieves."""

    name: str
    split: Split
    passages: int
    space: Literal["cosine", "l2"]
    in_front: Callable[[str], str] = lambda _document: ""


class PeerIndex:
    """Documents cut, embedded and stored as a peer does it."""

    def __init__(self, peer: Peer, embedder: Embedder, directory: Path) -> None:
        import chromadb
        from chromadb.config import Settings

        self._peer = peer
        self._client: Any = chromadb.PersistentClient(str(directory), Settings(anonymized_telemetry=False))
        self._collection: Any = self._client.create_collection(
            "peer", embedding_function=None, metadata={"hnsw:space": peer.space}
        )
        self._embedder = embedder
        self.pieces = 0

    def add(self, documents: Mapping[str, str], *, are_files: bool) -> None:
        """Read texts in; where they are files, their names are the files'."""
        pieces = _cut(self._peer, documents)
        while batch := tuple(islice(pieces, _BATCH)):
            in_front = [self._peer.in_front(piece.document) if are_files else "" for piece in batch]
            self._store(batch, [f"{front}{piece.text}" for front, piece in zip(in_front, batch, strict=True)])

    def close(self) -> None:
        """Let go of the directory."""
        self._client.close()

    def _store(self, pieces: Sequence[Piece], texts: Sequence[str]) -> None:
        self._collection.add(
            ids=[str(self.pieces + at) for at in range(len(pieces))],
            embeddings=self._embedder.embed_documents(texts),
            documents=[piece.text for piece in pieces],
            metadatas=[{"document": piece.document, "start": piece.start} for piece in pieces],
        )
        self.pieces += len(pieces)

    def retrieve(self, question: str, limit: int) -> tuple[Piece, ...]:
        """The nearest pieces, best first."""
        found = self._collection.query(
            query_embeddings=[self._embedder.embed_query(question)],
            n_results=min(limit, self.pieces),
            include=["documents", "metadatas"],
        )
        return tuple(
            Piece(facts["document"], facts["start"], facts["start"] + len(text), text)
            for text, facts in zip(found["documents"][0], found["metadatas"][0], strict=True)
        )


def _cut(peer: Peer, documents: Mapping[str, str]) -> Iterator[Piece]:
    for name, text in documents.items():
        for start, end in peer.split(text):
            yield Piece(name, start, end, text[start:end])


def recursive_characters(text: str, *, size: int, overlap: int) -> list[Span]:
    """LangChain's RecursiveCharacterTextSplitter, which most projects use; sizes in characters."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap, add_start_index=True)
    return [
        (piece.metadata["start_index"], piece.metadata["start_index"] + len(piece.page_content))
        for piece in splitter.create_documents([text])
    ]


def llama_sentences(text: str, *, overlap: int) -> Iterator[Span]:
    """LlamaIndex's SentenceSplitter: whole sentences up to 1,024 tokens, the last up to `overlap` tokens repeated."""
    chunk: list[tuple[Span, int]] = []
    for start, end in _small_enough(text, 0, len(text)):
        tokens = count_tokens(text[start:end])
        if chunk and _tokens(chunk) + tokens > _LLAMA_TOKENS:
            yield from _stripped(text, chunk)
            while chunk and _tokens(chunk) > overlap:
                del chunk[0]
        chunk.append(((start, end), tokens))
    yield from _stripped(text, chunk)


def _small_enough(text: str, start: int, end: int) -> Iterator[Span]:
    """Pieces of at most a chunk's tokens: the first of these rules that cuts, and again where that is not enough."""
    if count_tokens(text[start:end]) <= _LLAMA_TOKENS:
        yield start, end
        return
    for rule in (_paragraphs, _sentences, _phrases, _words, _characters):
        inner = [start + at for at in rule(text[start:end]) if at > 0]
        if inner:
            for first, last in pairwise([start, *inner, end]):
                yield from _small_enough(text, first, last)
            return


def _paragraphs(text: str) -> list[int]:
    return [found.start() for found in re.finditer("\n\n\n", text)]


def _sentences(text: str) -> list[int]:
    return [start for start, _ in sentence_spans(text)][1:]


def _phrases(text: str) -> list[int]:
    return [found.start() for found in _PHRASE.finditer(text)]


def _words(text: str) -> list[int]:
    return [found.start() for found in re.finditer(" ", text)]


def _characters(text: str) -> list[int]:
    return list(range(1, len(text)))


def _tokens(chunk: Sequence[tuple[Span, int]]) -> int:
    return sum(tokens for _, tokens in chunk)


def _stripped(text: str, chunk: Sequence[tuple[Span, int]]) -> Iterator[Span]:
    start, end = (chunk[0][0][0], chunk[-1][0][1]) if chunk else (0, 0)
    cut = text[start:end]
    if cut.strip():
        yield start + len(cut) - len(cut.lstrip()), start + len(cut.rstrip())


def _file_path(document: str) -> str:
    return f"file_path: data/{document}\n\n"


PEERS = (
    Peer("LangChain's tutorial (1000/200 characters)", partial(recursive_characters, size=1000, overlap=200), 4, "l2"),
    Peer("LlamaIndex (1024/20 tokens)", partial(llama_sentences, overlap=20), 2, "cosine", _file_path),
    Peer("LlamaIndex (1024/200 tokens)", partial(llama_sentences, overlap=200), 2, "cosine", _file_path),
    Peer("Open WebUI (1000/100 characters)", partial(recursive_characters, size=1000, overlap=100), 3, "cosine"),
    Peer("LibreChat (1500/100 characters)", partial(recursive_characters, size=1500, overlap=100), 5, "cosine"),
)
