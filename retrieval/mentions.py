"""Which documents have certain words: all of them, from the index of whole documents, not the best few."""

import re
from dataclasses import dataclass

from retrieval.lexical import LexicalIndex
from retrieval.library import Library
from retrieval.values import Scope

_MOST_WORDS = 20
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_EITHER = re.compile(r"\s+(?:or|oder)\s+", re.IGNORECASE)
_SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "at",
        "by",
        "for",
        "from",
        "in",
        "my",
        "of",
        "on",
        "our",
        "the",
        "to",
        "with",
        "your",
        "der",
        "die",
        "das",
        "den",
        "dem",
        "des",
        "ein",
        "eine",
        "und",
        "von",
        "zu",
        "für",
        "mit",
    ]
)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Finds documents by the words they have, in any form that the index takes for the same."""

    library: Library
    lexical: LexicalIndex

    def documents(self, words: str, scope: Scope) -> dict[int, float]:
        """Every document that has all the words ("or" parts alternatives), with a score: more and rarer words, higher."""
        found: dict[int, float] = {}
        for collection_id in sorted(scope):
            for alternative in alternatives(words):
                found |= self._with_all(collection_id, words_of(alternative))
        return found

    def best_chunks(self, words: str, scope: Scope, *, depth: int = 200) -> dict[int, int]:
        """The chunk in which the words stand best, by document, for the documents nearest to them."""
        hits = sorted(
            (hit for collection_id in scope for hit in self.lexical.search(collection_id, words, depth)),
            key=lambda hit: -hit.score,
        )
        best: dict[int, int] = {}
        for hit in hits:
            best.setdefault(hit.document, hit.id)
        return best

    def _with_all(self, collection_id: str, words: tuple[str, ...]) -> dict[int, float]:
        count = self.library.document_count(frozenset({collection_id}))
        if not words or not count:
            return {}
        each = [dict(self.lexical.search_documents(collection_id, word, count)) for word in words]
        shared = set.intersection(*(set(scores) for scores in each))
        return {id_: sum(scores[id_] for scores in each) for id_ in shared}


def alternatives(words: str) -> tuple[str, ...]:
    """What stands on the two sides of an "or"."""
    return tuple(part for part in _EITHER.split(words) if part)


def words_of(text: str) -> tuple[str, ...]:
    """The words that are looked for; small ones only where there are no others."""
    words = tuple(dict.fromkeys(_WORD.findall(text)))[:_MOST_WORDS]
    return tuple(word for word in words if word.casefold() not in _SMALL) or words
