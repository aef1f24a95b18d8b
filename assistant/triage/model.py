"""What was learned from an organisation's tickets: a classifier for each of their labels, and the tickets themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.triage.classifier import Classifier, Seen
from assistant.triage.features import Matrix, WordCounts
from assistant.triage.neighbours import neighbours
from assistant.triage.values import LabelName, Ticket, Verdict


@dataclass(frozen=True, slots=True)
class Alike:
    """A known ticket that is like another, with the cosine of their meanings."""

    ticket: Ticket
    cosine: float


@dataclass(frozen=True, slots=True)
class TriageModel:
    """Classifiers by what they guess; the category's also says what is out of scope."""

    embedding: str
    """The name of the embedding that it was trained with; vectors of another mean something else to it."""
    counts: WordCounts
    """The vocabulary that all of them share."""
    heads: Mapping[LabelName, Classifier]
    tickets: tuple[Ticket, ...]
    """Those that were learned from."""
    vectors: Matrix
    """Their embeddings."""

    def judge(self, words: Sequence[str], vectors: Matrix) -> list[dict[LabelName, Verdict]]:
        """For each ticket, given as its words and their embedding, a verdict for each label."""
        if not words:
            return []
        counted = self.counts.of(words)
        seen: dict[bytes, Seen] = {}
        verdicts = {}
        for name, head in self.heads.items():
            learned_from = head.places.tobytes()
            if learned_from not in seen:
                seen[learned_from] = head.see(counted, vectors)
            verdicts[name] = head.judge_seen(seen[learned_from])
        return [{name: verdicts[name][at] for name in verdicts} for at in range(len(words))]

    def alike(self, vector: Matrix) -> tuple[Alike, ...]:
        """The known tickets nearest to an embedding, nearest first."""
        if not self.tickets:
            return ()
        near = neighbours(np.atleast_2d(vector), self.vectors)
        pairs = zip(near.places[0].tolist(), near.cosines[0].tolist(), strict=True)
        return tuple(Alike(self.tickets[place], cosine) for place, cosine in pairs)
