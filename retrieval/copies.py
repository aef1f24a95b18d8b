"""Which passages say the same in nearly the same words: copies prove nothing more, and crowd out what else was found."""

import re
from functools import lru_cache
from typing import NamedTuple

from retrieval.folding import fold
from retrieval.invisible import visible

_ALIKE = 0.85
"""The share of words that two copies have in common."""
_WORD = re.compile(r"\w+")
_FIGURE = re.compile(r"\d+(?:[.,:/-]\d+)*")
_REMEMBERED = 2048


class _Wording(NamedTuple):
    words: frozenset[str]
    figures: frozenset[str]


def are_copies(one: str, other: str) -> bool:
    """Whether two texts are worded nearly alike, figure by figure; those with other figures disagree."""
    first, second = _wording(one), _wording(other)
    together = first.words | second.words
    return first.figures == second.figures and len(first.words & second.words) >= _ALIKE * len(together)


@lru_cache(_REMEMBERED)
def _wording(text: str) -> _Wording:
    said = fold(visible(text))
    return _Wording(frozenset(_WORD.findall(said)), frozenset(_FIGURE.findall(said)))
