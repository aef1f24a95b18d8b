"""Repeats a piece of work and says how long it took."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of repeated measurements, in the unit of these."""

    p50: float
    p95: float
    count: int


def latency_of(measured: Sequence[float] | NDArray[np.float64]) -> Latency:
    """The percentiles of at least one measurement."""
    p50, p95 = np.percentile(measured, (50, 95))
    return Latency(float(p50), float(p95), len(measured))


def elapsed_ms(work: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
