"""Whether the documents can answer: decided from what the search found, before anything is generated.

A logistic model fitted on development data (docs/evaluation.md); another goes by words where nothing is embedded.
"""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

Answerability = Literal["answerable", "partly", "unanswerable"]

ANSWERABLE_FROM = 0.5
PARTLY_FROM = 0.28
_GAP_RANK = 5


@dataclass(frozen=True, slots=True)
class Signals:
    """What a search says about answerability, above all by the best chunk of one document and that document.

    `top_cosine` is the best of all chunks and `cosine_gap` its lead over the fifth, None and 0 where there is no
    embedding. `document_cosine` is the mean of the two best of the document. `coverage` is the share of the
    question's word weight that the best chunk holds, title and headings not counted; `unknown` the share that
    stands nowhere. `title_cosine` is that of the document's title: a document may be about what is asked without
    answering it. None where there is no embedding.
    """

    top_cosine: float | None
    cosine_gap: float
    coverage: float
    unknown: float
    document_cosine: float | None = None
    title_cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """How likely it is that the passages hold an answer, and what follows from that."""

    probability: float
    status: Answerability


_PRIOR = math.log(4)
"""Half of the questions it was fitted on have an answer; of those people ask their own documents, about four in five."""
_WEIGHTS = {
    "top_cosine": 3.84,
    "cosine_gap": 2.26,
    "document_cosine": 13.65,
    "title_cosine": -4.45,
    "coverage": 2.09,
}
_INTERCEPT = -9.21 + _PRIOR
"""Fitted on ClapNQ, PolicyQA and MTRAG-human; 10-fold AUROC .894 on ClapNQ, .989 for questions foreign to it."""
_WORD_WEIGHTS = {"coverage": 2.0, "unknown": -6.0}
_WORD_INTERCEPT = 0.5
"""Where there is no embedding: chosen on the sample company's questions, of which it lets all pass, and refuses
what is foreign to the documents; words alone tell no more."""


def assess(signals: Signals | None, parts: Sequence[float] = ()) -> Evidence:
    """The decision for one search; None, a search that found nothing, is unanswerable.

    `parts` are the probabilities of what a question asks one by one: it has an answer where one of them has,
    however far the whole of it is from any passage.
    """
    if signals is None:
        return Evidence(0.0, "unanswerable")
    probability = max(1 / (1 + math.exp(-_score(signals))), *parts, 0.0)
    if probability >= ANSWERABLE_FROM:
        return Evidence(probability, "answerable")
    return Evidence(probability, "partly" if probability >= PARTLY_FROM else "unanswerable")


def _score(signals: Signals) -> float:
    has_meaning = signals.top_cosine is not None and signals.title_cosine is not None
    weights, intercept = (_WEIGHTS, _INTERCEPT) if has_meaning else (_WORD_WEIGHTS, _WORD_INTERCEPT)
    return intercept + sum(weight * float(getattr(signals, name)) for name, weight in weights.items())


def measure_signals(
    cosines: Sequence[float],
    of_document: Sequence[float],
    weights: Mapping[str, float],
    held: Set[str],
    unknown: Set[str],
) -> Signals:
    """The signals of one search but for the title's.

    `cosines` are those of the chunks found, `of_document` those of the best chunk's document; `weights` the
    question's stems with their inverse document frequency; `held` the stems of the best chunk; `unknown` those
    that no chunk has.
    """
    best = sorted(cosines, reverse=True)[:_GAP_RANK]
    pair = sorted(of_document, reverse=True)[:2]
    total = sum(weights.values()) or 1.0
    return Signals(
        top_cosine=best[0] if best else None,
        cosine_gap=best[0] - best[-1] if best else 0.0,
        coverage=sum(weight for stem, weight in weights.items() if stem in held) / total,
        unknown=sum(weights[stem] for stem in unknown) / total,
        document_cosine=sum(pair) / len(pair) if pair else None,
    )


def inverse_document_frequency(documents: int, containing: int) -> float:
    """Zero for a word that stands everywhere, most for one that stands nowhere."""
    return math.log((1 + documents) / (1 + containing))
