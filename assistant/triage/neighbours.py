"""The known tickets that are nearest to a ticket, and what they say of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.triage.features import Matrix

MOST_VOTES = 20
_FAVOUR = 20.0
"""A neighbour with a cosine .05 higher has e times the weight."""
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """For each ticket: the places of its neighbours, nearest first, and their cosines. Both (n, neighbours)."""

    places: NDArray[np.intp]
    cosines: Matrix

    @property
    def closest(self) -> NDArray[np.float32]:
        """The cosine of the nearest."""
        return np.asarray(self.cosines[:, 0])

    def votes(self, labels: NDArray[np.intp], count: int) -> Matrix:
        """The share of each label among the neighbours, nearer ones weighing more: (n, labels)."""
        weights = np.exp(_FAVOUR * (self.cosines - self.closest[:, None]), dtype=np.float32)
        shares = np.zeros((len(self.places), count), np.float32)
        np.add.at(shares, (np.arange(len(shares))[:, None], labels[self.places]), weights)
        return np.asarray(shares / shares.sum(1, keepdims=True))


def neighbours(vectors: Matrix, known: Matrix) -> Neighbourhood:
    """The nearest of the known tickets."""
    return _joined(_nearest(vectors[at : at + _AT_ONCE] @ known.T) for at in range(0, len(vectors), _AT_ONCE))


def neighbours_of_others(known: Matrix) -> Neighbourhood:
    """For each known ticket the nearest of the others; there are at least two."""
    return _joined(_others(known, at) for at in range(0, len(known), _AT_ONCE))


def _others(known: Matrix, at: int) -> Neighbourhood:
    cosines = known[at : at + _AT_ONCE] @ known.T
    cosines[np.arange(len(cosines)), np.arange(at, at + len(cosines))] = -1
    return _nearest(cosines, most=min(MOST_VOTES, len(known) - 1))


def _nearest(cosines: Matrix, most: int = MOST_VOTES) -> Neighbourhood:
    most = min(most, cosines.shape[1])
    chosen = np.argpartition(cosines, -most, axis=1)[:, -most:]
    values = np.take_along_axis(cosines, chosen, 1)
    order = np.argsort(-values, axis=1)
    return Neighbourhood(np.take_along_axis(chosen, order, 1), np.take_along_axis(values, order, 1))


def _joined(parts: Iterator[Neighbourhood]) -> Neighbourhood:
    found = list(parts)
    return Neighbourhood(np.concatenate([p.places for p in found]), np.concatenate([p.cosines for p in found]))
