"""The numbers, amounts, times and dates a sentence states, in a form that can be compared."""

import math
import re
from collections.abc import Iterator, Mapping
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
_ORDINALS = {
    word: n
    for n, word in enumerate("third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), 3)  # noqa: SIM905
}
_SCALES = {
    **{"k": 1e3, "bn": 1e9, "hundred": 1e2, "thousand": 1e3},
    **{"million": 1e6, "billion": 1e9, "trillion": 1e12},
}
_MONTH_NAMES = (
    "Jan January", "Feb February", "Mar March", "Apr April", "May", "Jun June", "Jul July", "Aug August",
    "Sep Sept September", "Oct October", "Nov November", "Dec December",
)  # fmt: skip
_MONTHS = {name: n for n, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}


def _with_factors(line: str) -> Iterator[tuple[str, float]]:
    """Units and how much of the base one is; a factor holds until the next."""
    factor = 1.0
    for word in line.split():
        number, star, unit = word.rpartition("*")
        factor = float(number) if star else factor
        yield unit, factor


_UNITS = {
    unit: (dimension, factor)
    for dimension, line in (
        ("percent", "% percent pct percentage"),
        ("points", "pp points"),
        ("usd", "$ usd us$ dollar dollars"),
        ("eur", "\u20ac eur euro euros"),
        ("gbp", "\u00a3 gbp pound pounds"),
        ("chf", "chf franc francs"),
        ("jpy", "\u00a5 jpy yen"),
        ("inr", "\u20b9 inr rupee rupees"),
        ("time", "s sec secs second seconds 60*min mins minute minutes 3600*h hr hrs hour hours hourly"),
        ("time", "86400*day days 604800*week weeks wk wks 1209600*fortnight fortnights"),
        ("time", "1e-3*ms msec millisecond milliseconds 1e-6*microsecond microseconds 1e-9*ns nanosecond nanoseconds"),
        ("months", "month months 3*quarter quarters 12*year years yr yrs 120*decade decades 1200*century centuries"),
        ("bytes", "byte bytes 1e3*kb kib kilobyte kilobytes 1e6*mb mib megabyte megabytes"),
        ("bytes", "1e9*gb gib gigabyte gigabytes 1e12*tb tib terabyte terabytes"),
        ("bits", "1e3*kbps kbit kilobits 1e6*mbps mbit megabits 1e9*gbps gbit gigabits"),
        ("metre", "m metre metres meter meters 0.01*cm centimetre centimetres centimeter centimeters"),
        ("metre", "1e-3*mm millimetre millimetres millimeter millimeters 1e3*km kilometre kilometres"),
        (
            "metre",
            "1e3*kilometer kilometers 1e-6*\u03bcm um micrometre micrometres micrometer micrometers micron microns",
        ),
        ("metre", "1e-9*nm nanometre nanometres nanometer nanometers"),
        ("mile", "mile miles"),
        ("foot", "ft foot feet"),
        ("inch", "inch inches"),
        ("gram", "g gram grams 1e3*kg kilo kilos kilogram kilograms 1e-3*mg milligram milligrams"),
        ("gram", "1e-6*\u03bcg ug mcg microgram micrograms 1e-9*ng nanogram nanograms 1e6*tonne tonnes"),
        ("ounce", "oz ounce ounces"),
        ("lb", "lb lbs"),
        ("litre", "l litre litres liter liters 1e-3*ml millilitre millilitres milliliter milliliters"),
        ("litre", "0.1*dl 1e-6*\u03bcl ul microlitre microlitres microliter microliters"),
        ("gallon", "gallon gallons"),
        ("watt", "w watt watts 1e3*kw kilowatt kilowatts 1e6*mw megawatt megawatts 1e9*gw gigawatt gigawatts"),
        ("watthour", "1e3*kwh 1e6*mwh 1e9*gwh"),
        ("volt", "v volt volts 1e-3*mv 1e3*kv"),
        ("hertz", "hz hertz 1e3*khz 1e6*mhz 1e9*ghz"),
        ("celsius", "\u00b0c celsius"),
        ("fahrenheit", "\u00b0f fahrenheit"),
        ("degree", "\u00b0 degree degrees"),
        ("kmh", "kmh kph"),
        ("mph", "mph"),
    )
    for unit, factor in _with_factors(line)
}
"""A unit's dimension, and how many of the dimension's base it holds."""

_MODIFIERS = frozenset(
    (
        "calendar",
        "working",
        "business",
        "full",
        "consecutive",
        "paid",
        "additional",
        "more",
        "us",
        "square",
        "cubic",
        "metric",
    )
)
"""Words that may stand between a number and its unit."""

_MONTH = "(?-i:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_YEAR = r"(?:(?:\s?,)?\s+(?P<{}>[12][0-9]{{3}})\b)"
_DAY = r"(?P<{}>[0-3]?[0-9])(?:st|nd|rd|th)?"
_SPELT_SCALE = "(?:hundred|thousand|million|billion|trillion|dozen)"
_SPELT = (
    rf"(?:(?:{'|'.join(_TENS.split())})(?:[\s-](?:{'|'.join(_SMALL.split()[1:10])}))?|{'|'.join(_SMALL.split()[::-1])})"
)
_WORDS = rf"""
    (?:an?\s(?={_SPELT_SCALE}\b))?(?:{_SPELT}|{_SPELT_SCALE})\b
    (?:(?:[\s-]{_SPELT_SCALE}\b)+(?:(?:\sand)?[\s-]{_SPELT}\b(?:[\s-]{_SPELT_SCALE}\b)*)*)?
  | once|twice"""
_DATES = rf"""
    \b(?P<y1>[12][0-9]{{3}})-(?P<m1>[01]?[0-9])-(?P<d1>[0-3]?[0-9])\b
  | \b(?P<d5>0?[1-9]|[12][0-9]|3[01])\.(?P<m5>0?[1-9]|1[0-2])\.(?P<y5>[12][0-9]{{3}})\b
  | \b(?P<d6>1[3-9]|2[0-9]|3[01])/(?P<m6>0?[1-9]|1[0-2])/(?P<y6>[12][0-9]{{3}})\b
  | \b(?P<m7>0?[1-9]|1[0-2])/(?P<d7>1[3-9]|2[0-9]|3[01])/(?P<y7>[12][0-9]{{3}})\b
  | (?<![0-9][.,:])\b{_DAY.format("d2")}\s+(?:of\s+)?(?P<m2>{_MONTH}){_YEAR.format("y2")}?
  | \b(?P<m3>{_MONTH})\s+{_DAY.format("d3")}(?![0-9.:%]){_YEAR.format("y3")}?
  | \b(?P<m4>{_MONTH}){_YEAR.format("y4")}
"""
_CLOCKS = r"""
    (?<![0-9][.,:])\b(?P<hour>[0-2]?[0-9])(?:\s?[:.]\s?(?P<minute>[0-5][0-9]))?\s?(?P<half>[ap]\.?m\b\.?)
  | \b(?P<hour24>[0-2]?[0-9]):(?P<minute24>[0-5][0-9])\b
"""
_NUMBERS = rf"""
    (?<![\w.,])(?P<money>(?:US)?[$€£¥₹]\s?|(?:USD|EUR|GBP|CHF|JPY|INR)\s?)?
    (?P<digits>\.[0-9]+(?![.,]?[0-9])|[0-9]{{1,3}}(?:[,'\u2019\u00a0\u202f ][0-9]{{3}})+(?:\.[0-9]+)?(?![0-9])|[0-9]+(?:[.,][0-9]+)?)
    (?P<scale>\s?(?:k|bn|hundred|thousand|million|billion|trillion)\b)?(?P<rank>(?:st|nd|rd|th)\b)?(?![0-9])
  | \b(?P<words>{_WORDS}
    |an?(?=\s(?:minute|hour|day|week|fortnight|month|quarter|year)\b))\b
  | \b(?P<ordinal>{"|".join(_ORDINALS)})\b
"""
_PATTERN = re.compile(
    rf"""
    (?:(?<!\w)|(?=[$€£¥₹]))(?:{_DATES} | {_CLOCKS}
  | \b(?P<version>v?[0-9]+(?:\.[0-9]+){{2,}}|v[0-9]+(?:\.[0-9]+)?)\b
  | {_NUMBERS}
  | \b(?P<code>[A-Z]+-?[0-9][\w-]*)\b)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DIGIT = re.compile(r"[0-9]")
_WORD = re.compile(r"[a-z]{2,}")
_UNIT_WORDS = re.compile(
    rf"(?P<range>\s?(?:-|\u2013|to|or|and)\s?(?:[0-9][0-9.,]*|{_SPELT}\b))?"
    r"(?:-|\s){0,12}([%€£$¥₹]|°\s?[CF]?\b|[a-zμµ]+)(?:[\s-]{1,12}([a-z]+))?",
    re.IGNORECASE,
)


ORDINAL = "ordinal"
"""The dimension of a rank: the fifth is not five."""

MEASURING_WORDS = frozenset(_UNITS) | set(_NUMBER_WORDS) | set(_SCALES) | set(_ORDINALS)
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
    number: float = 0.0
    """The value in the unit as written."""

    def is_backed_by(self, other: "Quantity") -> bool:
        """Whether `other` states what this one states, in whatever form."""
        if self.code or other.code:
            return self.code == other.code
        if other.dimension == "date":
            return self._within_date(other)
        if ORDINAL in {self.dimension, other.dimension} and self.dimension != other.dimension:
            return False
        kinds = {self.dimension, other.dimension} - {""}
        same_unit = self.value != 0 or "" in (self.noun, other.noun) or self.noun == other.noun
        return len(kinds) < 2 and math.isclose(self.value, other.value) and same_unit

    def _within_date(self, other: "Quantity") -> bool:
        if self.dimension == "date":
            same_year = 0 in (self.date[0], other.date[0]) or self.date[0] == other.date[0]
            return same_year and all(
                mine in (0, theirs) for mine, theirs in zip(self.date[1:], other.date[1:], strict=True)
            )
        return self.dimension in {"", ORDINAL} and self.value > 0 and self.value in (other.date[0], other.date[2])

    def rivals(self, other: "Quantity") -> bool:
        """Whether both measure the same kind of thing and `other` does not back this one."""
        same_kind = self.dimension == other.dimension and not self.code and not other.code
        return same_kind and bool(self.dimension or self.noun == other.noun) and not self.is_backed_by(other)


class Stated(NamedTuple):
    """A quantity, where it stands, and where its unit ends."""

    quantity: Quantity
    start: int
    end: int
    reach: int


def find_quantities(text: str) -> tuple[Stated, ...]:
    """The quantities of a text in order."""
    if not _DIGIT.search(text) and MEASURING_WORDS.isdisjoint(_WORD.findall(text.lower())):
        return ()
    return tuple(_stated(found, text) for found in _PATTERN.finditer(text))


def _stated(found: re.Match[str], text: str) -> Stated:
    group = found.groupdict()
    start, end = found.span()
    for n in "1234567":
        if month := group[f"m{n}"]:
            date = (int(group[f"y{n}"] or 0), _month(month), int(group.get(f"d{n}") or 0))
            return Stated(Quantity(found[0], "date", date=date), start, end, end)
    if hour := group["hour"] or group["hour24"]:
        late = 12 if (group["half"] or "").lower().startswith("p") else 0
        hours = int(hour) % 12 + late if group["half"] else int(hour)
        minutes = 60.0 * hours + int(group["minute"] or group["minute24"] or 0)
        return Stated(Quantity(found[0], "clock", minutes), start, end, end)
    if code := group["version"] or group["code"]:
        return Stated(Quantity(found[0], code=code.lower().removeprefix("v")), start, end, end)
    return _measured(found, text, _value(group))


def _value(group: Mapping[str, str | None]) -> float:
    if ordinal := group["ordinal"]:
        return float(_ORDINALS[ordinal.lower()])
    if words := group["words"]:
        return _spelt(words)
    return _digits(group["digits"] or "", group["scale"] or "")


def _measured(found: re.Match[str], text: str, number: float) -> Stated:
    """The number with the unit before or after it."""
    if found["ordinal"] or found["rank"]:
        return Stated(Quantity(found[0], ORDINAL, number, number=number), *found.span(), found.end())
    money = (found["money"] or "").strip().lower()
    word, reach = _unit(text, found.end())
    if money in _UNITS:
        number *= 1e6 if word == "m" else 1.0
        word, reach = money, reach if word == "m" else found.end()
    dimension, factor = _UNITS.get(word, ("", 1.0))
    quantity = Quantity(found[0], dimension, number * factor, noun=word.rstrip("s"), number=number)
    return Stated(quantity, *found.span(), reach if dimension else found.end())


def _unit(text: str, start: int) -> tuple[str, int]:
    """The word that says what a number counts, and where it ends; past the other end of a range."""
    found = _UNIT_WORDS.match(text[start : start + 60])
    if not found:
        return "", start
    first, second = (found[2] or "").lower().replace("\u00b5", "\u03bc"), (found[3] or "").lower()
    if f"{first} {second}" in _PAIRS:
        word, ends = _PAIRS[f"{first} {second}"], found.end(3)
    elif first in _MODIFIERS and second:
        word, ends = second, found.end(3)
    else:
        word, ends = first.replace(" ", ""), found.end(2)
    return word, start if found["range"] else start + ends


_PAIRS = {
    "per cent": "%", "percentage points": "points", "percentage point": "points", "us dollars": "usd",
    "degrees celsius": "celsius", "degrees fahrenheit": "fahrenheit", "degrees c": "celsius", "degrees f": "fahrenheit",
}  # fmt: skip


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
