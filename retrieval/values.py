"""The values that travel through retrieval: a parsed document, its chunks, the passages a search returns.

Offsets are code points in the document's text, end exclusive, everywhere.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Scope = frozenset[str]
"""Ids of the collections a search may touch. An empty scope finds nothing."""

Leg = Literal["dense", "lexical"]
"""Which index found a passage."""

Markup = Literal["plain", "markdown"]
"""How a document's text is written: as it is read, or as Markdown source."""


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document under one heading path, outermost heading first."""

    heading: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a parser read out of one file.

    `sections` are in order, do not overlap and together cover every letter of `text`.
    `page_starts[i]` is the offset at which page `i + 1` begins; empty where there are no pages.
    `dated` is the day the document itself gives (front matter, metadata), None where it gives none.
    """

    title: str
    text: str
    sections: tuple[Section, ...]
    markup: Markup = "plain"
    page_starts: tuple[int, ...] = ()
    dated: date | None = None
    notes: tuple[str, ...] = ()
    """Plain sentences for the reader about what was left out or looked odd while reading."""
    format: str = ""
    """The kind of file it was read from, such as "PDF"."""

    def page_at(self, offset: int) -> int | None:
        """The 1-based page that holds `offset`, None where the document has no pages."""
        return max(1, bisect_right(self.page_starts, offset)) if self.page_starts else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document, small enough to embed: `text == document.text[start:end]`."""

    start: int
    end: int
    text: str
    heading: tuple[str, ...]
    page: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """The document a passage comes from, as a reader names it."""

    id: int
    collection: str
    path: str
    title: str
    markup: Markup = "plain"
    dated: date | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A readable stretch of one document that a search found, neighbouring chunks joined.

    `score` falls with rank; it is comparable within one search only.
    """

    source: Source
    start: int
    end: int
    text: str
    heading: tuple[str, ...]
    page: int | None
    score: float
    found_by: frozenset[Leg] = field(default_factory=frozenset)
    page_breaks: tuple[int, ...] = ()
    """Where further pages begin inside the passage."""
    headings: tuple[tuple[int, tuple[str, ...]], ...] = ()
    """(offset, heading path) of each chunk that was joined, in order."""
    fused_score: float | None = None
    """The search's own score, where `score` is a reranker's."""

    def page_at(self, offset: int) -> int | None:
        """The page that holds an offset inside the passage, None where the document has no pages."""
        return None if self.page is None else self.page + bisect_right(self.page_breaks, offset)

    def heading_at(self, offset: int) -> tuple[str, ...]:
        """The heading path above an offset inside the passage."""
        above = [heading for start, heading in self.headings if start <= offset]
        return above[-1] if above else self.heading
