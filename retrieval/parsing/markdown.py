"""Markdown: the document is its own source, so that a quotation is file[start:end]."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from retrieval.blocks import lines
from retrieval.invisible import note_invisible
from retrieval.parsing.dates import day_in
from retrieval.parsing.names import stem
from retrieval.parsing.sections import Heading, sections_under
from retrieval.parsing.text import decode
from retrieval.plain import plain_text
from retrieval.values import ParsedDocument

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_FRONT_MATTER = re.compile(r"---[ \t]*+(?>\r\n|\r|\n)(?:[^\r\n]*+(?>\r\n|\r|\n))*?(?:---|\.\.\.)[ \t]*+(?:[\r\n]+|\Z)")
_ENTRY = re.compile(
    r"^(title|date|updated|last_updated|lastmod)[ \t]*+:[ \t]*+(\S[^\n]*)", re.MULTILINE | re.IGNORECASE
)
_DATES = ("updated", "last_updated", "lastmod", "date")


def parse(data: bytes, name: str) -> ParsedDocument:
    """The source with a section for each heading; title and day from the front matter where it gives them."""
    text, notes = decode(data, name)
    body = front_matter_end(text)
    entries = _entries(text[:body])
    headings = tuple(_headings(text, body))
    first_h1 = next((heading.title for heading in headings if heading.level == 1 and heading.title), None)
    return ParsedDocument(
        title=entries.get("title") or first_h1 or stem(name),
        text=text,
        sections=sections_under(headings, text),
        markup="markdown",
        dated=_dated(entries),
        notes=notes + note_invisible(text),
    )


def front_matter_end(text: str) -> int:
    """Where the body begins: after a block between two lines of "---" at the very start, else 0."""
    found = _FRONT_MATTER.match(text)
    return found.end() if found else 0


def _entries(front_matter: str) -> dict[str, str]:
    """Plain `key: value` lines; anything cleverer in YAML is not read."""
    return {key.lower(): _unquoted(value.strip()) for key, value in _ENTRY.findall(front_matter.replace("\r", "\n"))}


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1].strip()
    return "" if value[0] in "|>&*[{!" else value


def _dated(entries: dict[str, str]) -> date | None:
    return next((day for key in _DATES if (day := day_in(entries.get(key, "")))), None)


def _headings(text: str, body: int) -> Iterator[Heading]:
    starts = [body + start for start, _ in lines(text[body:])]
    tokens = _parser().parse(text[body:])
    for i, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            title = plain_text(tokens[i + 1].content, "markdown")
            yield Heading(starts[token.map[0]], int(token.tag[1]), " ".join(title.split()))


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser
