"""Which questions are about the same thing, by the cosines of their embeddings. All vectors are of length 1.

Questions are joined while those of two groups are on average at least `ALIKE` alike (agglomerative, average linkage).
Of what was tried on questions that the sample company's documents do not answer, this was the best and the steadiest;
figures are in docs/architecture.md.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
ALIKE = 0.38
JOINS = 0.4
"""So much alike, on average, a new question is to those of a gap that it joins. Higher: what is joined stays."""
AT_ONCE = 2_000
"""The matrix of so many questions takes 100 MB; of more, the later ones join the groups of the earlier ones first."""


class Grouping:
    """The gaps so far, each by the sum of its questions' vectors."""

    def __init__(self, known: Mapping[int, tuple[Matrix, int]]) -> None:
        """`known` has for each gap the sum of its vectors, and how many they are."""
        self._known = dict(known)

    def nearest(self, vectors: Matrix) -> list[int | None]:
        """For each question the gap that it joins, by its id; None where it is like none."""
        if not self._known or not len(vectors):
            return [None] * len(vectors)
        ids = list(self._known)
        cosines = vectors @ np.stack([total / count for total, count in self._known.values()]).T
        best = cosines.argmax(1)
        return [ids[at] if cosines[row, at] >= JOINS else None for row, at in enumerate(map(int, best))]

    def add(self, gap_id: int, vector: Matrix) -> None:
        """This is a question of that gap from now on."""
        total, count = self._known.get(gap_id, (np.zeros_like(vector), 0))
        self._known[gap_id] = total + vector, count + 1


def groups(vectors: Matrix) -> tuple[tuple[int, ...], ...]:
    """The places of the questions of each group, the largest first; one that is like no other is a group of itself."""
    if len(vectors) < 2:
        return tuple((at,) for at in range(len(vectors)))
    from sklearn.cluster import AgglomerativeClustering

    method = AgglomerativeClustering(n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - ALIKE)
    labels: Iterable[int] = method.fit_predict(np.asarray(vectors, np.float64)).tolist()
    found: dict[int, list[int]] = {}
    for at, label in enumerate(labels):
        found.setdefault(label, []).append(at)
    return tuple(sorted(map(tuple, found.values()), key=lambda group: (-len(group), group)))
