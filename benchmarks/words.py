"""Made-up prose, the same for the same random state, with the word frequencies of Zipf's law.

The common words are those of the sample company, the rare ones are invented.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VOCABULARY = 30_000
_SEED = 20260401
_SENTENCE_WORDS = 12
_FILLERS = 60
"""So many of the commonest words ("the", "and") say nothing of a subject."""
_SAMPLE_TEXTS = Path(__file__).resolve().parent.parent / "examples"


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """Words, commonest first, with the cumulated probability of each; the first `written` are English."""

    words: tuple[str, ...]
    cumulated: NDArray[np.float64]
    written: int


def any_words(random: np.random.Generator, count: int) -> list[str]:
    """Words as they come in prose."""
    return _drawn(random, count, 0, VOCABULARY)


def english_words(random: np.random.Generator, count: int) -> list[str]:
    """Words as they come in prose, none of them invented: as many tokens as prose has."""
    return _drawn(random, count, 0, _vocabulary().written)


def telling_words(random: np.random.Generator, count: int) -> list[str]:
    """English words that may name a subject."""
    return _drawn(random, count, _FILLERS, _vocabulary().written)


def prose(words: list[str]) -> str:
    """The words as sentences."""
    sentences = (words[at : at + _SENTENCE_WORDS] for at in range(0, len(words), _SENTENCE_WORDS))
    return " ".join(f"{' '.join(sentence).capitalize()}." for sentence in sentences)


def _drawn(random: np.random.Generator, count: int, first: int, end: int) -> list[str]:
    """Words of the ranks from `first` to `end`, exclusive, by their frequency."""
    vocabulary = _vocabulary()
    lowest = vocabulary.cumulated[first - 1] if first else 0.0
    drawn = random.uniform(lowest, vocabulary.cumulated[end - 1], count)
    return [vocabulary.words[at] for at in np.searchsorted(vocabulary.cumulated, drawn)]


@cache
def _vocabulary() -> _Vocabulary:
    counted = Counter(
        word
        for file in sorted(_SAMPLE_TEXTS.rglob("*.md"))
        for word in re.findall(r"[a-z]{2,}", file.read_text("utf-8").lower())
    )
    words = [word for word, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
    written = len(words)
    words += _invented(VOCABULARY - written, known=set(words))
    weights = 1 / np.arange(1, len(words) + 1)
    return _Vocabulary(tuple(words), np.cumsum(weights / weights.sum()), written)


def _invented(count: int, *, known: set[str]) -> list[str]:
    random = np.random.default_rng(_SEED)
    syllables = [f"{consonant}{vowel}" for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    found: dict[str, None] = {}
    while len(found) < count:
        word = "".join(random.choice(syllables, random.integers(2, 5)))
        if word not in known:
            found[word] = None
    return list(found)
