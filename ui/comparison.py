"""Why a sentence is in doubt: the sentence and the source side by side, what differs marked in both."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from assistant.events import CheckedSentence, Difference
from assistant.markup import visible
from assistant.places import place_and_date_of
from retrieval.plain import plain_text
from retrieval.values import Passage

_ELIDED = "\u2026"
"""Stands between the parts of a difference that are apart in the sentence."""


def comparison_data(sentence: CheckedSentence, passages: Sequence[Passage]) -> dict[str, Any] | None:
    """What the component draws side by side; None where there is nothing to hold the sentence against."""
    compared = sentence.opposed or sentence.compared
    if compared is None or not 1 <= compared.passage <= len(passages):
        return None
    passage = passages[compared.passage - 1]
    differences = compared.differences
    return {
        "claimed": marked(plain_text(sentence.text, "markdown"), _parts(each.claimed for each in differences)),
        "stated": marked(
            plain_text(compared.quote, passage.source.markup), _parts(each.stated for each in differences)
        ),
        "found": "The nearest passage" if sentence.support == "unsupported" else "The source",
        "differences": [visible(in_words(difference)) for difference in differences],
        "title": visible(passage.source.title),
        "where": visible(place_and_date_of(passage)),
    }


def in_words(difference: Difference) -> str:
    """What the one says and what the other."""
    if difference.stated:
        return f"“{difference.claimed}” here, “{difference.stated}” in the source"
    return f"“{difference.claimed}” does not stand there"


def marked(text: str, phrases: Iterable[str]) -> list[Any]:
    """The text on one line as the component reads it, each phrase that stands in it marked once."""
    line = " ".join(visible(text).split())
    taken: list[tuple[int, int]] = []
    for phrase in phrases:
        words = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE)
        free = (m.span() for m in words.finditer(line) if all(m.end() <= a or b <= m.start() for a, b in taken))
        taken += [span] if (span := next(free, None)) else []
    pieces, at = [], 0
    for start, end in sorted(taken):
        pieces += [line[at:start], {"k": "differs", "c": [line[start:end]]}]
        at = end
    return [piece for piece in (*pieces, line[at:]) if piece]


def _parts(phrases: Iterable[str]) -> list[str]:
    """The phrases as they stand in the text, the longest first: a short one may stand in a longer one."""
    parts = (" ".join(visible(part).split()) for phrase in phrases for part in phrase.split(_ELIDED))
    return sorted((part for part in parts if part), key=len, reverse=True)
