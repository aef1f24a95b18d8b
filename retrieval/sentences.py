"""Sentence boundaries, by sentencex (Wikimedia's rules for abbreviations, quotes and numbers)."""

import re
from collections.abc import Iterator
from itertools import pairwise

from retrieval.blocks import Block, blocks, lines, marker_end

_WORDLIKE = re.compile(r"[^\W_]")
_WINDOW_CHARS = 4_000
"""sentencex takes quadratic time over unmatched quotation marks: 100,000 of them cost 3 s, 4,000 5 ms."""
_WIDE_SPACE = re.compile(r"[^\S\x00-\x7f]")
"""White space of several bytes, as a no-break space; before a full stop sentencex 1.0.17 ends in a panic over it."""


def sentence_spans(text: str, language: str = "en") -> tuple[tuple[int, int], ...]:
    """Start and end of every sentence, in order, trimmed; together they hold all that is not space.

    A single newline inside a paragraph does not end a sentence; a blank line, a list item, a table row,
    a heading and a line of code do.
    """
    return tuple(span for block in blocks(text) for span in spans_in_block(text, block, language=language))


def spans_in_block(text: str, block: Block, *, language: str = "en") -> Iterator[tuple[int, int]]:
    """The sentences of one block of `text`; a table row or heading is one, code is one a line."""
    if block.kind in {"prose", "item"}:
        yield from _worded(text, block, _split(text, marker_end(text, block), block.end, language))
    elif block.kind == "code":
        yield from (_trimmed(text, a, b) for a, b in lines(text, block.start, block.end) if text[a:b].strip())
    else:
        yield block.start, block.end


def _worded(text: str, block: Block, spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The spans with what has no letter or digit (a list marker, the "!" of an image) joined to the next."""
    first: int | None = block.start
    last: tuple[int, int] | None = None
    for start, end in spans:
        begin = start if first is None else first
        if _WORDLIKE.search(text, start, end):
            if last:
                yield last
            last, first = (begin, end), None
        else:
            first = begin
    if last is None:
        yield block.start, block.end
    else:
        yield (last[0], block.end)


def _split(text: str, start: int, end: int, language: str) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = min(end, start + _WINDOW_CHARS)
        cuts = [cut for cut in _boundaries(text[start:stop], language) if cut < stop - start]
        if stop < end:
            stop = start + cuts.pop() if cuts else _word_end(text, start, stop)
        edges = [start, *(start + cut for cut in cuts), stop]
        for a, b in pairwise(edges):
            if text[a:b].strip():
                yield _trimmed(text, a, b)
        start = stop


def _boundaries(text: str, language: str) -> list[int]:
    from sentencex import get_sentence_boundaries

    return [int(sentence["end_index"]) for sentence in get_sentence_boundaries(language, _WIDE_SPACE.sub(" ", text))]


def _word_end(text: str, start: int, stop: int) -> int:
    """The last space before `stop`, or `stop` itself in one unbroken run of characters."""
    for position in range(stop - 1, start, -1):
        if text[position].isspace():
            return position
    return stop


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
