"""A linear model with what it would have said of each example had it not seen it (leave-one-out), at no extra cost.

Ridge regression on fixed features has leave-one-out predictions in closed form: (ŷ - h·y) / (1 - h), where h is the
example's leverage. A Gaussian kernel is brought to fixed features by landmarks (Williams and Seeger, "Using the
Nyström Method to Speed Up Kernel Machines", NIPS 2000).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.triage.features import Matrix

SHARPNESS = 1.0
_LEAST_EIGENVALUE = 1e-6


def kernel(vectors: Matrix, landmarks: Matrix) -> Matrix:
    """How alike vectors of length 1 are, from 0 to 1: (n, landmarks)."""
    alike: Matrix = np.exp(2 * SHARPNESS * (vectors @ landmarks.T - 1), dtype=np.float32)
    return alike


def whitening(landmarks: Matrix) -> Matrix:
    """What makes features of similarities to landmarks, so that their inner products are the kernel again."""
    values, directions = np.linalg.eigh(kernel(landmarks, landmarks).astype(np.float64))
    return np.asarray(directions / np.sqrt(np.maximum(values, _LEAST_EIGENVALUE)), np.float32)


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights (features, labels), and for each example what the others say of it (n, labels)."""

    weights: Matrix
    unseen: Matrix


def fit_ridge(features: Matrix, wanted: Matrix, *, penalty: float, importance: Matrix) -> Fit:
    """The weights that come closest to what is wanted, with leave-one-out predictions.

    `importance` says how much each example counts: (n, 1).
    """
    (fit,) = fit_ridges(features, wanted, penalties=(penalty,), importance=importance)
    return fit


def fit_ridges(features: Matrix, wanted: Matrix, *, penalties: Sequence[float], importance: Matrix) -> tuple[Fit, ...]:
    """A fit for each penalty; what they have in common is computed once."""
    raised: Matrix = np.sqrt(importance)
    weighed: Matrix = raised * features
    gram: Matrix = weighed.T @ weighed
    aims: Matrix = weighed.T @ (raised * wanted)
    return tuple(_fit(features, wanted, weighed, gram, aims, penalty) for penalty in penalties)


def _fit(features: Matrix, wanted: Matrix, weighed: Matrix, gram: Matrix, aims: Matrix, penalty: float) -> Fit:
    from scipy.linalg import cho_solve, cholesky, solve_triangular

    penalised = gram.copy()
    penalised[np.diag_indices_from(penalised)] += np.float32(penalty)
    factor = cholesky(penalised, lower=True, overwrite_a=True, check_finite=False)
    weights = cho_solve((factor, True), aims, check_finite=False)
    rows = solve_triangular(factor, weighed.T, lower=True, check_finite=False)
    leverage: NDArray[np.float32] = np.minimum(np.einsum("ij,ij->j", rows, rows), np.float32(0.9999))[:, None]
    unseen = (features @ weights - leverage * wanted) / (1 - leverage)
    return Fit(np.asarray(weights, np.float32), np.asarray(unseen, np.float32))
