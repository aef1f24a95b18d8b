"""Guesses a label of a ticket: a linear model on its meaning and its words, and the votes of its neighbours.

The scores are a ridge regression's on a kernel of the embeddings and on topics of the word counts, plus a share of
the neighbours' votes. Everything that is chosen (penalty, how much words weigh, how much neighbours, how sure scores
make, where the scope ends) is chosen by leave-one-out predictions on the known tickets alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.triage.calibration import fit_steepness, probabilities, surprise
from assistant.triage.features import Matrix, WordCounts, topics
from assistant.triage.neighbours import Neighbourhood, neighbours, neighbours_of_others
from assistant.triage.ridge import fit_ridge, kernel, whitening
from assistant.triage.scope import Scope, learn_scope
from assistant.triage.values import Guess, Near, Verdict

LANDMARKS = 2_500
MOST_LEARNED = 20_000
"""Of more tickets a sample is learned from: twice as many teach little more and take four times the memory."""
_PENALTIES, _WORD_WEIGHTS, _VOTES = (0.1, 0.3, 1.0), (0.7, 1.5), (0.0, 0.1, 0.2, 0.4)
_CHOSEN_ON = 1_500
_RARITY = 0.5
_SEED = 0
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
        return [self._verdict(row, float(familiarity[at]), near, at) for at, row in enumerate(given)]

    def _verdict(self, given: Matrix, familiarity: float, near: Neighbourhood, at: int) -> Verdict:
        order = np.argsort(-given)[:_GUESSES].tolist()
        guesses = tuple(Guess(self.labels[label], float(given[label])) for label in order)
        places, cosines = near.places[at, :_NEAREST].tolist(), near.cosines[at, :_NEAREST].tolist()
        nearest = tuple(
            Near(int(self.places[place]), self.labels[self.known_labels[place]], cosine)
            for place, cosine in zip(places, cosines, strict=True)
        )
        return Verdict(guesses, familiarity, nearest)


@dataclass(frozen=True, slots=True)
class Trained:
    """A classifier, with the probabilities it gives each ticket it learned from as if it had not: (n, labels)."""

    classifier: Classifier
    unseen: Matrix


def train(texts: Sequence[str], vectors: Matrix, labels: Sequence[str], *, counts: WordCounts | None = None) -> Trained:
    """Learn from tickets with their embeddings and labels, of which there are at least two kinds.

    `counts` is a vocabulary that several classifiers share; without one, that of these texts is learned.
    One core is used: questions are answered meanwhile, and two threads that wait for each other are slower.
    """
    from threadpoolctl import threadpool_limits

    places = _sample(len(texts), MOST_LEARNED)
    names = tuple(sorted({labels[place] for place in places}))
    number_of = {name: number for number, name in enumerate(names)}
    numbers = np.array([number_of[labels[place]] for place in places], np.intp)
    with threadpool_limits(1):
        chosen = [texts[place] for place in places]
        return _train(counts or WordCounts.learn(chosen), chosen, vectors[places], numbers, names, places)


def _train(
    counts: WordCounts,
    texts: Sequence[str],
    vectors: Matrix,
    numbers: NDArray[np.intp],
    names: tuple[str, ...],
    places: NDArray[np.intp],
) -> Trained:
    counted = counts.of(texts)
    directions = topics(counted)
    themes = np.asarray(counted @ directions, np.float32)
    penalty, word_weight = _chosen(vectors, themes, numbers)
    meanings = _meanings(vectors)
    model = _fit(meanings, np.float32(word_weight) * themes, numbers, penalty=penalty)
    near = neighbours_of_others(vectors)
    voted = near.votes(numbers, len(names))
    votes, steepness = _weighed(model.unseen, voted, numbers)
    scores = model.unseen + np.float32(votes) * voted
    classifier = Classifier(
        names,
        counts,
        meanings.landmarks,
        model.meaning_weights,
        np.float32(word_weight) * (directions @ model.theme_weights),
        vectors,
        numbers,
        places,
        Choice(penalty, word_weight, votes, steepness),
        learn_scope(near.closest, model.unseen.max(1), scores.argmax(1) == numbers),
    )
    return Trained(classifier, probabilities(scores, steepness))


@dataclass(frozen=True, slots=True)
class _Meanings:
    """Embeddings as features, by their likeness to some of them."""

    landmarks: Matrix
    white: Matrix
    features: Matrix


@dataclass(frozen=True, slots=True)
class _Model:
    meaning_weights: Matrix
    theme_weights: Matrix
    unseen: Matrix


def _meanings(vectors: Matrix) -> _Meanings:
    landmarks = vectors[_sample(len(vectors), LANDMARKS)]
    white = whitening(landmarks)
    return _Meanings(landmarks, white, kernel(vectors, landmarks) @ white)


def _fit(meanings: _Meanings, themes: Matrix, numbers: NDArray[np.intp], *, penalty: float) -> _Model:
    wanted = np.eye(int(numbers.max()) + 1, dtype=np.float32)[numbers]
    features = np.hstack([meanings.features, themes])
    fit = fit_ridge(features, wanted, penalty=penalty, importance=_importance(numbers))
    split = meanings.features.shape[1]
    return _Model(meanings.white @ fit.weights[:split], fit.weights[split:], fit.unseen)


def _importance(numbers: NDArray[np.intp]) -> Matrix:
    """Tickets of rare labels count more, by the root of how rare they are: (n, 1)."""
    sizes = np.bincount(numbers)
    usual = len(numbers) / np.count_nonzero(sizes)
    return np.asarray((usual / sizes[numbers]) ** _RARITY, np.float32)[:, None]


def _chosen(vectors: Matrix, themes: Matrix, numbers: NDArray[np.intp]) -> tuple[float, float]:
    """The penalty and the weight of words that surprise least, on a sample."""
    at = _sample(len(vectors), _CHOSEN_ON)
    meanings = _meanings(vectors[at])
    tried = {}
    for penalty, weight in product(_PENALTIES, _WORD_WEIGHTS):
        model = _fit(meanings, np.float32(weight) * themes[at], numbers[at], penalty=penalty)
        _, tried[penalty, weight] = _steepness(model.unseen, numbers[at])
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


def _sample(count: int, most: int) -> NDArray[np.intp]:
    """At most so many places, in order, always the same ones."""
    return np.sort(np.random.default_rng(_SEED).permutation(count)[:most])
