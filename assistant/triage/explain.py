"""Why a label: the words that speak for it, and the nearest known tickets that have it."""

from dataclasses import dataclass

import numpy as np

from assistant.triage.classifier import Classifier
from assistant.triage.values import Near, Verdict

_MOST_WORDS = 6
_LEAST_CHARS = 3


@dataclass(frozen=True, slots=True)
class Word:
    """A word or two that stand in a ticket, and how much more they speak for the label than for the others."""

    term: str
    weight: float


@dataclass(frozen=True, slots=True)
class Reasons:
    """What speaks for a label, the strongest first."""

    words: tuple[Word, ...]
    tickets: tuple[Near, ...]


NO_REASONS = Reasons((), ())


def explain(classifier: Classifier, text: str, verdict: Verdict, *, label: str | None = None) -> Reasons:
    """The reasons for a label, the likeliest where none is named; none for a label that is not known."""
    name = label or verdict.best.label
    tickets = tuple(near for near in verdict.nearest if near.label == name)
    return Reasons(_words_for(classifier, text, name) if name in classifier.labels else (), tickets)


def _words_for(classifier: Classifier, text: str, label: str) -> tuple[Word, ...]:
    terms = classifier.counts.words.terms
    row = classifier.counts.of([text])[:, : len(terms)].tocoo()
    weights = classifier.word_weights[row.col]
    spoken = row.data * (weights[:, classifier.labels.index(label)] - weights.mean(1))
    ranked = [Word(terms[row.col[at]], float(spoken[at])) for at in np.argsort(-spoken)]
    return tuple(_distinct([word for word in ranked if word.weight > 0 and len(word.term) >= _LEAST_CHARS]))


def _distinct(ranked: list[Word]) -> list[Word]:
    """The first ones, a word within a pair that was named already left out."""
    chosen: list[Word] = []
    for word in ranked:
        if len(chosen) == _MOST_WORDS:
            break
        if not any(set(word.term.split()) <= set(other.term.split()) for other in chosen):
            chosen.append(word)
    return chosen
