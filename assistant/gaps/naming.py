"""What a gap is called: the stretch of its own questions with the words that others do not have (c-TF-IDF)."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.wording import fold, term

_PART = re.compile(r"[^\W_]+(?:[-’'][^\W\d_]+)*|[^\w\s]")
_MOST_CHARS = 400
_MOST_WORDS = 3
"""That say something; what links them does not count."""
_SHARE = 0.4
"""A further word stands in the name where it weighs so much of what the first one does."""
_LINKS = frozenset(("of", "in", "for", "at", "on", "from", "with", "to", "during"))
_ARTICLES = frozenset(("the", "a", "an", "my", "our", "your", "their"))
_DOERS = frozenset("i we you they he she who to can could may must should will would".split())  # noqa: SIM905
"""What comes after one of these is mostly what somebody does, which makes no topic."""
_ASK_WHAT, _HELPERS = frozenset(("what", "much", "far")), frozenset(("do", "does", "did"))
_GOING_ON = _LINKS - {"of"} | {"about"}
"""After one of these a question goes on beyond what somebody does."""
_VAGUE = frozenset("last next first new much many far long often soon company make makes made".split())  # noqa: SIM905
"""They make no topic, but may stand within one: "regatta last summer"."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as it was written, with what stands for it in comparisons; empty for one that says nothing by itself."""

    written: str
    folded: str
    term: str
    is_done: bool
    """Whether it is what somebody does."""


def names_of(texts: Mapping[int, Sequence[str]]) -> dict[int, str]:
    """A name for each gap, by its id, empty where its questions have no word that says anything."""
    read = {gap_id: [_words(text[:_MOST_CHARS]) for text in each] for gap_id, each in texts.items()}
    counted = {gap_id: Counter(t for words in each for t in _terms(words)) for gap_id, each in read.items()}
    everywhere = Counter(t for counts in counted.values() for t in counts)
    return {gap_id: _name(each, _weights(counted[gap_id], everywhere, len(texts))) for gap_id, each in read.items()}


def _weights(counts: Counter[str], everywhere: Counter[str], total: int) -> dict[str, float]:
    return {t: count * math.log(1 + total / everywhere[t]) for t, count in counts.items()}


def _name(questions: Sequence[Sequence[_Word]], weights: Mapping[str, float]) -> str:
    """Of the stretches whose every word weighs enough the heaviest; of those alike the most frequent, then the last.

    What somebody does is a name only where there is no other.
    """
    least = _SHARE * max(weights.values(), default=0)
    topics: dict[tuple[str, ...], list[str]] = defaultdict(list)
    deeds: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for words in questions:
        for stretch in _stretches(words):
            terms = tuple(word.term for word in stretch if word.term)
            if all(weights[t] >= least for t in terms):
                (deeds if stretch[0].is_done else topics)[terms].append(" ".join(word.written for word in stretch))
    found = topics or deeds
    if not found:
        return ""
    # What a question is about mostly stands at its end.
    best = max(reversed(found), key=lambda terms: (sum(weights[t] for t in set(terms)), len(found[terms])))
    name = Counter(found[best]).most_common(1)[0][0]
    return name[:1].upper() + name[1:]


def _stretches(words: Sequence[_Word]) -> Iterator[Sequence[_Word]]:
    """Words that follow each other, or that are linked: "pool cars", "combination of the safe"."""
    for first, word in enumerate(words):
        if not word.term:
            continue
        said = 0
        for last in range(first, len(words)):
            said += bool(words[last].term)
            if said > _MOST_WORDS or not _goes_on(words, first, last):
                break
            if words[last].term and _is_topic(words, first, last):
                yield words[first : last + 1]


def _goes_on(words: Sequence[_Word], first: int, last: int) -> bool:
    """Whether the stretch may reach as far as this word: it says something, or links it with what says something."""
    word = words[last]
    if word.term:
        return last == first or not word.is_done
    before = words[last - 1]
    is_link = word.folded in _LINKS or word.folded in _VAGUE
    return bool(before.term) if is_link else word.folded in _ARTICLES and before.folded in _LINKS


def _is_topic(words: Sequence[_Word], first: int, last: int) -> bool:
    """Whether it is no deed with what is done; one by itself is better than nothing."""
    return first == last or not words[first].is_done


def _words(text: str) -> list[_Word]:
    parts = _PART.findall(text)
    folded = [fold(part) for part in parts]
    asked = _asked_deed(folded)
    return [
        _Word(part, one, _term(one), is_done=at == asked or (at > 0 and folded[at - 1] in _DOERS))
        for at, (part, one) in enumerate(zip(parts, folded, strict=True))
    ]


def _asked_deed(folded: Sequence[str]) -> int | None:
    """Where the deed stands in "what does the director earn?": last, for what it is done to is asked for.

    After "about" and the like it is something else that stands there: "what does the handbook say about cats?"
    """
    asks = any(one in _ASK_WHAT and other in _HELPERS for one, other in pairwise(folded))
    if not asks or not _GOING_ON.isdisjoint(folded):
        return None
    return max((at for at, one in enumerate(folded) if one[:1].isalpha()), default=None)


def _term(folded: str) -> str:
    is_vague = len(folded) < 3 or not folded[0].isalpha() or folded.removesuffix("'s") in _VAGUE | _LINKS
    return "" if is_vague else term(folded)


def _terms(words: Sequence[_Word]) -> set[str]:
    """What a question is about, each word once."""
    return {word.term for word in words if word.term}
