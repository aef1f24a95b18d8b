"""What triage speaks of: tickets, guesses and verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

LabelName = Literal["category", "type", "severity", "product"]
"""What is guessed of a ticket, each from the resolved tickets that have it."""
SURE = 0.6
"""How sure a guess is that may stand without a second look."""
LABEL_NAMES: tuple[LabelName, ...] = ("category", "type", "severity", "product")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as somebody wrote it; empty where a field is absent. `line` is its row in the file it came from."""

    text: str
    subject: str = ""
    id: str = ""
    line: int | None = None
    labels: Mapping[LabelName, str] = field(default_factory=dict)
    language: str = ""
    reply: str = ""
    resolution: str = ""

    @property
    def words(self) -> str:
        """Subject and text, as they are read by a classifier."""
        return f"{self.subject}\n{self.text}".strip()


@dataclass(frozen=True, slots=True)
class Guess:
    """A label with how sure it is, from 0 to 1."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Near:
    """A known ticket, by its place among those that were learned from, with its label and its cosine."""

    index: int
    label: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a classifier says of a ticket: the likeliest labels first.

    `familiarity` is how close the ticket is to what is known; below zero it is out of scope.
    """

    guesses: tuple[Guess, ...]
    familiarity: float
    nearest: tuple[Near, ...] = ()

    @property
    def best(self) -> Guess:
        """The likeliest label, out of scope or not."""
        return self.guesses[0]

    @property
    def is_out_of_scope(self) -> bool:
        """Whether it is like nothing that was learned from."""
        return self.familiarity < 0
