"""Where the blocks of a text lie: paragraphs, list items, table rows, headings and code.

Works on lines alone, so it reads Markdown source and plain text alike, and fast.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["prose", "item", "row", "heading", "code", "rule"]

_LINE = re.compile(r"[^\r\n]*(?>\r\n|\r|\n|\Z)")
_FENCE = re.compile(r"[ \t>]*(`{3,}(?=[^`\r\n]*(?:[\r\n]|\Z))|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?=[ \t\r\n]|\Z)")
_RULE = re.compile(r" {0,3}(?:=+|-+|(?:[-_*][ \t]*+){3,}+)[ \t]*+[\r\n]*+\Z")
_BULLET = re.compile(r"[ \t>]*[-*+•◦‣▪●–][ \t]+\S")
_NUMBER = re.compile(r"[ \t>]*\(?(\d{1,3}|[a-z]|[ivx]{1,4})[.)][ \t]+\S")
_MARKER = re.compile(r"[ \t>]*(?:[-*+•◦‣▪●–]|\(?\w{1,4}[.)])[ \t]+")
_ROW = re.compile(r"[ \t>]*\||[^\r\n]* \| ")
_TAG = re.compile(
    r"[ \t]*</?(?:table|thead|tbody|tr|td|th|div|p|ul|ol|li|dl|dt|dd|h[1-6]|section|details|summary|figure)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+")
_OPEN_ENDED = re.compile(
    r"(?:[,;(\-–—]|\b(?:an?|and|as|at|by|for|from|if|in|into|is|are|of|on|or|our|that|the|their|this|to|with|your))\Z",
    re.IGNORECASE,
)
"""A line that ends so goes on in the next one."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block at `text[start:end]`, without surrounding blank space. `loose`: a blank line goes before it."""

    start: int
    end: int
    kind: Kind
    loose: bool


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str
    """With its newline."""


def lines(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    r"""Spans of the lines between two offsets, each with its newline (\n, \r\n or \r)."""
    position, stop = start, len(text) if end is None else end
    while position < stop:
        found = _LINE.match(text, position, stop)
        assert found is not None
        yield found.span()
        position = found.end()


def blocks(text: str, start: int = 0, end: int | None = None) -> tuple[Block, ...]:
    """The blocks between two offsets, in order; together they hold every character that is not space."""
    found: list[Block] = []
    pending: list[_Line] = []
    kind: Kind = "prose"
    loose = False
    fence = ""

    def flush() -> None:
        nonlocal loose
        if pending:
            found.extend(_split_deliberate(pending, kind, loose))
            loose = False
            pending.clear()

    for line in (_Line(a, b, text[a:b]) for a, b in lines(text, start, end)):
        if fence:
            pending.append(line)
            if _closes(line.text, fence):
                flush()
                fence = ""
        elif line.text.isspace():
            flush()
            loose = True
        elif opening := _FENCE.match(line.text):
            flush()
            kind, fence = "code", opening[1]
            pending.append(line)
        else:
            new = _kind_of(line.text, kind if pending or not loose else None)
            if new is not None or not pending:
                flush()
                kind = new or "prose"
            pending.append(line)
            if kind in {"heading", "rule", "row"}:
                flush()
    flush()
    return tuple(found)


def _kind_of(line: str, previous: Kind | None) -> Kind | None:
    """The kind of block that this line begins; None where it may go on with the one before."""
    if _HEADING.match(line):
        return "heading"
    if _RULE.match(line):
        return "rule"
    if _BULLET.match(line):
        return "item"
    if number := _NUMBER.match(line):
        # As in CommonMark: a wrapped line that happens to begin with "12." is no list.
        if previous != "prose" or number[1] in {"1", "a", "i"}:
            return "item"
        return None
    if _ROW.match(line):
        return "row"
    return "prose" if _TAG.match(line) or previous in {"row", "heading", "rule", "code"} else None


def _closes(line: str, fence: str) -> bool:
    mark = line.strip(" \t>\r\n")
    return len(mark) >= len(fence) and not mark.strip(fence[0])


def _split_deliberate(block: list[_Line], kind: Kind, loose: bool) -> Iterator[Block]:
    """Cut a paragraph where its author broke the line on purpose, as in an address."""
    width = max(len(line.text.rstrip()) for line in block)
    first = 0
    for i in range(1, len(block)):
        if kind in {"prose", "item"} and _is_deliberate(block[i - 1].text, block[i].text, width):
            yield _block(block[first:i], kind, loose)
            first, kind, loose = i, "prose", False
    yield _block(block[first:], kind, loose)


def _is_deliberate(line: str, following: str, width: int) -> bool:
    """Whether the next line's first word would have fitted here, and it looks like a beginning."""
    word = _WORD.search(following)
    if word is None or not (word[0][0].isupper() or word[0][0].isdigit()):
        return False
    line = line.rstrip()
    return len(line) + 1 + len(word[0]) <= width and not _OPEN_ENDED.search(line)


def marker_end(text: str, block: Block) -> int:
    """Where the words of a list item begin, after "- " or "1. "; elsewhere the block's start."""
    marker = _MARKER.match(text, block.start, block.end) if block.kind == "item" else None
    return marker.end() if marker else block.start


def _block(part: list[_Line], kind: Kind, loose: bool) -> Block:
    first = part[0]
    last = next(line for line in reversed(part) if not line.text.isspace())
    start = first.start + len(first.text) - len(first.text.lstrip())
    end = last.start + len(last.text.rstrip())
    return Block(start, end, kind, loose)
