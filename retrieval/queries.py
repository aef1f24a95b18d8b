"""What is searched for: the question, and for a follow-up also the question with the one before it.

No model is needed. A model's rewrite, where there is one, is one more query and replaces none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from retrieval.invisible import visible
from retrieval.values import Leg

Kind = Literal["asked", "with_previous", "rewritten"]

FOLLOW_UP_WEIGHT, LEANING_WEIGHT = 0.35, 0.5
"""The share of the query that carries the previous question along; more where the question leans on it."""
REWRITE_WEIGHT = 0.5
"""The share of a rewrite; what is left is shared out among the others as before."""
MOST_QUERY_CHARS = 20_000
_FEWEST_WORDS_ALONE = 4
_LEANING = re.compile(
    r"^(?:and|but|or|also|then|so|what about|how about)\b"
    r"|\b(?:it|its|they|them|theirs?|this|that|these|those|he|him|his|she|hers?|there|then|ones?(?!\s+of\b)|such|same|others?"
    r"|another|else)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Query:
    """One text that is searched for, its weight in the sum, and how many chunks each index found for it."""

    text: str
    weight: float
    kind: Kind = "asked"
    found: Mapping[Leg, int] = field(default_factory=dict)


def queries_for(question: str, history: Sequence[str] = (), rewrite: str | None = None) -> tuple[Query, ...]:
    """The queries for a question, given those asked before it (oldest first); their weights add up to 1."""
    last = visible(question).strip()[:MOST_QUERY_CHARS]
    if not last:
        return ()
    if not history or not _WORD.search(last):
        return (Query(last, 1.0),)
    together = f"{visible(history[-1]).strip()}\n{last}"[-MOST_QUERY_CHARS:]
    weight = LEANING_WEIGHT if leans_on_history(last) else FOLLOW_UP_WEIGHT
    rest = 1 - REWRITE_WEIGHT if rewrite else 1.0
    queries = (Query(last, rest * (1 - weight)), Query(together, rest * weight, "with_previous"))
    return (*queries, Query(rewrite[:MOST_QUERY_CHARS], REWRITE_WEIGHT, "rewritten")) if rewrite else queries


def leans_on_history(question: str) -> bool:
    """Whether a question cannot be understood without the one before: a pronoun, an "and …", or hardly a word."""
    return bool(_LEANING.search(question)) or len(question.split()) < _FEWEST_WORDS_ALONE


def judged_query(queries: Sequence[Query]) -> int:
    """Which of the queries says best what is asked: a rewrite; else the one that the last question leans on."""
    return len(queries) - 1 if queries[-1].kind == "rewritten" or leans_on_history(queries[0].text) else 0
