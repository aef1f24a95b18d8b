"""A sentence taken apart: its words in order, and what each stands for in a comparison."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from assistant.opposites import PHRASES, Side, sides_of
from assistant.quantities import Quantity, Stated, find_quantities
from assistant.wording import affirmed, denies, fold, term

SOFT_NUMBERS = frozenset(("a", "an", "one", "once"))
"""Words for one that often count nothing."""

_WORD = re.compile(
    rf"\b(?:{PHRASES})\b|n['\u2019]t\b|[^\W_]+(?:n['\u2019]t\b|['\u2019][^\W_]+)?|[;:()|\u2014,]", re.IGNORECASE
)
_NO_WORDS = re.compile(
    r"(?<=\])\([^()\s]*(?:\s\"[^\"()]*\")?\)|<(?![a-zA-Z]+:|[^<>\s]*@)[a-zA-Z/][^<>]{0,200}>|\{%[^{}]*%\}"
)
"""Targets of links, and tags."""

_NO_DENIAL = re.compile(r"\b(?:whether or|if) not\b|\bno\.(?=\s?[0-9])|\bno (?:doubt|matter)\b", re.IGNORECASE)
_ONLY = frozenset(("only", "just", "merely"))
""" "Not only" denies nothing of what follows, nor do the others before a "but"."""

_VERBS = frozenset(
    (
        "is",
        "are",
        "was",
        "were",
        "be",
        "can",
        "could",
        "may",
        "might",
        "must",
        "shall",
        "should",
        "will",
        "would",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
    )
)
CLAUSE_ENDS = frozenset(";:()|\u2014") | {
    "but", "except", "while", "whereas", "although", "though", "because", "since", "if", "when", "which",
    "who",
}  # fmt: skip
_BOUNDS = CLAUSE_ENDS | {",", "and", "or"}
_CLOSES = CLAUSE_ENDS - set("()")
_NEIGHBOURS = 3
_NAME_CHARS = 4
"""A word that says nothing by itself may yet be a name when it has a capital and so many letters: "Will"."""

_REACH = 3
"""At most so many words that say something after a denial are denied by it."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, phrase, number with its unit, or punctuation mark. `key` is empty where it says nothing by itself."""

    start: int
    end: int
    raw: str
    key: str = ""
    is_name: bool = False
    is_denied: bool = False
    quantity: Quantity | None = None
    sides: tuple[Side, ...] = ()


class Surroundings(NamedTuple):
    """What stands around a word: the nearest words that say something, the nearest first, and its neighbours.

    `clause` is of those words what lies within "and", commas and the like.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    before: str
    behind: str
    clause: frozenset[str]


class Denial(NamedTuple):
    """A negation: where it stands, and the positions of the words that it denies, the nearest first."""

    at: int
    heads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a text with what is denied among them."""

    text: str
    words: tuple[Word, ...]
    around: tuple[Surroundings, ...]
    """What stands around each word."""
    denials: tuple[Denial, ...]
    terms: frozenset[str]
    names: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    """Neighbouring words."""

    def said(self, first: int, last: int) -> str:
        """The text from one word to another."""
        return self.text[self.words[first].start : self.words[last].end]


def without_markup(text: str) -> str:
    """The text with spaces in the place of tags and of the targets of links: every word stays where it is."""
    return _NO_WORDS.sub(lambda found: " " * len(found[0]), text)


def read(text: str) -> Reading:
    """One sentence, read."""
    words = tuple(_words(text))
    denials = tuple(_denials(words, _innocent(text)))
    denied = [at for denial in denials for at in denial.heads]
    words = tuple(
        replace(word, is_denied=denied.count(at) % 2 == 1) if at in denied else word for at, word in enumerate(words)
    )
    return Reading(
        text,
        words,
        tuple(_surroundings(words)),
        denials,
        frozenset(word.key for word in words if word.key),
        frozenset(word.key for word in words if word.is_name),
        frozenset((one.raw, other.raw) for one, other in pairwise(words)),
    )


def _words(text: str) -> Iterator[Word]:
    text = without_markup(text)
    stated = list(find_quantities(text))
    position, is_first, previous = 0, True, ""
    while position < len(text):
        found = _WORD.search(text, position)
        if stated and (found is None or stated[0].start < found.end()):
            word = _number(stated.pop(0), previous)
        elif found is None:
            return
        else:
            word = _word(found, is_first)
        position = max(word.end, position + 1)
        stated = [each for each in stated if each.start >= position]
        is_label = len(word.raw) > 3 and text[word.start : word.end].isupper()
        is_first = (is_first and (is_label or not word.raw[:1].isalnum())) or word.raw == ":"
        previous = "1" if word.quantity else word.raw
        yield word


def _number(stated: Stated, previous: str) -> Word:
    """The number as one word with its unit; of "a week" only the "a", and in "twice a week" it counts nothing."""
    raw = fold(stated.quantity.text)
    if raw not in SOFT_NUMBERS:
        return Word(stated.start, stated.reach, raw, quantity=stated.quantity, sides=sides_of(raw))
    is_rate = raw in {"a", "an"} and previous in {"1", "times", "hours", "days"}
    return Word(stated.start, stated.end, raw, quantity=None if is_rate else stated.quantity)


def _word(found: re.Match[str], is_first: bool) -> Word:
    raw = fold(found[0])
    if any(map(str.isdigit, raw)):
        return Word(*found.span(), raw, quantity=Quantity(found[0], code=raw))
    is_capital = found[0][0].isupper() and (not is_first or (len(found[0]) > 1 and found[0].isupper()))
    key = term(raw) or (raw if is_capital and found[0].istitle() and len(raw) >= _NAME_CHARS else "")
    return Word(*found.span(), raw, key, bool(key) and is_capital, sides=sides_of(raw))


def _surroundings(words: tuple[Word, ...]) -> Iterator[Surroundings]:
    said = [at for at, word in enumerate(words) if tells(word)]
    plain = [at for at, word in enumerate(words) if not denies(word.raw)]
    bounds = [-1, *(at for at, word in enumerate(words) if word.raw in _BOUNDS), len(words)]
    for at in range(len(words)):
        first, last = bisect_left(said, at), bisect_right(said, at)
        near = (said[max(0, first - _NEIGHBOURS) : first][::-1], said[last : last + _NEIGHBOURS])
        low, high = bounds[bisect_left(bounds, at) - 1], bounds[bisect_right(bounds, at)]
        before, behind = bisect_left(plain, at), bisect_right(plain, at)
        yield Surroundings(
            tuple(tells(words[i]) for i in near[0]),
            tuple(tells(words[i]) for i in near[1]),
            words[plain[before - 1]].raw if before else "",
            words[plain[behind]].raw if behind < len(plain) else "",
            frozenset(words[i].key for i in (*near[0], *near[1]) if low < i < high and words[i].key),
        )


def tells(word: Word) -> str:
    """What a word contributes to the place of its neighbours."""
    return f"{word.quantity.value:g}{word.quantity.code}" if word.quantity else word.key


def _innocent(text: str) -> frozenset[int]:
    return frozenset(at for found in _NO_DENIAL.finditer(text) for at in range(*found.span()))


def _denials(words: tuple[Word, ...], innocent: frozenset[int]) -> Iterator[Denial]:
    for at, word in enumerate(words):
        if affirmed(word.raw):
            yield Denial(at, (at,))
        elif _denies(words, at) and word.start not in innocent:
            yield Denial(at, tuple(_heads(words, at)))


def _denies(words: tuple[Word, ...], at: int) -> bool:
    behind = words[at + 1].raw if at + 1 < len(words) else ""
    is_only = behind == "only" or (behind in _ONLY and any(word.raw == "but" for word in words[at + 2 :]))
    return (denies(words[at].raw) and not is_only) or (words[at].raw in _FAILS and behind == "to")


_FAILS = frozenset(("fail", "fails", "failed", "refuse", "refuses", "refused"))


def _heads(words: tuple[Word, ...], at: int) -> Iterator[int]:
    """The words that a negation denies: those that follow in its clause, else the nearest before it."""
    found = 0
    for i in range(at + 1, len(words)):
        raw = words[i].raw
        ends = raw in CLAUSE_ENDS or raw in _VERBS or raw == ","
        if found == _REACH or (found and (ends or denies(raw))) or raw in _CLOSES:
            break
        if _can_be_denied(words[i]):
            found += 1
            yield i
    if not found:
        yield from (i for i in range(at - 1, max(-1, at - 5), -1) if _can_be_denied(words[i]))


def _can_be_denied(word: Word) -> bool:
    return bool(word.key or word.sides or (word.quantity and word.raw not in SOFT_NUMBERS))
