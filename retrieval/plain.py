"""Markdown source as a person reads it, for embedding, indexing and display."""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from html import unescape
from typing import TYPE_CHECKING

from retrieval.invisible import visible
from retrieval.values import Markup

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_REMEMBERED = 1024
_MARKED = re.compile(r"[*_`\[\]<>&\\|~#!=+]|^[ \t]*(?:[-•]|\d+[.)])|^(?: {4}|\t)|^ *-{2,}", re.MULTILINE)
"""What may be Markdown; a text without any is its own reading, newlines in paragraphs apart."""


def plain_text(text: str, markup: Markup) -> str:
    """`text` without its markup: links as their words, images as their descriptions, table cells between " | ".

    Code stays; HTML tags go, and what they hold stays. Plain text comes back as it is, but for what nobody can see.
    """
    text = visible(text)
    if markup == "plain":
        return text
    if not _MARKED.search(text) and "\n" not in text and "\r" not in text:
        return text.strip()
    return _read_markdown(text)


@lru_cache(_REMEMBERED)
def _read_markdown(text: str) -> str:
    """Remembered, for a chunk is read to be embedded, to be stored and to be indexed, soon after one another."""
    return "\n".join(_readable(_parser().parse(text)))


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # only Markdown documents need it

    # A chunk seldom holds both a link and its definition: definitions are read as text, links without them below.
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("reference")


def _readable(tokens: Iterable["Token"]) -> Iterator[str]:
    """One line for each block, a table row being one block."""
    cells: list[str] | None = None
    for token in tokens:
        if token.type == "tr_open":
            cells = []
        elif token.type == "tr_close" and cells is not None:
            yield " | ".join(cells)
            cells = None
        elif token.type == "inline":
            words = _inline(token.children or ())
            if cells is not None:
                cells.append(" ".join(words.split()))
            else:
                yield from _lines(words, rows=token.content.startswith("|"))
        elif token.type in {"fence", "code_block"}:
            yield token.content.rstrip()
        elif token.type == "html_block" and (words := _without_tags(token.content)):
            yield words


def _inline(tokens: Iterable["Token"]) -> str:
    parts = []
    for token in tokens:
        if token.type in {"text", "code_inline", "image"}:
            parts.append(token.content)
        elif token.type in {"softbreak", "hardbreak"} or token.content.lower().startswith("<br"):
            parts.append("\n")
    return _LOOSE_LINK.sub(r"\1", "".join(parts))


def _lines(words: str, *, rows: bool) -> Iterator[str]:
    """A paragraph as one line; rows of a table whose head is in another chunk as a line each."""
    for line in words.split("\n") if rows else (" ".join(words.split()),):
        cells = [" ".join(cell.split()) for cell in line.strip().strip("|").split("|")] if rows else [line]
        if line and any(cell.strip("-: ") for cell in cells):
            yield " | ".join(cells)


def _without_tags(html: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", _COMMENT.sub(" ", html))).split())


_LOOSE_LINK = re.compile(
    r"\[([^\[\]]+)\](?:\[[^\[\]]*\]|\((?:\{[%{][^{}]*[%}]\}[^()\s]*|(?=[^()\n]*[./#])[^()\s][^()\n]*)\))"
)
"""A link that CommonMark refuses: one by reference, to a template's tag, or to an address with spaces."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
