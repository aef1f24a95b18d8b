"""One ticket, looked at whole: what it is and why, what is known about it, what it lacks, and why a person is needed.

No model endpoint takes part and nothing is done with the ticket: what it says is data, and every field that is
guessed is one of the labels that were learned.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from assistant.triage.calibration import probabilities
from assistant.triage.desk import Desk, Fact
from assistant.triage.explain import NO_REASONS, Reasons, explain
from assistant.triage.features import Matrix
from assistant.triage.model import Alike, TriageModel
from assistant.triage.tone import Tone, tone_of
from assistant.triage.values import SURE, Guess, LabelName, Ticket, Verdict
from retrieval.embedding import Embedder
from retrieval.language import language_name, language_of, languages_read_by

DUPLICATE, SIMILAR = 0.9, 0.45
"""Cosines from which two tickets are the same matter, and from which one helps with the other."""
_MOST_SIMILAR = 5
_DESCRIBED_STEEPNESS = 20.0
_MOST_QUOTED = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """What is guessed of one field, the likeliest first, with the reasons for it.

    Before any training the guesses come from the descriptions of the categories alone.
    """

    guesses: tuple[Guess, ...]
    is_trained: bool
    reasons: Reasons = NO_REASONS

    @property
    def best(self) -> Guess:
        """The likeliest."""
        return self.guesses[0]

    @property
    def is_sure(self) -> bool:
        """Whether it may stand without a second look."""
        return self.is_trained and self.best.probability >= SURE


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of a ticket."""

    ticket: Ticket
    findings: Mapping[LabelName, Finding]
    is_out_of_scope: bool
    language: str | None
    tone: Tone
    duplicates: tuple[Alike, ...]
    similar: tuple[Alike, ...]
    missing: tuple[Fact, ...]
    needs_person: tuple[str, ...]
    """Why a person has to decide, a sentence each; none where nothing speaks against the guesses."""
    elapsed_ms: float = 0.0

    @property
    def category(self) -> str | None:
        """The category that is guessed; None out of scope, and where there is nothing to guess from."""
        found = self.findings.get("category")
        return None if self.is_out_of_scope or not found else found.best.label


@dataclass(frozen=True, slots=True)
class Pile:
    """Other tickets that wait, with their embeddings, to find duplicates among."""

    tickets: tuple[Ticket, ...] = ()
    vectors: Matrix = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @classmethod
    def of(cls, tickets: Sequence[Ticket], embedder: Embedder) -> "Pile":
        """A pile of these tickets."""
        return cls(tuple(tickets), embedder.embed_documents([ticket.words for ticket in tickets]))

    def same_matter(self, ticket: Ticket, vector: Matrix) -> tuple[Alike, ...]:
        """The tickets that say the same as this one, the likest first; itself is left out."""
        if not self.tickets:
            return ()
        pairs = zip(self.tickets, (self.vectors @ vector).tolist(), strict=True)
        found = [Alike(other, cosine) for other, cosine in pairs if cosine >= DUPLICATE and not _is_same(other, ticket)]
        return tuple(sorted(found, key=lambda alike: -alike.cosine))


@dataclass(frozen=True, slots=True)
class Assessor:
    """Assesses tickets with what was learned, or with the descriptions of the categories where nothing was."""

    embedder: Embedder
    desk: Desk
    model: TriageModel | None = None

    def assess(self, ticket: Ticket, *, pile: Pile | None = None) -> Assessment:
        """Everything that is known of a ticket without searching the documents."""
        began = time.perf_counter()
        (vector,) = self.embedder.embed_documents([ticket.words])
        findings, verdict = self._learned(ticket, vector) if self.model else (self._described(vector), None)
        alike = self.model.alike(vector) if self.model else ()
        is_out = verdict is not None and verdict.is_out_of_scope
        found = findings.get("category")
        found_missing = self.desk.missing(ticket.words, found.best.label) if found and not is_out else ()
        told = Assessment(
            ticket,
            findings,
            is_out,
            ticket.language or language_of(ticket.words),
            tone_of(ticket.words),
            (pile or Pile()).same_matter(ticket, vector),
            tuple(each for each in alike if each.cosine >= SIMILAR)[:_MOST_SIMILAR],
            found_missing,
            (),
        )
        reasons = tuple(_reasons_for_a_person(told, self.embedder.name))
        return replace(told, needs_person=reasons, elapsed_ms=round((time.perf_counter() - began) * 1000, 1))

    def _learned(self, ticket: Ticket, vector: Matrix) -> tuple[dict[LabelName, Finding], Verdict]:
        assert self.model is not None
        (verdicts,) = self.model.judge([ticket.words], vector[None])
        findings = {
            name: Finding(verdict.guesses, True, explain(self.model.heads[name], ticket.words, verdict))
            for name, verdict in verdicts.items()
        }
        return findings, verdicts["category"]

    def _described(self, vector: Matrix) -> dict[LabelName, Finding]:
        if not self.desk.categories:
            return {}
        names, sentences = zip(*self.desk.categories.items(), strict=True)
        described = self.embedder.embed_documents(
            [f"{name}: {said}" for name, said in zip(names, sentences, strict=True)]
        )
        given = probabilities((described @ vector)[None], _DESCRIBED_STEEPNESS)[0]
        ranked = sorted(zip(names, given.tolist(), strict=True), key=lambda pair: -pair[1])
        return {"category": Finding(tuple(Guess(name, share) for name, share in ranked), False)}


def _is_same(one: Ticket, other: Ticket) -> bool:
    return one == other or (bool(one.id) and one.id == other.id)


def _reasons_for_a_person(told: Assessment, embedding: str) -> list[str]:
    reasons = []
    if not told.findings:
        reasons.append("nothing was learned yet, and no category is described")
    elif not all(finding.is_trained for finding in told.findings.values()):
        reasons.append("nothing was learned yet; the categories are matched by their descriptions alone")
    if told.is_out_of_scope:
        reasons.append("it is like no ticket that was learned from")
    unsure = [name for name, finding in told.findings.items() if finding.is_trained and not finding.is_sure]
    if unsure and not told.is_out_of_scope:
        reasons.append(f"the guess of its {' and '.join(unsure)} is unsure")
    if told.tone.instructs:
        reasons.append(f"it gives instructions (“{told.tone.instructs[:_MOST_QUOTED]}”), none of which was followed")
    if told.tone.mood == "angry":
        reasons.append(f"its tone is angry ({', '.join(told.tone.words)})")
    read = languages_read_by(embedding)
    if told.language and read is not None and told.language not in read:
        reasons.append(f"it is in {language_name(told.language)}, which the embedding does not read well")
    return reasons
