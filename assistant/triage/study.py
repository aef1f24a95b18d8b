"""What is worked out of tickets before any label is learned from them, once for all the labels they have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assistant.triage.features import Matrix, WordCounts, topics
from assistant.triage.neighbours import Neighbourhood, neighbours_of_others
from assistant.triage.ridge import kernel, whitening

Places = NDArray[np.intp]
LANDMARKS = 2_500
MOST_LEARNED = 20_000
"""Of more tickets a sample is learned from: twice as many teach little more and take four times the memory."""
_CHOSEN_ON = 1_500
_SEED = 0


@dataclass(frozen=True, slots=True)
class Look:
    """Tickets as a linear model sees them: a row of `meanings` and of `themes` for each."""

    vectors: Matrix
    landmarks: Matrix
    """Some of the embeddings; a meaning is a likeness to these."""
    white: Matrix
    """What makes such likenesses features, see `whitening`."""
    meanings: Matrix
    directions: Matrix
    """What each term says of each theme: (terms, themes)."""
    themes: Matrix

    def at(self, places: Places) -> "Look":
        """Some of the tickets, seen in the same way."""
        rows = {name: getattr(self, name)[places] for name in ("vectors", "meanings", "themes")}
        return replace(self, **rows)


@dataclass(frozen=True, slots=True)
class Studied:
    """Tickets that a label can be learned from."""

    places: Places
    """Where they stand among all."""
    look: Look
    sampled: Places
    sample: Look
    """Some of them, with landmarks of their own, on which it is chosen how to learn."""
    near: Neighbourhood
    """Each one's nearest among the others."""


def look_at(texts: Sequence[str], vectors: Matrix, counts: WordCounts) -> Look:
    """See tickets, given as their words and embeddings, with a vocabulary."""
    counted = counts.of(texts)
    directions = topics(counted)
    return _seen(vectors, directions, np.asarray(counted @ directions, np.float32))


def study(look: Look, places: Places) -> Studied:
    """Study those of the tickets that have a label."""
    own = look if len(places) == len(look.vectors) else look.at(places)
    sampled = some_of(len(places), _CHOSEN_ON)
    sample = _seen(own.vectors[sampled], own.directions, own.themes[sampled])
    return Studied(places, own, sampled, sample, neighbours_of_others(own.vectors))


def some_of(count: int, most: int) -> Places:
    """At most so many places, in order, always the same ones."""
    return np.sort(np.random.default_rng(_SEED).permutation(count)[:most])


def _seen(vectors: Matrix, directions: Matrix, themes: Matrix) -> Look:
    landmarks = vectors[some_of(len(vectors), LANDMARKS)]
    white = whitening(landmarks)
    return Look(vectors, landmarks, white, kernel(vectors, landmarks) @ white, directions, themes)
