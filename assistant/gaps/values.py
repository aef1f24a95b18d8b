"""The values of knowledge gaps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from assistant.errors import AssistantError

Reason = Literal["unanswered", "partly", "unsupported", "disliked"]
"""Why an answer leaves a gap: it says that the documents do not say, it answers only part of what was asked, half of
what it claims lacks support, or whoever asked says that it did not help."""
State = Literal["open", "written", "dismissed", "answered"]
"""Somebody is to write about it; somebody has; nobody will; every question of it has an answer now."""
CHOSEN: tuple[State, ...] = ("open", "written", "dismissed")
"""What a person may choose. That a gap is answered is found out by asking."""
UNSETTLED: tuple[State, ...] = ("open", "written")
WEEKS = 8


class GapNotFound(AssistantError):
    """Absent, or not for this person: they look the same."""

    def __init__(self) -> None:
        super().__init__("There is no such gap any more; look at the list again.")


@dataclass(frozen=True, slots=True)
class Proof:
    """The stretch of a document that answers a question, and when that was found, UTC."""

    document_id: int
    start: int
    end: int
    at: datetime


@dataclass(frozen=True, slots=True)
class GapQuestion:
    """A question of a gap as one viewer may see it: `text` is None where its words are not theirs to read."""

    id: int
    reason: Reason
    asked_at: datetime
    text: str | None
    proof: Proof | None
    nearest: tuple[int, ...]
    """Documents that came nearest, by id."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap as one viewer may see it. `weeks` counts its questions in each of the last weeks, the oldest first."""

    id: int
    name: str
    state: State
    owner: str | None
    """The name of whose it is."""
    is_mine: bool
    questions: tuple[GapQuestion, ...]
    people: int
    weeks: tuple[int, ...]
    collections: tuple[str, ...]
    """Names, of those that were searched, as far as the viewer may change them."""
    asked_again_at: datetime | None

    @property
    def size(self) -> int:
        """How often it was asked."""
        return len(self.questions)

    @property
    def answered(self) -> int:
        """How many of its questions have an answer now."""
        return sum(question.proof is not None for question in self.questions)

    @property
    def hidden(self) -> int:
        """Of how many the words are not the viewer's to read."""
        return sum(question.text is None for question in self.questions)
