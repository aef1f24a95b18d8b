"""What the queue looks like as a whole: how old its tickets are, by days since they were brought in."""

from collections.abc import Mapping
from datetime import date

AGES: tuple[tuple[str, int], ...] = (
    ("today", 0),
    ("1 day", 1),
    ("2 to 3 days", 3),
    ("4 to 7 days", 7),
    ("8 to 30 days", 30),
)
"""Each with the most days that belong to it."""
OLDER = "more than 30 days"


def by_age(arrivals: Mapping[date, int], today: date) -> dict[str, int]:
    """How many tickets are of each age, the youngest first; what came in after today is of today."""
    counts = dict.fromkeys([*(name for name, _ in AGES), OLDER], 0)
    for day, tickets in arrivals.items():
        age = (today - day).days
        counts[next((name for name, most in AGES if age <= most), OLDER)] += tickets
    return counts
