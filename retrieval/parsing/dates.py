"""Days as documents write them."""

import re
from datetime import date

_ISO = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_PDF = re.compile(r"\s*(?:D:)?(\d{4})(\d{2})(\d{2})")


def day_in(value: str) -> date | None:
    """The day that an ISO date or time begins with (2026-03-01T09:00Z), None where there is none."""
    return _day(_ISO.match(value))


def day_in_pdf(value: str) -> date | None:
    """The day of a PDF date (D:20260301090000+01'00'), None where there is none."""
    return _day(_PDF.match(value))


def _day(found: re.Match[str] | None) -> date | None:
    if found is None:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        return None
