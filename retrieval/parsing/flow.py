"""Builds a document's text from a stream of words and breaks, with white space as a browser shows it."""

import re
from typing import NamedTuple

from retrieval.invisible import visible
from retrieval.parsing.sections import Heading, sections_under
from retrieval.values import Section

_SPACES = re.compile(r"[ \t\n\r\f\v\xa0\u2028\u2029]+")


class Flowed(NamedTuple):
    """A finished text, its sections, and its first heading ("" where there is none)."""

    text: str
    sections: tuple[Section, ...]
    first_heading: str


class Flow:
    """Write words, ask for breaks; breaks take effect before the next words, the widest one asked for."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._break = ""
        self._marker = ""
        self._space = False
        self._headings: list[Heading] = []
        self._open_heading: tuple[int, int] | None = None

    def words(self, text: str) -> None:
        """Running text: any white space in it becomes one space, none at the beginning of a line."""
        collapsed = _SPACES.sub(" ", visible(text))
        body = collapsed.strip(" ")
        if not body:
            self._space = self._space or bool(collapsed)
            return
        self._begin(spaced=collapsed[0] == " ")
        self._put(body)
        self._space = collapsed[-1] == " "

    def verbatim(self, text: str) -> None:
        """Text whose white space counts, such as code."""
        shown = visible(text.replace("\r\n", "\n").replace("\r", "\n"))
        if shown.strip():
            self._begin(spaced=False)
            self._put(shown)
            self._space = False

    def line(self) -> None:
        """What comes next begins a line."""
        if not self._marker:
            self._break = self._break or "\n"

    def paragraph(self) -> None:
        """What comes next begins after a blank line; just after a list marker it does not."""
        if not self._marker:
            self._break = "\n\n"

    def item(self, marker: str, *, tight: bool = False) -> None:
        """What comes next begins a line with a list marker; `tight` takes back a blank line asked for before."""
        self._break = "\n" if tight else self._break or "\n"
        self._marker = marker

    def item_ends(self) -> None:
        """The list item is over, even one without words."""
        self._marker = ""
        self.line()

    def heading_begins(self, level: int) -> None:
        """What is written until `heading_ends` is a heading."""
        self._marker = ""
        self.paragraph()
        self._open_heading = (len(self._parts), level)

    def heading_ends(self) -> None:
        """Closes the heading; one without words leaves no section."""
        self.paragraph()
        if self._open_heading is None:
            return
        first, level = self._open_heading
        self._open_heading = None
        title = " ".join("".join(self._parts[first:]).split())
        if title:
            written = "".join(self._parts[first:])
            start = self._length - len(written) + len(written) - len(written.lstrip())
            self._headings.append(Heading(start, level, title))

    def finish(self) -> Flowed:
        """Everything written so far."""
        text = "".join(self._parts).rstrip()
        first = next((heading.title for heading in self._headings), "")
        return Flowed(text, sections_under(self._headings, text), first)

    def _begin(self, *, spaced: bool) -> None:
        if not self._parts:
            self._put(self._marker)
        elif self._break:
            self._put(self._break + self._marker)
        elif self._space or spaced:
            self._put(" ")
        self._break = self._marker = ""

    def _put(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += len(text)
