"""Numbers and times in the words a reader expects."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from assistant.errors import AssistantError, LimitReached
from retrieval.catalogue import Fate
from retrieval.dates import full_date, utc_now


def counted(count: int, one: str, many: str | None = None) -> str:
    """`3 sources`, `1 source`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


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


def today_in(timezone: str | None) -> date:
    """The day it is on the reader's clock."""
    return local_time(utc_now(), timezone).date()


def hint_of(error: AssistantError, timezone: str | None) -> str:
    """What went wrong, for a person: when a limit goes on is told on their clock."""
    if timezone and isinstance(error, LimitReached) and error.continues_at is not None:
        return error.hint_at(f"{local_time(error.continues_at, timezone):%H:%M}")
    return error.hint


def fate_words(fate: Fate, timezone: str | None) -> str:
    """`deleted on 4 March 2026`, `read in anew on 4 March 2026`; without the day where it is not known."""
    on = f" on {full_date(local_time(fate.at, timezone).date())}" if fate.at else ""
    return f"read in anew{on}" if fate.is_renewed else f"deleted{on}"


def shortened(text: str, max_chars: int) -> str:
    """The beginning of a text, cut at a word."""
    words = " ".join(text.split())
    if len(words) <= max_chars:
        return words
    return words[: max_chars - 1].rsplit(" ", 1)[0].rstrip(",;:. ") + "…"
