"""From resolved tickets to a model: what is learned from, what is left out and why, and how good it became."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assistant.errors import AssistantError
from assistant.triage.calibration import calibration_error
from assistant.triage.classifier import Classifier, Trained, learn, one_core
from assistant.triage.evaluation import macro_f1
from assistant.triage.features import Matrix, WordCounts
from assistant.triage.model import TriageModel
from assistant.triage.study import MOST_LEARNED, Look, Places, Studied, look_at, some_of, study
from assistant.triage.values import LABEL_NAMES, LabelName, Ticket
from retrieval.embedding import Embedder

FEWEST = 3
_HELD_BACK_FROM = 80
"""With fewer tickets, all are learned from."""
_HELD_BACK_ONE_IN = 8


class TrainingRefused(AssistantError):
    """There is not enough to learn from."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The same words with different labels; none of these tickets is learned from."""

    label: LabelName
    words: str
    lines: tuple[int, ...]
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What tickets have to teach: how many have each label, which contradict each other, and what cannot be learned."""

    labels: Mapping[LabelName, Mapping[str, int]]
    contradictions: tuple[Contradiction, ...]
    notes: tuple[str, ...]
    can_be_learned: bool


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often tickets of one label were taken for another, or for itself."""

    wanted: str
    guessed: str
    tickets: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a label is guessed, of tickets as if they had not been learned from."""

    accuracy: float
    macro_f1: float
    calibration_error: float
    tickets: int
    labels: int
    confusion: tuple[Confusion, ...]


@dataclass(frozen=True, slots=True)
class Training:
    """A model with how it came about."""

    model: TriageModel
    figures: Mapping[LabelName, Figures]
    held_back: tuple[Ticket, ...]
    contradictions: tuple[Contradiction, ...]
    notes: tuple[str, ...]
    fingerprint: str
    """A hash of everything that was learned from."""


def train_model(tickets: Sequence[Ticket], embedder: Embedder) -> Training:
    """Learn from resolved tickets. Raises TrainingRefused where no label tells any of them apart.

    Of eighty tickets or more every eighth is held back: which one it is depends on its words alone, so that models
    of different days can be compared on tickets that neither has seen.
    """
    learned, held_back = _divided(tickets)
    notes = []
    if len(learned) > MOST_LEARNED:
        notes.append(f"Of {len(learned):,} tickets a sample of {MOST_LEARNED:,} was learned from.")
        learned = [learned[at] for at in some_of(len(learned), MOST_LEARNED)]
    vectors = embedder.embed_documents([ticket.words for ticket in learned])
    contradictions = tuple(each for name in LABEL_NAMES for each in _contradictions(learned, name))
    counts = WordCounts.learn([ticket.words for ticket in learned])
    studies = _Studies(learned, vectors, counts)
    heads: dict[LabelName, Classifier] = {}
    figures: dict[LabelName, Figures] = {}
    for name in LABEL_NAMES:
        doubtful = {each.words for each in contradictions if each.label == name}
        with one_core():
            trained, note = _head(learned, studies, name=name, doubtful=doubtful)
        if trained:
            heads[name], figures[name] = trained
        notes += [note] if note else []
    if "category" not in heads:
        raise TrainingRefused(" ".join(notes))
    model = TriageModel(embedder.name, counts, heads, tuple(learned), vectors)
    return Training(model, figures, tuple(held_back), contradictions, tuple(notes), fingerprint_of(learned))


def look_over(tickets: Sequence[Ticket]) -> Overview:
    """What could be learned from tickets, told before anything is learned."""
    contradictions = tuple(each for name in LABEL_NAMES for each in _contradictions(tickets, name))
    labels, notes = {}, {}
    for name in LABEL_NAMES:
        doubtful = {each.words for each in contradictions if each.label == name}
        found = [tickets[at].labels[name] for at in _places(tickets, name, doubtful)]
        labels[name] = Counter(found)
        notes[name] = _why_not(name, found)
    said = tuple(note for note in notes.values() if note)
    return Overview(labels, contradictions, said, can_be_learned=not notes["category"])


def fingerprint_of(tickets: Sequence[Ticket]) -> str:
    """The same for the same tickets in any order."""
    lines = sorted(json.dumps([ticket.words, sorted(ticket.labels.items())]) for ticket in tickets)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def accuracy_on(model: TriageModel, tickets: Sequence[Ticket], embedder: Embedder) -> float | None:
    """The share of tickets whose category a model guesses; None without tickets that have one."""
    asked = [ticket for ticket in tickets if "category" in ticket.labels]
    if not asked:
        return None
    words = [ticket.words for ticket in asked]
    verdicts = model.heads["category"].judge(words, embedder.embed_documents(words))
    right = [one.best.label == ticket.labels["category"] for one, ticket in zip(verdicts, asked, strict=True)]
    return float(np.mean(right))


def _divided(tickets: Sequence[Ticket]) -> tuple[list[Ticket], list[Ticket]]:
    if len(tickets) < _HELD_BACK_FROM:
        return list(tickets), []
    chosen = [hashlib.sha256(_folded(ticket).encode()).digest()[0] % _HELD_BACK_ONE_IN == 0 for ticket in tickets]
    pairs = list(zip(tickets, chosen, strict=True))
    return [ticket for ticket, held in pairs if not held], [ticket for ticket, held in pairs if held]


def _folded(ticket: Ticket) -> str:
    return " ".join(ticket.words.encode("utf-8", "replace").decode().casefold().split())


def _contradictions(tickets: Sequence[Ticket], name: LabelName) -> list[Contradiction]:
    same: dict[str, list[Ticket]] = defaultdict(list)
    for ticket in tickets:
        if name in ticket.labels:
            same[_folded(ticket)].append(ticket)
    found = []
    for words, group in same.items():
        said = tuple(dict.fromkeys(ticket.labels[name] for ticket in group))
        if len(said) > 1:
            found.append(Contradiction(name, words, tuple(ticket.line or 0 for ticket in group), said))
    return found


class _Studies:
    """What is studied once for all labels, and once more for those that only some tickets have."""

    def __init__(self, tickets: Sequence[Ticket], vectors: Matrix, counts: WordCounts) -> None:
        self._tickets, self._vectors, self.counts = tickets, vectors, counts
        self._last: Studied | None = None

    def of(self, places: Places) -> Studied:
        """The tickets at these places."""
        if self._last is None or not np.array_equal(self._last.places, places):
            self._last = study(self._look, places)
        return self._last

    @cached_property
    def _look(self) -> Look:
        return look_at([ticket.words for ticket in self._tickets], self._vectors, self.counts)


def _head(
    tickets: Sequence[Ticket], studies: _Studies, *, name: LabelName, doubtful: set[str]
) -> tuple[tuple[Classifier, Figures] | None, str]:
    """A classifier of one label, or why there is none."""
    places = _places(tickets, name, doubtful)
    labels = [tickets[at].labels[name] for at in places]
    if refusal := _why_not(name, labels):
        return None, refusal
    trained = learn(studies.of(np.asarray(places, np.intp)), labels, studies.counts)
    return (trained.classifier, _figures(trained, labels)), ""


def _places(tickets: Sequence[Ticket], name: LabelName, doubtful: set[str]) -> list[int]:
    """Where the tickets stand whose label can be learned from."""
    return [at for at, ticket in enumerate(tickets) if name in ticket.labels and _folded(ticket) not in doubtful]


def _why_not(name: LabelName, labels: Sequence[str]) -> str:
    """Why a label cannot be learned from these; empty where it can."""
    kinds = set(labels)
    if not kinds:
        return f"No ticket has a {name}."
    if len(kinds) == 1:
        return f"All tickets have the same {name} ({labels[0]}); at least two are needed to tell them apart."
    if len(labels) < FEWEST:
        return f"Only {len(labels)} tickets have a {name}; {FEWEST} are the fewest to learn from."
    return ""


def _figures(trained: Trained, labels: Sequence[str]) -> Figures:
    names = trained.classifier.labels
    guessed = [names[at] for at in trained.unseen.argmax(1)]
    wanted = [names[at] for at in trained.classifier.known_labels]
    pairs = list(zip(wanted, guessed, strict=True))
    right = [one == other for one, other in pairs]
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for pair in pairs:
        counts[pair] += 1
    return Figures(
        accuracy=float(np.mean(right)),
        macro_f1=macro_f1(wanted, guessed),
        calibration_error=calibration_error(trained.unseen.max(1), right),
        tickets=len(labels),
        labels=len(names),
        confusion=tuple(Confusion(one, other, tickets) for (one, other), tickets in sorted(counts.items())),
    )
