"""Words of which at most one is true of the same thing: before and after, at least and at most, may and must.

A group has sides; the words and phrases of one side say the same. Only what stands in the same place of two
sentences is compared (assistant/differences.py), so a word may well stand here that is innocent elsewhere.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["number", "date", "comparison"]


class Side(NamedTuple):
    """Where a word stands in its group."""

    group: str
    name: str
    kind: Kind


_ADJECTIVES = (
    "strong weak, fast slow, quick slow, old young, old new, long short, tall short, early late, wide narrow, broad narrow,"
    "heavy light, deep shallow, cheap dear, warm cold, hot cool, near far, close distant, thick thin, hard soft, rich poor,"
    "bright dark, loud quiet, dry wet, clean dirty, safe dangerous, simple complex, full empty, rough smooth, high low"
)
"""Pairs that are opposites in all three degrees: "old" and "young", "older" and "younger", "oldest" and "youngest"."""

_UNITS_OF_TIME = (
    "second seconds | minute minutes | hour hours hourly | day days daily | night nights nightly | week weeks weekly"
    " | fortnight fortnights fortnightly biweekly | month months monthly | quarter quarters quarterly"
    " | year years yearly annually annual | decade decades | century centuries"
)

_COMPARISONS = (
    "before prior_to earlier_than preceding | after following_the later_than subsequent_to",
    "at_least minimum min no_less_than no_fewer_than not_less_than not_fewer_than or_more or_above at_a_minimum"
    " no_earlier_than not_earlier_than"
    " | at_most maximum max no_more_than not_more_than up_to or_less or_fewer at_a_maximum no_later_than not_later_than",
    "more higher greater larger bigger more_than over_# above exceed exceeds exceeded exceeding"
    " | less fewer lower smaller less_than fewer_than under_# below",
    "most highest largest greatest biggest | least lowest smallest fewest",
    "increase increased increases increasing rise rises rose risen rising grow grows grew grown raise raised gain"
    " elevated | decrease decreased decreases decreasing fall falls fell fallen falling decline declined declines"
    " drop dropped drops reduce reduced reduces reducing reduction",
    "better | worse",
    "best | worst",
    "sooner earlier | later",
    "high | low | medium | critical",
    "majority | minority",
    "inside | outside",
    "internal internally | external externally",
    "always every_time | sometimes occasionally | rarely seldom hardly | often frequently usually",
    "all every each everyone everybody | some certain several someone | none nobody",
    "may can could might | must shall have_to has_to had_to need_to needs_to required obliged",
    "public publicly | private privately",
    "first 1st | second 2nd | third 3rd | fourth 4th | fifth 5th | sixth 6th | seventh 7th | eighth 8th | ninth 9th"
    " | tenth 10th | last final",
    "primary | secondary",
    "positive positively | negative negatively",
    "temporary temporarily | permanent permanently",
    "full-time | part-time",
    "manual manually | automatic automatically",
    "domestic | international",
    "open opened opens | closed closes",
    "begin begins beginning start starts began started | end ends ended ending finish finished",
    "up | down",
    "major | minor",
    "present | absent",
    "same identical | different",
    "presence | absence",
    "success succeeded | failure failed",
    "inhibits inhibited inhibit inhibition suppresses suppressed blocks blocked"
    " | promotes promoted promote activates activated enhances enhanced stimulates stimulated",
    "upstream | downstream",
    "acute | chronic",
    "north northern | south southern | east eastern | west western",
    "left | right",
    "upper | lower",
    "top | bottom",
    "men man male males boys boy | women woman female females girls girl",
    "mother | father",
    "son sons | daughter daughters",
    "husband | wife",
    "brother brothers | sister sisters",
    "buy buys bought | sell sells sold",
    "win wins won | lose loses lost",
    "accept accepts accepted approve approves approved | reject rejects rejected decline declined",
    "add adds added | remove removes removed",
    "import imports imported | export exports exported",
    "upload uploaded uploads | download downloaded downloads",
    "black | white | red | blue | green | yellow | brown | grey gray | orange | purple | pink",
)
_DATES = (
    "morning | afternoon | evening | night",
    "spring | summer | autumn | winter",
    "monday mondays mon | tuesday tuesdays tue | wednesday wednesdays wed | thursday thursdays thu"
    " | friday fridays fri | saturday saturdays sat | sunday sundays sun",
    "january | february | april | june | july | august | september | october | november | december",
)
_NUMBERS = (
    _UNITS_OF_TIME,
    "percent percentage_of | percentage_points percentage_point",
    "million millions | billion billions | trillion trillions | thousand thousands | hundred hundreds",
    "dollar dollars usd | euro euros eur | pound pounds gbp | franc francs chf | yen jpy | rupee rupees",
    "mile miles | kilometre kilometres kilometer kilometers km | metre metres meter meters | foot feet",
    "gram grams | kilogram kilograms kg | milligram milligrams mg",
    "litre litres liter liters | gallon gallons | millilitre milliliter ml",
    "single | double | triple",
    "half | quarter",
)


def _degrees(pair: str) -> Iterator[str]:
    """A pair of adjectives in its three degrees, one group each."""
    for ending in ("", "er", "est"):
        yield " | ".join(_ended(word, ending) for word in pair.split())


def _ended(word: str, ending: str) -> str:
    if not ending or len(word) > _LONGEST_WITH_DEGREES:
        return word
    stem = word.removesuffix("e").removesuffix("y")
    stem += "i" if word.endswith("y") else stem[-1] if word in _DOUBLING else ""
    return stem + ending


_LONGEST_WITH_DEGREES = 7
_DOUBLING = frozenset(("hot", "wet", "thin"))
_GROUPS: tuple[tuple[Kind, str], ...] = (
    *(("comparison", line) for line in _COMPARISONS),
    *(("comparison", line) for pair in _ADJECTIVES.split(",") for line in _degrees(pair)),
    *(("date", line) for line in _DATES),
    *(("number", line) for line in _NUMBERS),
)


def _read_groups() -> dict[str, tuple[Side, ...]]:
    sides: dict[str, tuple[Side, ...]] = {}
    for kind, line in _GROUPS:
        for words in line.split("|"):
            side = Side(line, words.split()[0], kind)
            for word in words.split():
                sides[word] = (*sides.get(word, ()), side)
    return sides


_SIDES = _read_groups()


def sides_of(word: str) -> tuple[Side, ...]:
    """The groups that a lower-case word or phrase belongs to, and on which side."""
    return _SIDES.get(_SPACE.sub("_", word), ())


def are_opposite(mine: tuple[Side, ...], theirs: tuple[Side, ...]) -> Side | None:
    """A group in which two words stand on different sides, None where one side holds both or no group does."""
    groups = {side.group: side for side in theirs}
    found = [side for side in mine if side.group in groups]
    if any(groups[side.group].name == side.name for side in found):
        return None
    return found[0] if found else None


_SPACE = re.compile(r"\s+")
PHRASES = "|".join(
    re.escape(phrase).replace("_\\#", r"(?=\s+[0-9$€£])").replace("_", r"\s+")
    for phrase in sorted((word for word in _SIDES if "_" in word), key=len, reverse=True)
)
"""A pattern of the phrases above, the longest first."""

for _phrase in [word for word in _SIDES if word.endswith("_#")]:
    _SIDES[_phrase.removesuffix("_#")] = _SIDES.pop(_phrase)
