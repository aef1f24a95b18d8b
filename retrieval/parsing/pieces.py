"""Puts a document together from pieces of text, each under its heading path and on its page."""

from typing import NamedTuple

from retrieval.values import Section


class Joined(NamedTuple):
    """The whole text, its sections, and where each page begins."""

    text: str
    sections: tuple[Section, ...]
    page_starts: tuple[int, ...]


class Pieces:
    """Add pieces in order; a blank line goes between two."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._sections: list[Section] = []
        self._page_starts: list[int] = []
        self._next = 0
        self._begun_pages = 0

    def page_begins(self) -> None:
        """What comes next stands on a new page; one that stays empty is counted too."""
        self._begun_pages += 1

    def add(self, heading: tuple[str, ...], text: str) -> None:
        """One piece; nothing is added for one without letters. Pieces of one heading path are one section."""
        words = text.strip()
        if not words:
            return
        start = self._next
        self._place_pages(start)
        end = start + len(words)
        if self._sections and self._sections[-1].heading == heading:
            self._sections[-1] = Section(heading, self._sections[-1].start, end)
        else:
            self._sections.append(Section(heading, start, end))
        self._parts.append(words)
        self._next = end + 2

    def finish(self) -> Joined:
        """Everything that was added."""
        text = "\n\n".join(self._parts)
        self._place_pages(len(text))
        return Joined(text, tuple(self._sections), tuple(self._page_starts))

    def _place_pages(self, start: int) -> None:
        self._page_starts += [start] * self._begun_pages
        self._begun_pages = 0
