"""Two models on the same tickets, which neither has learned from: how often each is right, and where they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.triage.model import TriageModel
from assistant.triage.values import LABEL_NAMES, LabelName, Ticket
from retrieval.embedding import Embedder


@dataclass(frozen=True, slots=True)
class Judged:
    """A ticket with its category and what two models take it for."""

    ticket: Ticket
    wanted: str
    champion: str
    challenger: str


@dataclass(frozen=True, slots=True)
class Right:
    """In how many of the tickets that have a label each model guesses it."""

    champion: int
    challenger: int
    tickets: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it. Of `changed`, those that only one of the two guesses right come first."""

    right: Mapping[LabelName, Right]
    changed: tuple[Judged, ...]


def compare(
    champion: TriageModel, challenger: TriageModel, held_back: Sequence[Ticket], embedder: Embedder
) -> Comparison:
    """Both models on the tickets that were held back from the challenger, without those the champion has learned from."""
    learned = {ticket.words for ticket in champion.tickets}
    tickets = [ticket for ticket in held_back if ticket.words not in learned]
    words = [ticket.words for ticket in tickets]
    vectors = embedder.embed_documents(words)
    theirs, own = champion.judge(words, vectors), challenger.judge(words, vectors)
    right: dict[LabelName, Right] = {}
    for name in LABEL_NAMES:
        both = [
            (ticket.labels[name], one[name].best.label, other[name].best.label)
            for ticket, one, other in zip(tickets, theirs, own, strict=True)
            if name in ticket.labels and name in one and name in other
        ]
        if both:
            right[name] = Right(
                sum(wanted == one for wanted, one, _ in both),
                sum(wanted == other for wanted, _, other in both),
                len(both),
            )
    judged = [
        Judged(ticket, ticket.labels["category"], one["category"].best.label, other["category"].best.label)
        for ticket, one, other in zip(tickets, theirs, own, strict=True)
        if "category" in ticket.labels
    ]
    differ = [each for each in judged if each.champion != each.challenger]
    return Comparison(
        right, tuple(sorted(differ, key=lambda each: each.wanted not in (each.champion, each.challenger)))
    )
