"""Compares documents with each other, in a job: which are copies, and which say the same thing with other figures.

Bounded, not whole: the newest documents, the pieces nearest in meaning, and of these so many sentences.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, delete, insert, select

from assistant.insights.health import PairKind
from assistant.schema import document_pairs
from assistant.verify import check_sentence
from assistant.wording import term
from retrieval.copies import are_copies
from retrieval.plain import plain_text
from retrieval.schema import chunks, collections, documents
from retrieval.sentences import sentence_spans

COMPARE = "compare_documents"
"""The kind of job."""
MOST_DOCUMENTS, MOST_CHUNKS, MOST_PAIRS, MOST_CHECKS = 2_000, 20_000, 5_000, 2_000
_NEAR = 0.8
"""How close in meaning two pieces are before their words are looked at."""
_NEIGHBOURS = 3
_COPIED = 0.6
"""The share of the shorter document that stands in the other one before it is its copy."""
_ALIKE = 0.5
"""The share of words that two sentences have in common before their figures are compared."""
_EACH = 3
"""So many contradictions of one pair of documents are kept."""
_FEWEST_WORDS = 4
_BLOCK = 512
_MOST_SAID_CHARS = 400

OnDone = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Piece:
    chunk_id: int
    document_id: int


@dataclass(frozen=True, slots=True)
class _Near:
    """Two pieces of different documents, by their places; the earlier document first."""

    one: int
    other: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Two documents and what makes them a pair."""

    kind: PairKind
    one_id: int
    other_id: int
    one_says: str
    other_says: str
    likeness: float


def compare(engine: Engine, *, on_done: OnDone, stopping: threading.Event) -> int | None:
    """Compare the documents of all shared collections and store the pairs in place of the last ones.

    Returns how many there are; None where it was stopped, and then the last ones stay.
    """
    with engine.connect() as connection:
        pieces, vectors = _read(connection)
        near = sorted(_near(pieces, vectors, on_done, stopping), key=lambda pair: -pair.likeness)[:MOST_PAIRS]
        texts = _texts(connection, {pieces[at].chunk_id for pair in near for at in (pair.one, pair.other)})
    found = tuple(_compared(pieces, near, texts, stopping))
    if stopping.is_set():
        return None
    with engine.begin() as connection:
        connection.execute(delete(document_pairs))
        there = frozenset(connection.execute(select(documents.c.id)).scalars())
        rows = [_row(pair) for pair in found if {pair.one_id, pair.other_id} <= there]
        if rows:
            connection.execute(insert(document_pairs), rows)
    return len(rows)


def _row(pair: Compared) -> dict[str, object]:
    names = ("kind", "one_id", "other_id", "one_says", "other_says", "likeness")
    return {name: getattr(pair, name) for name in names}


def _read(connection: Connection) -> tuple[list[_Piece], NDArray[np.float32]]:
    """The pieces of the newest documents that are embedded, by the model that embedded most of them."""
    shared = collections.c.conversation_id.is_(None)
    newest = (
        select(documents.c.id).join(collections).where(shared).order_by(documents.c.id.desc()).limit(MOST_DOCUMENTS)
    )
    query = (
        select(chunks.c.id, chunks.c.document_id, chunks.c.embedding_model, chunks.c.embedding)
        .where(chunks.c.document_id.in_(newest), chunks.c.embedding.is_not(None))
        .order_by(chunks.c.document_id.desc(), chunks.c.position)
        .limit(MOST_CHUNKS)
    )
    rows = connection.execute(query).all()
    models = Counter(row.embedding_model for row in rows)
    rows = [row for row in rows if row.embedding_model == models.most_common(1)[0][0]]
    pieces = [_Piece(row.id, row.document_id) for row in rows]
    vectors = (
        np.frombuffer(b"".join(row.embedding for row in rows), np.float32).reshape(len(rows), -1) if rows else _NONE
    )
    return pieces, vectors


_NONE = np.zeros((0, 1), np.float32)


def _near(
    pieces: Sequence[_Piece], vectors: NDArray[np.float32], on_done: OnDone, stopping: threading.Event
) -> Iterator[_Near]:
    """Each piece with those nearest to it in other documents, a pair of pieces once."""
    owners = np.array([piece.document_id for piece in pieces])
    seen: set[tuple[int, int]] = set()
    for start in range(0, len(pieces), _BLOCK):
        if stopping.is_set():
            return
        part = owners[start : start + _BLOCK]
        likeness = vectors[start : start + _BLOCK] @ vectors.T
        likeness[part[:, None] == owners[None, :]] = -1
        best = np.argpartition(-likeness, min(_NEIGHBOURS, len(pieces) - 1), axis=1)[:, :_NEIGHBOURS]
        for row, columns in enumerate(best.tolist()):
            for column in columns:
                pair = (min(start + row, column), max(start + row, column))
                if likeness[row, column] >= _NEAR and pair not in seen:
                    seen.add(pair)
                    yield _Near(*pair, float(likeness[row, column]))
        on_done(min(start + _BLOCK, len(pieces)), len(pieces))


def _texts(connection: Connection, chunk_ids: set[int]) -> dict[int, str]:
    """What each of these pieces says, without its markup."""
    ids, found = sorted(chunk_ids), {}
    for start in range(0, len(ids), _BLOCK):
        query = select(chunks.c.id, chunks.c.text, documents.c.markup).join(documents)
        for row in connection.execute(query.where(chunks.c.id.in_(ids[start : start + _BLOCK]))):
            found[row.id] = plain_text(row.text, row.markup)
    return found


def _compared(
    pieces: Sequence[_Piece], near: Sequence[_Near], texts: dict[int, str], stopping: threading.Event
) -> Iterator[Compared]:
    sizes = Counter(piece.document_id for piece in pieces)
    by_documents: dict[tuple[int, int], list[tuple[str, str, float]]] = {}
    for pair in near:
        one, other = pieces[pair.one], pieces[pair.other]
        if one.chunk_id in texts and other.chunk_id in texts:
            key = (one.document_id, other.document_id)
            by_documents.setdefault(key, []).append((texts[one.chunk_id], texts[other.chunk_id], pair.likeness))
    checks = _Allowance(MOST_CHECKS)
    for (one_id, other_id), beside in by_documents.items():
        if stopping.is_set():
            return
        copies = [both for both in beside if are_copies(*both[:2])]
        if copies and len(copies) >= _COPIED * min(sizes[one_id], sizes[other_id]):
            says, also, likeness = copies[0]
            yield Compared("copy", one_id, other_id, _said(says), _said(also), likeness)
        found = 0
        for says, also, likeness in beside:
            for said, otherwise in _contradictions(says, also, checks):
                if found < _EACH:
                    yield Compared("contradiction", one_id, other_id, _said(said), _said(otherwise), likeness)
                found += 1


@dataclass(slots=True)
class _Allowance:
    """How many sentences may still be looked at."""

    left: int

    def takes_one(self) -> bool:
        """Whether there is one left, which is gone then."""
        self.left -= 1
        return self.left >= 0


def _contradictions(one: str, other: str, checks: _Allowance) -> Iterator[tuple[str, str]]:
    """Sentences of one text with the sentence of the other that says the same thing with other figures."""
    theirs = [(sentence, _terms(sentence)) for sentence in _sentences(other)]
    for sentence in _sentences(one):
        mine = _terms(sentence)
        closest = max(theirs, key=lambda their: _alike(mine, their[1]), default=None)
        if closest is None or _alike(mine, closest[1]) < _ALIKE or sentence == closest[0]:
            continue
        if not checks.takes_one():
            return
        if check_sentence(sentence, [closest[0]]).support == "contradicted":
            yield sentence, closest[0]


def _sentences(text: str) -> list[str]:
    found = (" ".join(text[start:end].split()) for start, end in sentence_spans(text))
    return [sentence for sentence in found if len(sentence.split()) >= _FEWEST_WORDS]


def _terms(sentence: str) -> frozenset[str]:
    """The words that say something, without figures, which are to differ."""
    words = (word.strip(".,;:!?()\"'").casefold() for word in sentence.split())
    return frozenset(word for word in words if word and not any(letter.isdigit() for letter in word) and term(word))


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def _said(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MOST_SAID_CHARS else f"{text[: _MOST_SAID_CHARS - 1]}…"
