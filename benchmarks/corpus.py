"""A synthetic library of any size, the same every time: invented prose, and vectors that lie around the
embeddings of its subjects, so that a question finds what it asks for.

Only the subjects are embedded: embedding 100,000 passages would take the better part of an hour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.words import any_words, prose, telling_words
from retrieval.embedding import Embedder
from retrieval.library import FileFacts, Library, NewDocument
from retrieval.values import Chunk, ParsedDocument, Section

SEED = 20260403
_CHUNKS_A_DOCUMENT = 25
_CHUNKS_A_SUBJECT = 100
_CHUNK_WORDS = 48
"""About as many as the chunks of real documents have."""
_SUBJECT_WORDS = 9
_QUESTION_WORDS = 7
_TOLD_WORDS = 3
"""So many words of its subject stand in every chunk."""
_CLOSENESS = (0.5, 0.9)
"""Cosine of a chunk and its subject, from and to."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents ready to be stored, made one by one, and questions that they answer."""

    chunks: int
    questions: tuple[str, ...]
    _subjects: tuple[str, ...]
    _vectors: NDArray[np.float32]
    _model: str

    def documents(self) -> Iterator[NewDocument]:
        """Every document is about one subject; neighbouring documents are about others."""
        random = np.random.default_rng((SEED, 1))
        for number, first in enumerate(range(0, self.chunks, _CHUNKS_A_DOCUMENT)):
            yield self._document(number, min(_CHUNKS_A_DOCUMENT, self.chunks - first), random)

    def _document(self, number: int, count: int, random: np.random.Generator) -> NewDocument:
        subject = number % len(self._subjects)
        bodies = [_body(random, self._subjects[subject]) for _ in range(count)]
        text = "\n\n".join(bodies)
        return NewDocument(
            f"synthetic/{number:06}.txt",
            FileFacts(f"{number:064x}", "text"),
            ParsedDocument(f"{self._subjects[subject].capitalize()} {number}", text, (Section((), 0, len(text)),)),
            tuple(_chunks(bodies)),
            _around(self._vectors[subject], count, random),
            self._model,
            title_embedding=self._vectors[subject],
        )


def make_corpus(chunks: int, embedder: Embedder) -> Corpus:
    """A corpus of that many chunks."""
    random = np.random.default_rng((SEED, 0))
    count = max(4, chunks // _CHUNKS_A_SUBJECT)
    subjects = tuple(" ".join(telling_words(random, _SUBJECT_WORDS)) for _ in range(count))
    questions = tuple(_question(random, subject) for subject in subjects)
    return Corpus(chunks, questions, subjects, embedder.embed_documents(subjects), embedder.name)


def store_corpus(corpus: Corpus, library: Library, *, collections: Sequence[str]) -> tuple[str, ...]:
    """Deal the corpus out to collections of these names; returns their ids."""
    ids = tuple(library.create_collection(name).id for name in collections)
    for number, document in enumerate(corpus.documents()):
        library.add(ids[number % len(ids)], document)
    return ids


def _question(random: np.random.Generator, subject: str) -> str:
    words = subject.split()
    kept = sorted(random.choice(len(words), _QUESTION_WORDS, replace=False))
    return f"What is the {' '.join(words[at] for at in kept)}?"


def _body(random: np.random.Generator, subject: str) -> str:
    told = random.choice(subject.split(), _TOLD_WORDS)
    return prose([*map(str, told), *any_words(random, _CHUNK_WORDS - _TOLD_WORDS)])


def _chunks(bodies: list[str]) -> Iterator[Chunk]:
    start = 0
    for body in bodies:
        yield Chunk(start, start + len(body), body, (), None)
        start += len(body) + 2


def _around(centre: NDArray[np.float32], count: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Vectors of length 1, some nearer to the centre than others, in random directions."""
    closeness = random.uniform(*_CLOSENESS, (count, 1))
    noise = random.standard_normal((count, len(centre)))
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    rows = closeness * centre + np.sqrt(1 - closeness**2) * noise
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
