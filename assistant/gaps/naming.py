"""What a gap is called: the words that stand in its questions and not in those of others (c-TF-IDF)."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from assistant.wording import fold, term

_WORD = re.compile(r"[^\W\d_]{3,}")
_MOST_CHARS = 400
_MOST_WORDS = 3
_SHARE = 0.5
"""A further word stands in the name where it weighs so much of what the first one does."""


def names_of(texts: Mapping[int, Sequence[str]]) -> dict[int, str]:
    """A name for each gap, by its id, empty where its questions have no word that says anything."""
    counted = {gap_id: Counter(t for text in each for t in _terms(text)) for gap_id, each in texts.items()}
    shown = _shown(texts)
    everywhere = Counter(t for counts in counted.values() for t in counts)
    return {gap_id: _name(counts, everywhere, len(texts), shown) for gap_id, counts in counted.items()}


def _name(counts: Counter[str], everywhere: Counter[str], total: int, shown: Mapping[str, str]) -> str:
    weights = {t: count * math.log(1 + total / everywhere[t]) for t, count in counts.items()}
    best = sorted(weights, key=lambda t: (-weights[t], t))[:_MOST_WORDS]
    chosen = [t for t in best if weights[t] >= _SHARE * weights[best[0]]]
    words = ", ".join(shown[t] for t in chosen)
    return words[:1].upper() + words[1:]


def _terms(text: str) -> set[str]:
    """What a question is about, each word once."""
    return {t for word in _WORD.findall(text[:_MOST_CHARS]) if (t := term(fold(word)))}


def _shown(texts: Mapping[int, Sequence[str]]) -> dict[str, str]:
    """Each term as it is written most often."""
    written: dict[str, Counter[str]] = {}
    for each in texts.values():
        for word in (word for text in each for word in _WORD.findall(text[:_MOST_CHARS])):
            written.setdefault(term(fold(word)), Counter())[word] += 1
    return {t: min(words, key=lambda word: (-words[word], word)) for t, words in written.items()}
