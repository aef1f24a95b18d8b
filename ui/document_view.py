"""A whole document as nodes: page by page or passage by passage, the opened span marked, no more than a browser bears."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from assistant.markup import Element, Node, visible
from assistant.places import page_of, page_word
from retrieval.values import Chunk, ParsedDocument, Source
from ui.answer_view import as_json
from ui.source_view import Quoted, Span, marked_text
from ui.words import counted

_MOST_CHARS = 200_000
_MOST_QUOTED = 300


def window_of(text: str, span: Span) -> Span:
    """All of a text, or of a very long one the part around the span, from line to line."""
    if len(text) <= _MOST_CHARS:
        return Span(0, len(text))
    start = max(0, min(span.start - _MOST_CHARS // 2, len(text) - _MOST_CHARS))
    end = min(len(text), start + _MOST_CHARS)
    start = text.find("\n", start, span.start) + 1 or start
    end = text.rfind("\n", max(span.end, start), end) + 1 or end
    return Span(start, end)


def quoted_stretches(spans: Sequence[tuple[int, int, int]], opened: Span) -> tuple[Quoted, ...]:
    """(start, end, times) spans as stretches that lie apart from each other and from what is opened, in order.

    Where spans overlap, the stretch has the highest of their counts.
    """
    kept = sorted(spans, key=lambda span: -span[2])[:_MOST_QUOTED]
    edges = sorted({edge for start, end, _ in kept for edge in (start, end)} | {opened.start, opened.end})
    stretches: list[Quoted] = []
    for start, end in pairwise(edges):
        times = max((n for first, last, n in kept if first <= start and end <= last), default=0)
        if not times or (opened.start <= start and end <= opened.end):
            continue
        joins = bool(stretches) and stretches[-1].end == start and stretches[-1].times == times
        stretches.append(Quoted(stretches.pop().start if joins else start, end, times))
    return tuple(stretches)


def document_blocks(
    source: Source, document: ParsedDocument, span: Span, window: Span, quoted: Sequence[Quoted] = ()
) -> tuple[Node, ...]:
    """The blocks of what lies in the window, with a rule before each page."""
    return tuple(_blocks(source, document, span, window, quoted))


def passage_pieces(
    source: Source, chunks: Iterable[Chunk], span: Span, window: Span, quoted: Sequence[Quoted] = ()
) -> list[dict[str, Any]]:
    """The passages of the window as they were cut, each under its number, heading, page and length."""
    return [
        {
            "label": _label(number, chunk, source),
            "blocks": as_json(_piece(chunk.text, source, span, Span(chunk.start, chunk.end), quoted)),
        }
        for number, chunk in enumerate(chunks, 1)
        if window.start <= chunk.start < window.end
    ]


def _label(number: int, chunk: Chunk, source: Source) -> str:
    heading = " › ".join(part for part in chunk.heading if part.strip())
    page = page_of(source.path, chunk.page)
    facts = (f"Passage {number:,}", heading, page, counted(len(chunk.text), "character"))
    return visible(" · ".join(fact for fact in facts if fact))


def _blocks(
    source: Source, document: ParsedDocument, span: Span, window: Span, quoted: Sequence[Quoted]
) -> Iterator[Node]:
    word = page_word(source.path).capitalize()
    for number, page in _pages(document, window):
        if number is not None:
            yield Element("page", value=f"{word} {number}")
        yield from _piece(document.text[page.start : page.end], source, span, page, quoted)


def _piece(text: str, source: Source, span: Span, place: Span, quoted: Sequence[Quoted]) -> tuple[Node, ...]:
    """The text that stands at a place of the document, with what is marked of it."""
    light = [Quoted(*_moved(q.start, q.end, place), q.times) for q in quoted if _overlap(q.start, q.end, place)]
    opened = Span(*_moved(span.start, span.end, place)) if _overlap(span.start, span.end, place) else None
    return marked_text(text, source.markup, opened, light)


def _pages(document: ParsedDocument, window: Span) -> Iterator[tuple[int | None, Span]]:
    if not document.page_starts:
        yield None, window
        return
    ends = (*document.page_starts[1:], len(document.text))
    for number, (start, end) in enumerate(zip(document.page_starts, ends, strict=True), 1):
        page = Span(max(start, window.start), min(end, window.end))
        if page.start < page.end:
            yield number, page


def _overlap(start: int, end: int, place: Span) -> bool:
    return max(start, place.start) < min(end, place.end)


def _moved(start: int, end: int, place: Span) -> tuple[int, int]:
    """The part of a stretch that lies in a place, as offsets in it."""
    return max(start, place.start) - place.start, min(end, place.end) - place.start
