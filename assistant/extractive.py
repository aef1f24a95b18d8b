"""Answers without a model: the best sentences of the passages, quoted exactly, each with its citation.

A sentence scores by how close its meaning comes to the question, read by itself and with its document's title,
how much of the question's weighty words it holds, and how well its passage ranked. The weights were chosen on
ClapNQ's sentence judgements and the sample company (docs/evaluation.md). What is quoted is supported by construction.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

import numpy as np

from assistant.quantities import find_quantities
from assistant.verify import check_sentence
from assistant.wording import term
from retrieval.embedding import Embedder
from retrieval.plain import plain_text
from retrieval.sentences import sentence_spans
from retrieval.texts_seen import embed_seen
from retrieval.values import Passage

_PASSAGES = 5
_MOST_EMBEDDED = 12
_ALONE, _TITLED, _WORDS, _PASSAGE = 0.3, 0.4, 0.1, 0.2
_FIGURE = 0.05
"""For a sentence with a figure, where one is asked for."""
_POINTS_ON = -0.2
"""For a sentence that only points on: to another page, or to a list below."""
_NEXT = 0.15
"""For the sentence after the best one, which mostly goes on about the same thing; none stands alone without it."""
SHOWN, _KEEP_ABOVE = 3, 0.75
"""Up to three sentences are shown, if nothing else is said; further ones when they score at least this share of the
best."""
_ASKS_A_FIGURE = re.compile(
    r"\b(?:how (?:many|much|long|often|old|far|soon|quickly|big|large|tall|high)|when|what (?:year|date|time|number))\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"(?:please\s+)?(?:see|refer to|read|visit|click|check out|this (?:page|section|document|guide|policy)"
    r"|for (?:more|further|details)|more (?:about|on|information|details))\b",
    re.IGNORECASE,
)
_LEADS_ON = re.compile(r"(?::|\b(?:as follows|the following)\W?)\Z", re.IGNORECASE)
_LEFT_OF_MARKUP = re.compile(r"\{%|%\}|\{\{|\}\}|\]\(|\]:")
"""Of a link or a template that was cut in two."""
_FEWEST_WORDS, _MOST_WORDS = 4, 80
_WORD = re.compile(r"\w+")
_LIST_MARK = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"\s*#{1,6}\s")


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a passage: `exact` is the document's text from `start` to `end`, `text` reads well.

    `cosine` is its closeness to the question, None where there is no embedding. `answers` is the question that the
    document itself asks just before.
    """

    passage: Passage
    start: int
    end: int
    exact: str
    text: str
    score: float = 0.0
    cosine: float | None = None
    answers: str = ""

    @property
    def meaning(self) -> str:
        """What it says, with what it answers."""
        return f"{self.answers} {self.text}".strip()


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
    if not ranked:
        return ()
    best, *others = ranked
    others = [replace(quote, score=quote.score + _NEXT) if _follows(quote, best) else quote for quote in others]
    chosen = tuple(_chosen((best, *sorted(others, key=lambda quote: -quote.score)), most))
    return chosen if len(chosen) > 1 else (best, *(quote for quote in others if _follows(quote, best)))


def _chosen(ranked: Sequence[Quote], most: int) -> Iterator[Quote]:
    """The first ones, each statement once, as long as they come near the best."""
    said: list[str] = []
    for quote in ranked:
        if len(said) == most or quote.score < _KEEP_ABOVE * ranked[0].score:
            return
        if _said(quote) not in said:
            said.append(_said(quote))
            yield quote


def _follows(quote: Quote, best: Quote) -> bool:
    """Whether nothing but space and a list's mark stands between the best sentence and this one."""
    passage = best.passage
    if quote.passage is not passage or quote.start < best.end:
        return False
    between = passage.text[best.end - passage.start : quote.start - passage.start]
    return not _LIST_MARK.sub("", between).strip()


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
    words = _word_scores(meanings[0], [quote.meaning for _, quote in quotes])
    top = passages[0].score if passages else 0.0
    asks_a_figure = bool(_ASKS_A_FIGURE.search(meanings[0]))
    scored = [
        replace(
            quote,
            score=_WORDS * word
            + _PASSAGE * (quote.passage.score / top if top > 0 else 1 / (1 + rank))
            + _for_its_form(quote.text, asks_a_figure=asks_a_figure),
        )
        for word, (rank, quote) in zip(words, quotes, strict=True)
    ]
    return scored if embedder is None else _by_meaning(meanings, scored, embedder)


def _for_its_form(text: str, *, asks_a_figure: bool) -> float:
    points_on = _LEADS_ON.search(text) or _ELSEWHERE.match(text)
    return (_POINTS_ON if points_on else 0.0) + (_FIGURE if asks_a_figure and find_quantities(text) else 0.0)


def _by_meaning(meanings: Sequence[str], scored: Sequence[Quote], embedder: Embedder) -> list[Quote]:
    """The likeliest by words and rank, with their meaning: a sentence costs about 3 ms, and is read twice."""
    likely = sorted(scored, key=lambda quote: -quote.score)[:_MOST_EMBEDDED]
    asked = np.mean([embedder.embed_query(meaning) for meaning in meanings], axis=0)
    titled = [f"{quote.passage.source.title}: {quote.meaning}" for quote in likely]
    cosines = (embed_seen([*titled, *(quote.meaning for quote in likely)], embedder) @ asked).tolist()
    with_title, alone = cosines[: len(likely)], cosines[len(likely) :]
    return [
        replace(quote, score=quote.score + _TITLED * one + _ALONE * other, cosine=one)
        for quote, one, other in zip(likely, with_title, alone, strict=True)
    ]


def _sentences(passage: Passage) -> Iterator[Quote]:
    """The sentences of a passage, without headings and list marks; a question only as what the next one answers."""
    asked = ""
    for first, end in sentence_spans(passage.text):
        mark = _LIST_MARK.match(passage.text, first, end)
        start = mark.end() if mark else first
        exact = passage.text[start:end]
        text = " ".join(plain_text(exact, passage.source.markup).split()).strip("*_# ")
        if text.endswith("?"):
            asked = text
        elif _FEWEST_WORDS <= len(_WORD.findall(text)) <= _MOST_WORDS and _says_something(exact, text):
            yield Quote(passage, passage.start + start, passage.start + end, exact, text, answers=asked)
            asked = ""


def _says_something(exact: str, text: str) -> bool:
    """No heading, no rest of markup, and no row of a table without a figure, which is most often its header."""
    if _HEADING.match(exact) or _LEFT_OF_MARKUP.search(text) or text.count("[") != text.count("]"):
        return False
    return " | " not in text or any(letter.isdigit() for letter in text)


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
    """Words cut to six letters: enough to match the forms of one word, with no language to choose.

    Words that say nothing by themselves are left out; a question has many, which statements lack.
    """
    return [word[:6] for word in _WORD.findall(text.casefold()) if len(word) > 2 and (word.isdigit() or term(word))]
