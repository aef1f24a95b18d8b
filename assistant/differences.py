"""In what a sentence differs from the stretch of a source that comes closest to it.

A number, name, negation or comparison of the sentence is held against what stands in the same place of the
source: the place is known by the words around it. So it does not matter in which order clauses stand, and a
number that the source gives for something else backs nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from assistant.events import Difference
from assistant.opposites import are_opposite
from assistant.reading import CLAUSE_ENDS, SOFT_NUMBERS, Denial, Reading, Surroundings, Word, tells
from assistant.wording import opposite_prefix

_NEAR = (1.0, 0.6, 0.4)
"""How much the first, second and third word that says something, on either side, tell of a place."""

_OTHER_SIDE = 0.6
_ADJACENT = 0.5
_BOUNDS = CLAUSE_ENDS | {","}
SAME_PLACE = 0.9
"""From this likeness on, two words stand in the same place."""

_CLEARLY = 1.2
"""So much more alike must a rival's place be than the place of what backs a word."""

_ELIDED = " \u2026 "
_MOST_WORDING_CHARS = 80


class _Place(NamedTuple):
    """A word of a reading."""

    reading: Reading
    at: int

    @property
    def word(self) -> Word:
        return self.reading.words[self.at]

    @property
    def around(self) -> Surroundings:
        return self.reading.around[self.at]

    @property
    def said(self) -> str:
        return self.reading.said(self.at, self.at)


def find_differences(claim: Reading, sources: Sequence[Reading], known: frozenset[str]) -> tuple[Difference, ...]:
    """What the claim says otherwise than the sentences `sources`, in the order of the claim.

    `known` are the terms that the reader of the source knows besides: title and headings.
    """
    mine, theirs = _places(claim), [place for source in sources for place in _places(source)]
    found = [
        *_numbers(mine, theirs),
        *_sides(mine, theirs),
        *_names(mine, theirs, known),
        *_denials(mine, theirs),
        *_prefixes(mine, theirs),
    ]
    return tuple(difference for _, difference in sorted(_merged(found), key=lambda each: each[0]))


def missing_wording(claim: Reading, terms: frozenset[str]) -> tuple[Difference, ...]:
    """The words of the claim that are not among the terms, as one difference; none where there are no such words."""
    runs: list[list[int]] = []
    said = [at for at, word in enumerate(claim.words) if word.key]
    for at in said:
        if claim.words[at].key in terms:
            runs.append([])
        elif runs and runs[-1]:
            runs[-1].append(at)
        else:
            runs.append([at])
    text = _ELIDED.join(claim.said(run[0], run[-1]) for run in runs if run)
    if len(text) > _MOST_WORDING_CHARS:
        text = text[:_MOST_WORDING_CHARS].rsplit(" ", 1)[0] + _ELIDED.rstrip()
    return (Difference("wording", text),) if text else ()


def _places(reading: Reading) -> list[_Place]:
    return [_Place(reading, at) for at in range(len(reading.words))]


def _likeness(one: Surroundings, other: Surroundings) -> float:
    """How much the surroundings of two words have in common."""
    score = _ADJACENT * ((one.before == other.before) + (one.behind == other.behind))
    for mine, same, across in ((one.left, other.left, other.right), (one.right, other.right, other.left)):
        for weight, key in zip(_NEAR, mine, strict=False):
            score += weight * (1.0 if key in same else _OTHER_SIDE if key in across else 0.0)
    return score


def _closest(place: _Place, others: Sequence[_Place]) -> tuple[float, _Place | None]:
    return max(
        ((_likeness(place.around, other.around), other) for other in others),
        key=lambda each: each[0],
        default=(-1.0, None),
    )


_Found = tuple[int, Difference]
_Alike = Callable[[_Place, _Place], bool]


def _rival(
    place: _Place, stated: Sequence[_Place], mine: Sequence[_Place], says: _Alike, opposes: _Alike
) -> _Place | None:
    """What the source has in the place of the claim's word, unless the claim says that elsewhere."""
    likeness, rival = _closest(place, [other for other in stated if opposes(place, other)])
    if rival is None or likeness < SAME_PLACE or _is_owned(place, rival, likeness, mine, says):
        return None
    backed, backing = _closest(
        place,
        [
            each
            for each in stated
            if says(place, each) and not _is_owned(place, each, _likeness(place.around, each.around), mine, says)
        ],
    )
    return rival if backing is None or _is_rather(place, likeness, rival, backed, backing) else None


def _is_rather(place: _Place, likeness: float, rival: _Place, backed: float, backing: _Place) -> bool:
    """Whether the claim speaks of the rival's place rather than of its own word's, by what tells the two apart."""
    claimed = place.reading.terms
    of_backing = backing.around.clause - rival.around.clause
    of_rival = rival.around.clause - backing.around.clause
    if of_backing and of_backing <= claimed:
        return False
    is_told = (
        backing.reading is rival.reading
        and bool(of_backing)
        and not of_backing & claimed
        and bool(of_rival)
        and of_rival <= claimed
    )
    return likeness >= backed + (0.0 if is_told else _CLEARLY)


def _is_owned(place: _Place, other: _Place, likeness: float, mine: Sequence[_Place], says: _Alike) -> bool:
    """Whether another word of the claim says the same and is rather what the source's word stands for."""
    return any(
        each.at != place.at and says(each, other) and _likeness(each.around, other.around) > likeness for each in mine
    )


def _numbers(mine: Sequence[_Place], theirs: Sequence[_Place]) -> Iterator[_Found]:
    claimed = [place for place in mine if place.word.quantity]
    stated = [place for place in theirs if place.word.quantity]
    for place in claimed:
        if rival := _rival(place, stated, claimed, _states, _rivals):
            yield place.at, Difference(_kind(place), place.said, rival.said)
        elif place.word.raw not in SOFT_NUMBERS and not any(_states(place, other) for other in stated):
            yield place.at, Difference(_kind(place), place.said)


def _states(place: _Place, other: _Place) -> bool:
    mine, theirs = place.word.quantity, other.word.quantity
    return bool(mine and theirs and mine.is_backed_by(theirs))


_COMPARABLE = ({"", "date"}, {"", "clock"}, {"time", "months"})


def _rivals(place: _Place, other: _Place) -> bool:
    """Whether two numbers could stand for one another and differ."""
    mine, theirs = place.word.quantity, other.word.quantity
    assert mine is not None
    assert theirs is not None
    if bool(mine.code) != bool(theirs.code) or _states(place, other):
        return False
    return (
        {mine.dimension, theirs.dimension} in _COMPARABLE
        or mine.dimension == theirs.dimension
        or mine.number == theirs.number
    )


def _kind(place: _Place) -> Literal["date", "name", "number"]:
    assert place.word.quantity
    if place.word.quantity.code:
        return "name"
    return "date" if place.word.quantity.dimension in {"date", "clock"} else "number"


def _sides(mine: Sequence[_Place], theirs: Sequence[_Place]) -> Iterator[_Found]:
    claimed = [place for place in mine if place.word.sides]
    stated = [place for place in theirs if place.word.sides]
    for place in claimed:
        if rival := _rival(place, stated, claimed, _agrees, _opposes):
            side = are_opposite(place.word.sides, rival.word.sides)
            assert side
            yield place.at, Difference(side.kind, place.said, rival.said)


def _opposes(place: _Place, other: _Place) -> bool:
    side = are_opposite(place.word.sides, other.word.sides)
    return side is not None and place.word.is_denied == other.word.is_denied


def _agrees(place: _Place, other: _Place) -> bool:
    return place.word.raw == other.word.raw or bool(set(place.word.sides) & set(other.word.sides))


def _names(mine: Sequence[_Place], theirs: Sequence[_Place], known: frozenset[str]) -> Iterator[_Found]:
    """Names that the source lacks, and names in whose place it has another that the claim lacks."""
    claimed, stated = _runs(mine), _runs(theirs)
    terms = known.union(*((place.word.key, place.word.raw) for place in theirs))
    for name in claimed:
        is_said = name.keys <= terms
        backed = max(
            (_likeness(name.around, other.around) for other in stated if name.keys <= other.keys), default=-1.0
        )
        least = max(SAME_PLACE, backed + _CLEARLY) if is_said else SAME_PLACE
        others = [other for other in stated if not (name.keys <= other.keys or other.keys <= name.keys)]
        likeness, rival = max(
            ((_likeness(name.around, other.around), other) for other in others),
            key=lambda each: each[0],
            default=(-1.0, None),
        )
        if (
            rival
            and likeness >= least
            and not (is_said and rival.keys <= _keys(mine))
            and not _is_named(rival, likeness, mine)
        ):
            yield name.first.at, Difference("name", name.said, rival.said)
        elif not is_said:
            yield name.first.at, Difference("name", name.said)


def _is_named(name: "_Name", likeness: float, mine: Sequence[_Place]) -> bool:
    """Whether the claim has the name at a place that is as much like its own."""
    first = name.first.word.key
    return any(place.word.key == first and _likeness(place.around, name.around) >= likeness for place in mine)


class _Name(NamedTuple):
    """Words of a name that stand together; `around` is what stands around all of them."""

    first: _Place
    around: Surroundings
    keys: frozenset[str]
    said: str


def _keys(places: Sequence[_Place]) -> frozenset[str]:
    return frozenset(place.word.key for place in places if place.word.key)


def _runs(places: Sequence[_Place]) -> list[_Name]:
    runs: list[list[_Place]] = []
    for place in places:
        if place.word.is_name:
            last = runs[-1][-1] if runs else None
            if last and last.reading is place.reading and last.at == place.at - 1:
                runs[-1].append(place)
            else:
                runs.append([place])
    return [
        _Name(
            run[0],
            run[0].around._replace(right=run[-1].around.right, behind=run[-1].around.behind),
            _keys(run),
            run[0].reading.said(run[0].at, run[-1].at),
        )
        for run in runs
    ]


def _merged(found: Sequence[_Found]) -> Iterator[_Found]:
    """Each thing once: what several rules found at one word, and a thing that is said twice."""
    seen: set[object] = set()
    for at, difference in found:
        if at not in seen and difference not in seen:
            seen.update((at, difference))
            yield at, difference


def _prefixes(mine: Sequence[_Place], theirs: Sequence[_Place]) -> Iterator[_Found]:
    """Words that a prefix turns into their opposite: "likely" and "unlikely", "hyper-" and "hypo-"."""
    said, stated = {place.word.raw for place in mine}, {place.word.raw for place in theirs}
    others = [place for place in theirs if place.word.key and place.word.raw not in said]
    for place in mine:
        if place.word.key and place.word.raw not in stated:
            for other in others:
                if kind := opposite_prefix(place.word.raw, other.word.raw):
                    yield place.at, Difference(kind, place.said, other.said)


class _Denied(NamedTuple):
    """A negation with the places of the words that it denies."""

    reading: Reading
    denial: Denial
    heads: tuple[_Place, ...]
    clause: frozenset[str]

    @property
    def said(self) -> str:
        """From the negation to the word that it denies."""
        edges = (self.denial.at, *self.denial.heads[:1])
        return self.reading.said(min(edges), max(edges))


def _denied(places: Sequence[_Place]) -> list[_Denied]:
    readings = {id(place.reading): place.reading for place in places}
    return [
        _Denied(
            reading,
            denial,
            tuple(place for place in places if place.reading is reading and place.at in denial.heads),
            _clause(reading.words, denial.at),
        )
        for reading in readings.values()
        for denial in reading.denials
    ]


def _clause(words: Sequence[Word], at: int) -> frozenset[str]:
    first = next((i + 1 for i in range(at - 1, -1, -1) if words[i].raw in _BOUNDS), 0)
    last = next((i for i in range(at + 1, len(words)) if words[i].raw in _BOUNDS), len(words))
    return frozenset(filter(None, map(tells, words[first:last])))


def _denials(mine: Sequence[_Place], theirs: Sequence[_Place]) -> Iterator[_Found]:
    """Where one denies what the other affirms of the same."""
    claimed, stated = _denied(mine), _denied(theirs)
    if not (claimed or stated) or _is_turned(mine, theirs) or _is_turned(theirs, mine):
        return
    partners = _partners(claimed, stated)
    for i, each in enumerate(claimed):
        partner = stated[partners[i]] if i in partners else None
        if affirmed := _affirmed(each, partner, mine, theirs):
            yield each.denial.at, Difference("negation", each.said, affirmed.said)
        elif partner is None and _is_foreign(each, theirs):
            yield each.denial.at, Difference("negation", each.said)
    for j, each in enumerate(stated):
        partner = next((claimed[i] for i, other in partners.items() if other == j), None)
        if affirmed := _affirmed(each, partner, theirs, mine):
            yield affirmed.at, Difference("negation", affirmed.said, each.said)


def _is_foreign(denied: _Denied, theirs: Sequence[_Place]) -> bool:
    """Whether the source has none of the words that the claim denies."""
    heads = [head for head in denied.heads if head.word.is_denied]
    return bool(heads) and not any(_occurrences(head, theirs) for head in heads)


def _is_turned(mine: Sequence[_Place], theirs: Sequence[_Place]) -> bool:
    """Whether the one says "not without" where the other says "only with"."""
    said, others = {place.word.raw for place in mine}, {place.word.raw for place in theirs}
    return (
        "only" in others - said
        and len(said & {"not", "no", "never", "cannot", "may not", "without", "unless", "until"}) > 1
    )


def _partners(claimed: Sequence[_Denied], stated: Sequence[_Denied]) -> dict[int, int]:
    """Which negation of the source each of the claim stands for: one that denies the same word, else one whose
    clause says much the same."""
    partners: dict[int, int] = {}
    for measure in (_shared_head, _shared_clause):
        scores = [(measure(one, other), i, j) for i, one in enumerate(claimed) for j, other in enumerate(stated)]
        for score, i, j in sorted(scores, key=lambda each: (-each[0], *each[1:])):
            if score > 0 and i not in partners and j not in partners.values():
                partners[i] = j
    return partners


def _shared_head(one: _Denied, other: _Denied) -> float:
    """How alike the places are of a word that both deny; zero where they deny no word in common."""
    return max(
        (1 + _likeness(a.around, b.around) for a in one.heads for b in other.heads if _is_same(a.word, b.word)),
        default=0.0,
    )


def _shared_clause(one: _Denied, other: _Denied) -> float:
    """How many words the clauses share, if it is more than half of the shorter one's."""
    shared = len(one.clause & other.clause)
    return shared if shared > 1 and 2 * shared > min(len(one.clause), len(other.clause)) else 0.0


def _occurrences(place: _Place, others: Sequence[_Place]) -> list[_Place]:
    return [other for other in others if _is_same(place.word, other.word)]


def _is_same(one: Word, other: Word) -> bool:
    return one.key == other.key if one.key or other.key else one.raw == other.raw


def _affirmed(
    denied: _Denied, partner: _Denied | None, own: Sequence[_Place], others: Sequence[_Place]
) -> _Place | None:
    """Where the other side affirms the word that is denied here, unless that is affirmed here as well.

    Of two negations that stand for one another only the words count that both deny.
    """
    for head in denied.heads:
        if partner and not any(_is_same(head.word, other.word) for other in partner.heads):
            continue
        if head.word.is_denied and (found := _occurrences(head, others)):
            likeness, affirmed = _closest(head, [place for place in found if not place.word.is_denied])
            same, _ = _closest(head, [place for place in found if place.word.is_denied])
            if affirmed and likeness >= max(SAME_PLACE, same + _CLEARLY if partner else same):
                elsewhere, _ = _closest(
                    affirmed, [place for place in _occurrences(head, own) if not place.word.is_denied]
                )
                return affirmed if elsewhere < likeness else None
            if not partner:
                return None
    return None
