"""A sentence taken apart: its words in order, and what each stands for in a comparison."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from assistant.opposites import PHRASES, Side, sides_of
from assistant.quantities import Quantity, Stated, find_quantities
from assistant.wording import affirmed, denies, fold, term

SOFT_NUMBERS = frozenset(("a", "an", "one", "once"))
"""Words for one that often count nothing."""

_WORD = re.compile(
    rf"\b(?:{PHRASES})\b|n['\u2019]t\b|[^\W_]+(?:n['\u2019]t\b|['\u2019][^\W_]+)?|[;:()|\u2014,]", re.IGNORECASE
)
_NO_DENIAL = re.compile(
    r"\bnot (?=(?:just|only|merely|necessarily|always|least)\b)|\b(?:whether or|if) not\b|\b(?i:no)\.(?=\s?[0-9])"
    r"|\bno (?=longer than\b|doubt\b|matter\b|later than\b)",
    re.IGNORECASE,
)
"""Where "not" and "no" deny nothing, or not the word that follows."""

_STOPS = frozenset(";:()|\u2014") | {
    "but", "except", "while", "whereas", "although", "though", "however", "because", "since", "if", "when", "which",
    "who",
}  # fmt: skip
_REACH = 3
"""So many words that say something after a denial are denied by it."""


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


class Denial(NamedTuple):
    """A negation: where it stands, and the positions of the words that it denies, the nearest first."""

    at: int
    heads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a text with what is denied among them."""

    text: str
    words: tuple[Word, ...]
    denials: tuple[Denial, ...]
    terms: frozenset[str]
    names: frozenset[str]

    def said(self, first: int, last: int) -> str:
        """The text from one word to another."""
        return self.text[self.words[first].start : self.words[last].end]


def read(text: str) -> Reading:
    """One sentence, read."""
    words = tuple(_words(text))
    denials = tuple(_denials(words, _innocent(text)))
    denied = [at for denial in denials for at in denial.heads]
    words = tuple(replace(word, is_denied=denied.count(at) % 2 == 1) if at in denied else word for at, word in enumerate(words))
    return Reading(
        text,
        words,
        denials,
        frozenset(word.key for word in words if word.key),
        frozenset(word.key for word in words if word.is_name),
    )


def _words(text: str) -> Iterator[Word]:
    stated = list(find_quantities(text))
    position, is_first = 0, True
    while position < len(text):
        found = _WORD.search(text, position)
        if stated and (found is None or stated[0].start <= found.start() or stated[0].start < found.end()):
            word = _number(stated.pop(0))
        elif found is None:
            return
        else:
            word = _word(found, is_first)
        position = max(word.end, position + 1)
        stated = [each for each in stated if each.start >= position]
        is_first = is_first and not word.raw[:1].isalnum() or word.raw == ":"
        yield word


def _number(stated: Stated) -> Word:
    quantity = stated.quantity
    is_soft = quantity.text.lower() in SOFT_NUMBERS
    return Word(stated.start, stated.end if is_soft else stated.reach, fold(quantity.text), quantity=quantity)


def _word(found: re.Match[str], is_first: bool) -> Word:
    raw = fold(found[0])
    is_capital = found[0][0].isupper() and (not is_first or (len(found[0]) > 1 and found[0].isupper()))
    key = term(raw)
    return Word(found.start(), found.end(), raw, key, bool(key) and is_capital, sides=sides_of(raw))


def _innocent(text: str) -> frozenset[int]:
    return frozenset(at for found in _NO_DENIAL.finditer(text) for at in range(*found.span()))


def _denials(words: tuple[Word, ...], innocent: frozenset[int]) -> Iterator[Denial]:
    for at, word in enumerate(words):
        if affirmed(word.raw):
            yield Denial(at, (at,))
        elif denies(word.raw) and word.start not in innocent:
            yield Denial(at, tuple(_heads(words, at)))


def _heads(words: tuple[Word, ...], at: int) -> Iterator[int]:
    """The words that a negation denies: those that follow in its clause, else the nearest before it."""
    found = 0
    for i in range(at + 1, len(words)):
        raw = words[i].raw
        if raw in _STOPS or (raw == "," and found) or found == _REACH or (found and denies(raw)):
            break
        if words[i].key:
            found += 1
            yield i
    if not found:
        yield from (i for i in range(at - 1, max(-1, at - 5), -1) if words[i].key)
