"""Days and times: what is stamped on whatever is stored, and how a day is written."""

from datetime import UTC, date, datetime


def utc_now() -> datetime:
    """The time as the database keeps it: of UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None)


def full_date(day: date) -> str:
    """`4 March 2026`."""
    return f"{day.day} {day:%B %Y}"
