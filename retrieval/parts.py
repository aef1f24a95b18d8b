"""The parts of a question that asks several things, so that each can be judged for itself."""

import re
from dataclasses import dataclass

_ASKING = (
    r"(?:what|who|whom|whose|when|where|why|which|how|is|are|was|were|do|does|did|can|could|may|might|must|should"
    r"|shall|will|would|has|have|had)"
)
_SEAM = re.compile(rf"(?<=\?)\s+|[,;]?\s+(?:and|or|but)\s+(?:also\s+)?(?={_ASKING}\b)", re.IGNORECASE)
_SAYS_NOTHING = re.compile(
    rf"\b(?:{_ASKING}|i|you|he|she|it|we|they|me|him|her|us|them|my|your|his|its|our|their|this|that|these|those|there"
    r"|an?|the|of|to|in|on|at|by|for|from|with|about|and|or|but|also|then|much|many|long|often)\b",
    re.IGNORECASE,
)
_FEWEST_WORDS = 3
_MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class Part:
    """One of several things that were asked, and whether anything that was found bears on it.

    `probability` is that of an answer to it alone; `coverage` the share of its word weight that the passages
    found for the whole question hold.
    """

    text: str
    probability: float
    coverage: float
    has_support: bool


def parts_of(question: str) -> tuple[str, ...]:
    """The parts, in order; none where only one thing is asked. English question words are understood."""
    parts = tuple(part.strip(" ,;") for part in _SEAM.split(question) if part)
    whole = tuple(part for part in parts if len(part.split()) >= _FEWEST_WORDS)
    return whole if len(parts) == len(whole) and 1 < len(whole) <= _MOST_PARTS else ()


def content_of(part: str) -> str:
    """What of a part can stand in a document: not the words with which one asks, which are rare there and weigh much."""
    return _SAYS_NOTHING.sub(" ", part)
