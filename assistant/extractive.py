"""Answers without a model: the best sentences of the passages, quoted exactly, each with its citation.

A sentence scores by how close its meaning (read with its document's title) comes to the question, how
much of the question's weighty words it holds, and how well its passage ranked. The weights were chosen
on ClapNQ's sentence judgements (docs/evaluation.md). What is quoted is supported by construction.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

import numpy as np

from assistant.verify import check_sentence
from retrieval.embedding import Embedder
from retrieval.plain import plain_text
from retrieval.sentences import sentence_spans
from retrieval.values import Passage

_PASSAGES = 5
_MOST_EMBEDDED = 24
_MEANING, _WORDS, _PASSAGE = 0.6, 0.1, 0.3
SHOWN, _KEEP_ABOVE = 3, 0.8
"""Up to three sentences are shown, if nothing else is said; further ones when they score at least this share of the
best."""
_FEWEST_WORDS, _MOST_WORDS = 4, 80
_WORD = re.compile(r"\w+")
_LIST_MARK = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"\s*#{1,6}\s")


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a passage: `exact` is the document's text from `start` to `end`, `text` reads well.

    `cosine` is its closeness to the question, None where there is no embedding.
    """

    passage: Passage
    start: int
    end: int
    exact: str
    text: str
    score: float = 0.0
    cosine: float | None = None


def best_quotes(
    question: str,
    passages: Sequence[Passage],
    embedder: Embedder | None,
    *,
    asked: str | None = None,
    most: int = SHOWN,
) -> tuple[Quote, ...]:
    """The sentences that answer best, best first; none where the passages hold no sentence.

    `asked` is the question with what it follows, where it leans on it: its meaning counts half.
    """
    meanings = tuple(dict.fromkeys((question, asked or question)))
    ranked = sorted(_scored(meanings, passages[:_PASSAGES], embedder), key=lambda quote: -quote.score)
    chosen: list[Quote] = []
    for quote in ranked:
        if len(chosen) == most or quote.score < _KEEP_ABOVE * ranked[0].score:
            break
        if all(_said(quote) != _said(other) for other in chosen):
            chosen.append(quote)
    return tuple(chosen)


def chosen_quotes(
    question: str, passages: Sequence[Passage], embedder: Embedder | None, *, asked: str | None, most: int
) -> tuple[Quote, ...]:
    """The best quotes, at most so many; two that disagree come first, the newer before the older, and both stay."""
    quotes = best_quotes(question, passages, embedder, asked=asked, most=max(most, SHOWN))
    pair = disagreement(quotes) or ()
    return (*pair, *(quote for quote in quotes if quote not in pair))[: max(most, len(pair))]


def disagreement(quotes: Sequence[Quote]) -> tuple[Quote, Quote] | None:
    """Two quotes of different documents that say the same thing with other figures, the newer one first."""
    for one, other in combinations(quotes, 2):
        differ = one.passage.source.id != other.passage.source.id
        if differ and check_sentence(one.text, [other.text]).support == "contradicted":
            return (one, other) if _dated(one) >= _dated(other) else (other, one)
    return None


def _dated(quote: Quote) -> date:
    return quote.passage.source.dated or date.min


def _scored(meanings: Sequence[str], passages: Sequence[Passage], embedder: Embedder | None) -> list[Quote]:
    quotes = [(rank, quote) for rank, passage in enumerate(passages) for quote in _sentences(passage)]
    words = _word_scores(meanings[0], [quote.text for _, quote in quotes])
    top = passages[0].score if passages else 0.0
    scored = [
        replace(quote, score=_WORDS * word + _PASSAGE * (quote.passage.score / top if top > 0 else 1 / (1 + rank)))
        for word, (rank, quote) in zip(words, quotes, strict=True)
    ]
    if embedder is None:
        return scored
    # Words and rank choose what is worth embedding: a sentence costs about 3 ms.
    likely = sorted(scored, key=lambda quote: -quote.score)[:_MOST_EMBEDDED]
    vectors = embedder.embed_documents([f"{quote.passage.source.title}: {quote.text}" for quote in likely])
    cosines = np.mean([vectors @ embedder.embed_query(meaning) for meaning in meanings], axis=0).tolist()
    return [
        replace(quote, score=quote.score + _MEANING * cosine, cosine=cosine)
        for quote, cosine in zip(likely, cosines, strict=True)
    ]


def _sentences(passage: Passage) -> list[Quote]:
    """The sentences of a passage, without headings and list marks."""
    found = []
    for first, end in sentence_spans(passage.text):
        mark = _LIST_MARK.match(passage.text, first, end)
        start = mark.end() if mark else first
        exact = passage.text[start:end]
        text = " ".join(plain_text(exact, passage.source.markup).split()).strip("*_ ")
        if _FEWEST_WORDS <= len(_WORD.findall(text)) <= _MOST_WORDS and _says_something(exact, text):
            found.append(Quote(passage, passage.start + start, passage.start + end, exact, text))
    return found


def _says_something(exact: str, text: str) -> bool:
    """Neither a heading nor a table's row without a figure, which is most often its header."""
    return not _HEADING.match(exact) and (" | " not in text or any(letter.isdigit() for letter in text))


def _said(quote: Quote) -> str:
    return quote.text.casefold().rstrip(".!")


def _word_scores(question: str, texts: Sequence[str]) -> list[float]:
    """For each text the share of the question's word weight it holds; rare words weigh more."""
    asked = set(_stems(question))
    held = [set(_stems(text)) & asked for text in texts]
    weight = {word: math.log(1 + len(texts) / (1 + sum(word in h for h in held))) for word in asked}
    total = sum(weight.values()) or 1.0
    return [sum(weight[word] for word in h) / total for h in held]


def _stems(text: str) -> list[str]:
    """Words cut to six letters: enough to match the forms of one word, with no language to choose."""
    return [word[:6] for word in _WORD.findall(text.casefold()) if len(word) > 2]
