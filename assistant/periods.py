"""Stretches of days as people name them, in English and German: "this week", "since Monday", "im März 2026"."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar jan",
            "february februar feb",
            "march märz mar",
            "april apr",
            "may mai",
            "june juni jun",
            "july juli jul",
            "august aug",
            "september sept sep",
            "october oktober oct",
            "november nov",
            "december dezember dec",
        ),
        1,
    )
    for name in names.split()
}
_DAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday montag",
            "tuesday dienstag",
            "wednesday mittwoch",
            "thursday donnerstag",
            "friday freitag",
            "saturday samstag sonnabend",
            "sunday sonntag",
        )
    )
    for name in names.split()
}
_NUMBERS = {"couple of": 2, "few": 3, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
_MONTH, _WEEKDAY = "|".join(_MONTHS), "|".join(_DAYS)
_UNIT = "days?|weeks?|months?|tag(?:e|en)?|woche[n]?|monat(?:e|en)?"
_DAY = (
    rf"(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)? (?:of )?(?P<month>{_MONTH})(?:,? (?P<year>\d{{4}}))?"
    rf"|(?P<month_first>{_MONTH}) (?P<day_last>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year_last>\d{{4}}))?"
)
_ANY = re.compile(r"\(\?P<\w+>")
_LAST_FEW = (
    r"(?:in|within|over|during)? ?(?:the|den) (?:last|past|letzten) "
    rf"(?:(?P<count>\d{{1,3}}|{'|'.join(_NUMBERS)}) )?(?P<unit>{_UNIT})"
)
_IN_MONTH = rf"(?:in|im|during|from) (?:the month of )?(?P<in_month>{_MONTH})(?: (?:of )?(?P<in_year>\d{{4}}))?"
_IN_YEAR = r"(?:in|im jahr|during|from|aus) (?P<whole_year>(?:19|20)\d{2})"
_SINCE = (
    rf"(?:since|seit|after)(?: dem)? (?:(?P<yesterday>yesterday|gestern)|(?:last |letzten )?(?P<weekday>{_WEEKDAY})"
    rf"|(?P<since_month>{_MONTH})(?: (?P<since_year>\d{{4}}))?|(?P<since_whole_year>(?:19|20)\d{{2}})|{_DAY})"
)
_ON = rf"(?:on|am)(?: dem)? (?:(?:last |letzten )?(?P<on_weekday>{_WEEKDAY})|{_DAY})"
_NAMED = {
    "today|heute": "today",
    "yesterday|gestern": "yesterday",
    "this week|diese woche|in dieser woche": "this week",
    "last week|letzte woche|in der letzten woche": "last week",
    "this month|diesen monat|in diesem monat": "this month",
    "last month|letzten monat|im letzten monat": "last month",
    "this year|dieses jahr|in diesem jahr": "this year",
    "last year|letztes jahr|im letzten jahr": "last year",
}
_FORMS = ("|".join(_NAMED), _LAST_FEW, _IN_MONTH, _IN_YEAR, _SINCE, _ON)
PERIOD = "|".join(_ANY.sub("(?:", form) for form in _FORMS)
"""What any of these looks like, as a pattern without groups, to be read with IGNORECASE."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def read_period(text: str, today: date) -> Period | None:
    """The days that a text names, seen from today; None where it names none that exist."""
    text = " ".join(text.casefold().split())
    for pattern, name in _NAMED.items():
        if re.fullmatch(pattern, text):
            return _named(name, today)
    readers: tuple[tuple[str, Callable[[dict[str, str], date], Period]], ...] = (
        (_LAST_FEW, _last_few),
        (_IN_MONTH, _in_month),
        (_IN_YEAR, _in_year),
        (_SINCE, _since),
        (_ON, _on),
    )
    for pattern, read in readers:
        if found := re.fullmatch(pattern, text):
            try:
                return read({name: value for name, value in found.groupdict().items() if value}, today)
            except ValueError:  # The 31st of February.
                return None
    return None


def _named(name: str, today: date) -> Period:
    monday, month = today - timedelta(today.weekday()), today.replace(day=1)
    match name:
        case "today":
            return Period(today, today)
        case "yesterday":
            return Period(today - timedelta(1), today - timedelta(1))
        case "this week":
            return Period(monday, today)
        case "last week":
            return Period(monday - timedelta(7), monday - timedelta(1))
        case "this month":
            return Period(month, today)
        case "last month":
            return _month(month - timedelta(1))
        case "this year":
            return Period(date(today.year, 1, 1), today)
        case _:
            return Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))


def _last_few(words: dict[str, str], today: date) -> Period:
    count = words.get("count", "1")
    number = int(count) if count.isdecimal() else _NUMBERS[count]
    length = {"d": 1, "t": 1, "w": 7, "m": 30}[words["unit"][0]]
    return Period(today - timedelta(max(1, number * length) - 1), today)


def _in_month(words: dict[str, str], today: date) -> Period:
    return _month(_latest(words["in_month"], words.get("in_year"), today))


def _in_year(words: dict[str, str], _: date) -> Period:
    year = int(words["whole_year"])
    return Period(date(year, 1, 1), date(year, 12, 31))


def _since(words: dict[str, str], today: date) -> Period:
    if "yesterday" in words:
        first = today - timedelta(1)
    elif "weekday" in words:
        first = _weekday(words["weekday"], today)
    elif "since_month" in words:
        first = _latest(words["since_month"], words.get("since_year"), today)
    elif "since_whole_year" in words:
        first = date(int(words["since_whole_year"]), 1, 1)
    else:
        first = _day(words, today)
    if first > today:
        raise ValueError("nothing has happened since then")
    return Period(first, today)


def _on(words: dict[str, str], today: date) -> Period:
    day = _weekday(words["on_weekday"], today) if "on_weekday" in words else _day(words, today)
    return Period(day, day)


def _day(words: dict[str, str], today: date) -> date:
    if "iso" in words:
        return date.fromisoformat(words["iso"])
    month = _MONTHS[words.get("month") or words["month_first"]]
    day = int(words.get("day") or words["day_last"])
    if year := words.get("year") or words.get("year_last"):
        return date(int(year), month, day)
    named = date(today.year, month, day)
    return named if named <= today else named.replace(year=today.year - 1)


def _weekday(name: str, today: date) -> date:
    """The last such day, today included."""
    return today - timedelta((today.weekday() - _DAYS[name]) % 7)


def _latest(month: str, year: str | None, today: date) -> date:
    """The first of the month, of the last such month where no year is given."""
    number = _MONTHS[month]
    return date(int(year) if year else today.year - (number > today.month), number, 1)


def _month(day: date) -> Period:
    following = (day.replace(day=28) + timedelta(4)).replace(day=1)
    return Period(day.replace(day=1), following - timedelta(1))
