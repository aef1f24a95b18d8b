"""Numbers, dates and places in the words a reader expects."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from assistant.errors import AssistantError, LimitReached
from retrieval.catalogue import Fate
from retrieval.parsing import FORMATS
from retrieval.values import Passage

_PAGE_WORDS = {ending: row.page_word for row in FORMATS for ending in row.endings}


def counted(count: int, one: str, many: str | None = None) -> str:
    """`3 sources`, `1 source`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def full_date(day: date) -> str:
    """`4 March 2026`."""
    return f"{day.day} {day:%B %Y}"


def month_of(day: date) -> str:
    """`March 2026`."""
    return f"{day:%B %Y}"


def seconds(milliseconds: float) -> str:
    """`1.2 s`; what nobody notices is `under 0.1 s`."""
    return "under 0.1 s" if milliseconds < 100 else f"{milliseconds / 1000:.1f} s"


def size(count: int) -> str:
    """`12 kB`, `3.4 MB`."""
    if count < 1000:
        return counted(count, "byte")
    return f"{count / 1e3:.0f} kB" if count < 999_500 else f"{count / 1e6:.1f} MB"


def local_time(moment: datetime, timezone: str | None) -> datetime:
    """A stored time, which is UTC, on the clock of whoever reads it; on UTC's where theirs is unknown."""
    try:
        zone = ZoneInfo(timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return moment
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def hint_of(error: AssistantError, timezone: str | None) -> str:
    """What went wrong, for a person: when a limit goes on is told on their clock."""
    if timezone and isinstance(error, LimitReached) and error.continues_at is not None:
        return error.hint_at(f"{local_time(error.continues_at, timezone):%H:%M}")
    return error.hint


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


def fate_words(fate: Fate, timezone: str | None) -> str:
    """`deleted on 4 March 2026`, `read in anew on 4 March 2026`; without the day where it is not known."""
    on = f" on {full_date(local_time(fate.at, timezone).date())}" if fate.at else ""
    return f"read in anew{on}" if fate.is_renewed else f"deleted{on}"


def _place(passage: Passage, at: int | None) -> tuple[list[str], int | None]:
    """The headings above a place, without the document's title, and its page."""
    at = passage.start if at is None else at
    headings = [part for part in passage.heading_at(at) if part.strip() and part != passage.source.title]
    return headings, passage.page_at(at)


def shortened(text: str, max_chars: int) -> str:
    """The beginning of a text, cut at a word."""
    words = " ".join(text.split())
    if len(words) <= max_chars:
        return words
    return words[: max_chars - 1].rsplit(" ", 1)[0].rstrip(",;:. ") + "…"


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)
