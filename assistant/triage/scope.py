"""Whether a ticket is like anything that was learned from.

Two signs count the same, each measured in its own spread among the known tickets: how near the nearest known ticket
is, and how strongly the classifier recognises any label. A ticket that is far from both is out of scope. Where the
line is drawn comes from the known tickets alone: nearly all that were guessed right, unseen, stay within it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Signs = NDArray[np.float32]
_LOST = 0.0125
"""So large a share of the known tickets that are guessed right may be called out of scope."""
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True)
class Scope:
    """Mean and spread of both signs among known tickets, and where the line is drawn."""

    cosine: tuple[float, float]
    recognition: tuple[float, float]
    line: float

    def familiarity(self, cosines: Signs, recognitions: Signs) -> Signs:
        """How far each ticket is within the line; below zero it is out of scope."""
        signs = _measured(cosines, self.cosine) + _measured(recognitions, self.recognition)
        return np.asarray(signs - self.line, np.float32)


def learn_scope(cosines: Signs, recognitions: Signs, is_right: NDArray[np.bool_]) -> Scope:
    """The scope of known tickets, each with its signs as if it had not been seen."""
    drawn = Scope(_spread(cosines), _spread(recognitions), 0.0)
    kept = drawn.familiarity(cosines, recognitions)[is_right if is_right.any() else ...]
    return Scope(drawn.cosine, drawn.recognition, float(np.quantile(kept, _LOST)))


def _spread(signs: Signs) -> tuple[float, float]:
    return float(signs.mean()), max(float(signs.std()), _LEAST_SPREAD)


def _measured(signs: Signs, spread: tuple[float, float]) -> Signs:
    return np.asarray((signs - spread[0]) / spread[1], np.float32)
