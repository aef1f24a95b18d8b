"""From scores to probabilities that come true as often as they say."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assistant.triage.features import Matrix

_STEEPEST = 60.0
_BINS = 15


def probabilities(scores: Matrix, steepness: float) -> Matrix:
    """Each row sums to 1 (softmax); the steeper, the surer."""
    raised = steepness * (scores - scores.max(1, keepdims=True))
    grown = np.exp(raised, dtype=np.float32)
    return np.asarray(grown / grown.sum(1, keepdims=True), np.float32)


def surprise(scores: Matrix, labels: NDArray[np.intp], steepness: float) -> float:
    """The mean negative log of the probability of the right label."""
    given = probabilities(scores, steepness)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(given, 1e-9)).mean())


def fit_steepness(scores: Matrix, labels: NDArray[np.intp]) -> float:
    """The steepness that surprises least (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017).

    The scores must be of examples that were not learned from.
    """
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log: surprise(scores, labels, float(np.exp(log))), bounds=(0, np.log(_STEEPEST)), method="bounded"
    )
    return float(np.exp(found.x))


def calibration_error(sureness: ArrayLike, is_right: ArrayLike) -> float:
    """How far sureness is from the share that is right, in 15 bins of equal width, weighed by their tickets."""
    sure, right = np.asarray(sureness, np.float64), np.asarray(is_right, np.float64)
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = [abs(sure[bins == at].sum() - right[bins == at].sum()) for at in range(_BINS)]
    return float(sum(gaps) / max(len(sure), 1))
