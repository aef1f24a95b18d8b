"""Words of which at most one is true of the same thing: before and after, at least and at most, may and must.

A group has sides; the words and phrases of one side say the same. Only what stands in the same place of two
sentences is compared (assistant/differences.py), so a word may well stand here that is innocent elsewhere.
"""

import re
from typing import Literal, NamedTuple

Kind = Literal["number", "date", "comparison"]


class Side(NamedTuple):
    """Where a word stands in its group."""

    group: str
    name: str
    kind: Kind


_GROUPS: tuple[tuple[Kind, str], ...] = (
    ("comparison", "before prior_to earlier_than preceding | after following_the later_than subsequent_to"),
    (
        "comparison",
        "at_least minimum min no_less_than no_fewer_than not_less_than or_more or_above at_a_minimum not_fewer_than"
        " | at_most maximum max no_more_than not_more_than up_to or_less or_fewer at_a_maximum",
    ),
    (
        "comparison",
        "more higher greater larger bigger more_than over_# above exceed exceeds exceeded exceeding"
        " | less fewer lower smaller less_than fewer_than under_# below",
    ),
    ("comparison", "most highest largest greatest biggest | least lowest smallest fewest"),
    (
        "comparison",
        "increase increased increases increasing rise rises rose risen rising grow grows grew grown raise raised gain"
        " elevated | decrease decreased decreases decreasing fall falls fell fallen falling decline declined declines"
        " drop dropped drops reduce reduced reduces reducing reduction"
    ),
    ("comparison", "older elder | younger"),
    ("comparison", "oldest eldest | youngest"),
    ("comparison", "longer | shorter"),
    ("comparison", "longest | shortest"),
    ("comparison", "faster quicker | slower"),
    ("comparison", "fastest quickest | slowest"),
    ("comparison", "better | worse"),
    ("comparison", "best | worst"),
    ("comparison", "stronger | weaker"),
    ("comparison", "strong strongly | weak weakly"),
    ("comparison", "earlier sooner | later"),
    ("comparison", "earliest | latest"),
    ("comparison", "early | late"),
    ("comparison", "high higher | low lower | medium"),
    ("comparison", "wider broader | narrower"),
    ("comparison", "taller | shorter"),
    ("comparison", "heavier | lighter"),
    ("comparison", "deeper | shallower"),
    ("comparison", "cheaper | dearer pricier"),
    ("comparison", "warmer hotter | colder cooler"),
    ("comparison", "cheapest | dearest priciest"),
    ("comparison", "closest nearest | farthest furthest"),
    ("comparison", "closer nearer | farther further"),
    ("comparison", "majority | minority"),
    ("comparison", "inside within_the | outside"),
    ("comparison", "internal internally | external externally"),
    ("comparison", "always every_time | sometimes occasionally | rarely seldom hardly | often frequently usually"),
    ("comparison", "all every each everyone everybody | some certain several someone | none nobody"),
    (
        "comparison",
        "may can could might is_able_to are_able_to optionally | must shall have_to has_to had_to need_to needs_to"
        " is_required_to are_required_to mandatory obliged"
    ),
    ("comparison", "public publicly | private privately"),
    (
        "comparison",
        "first 1st | second 2nd | third 3rd | fourth 4th | fifth 5th | sixth 6th | seventh 7th | eighth 8th | ninth 9th"
        " | tenth 10th | last final",
    ),
    ("comparison", "primary | secondary"),
    ("comparison", "positive positively | negative negatively"),
    ("comparison", "temporary temporarily | permanent permanently"),
    ("comparison", "full-time | part-time"),
    ("comparison", "manual manually | automatic automatically"),
    ("comparison", "domestic | international"),
    ("comparison", "open opened opens | closed closes"),
    ("comparison", "begins starts began started | ends ended finished"),
    ("comparison", "same identical | different"),
    ("comparison", "presence | absence"),
    ("comparison", "success succeeded | failure failed"),
    ("comparison", "inhibits inhibited inhibit inhibition suppresses suppressed blocks blocked"
                   " | promotes promoted promote activates activated enhances enhanced stimulates stimulated"),
    ("comparison", "upstream | downstream"),
    ("comparison", "acute | chronic"),
    ("comparison", "north northern | south southern | east eastern | west western"),
    ("comparison", "left | right"),
    ("comparison", "upper | lower"),
    ("comparison", "men male males boys | women female females girls"),
    ("comparison", "mother | father"),
    ("comparison", "son sons | daughter daughters"),
    ("comparison", "husband | wife"),
    ("comparison", "brother | sister"),
    ("comparison", "buy buys bought | sell sells sold"),
    ("comparison", "win wins won | lose loses lost"),
    ("comparison", "accept accepts accepted approve approves approved | reject rejects rejected decline declined"),
    ("comparison", "add adds added | remove removes removed"),
    ("comparison", "import imports imported | export exports exported"),
    ("comparison", "upload uploaded uploads | download downloaded downloads"),
    ("comparison", "black | white | red | blue | green | yellow | brown | grey gray | orange | purple | pink"),
    ("comparison", "critical | high | medium | low"),
    ("date", "morning | afternoon | evening | night"),
    ("date", "spring | summer | autumn | winter"),
    ("date", "monday mondays mon | tuesday tuesdays tue | wednesday wednesdays wed | thursday thursdays thu"
             " | friday fridays fri | saturday saturdays sat | sunday sundays sun"),
    ("date", "january | february | april | june | july | august | september | october | november | december"),
    (
        "number",
        "second seconds | minute minutes | hour hours hourly | day days daily | week weeks weekly"
        " | fortnight fortnights fortnightly biweekly | month months monthly | quarter quarters quarterly"
        " | year years yearly annually annual | decade decades | century centuries"
    ),
    ("number", "percent percentage_of | percentage_points percentage_point"),
    ("number", "million millions | billion billions | trillion trillions | thousand thousands | hundred hundreds"),
    ("number", "dollar dollars usd | euro euros eur | pound pounds gbp | franc francs chf | yen jpy | rupee rupees"),
    ("number", "single | double | triple"),
    ("number", "half | quarter"),
)  # fmt: skip


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
