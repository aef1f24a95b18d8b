"""Guesses a label of a ticket: a linear model on its meaning and its words, and the votes of its neighbours.

The scores are a ridge regression's on a kernel of the embeddings and on topics of the word counts, plus a share of
the neighbours' votes. Everything that is chosen (penalty, how much words weigh, how much neighbours, how sure scores
make, where the scope ends) is chosen by leave-one-out predictions on the known tickets alone.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.triage.calibration import fit_steepness, probabilities, surprise
from assistant.triage.features import Matrix, WordCounts
from assistant.triage.neighbours import Neighbourhood, neighbours
from assistant.triage.ridge import fit_ridges, kernel
from assistant.triage.scope import Scope, learn_scope
from assistant.triage.study import MOST_LEARNED, Look, Studied, look_at, some_of, study
from assistant.triage.values import Guess, Near, Verdict

_PENALTIES, _WORD_WEIGHTS, _VOTES = (0.1, 0.3, 1.0), (0.7, 1.5), (0.0, 0.1, 0.2, 0.4)
_RARITY = 0.5
_GUESSES = 5
_NEAREST = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen by leave-one-out predictions."""

    penalty: float
    word_weight: float
    votes: float
    steepness: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What a classifier looks at, a row for each text: word counts, likeness to landmarks, nearest known tickets."""

    counted: Any
    likeness: Matrix
    near: Neighbourhood


@dataclass(frozen=True, slots=True)
class Classifier:
    """A trained classifier: arrays and strings, nothing that runs."""

    labels: tuple[str, ...]
    counts: WordCounts
    landmarks: Matrix
    meaning_weights: Matrix
    """(landmarks, labels)"""
    word_weights: Matrix
    """(terms, labels): what each term says for each label."""
    known: Matrix
    """The embeddings of the tickets that were learned from."""
    known_labels: NDArray[np.intp]
    places: NDArray[np.intp]
    """Where each of them stands among the tickets that were given."""
    choice: Choice
    scope: Scope

    def judge(self, texts: Sequence[str], vectors: Matrix) -> list[Verdict]:
        """A verdict for each text; `vectors` are their embeddings."""
        return self.judge_seen(self.see(self.counts.of(texts), vectors)) if texts else []

    def see(self, counted: Any, vectors: Matrix) -> Seen:
        """What of texts is looked at, given as their word counts and embeddings.

        The same for every classifier that has learned from the same tickets.
        """
        return Seen(counted, kernel(vectors, self.landmarks), neighbours(vectors, self.known))

    def judge_seen(self, seen: Seen) -> list[Verdict]:
        """A verdict for each text that was looked at."""
        near = seen.near
        scores = np.asarray(seen.likeness @ self.meaning_weights + seen.counted @ self.word_weights, np.float32)
        familiarity = self.scope.familiarity(near.closest, scores.max(1))
        voted = scores + np.float32(self.choice.votes) * near.votes(self.known_labels, len(self.labels))
        given = probabilities(voted, self.choice.steepness)
        order = np.argsort(-given, axis=1)[:, :_GUESSES]
        nearest = near.places[:, :_NEAREST]
        columns = (
            order,
            np.take_along_axis(given, order, 1),
            self.places[nearest],
            self.known_labels[nearest],
            near.cosines[:, :_NEAREST],
            familiarity,
        )
        return [self._verdict(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def _verdict(
        self,
        order: Sequence[int],
        given: Sequence[float],
        places: Sequence[int],
        known_labels: Sequence[int],
        cosines: Sequence[float],
        familiarity: float,
    ) -> Verdict:
        guesses = tuple(Guess(self.labels[at], probability) for at, probability in zip(order, given, strict=True))
        nearest = tuple(
            Near(place, self.labels[label], cosine)
            for place, label, cosine in zip(places, known_labels, cosines, strict=True)
        )
        return Verdict(guesses, familiarity, nearest)


@dataclass(frozen=True, slots=True)
class Trained:
    """A classifier, with the probabilities it gives each ticket it learned from as if it had not: (n, labels)."""

    classifier: Classifier
    unseen: Matrix


def train(texts: Sequence[str], vectors: Matrix, labels: Sequence[str]) -> Trained:
    """Learn from tickets with their embeddings and labels, of which there are at least two kinds."""
    chosen = some_of(len(texts), MOST_LEARNED)
    words = [texts[place] for place in chosen]
    counts = WordCounts.learn(words)
    with one_core():
        look = look_at(words, vectors[chosen], counts)
        trained = learn(study(look, np.arange(len(chosen))), [labels[place] for place in chosen], counts)
    return replace(trained, classifier=replace(trained.classifier, places=chosen))


def one_core() -> AbstractContextManager[Any]:
    """Questions are answered meanwhile, and two threads that wait for each other are slower than one."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits


def learn(studied: Studied, labels: Sequence[str], counts: WordCounts) -> Trained:
    """Learn the labels, of at least two kinds, of tickets that were studied with a vocabulary."""
    names, numbers = np.unique(labels, return_inverse=True)
    penalty, word_weight = _chosen(studied.sample, numbers[studied.sampled])
    (model,) = _fit(studied.look, numbers, penalties=(penalty,), word_weight=word_weight)
    near = studied.near
    voted = near.votes(numbers, len(names))
    votes, steepness = _weighed(model.unseen, voted, numbers)
    scores = model.unseen + np.float32(votes) * voted
    classifier = Classifier(
        tuple(names.tolist()),
        counts,
        studied.look.landmarks,
        model.meaning_weights,
        np.float32(word_weight) * (studied.look.directions @ model.theme_weights),
        studied.look.vectors,
        numbers,
        studied.places,
        Choice(penalty, word_weight, votes, steepness),
        learn_scope(near.closest, model.unseen.max(1), scores.argmax(1) == numbers),
    )
    return Trained(classifier, probabilities(scores, steepness))


@dataclass(frozen=True, slots=True)
class _Model:
    meaning_weights: Matrix
    theme_weights: Matrix
    unseen: Matrix


def _fit(
    look: Look, numbers: NDArray[np.intp], *, penalties: Sequence[float], word_weight: float
) -> tuple[_Model, ...]:
    wanted = np.eye(int(numbers.max()) + 1, dtype=np.float32)[numbers]
    features = np.hstack([look.meanings, np.float32(word_weight) * look.themes])
    split = look.meanings.shape[1]
    fits = fit_ridges(features, wanted, penalties=penalties, importance=_importance(numbers))
    return tuple(_Model(look.white @ fit.weights[:split], fit.weights[split:], fit.unseen) for fit in fits)


def _importance(numbers: NDArray[np.intp]) -> Matrix:
    """Tickets of rare labels count more, by the root of how rare they are: (n, 1)."""
    sizes = np.bincount(numbers)
    usual = len(numbers) / np.count_nonzero(sizes)
    return np.asarray((usual / sizes[numbers]) ** _RARITY, np.float32)[:, None]


def _chosen(look: Look, numbers: NDArray[np.intp]) -> tuple[float, float]:
    """The penalty and the weight of words that surprise least."""
    tried = {}
    for weight in _WORD_WEIGHTS:
        models = _fit(look, numbers, penalties=_PENALTIES, word_weight=weight)
        for penalty, model in zip(_PENALTIES, models, strict=True):
            _, tried[penalty, weight] = _steepness(model.unseen, numbers)
    return min(tried, key=lambda pair: tried[pair])


def _weighed(unseen: Matrix, voted: Matrix, numbers: NDArray[np.intp]) -> tuple[float, float]:
    """How much the neighbours' votes count, and how sure the scores make."""
    tried = {votes: _steepness(unseen + np.float32(votes) * voted, numbers) for votes in _VOTES}
    best = min(tried, key=lambda votes: tried[votes][1])
    return best, tried[best][0]


def _steepness(scores: Matrix, numbers: NDArray[np.intp]) -> tuple[float, float]:
    """The steepness that fits, and how much the labels surprise with it."""
    steepness = fit_steepness(scores, numbers)
    return steepness, surprise(scores, numbers, steepness)
