"""The account of a search: what was asked, what each index found, how the scores combined, what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from retrieval.evidence import Evidence, Signals, assess
from retrieval.parts import Part
from retrieval.queries import Query
from retrieval.values import Leg, Passage

Outcome = Literal["shown", "joined", "below", "copy", "crowded", "gone"]
"""Begins a passage; joined to its neighbour's passage; ranked below the last passage; says what two passages say
already; left out because its document has most places already; deleted meanwhile."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What one query's score is made of: cosine, BM25 of the chunk, BM25 of its whole document.

    `moved` is the cosine once the question has moved towards its best chunk; it is what counts in the score.
    None where the index does not know the chunk; a BM25 of 0 means that it holds none of the words.
    """

    dense: float | None
    lexical: float | None
    document: float | None
    moved: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that was found. `parts` has one entry per query; `passage` is the number of the passage it is in."""

    chunk_id: int
    document_id: int
    score: float
    parts: tuple[Parts, ...]
    found_by: frozenset[Leg]
    outcome: Outcome = "below"
    passage: int | None = None

    @property
    def dense(self) -> float | None:
        """The cosine to the question itself."""
        return self.parts[0].dense

    @property
    def lexical(self) -> float | None:
        """The chunk's BM25 for the question itself."""
        return self.parts[0].lexical


@dataclass(frozen=True, slots=True)
class SearchTrace:
    """Enough to explain any result of a search."""

    queries: tuple[Query, ...] = ()
    collections: int = 0
    candidates: tuple[Candidate, ...] = ()
    judged: int = 0
    """Which query answerability is judged by: a rewrite, else the one with the question before if the last leans on it."""
    signals: Signals | None = None
    parts: tuple[Part, ...] = ()
    """Where several things were asked, each with whether anything found bears on it."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """Sentences about what a person should know of this search, such as a reranker that did not answer."""

    @property
    def evidence(self) -> Evidence:
        """Whether what was found can answer the question, or at least one of the things it asks."""
        return assess(self.signals, [part.probability for part in self.parts])

    @property
    def asked(self) -> str:
        """The text by which answerability is judged."""
        return self.queries[self.judged].text if self.queries else ""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search. Passages are best first."""

    passages: tuple[Passage, ...]
    trace: SearchTrace
