"""Where a passage stands in its document, in the words a reader expects: on the page and in every export."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from retrieval.dates import full_date
from retrieval.parsing import FORMATS
from retrieval.values import Passage

_PAGE_WORDS = {ending: row.page_word for row in FORMATS for ending in row.endings}


def page_word(path: str) -> str:
    """What a reader calls the pages of such a file: `page`, or `slide`."""
    return _PAGE_WORDS.get(PurePosixPath(path).suffix.lower(), "page")


def page_of(path: str, number: int | None) -> str:
    """`page 3`, `slide 3`; empty where there are no pages."""
    return f"{page_word(path)} {number}" if number else ""


def place_of(passage: Passage, *, at: int | None = None) -> str:
    """Where a passage stands in its document: `Expenses › Meals · page 3`; with `at`, where this offset in it does."""
    headings, page = _place(passage, at)
    return _joined((" › ".join(headings), page_of(passage.source.path, page)))


def place_and_date_of(passage: Passage, *, at: int | None = None) -> str:
    """The place with the document's own date, where it gives one."""
    return _joined((place_of(passage, at=at), full_date(passage.source.dated) if passage.source.dated else ""))


def reference_to(passage: Passage, *, at: int | None = None) -> str:
    """The source of a quotation, as it is written under one: `Travel policy, Meals, p. 3, 4 March 2026`."""
    headings, page = _place(passage, at)
    place = page_of(passage.source.path, page).replace("page ", "p. ")
    day = full_date(passage.source.dated) if passage.source.dated else ""
    return ", ".join(part for part in (passage.source.title, *headings[-1:], place, day) if part)


def _place(passage: Passage, at: int | None) -> tuple[list[str], int | None]:
    """The headings above a place, without the document's title, and its page."""
    at = passage.start if at is None else at
    headings = [part for part in passage.heading_at(at) if part.strip() and part != passage.source.title]
    return headings, passage.page_at(at)


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)
