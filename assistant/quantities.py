"""The numbers, amounts, times and dates a sentence states, in a form that can be compared."""

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBER_WORDS = {
    **{word: n for n, word in enumerate(_SMALL.split())},
    **{word: 10 * n for n, word in enumerate(_TENS.split(), 2)},
    **{"a": 1, "an": 1, "once": 1, "twice": 2, "dozen": 12},
}
_SCALES = {"k": 1e3, "bn": 1e9, "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_MONTH_NAMES = (
    "Jan January", "Feb February", "Mar March", "Apr April", "May", "Jun June", "Jul July", "Aug August",
    "Sep Sept September", "Oct October", "Nov November", "Dec December",
)  # fmt: skip
_MONTHS = {name: n for n, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}

_UNITS = {
    **dict.fromkeys(("%", "percent", "pct", "percentage"), ("percent", 1.0)),
    **dict.fromkeys(("$", "usd", "dollar", "dollars"), ("usd", 1.0)),
    **dict.fromkeys(("€", "eur", "euro", "euros"), ("eur", 1.0)),
    **dict.fromkeys(("£", "gbp", "pound", "pounds"), ("gbp", 1.0)),
    **dict.fromkeys(("chf", "franc", "francs"), ("chf", 1.0)),
    **dict.fromkeys(("s", "sec", "second", "seconds"), ("time", 1.0)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), ("time", 60.0)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "hourly"), ("time", 3_600.0)),
    **dict.fromkeys(("day", "days"), ("time", 86_400.0)),
    **dict.fromkeys(("week", "weeks"), ("time", 604_800.0)),
    **dict.fromkeys(("fortnight", "fortnights"), ("time", 1_209_600.0)),
    **dict.fromkeys(("month", "months"), ("months", 1.0)),
    **dict.fromkeys(("quarter", "quarters"), ("months", 3.0)),
    **dict.fromkeys(("year", "years"), ("months", 12.0)),
    **dict.fromkeys(("kb", "kib"), ("bytes", 1e3)),
    **dict.fromkeys(("mb", "mib", "megabyte", "megabytes"), ("bytes", 1e6)),
    **dict.fromkeys(("gb", "gib", "gigabyte", "gigabytes"), ("bytes", 1e9)),
    **dict.fromkeys(("tb", "tib", "terabyte", "terabytes"), ("bytes", 1e12)),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("metre", 1.0)),
    **dict.fromkeys(("cm", "centimetre", "centimetres"), ("metre", 0.01)),
    **dict.fromkeys(("mm",), ("metre", 0.001)),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), ("metre", 1_000.0)),
    **dict.fromkeys(("mile", "miles"), ("mile", 1.0)),
    **dict.fromkeys(("kg", "kilogram", "kilograms"), ("gram", 1_000.0)),
    **dict.fromkeys(("g", "gram", "grams"), ("gram", 1.0)),
    **dict.fromkeys(("w", "watt", "watts"), ("watt", 1.0)),
    **dict.fromkeys(("kw", "kilowatt", "kilowatts"), ("watt", 1_000.0)),
    **dict.fromkeys(("v", "volt", "volts"), ("volt", 1.0)),
}
"""A unit's dimension, and how many of the dimension's base it holds."""

_MODIFIERS = frozenset(("calendar", "working", "business", "full", "consecutive", "paid", "additional", "more", "us"))
"""Words that may stand between a number and its unit."""

_MONTH = "(?-i:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_YEAR = r"(?:(?:\s?,)?\s+(?P<{}>[12][0-9]{{3}})\b)"
_DAY = r"(?P<{}>[0-3]?[0-9])(?:st|nd|rd|th)?"
_WORDS = "|".join(sorted((set(_NUMBER_WORDS) | set(_SCALES)) - {"a", "an", "k", "bn"}, key=len, reverse=True))
_DATES = rf"""
    \b(?P<y1>[12][0-9]{{3}})-(?P<m1>[01]?[0-9])-(?P<d1>[0-3]?[0-9])\b
  | \b{_DAY.format("d2")}\s+(?:of\s+)?(?P<m2>{_MONTH}){_YEAR.format("y2")}?
  | \b(?P<m3>{_MONTH})\s+{_DAY.format("d3")}(?![0-9.:%]){_YEAR.format("y3")}?
  | \b(?P<m4>{_MONTH}){_YEAR.format("y4")}
"""
_CLOCKS = r"""
    \b(?P<hour>[0-2]?[0-9])(?:[:.](?P<minute>[0-5][0-9]))?\s?(?P<half>[ap]\.?m\b\.?)
  | \b(?P<hour24>[0-2]?[0-9]):(?P<minute24>[0-5][0-9])\b
"""
_NUMBERS = rf"""
    (?<![\w.,])(?P<money>[$€£]\s?|(?:USD|EUR|GBP|CHF)\s?)?
    (?P<digits>[0-9]{{1,3}}(?:[,'\u2019\u00a0\u202f ][0-9]{{3}})+(?:\.[0-9]+)?(?![0-9])|[0-9]+(?:[.,][0-9]+)?)
    (?P<scale>\s?(?:k|bn|thousand|million|billion)\b)?(?:st|nd|rd|th)?(?![0-9])
  | \b(?P<words>(?:an?\s(?=(?:hundred|thousand|million|billion|dozen)\b))?(?:{_WORDS})(?:(?:[\s-]|\sand\s)(?:{_WORDS}))*
    |an?(?=\s(?:minute|hour|day|week|fortnight|month|quarter|year)\b))\b
"""
_PATTERN = re.compile(
    rf"""
    (?:(?<!\w)|(?=[$€£]))(?:{_DATES} | {_CLOCKS}
  | \b(?P<version>v?[0-9]+(?:\.[0-9]+){{2,}}|v[0-9]+(?:\.[0-9]+)?)\b
  | {_NUMBERS}
  | \b(?P<code>[A-Z]+-?[0-9][\w-]*)\b)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DIGIT = re.compile(r"[0-9]")
_WORD = re.compile(r"[a-z]{2,}")
_UNIT_WORDS = re.compile(
    r"(?:\s?(?:-|\u2013|to|or|and)\s?[0-9][0-9.,]*)?[\s-]{0,2}([%€£$]|[a-z]+)(?:[\s-]{1,2}([a-z]+))?",
    re.IGNORECASE,
)


MEASURING_WORDS = frozenset(_UNITS) | set(_NUMBER_WORDS) | set(_SCALES)
"""Words that say how much, not what: numbers spelt out and units."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in the base of its dimension ("time", "eur", "date", "" where none is known).

    `text` is as written, `noun` the word that follows. A date has `date` (year, month, day; zero where left
    out) instead of a value; an identifier has `code`.
    """

    text: str
    dimension: str = ""
    value: float = 0.0
    noun: str = ""
    date: tuple[int, int, int] = (0, 0, 0)
    code: str = ""

    def is_backed_by(self, other: "Quantity") -> bool:
        """Whether `other` states what this one states, in whatever form."""
        if self.code or other.code:
            return self.code == other.code
        if other.dimension == "date":
            return self._within_date(other)
        kinds = {self.dimension, other.dimension} - {""}
        return len(kinds) < 2 and math.isclose(self.value, other.value)

    def _within_date(self, other: "Quantity") -> bool:
        if self.dimension == "date":
            same_year = 0 in (self.date[0], other.date[0]) or self.date[0] == other.date[0]
            return same_year and all(
                mine in (0, theirs) for mine, theirs in zip(self.date[1:], other.date[1:], strict=True)
            )
        return not self.dimension and self.value > 0 and self.value in (other.date[0], other.date[2])

    def rivals(self, other: "Quantity") -> bool:
        """Whether both measure the same kind of thing and `other` does not back this one."""
        same_kind = self.dimension == other.dimension and not self.code and not other.code
        return same_kind and bool(self.dimension or self.noun == other.noun) and not self.is_backed_by(other)


class Stated(NamedTuple):
    """A quantity and where it stands."""

    quantity: Quantity
    start: int
    end: int


def find_quantities(text: str) -> tuple[Stated, ...]:
    """The quantities of a text in order."""
    if not _DIGIT.search(text) and MEASURING_WORDS.isdisjoint(_WORD.findall(text.lower())):
        return ()
    return tuple(Stated(_quantity(found, text), found.start(), found.end()) for found in _PATTERN.finditer(text))


def _quantity(found: re.Match[str], text: str) -> Quantity:
    group = found.groupdict()
    for n in "1234":
        if month := group[f"m{n}"]:
            date = (int(group[f"y{n}"] or 0), _month(month), int(group.get(f"d{n}") or 0))
            return Quantity(found[0], "date", date=date)
    if hour := group["hour"] or group["hour24"]:
        late = 12 if (group["half"] or "").lower().startswith("p") else 0
        hours = int(hour) % 12 + late if group["half"] else int(hour)
        return Quantity(found[0], "clock", 60.0 * hours + int(group["minute"] or group["minute24"] or 0))
    if code := group["version"] or group["code"]:
        return Quantity(found[0], code=code.lower().removeprefix("v"))
    value = _spelt(group["words"]) if group["words"] else _digits(group["digits"], group["scale"] or "")
    return _measured(found[0], value, group["money"] or "", text[found.end() : found.end() + 40])


def _measured(written: str, value: float, money: str, following: str) -> Quantity:
    """The number with the unit before or after it."""
    words = _UNIT_WORDS.match(following)
    first, second = (words[1] or "", words[2] or "") if words else ("", "")
    first, second = first.lower(), second.lower()
    if f"{first} {second}" == "per cent":
        first = "%"
    word = money.strip().lower() or (second if first in _MODIFIERS else first)
    dimension, factor = _UNITS.get(word, ("", 1.0))
    return Quantity(written, dimension, value * factor, noun=word.rstrip("s"))


def _month(name: str) -> int:
    return int(name) if name.isdigit() else _MONTHS[name.rstrip(".")]


def _digits(digits: str, scale: str) -> float:
    grouped = re.sub(r"[,'\u2019\u00a0\u202f ](?=[0-9]{3}(?![0-9]))", "", digits)
    return float(grouped.replace(",", ".")) * _SCALES.get(scale.strip().lower(), 1.0)


def _spelt(words: str) -> float:
    """The value of number words: "two hundred and fifty" is 250, "twenty-four" 24."""
    total = part = 0.0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word in _SCALES:
            part = max(part, 1.0) * _SCALES[word]
            if _SCALES[word] >= _SCALES["thousand"]:
                total, part = total + part, 0.0
        elif word in _NUMBER_WORDS:
            part = part + _NUMBER_WORDS[word] if word != "dozen" else max(part, 1.0) * _NUMBER_WORDS[word]
    return total + part
