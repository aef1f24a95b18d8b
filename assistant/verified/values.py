"""What a verified answer is: its questions, its words with their proof, who vouches for it and until when."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from assistant.conversations import Work
from assistant.errors import AssistantError
from assistant.events import Answer
from retrieval.values import Passage

MOST_WORDINGS = 8
MOST_WORDING_CHARS = 500
MOST_TEXT_CHARS = 8_000
EXPIRES_AFTER_DAYS = 180
"""So long it is vouched for where nothing else is said."""


class VerifiedNotFound(AssistantError):
    """Absent, or in a collection that this person may not read or change: they look the same."""

    def __init__(self) -> None:
        super().__init__("There is no such verified answer; look at the list again.")


class VerificationRefused(AssistantError):
    """It cannot be vouched for as it is."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What an editor says: the questions, the first of which is its name, and the last day on which it is offered.

    `text` None: as it was.
    """

    questions: tuple[str, ...]
    expires_on: date
    text: str | None = None

    def checked(self, today: date) -> "Wording":
        """The same without empty questions; raises VerificationRefused where something is missing or too long."""
        questions = tuple(dict.fromkeys(" ".join(q.split()) for q in self.questions if q.strip()))
        if not questions:
            raise VerificationRefused("A verified answer needs the question that it answers; write one.")
        if len(questions) > MOST_WORDINGS or any(len(q) > MOST_WORDING_CHARS for q in questions):
            raise VerificationRefused(
                f"Write at most {MOST_WORDINGS} questions, each of at most {MOST_WORDING_CHARS} characters."
            )
        if self.text is not None and not 0 < len(self.text.strip()) <= MOST_TEXT_CHARS:
            raise VerificationRefused(f"Write an answer of at most {MOST_TEXT_CHARS:,} characters.")
        if self.expires_on < today:
            raise VerificationRefused("The last day lies in the past; choose a later one.")
        return replace(self, questions=questions)


@dataclass(frozen=True, slots=True)
class Verified:
    """One as it is kept. `owner` is a name to be read, empty for somebody who is not here any more.

    `due` says in sentences why it needs a look and is not offered; none where it stands.
    """

    id: int
    collection_id: str
    questions: tuple[str, ...]
    work: Work
    owner: str
    verified_at: datetime
    expires_on: date
    due: tuple[str, ...] = ()

    @property
    def answer(self) -> Answer:
        """The answer as it was checked."""
        assert self.work.answer is not None
        return self.work.answer

    @property
    def name(self) -> str:
        """The question that it is known by."""
        return self.questions[0]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known today of a verified answer that was offered once."""

    owner: str
    verified_at: datetime
    is_due: bool


def documents_of(work: Work) -> tuple[int, ...]:
    """The ids of the documents that it rests on, in order."""
    return tuple(dict.fromkeys(passage.source.id for passage in work.passages))


def moved(work: Work, now: Mapping[int, int]) -> Work:
    """The same with its documents under the ids that they have now; their text is what it was."""
    if work.answer is None:
        return work
    passages = tuple(_moved(passage, now) for passage in work.passages)
    citations = tuple(replace(one, passage=_moved(one.passage, now)) for one in work.answer.citations)
    return replace(work, passages=passages, answer=replace(work.answer, citations=citations))


def _moved(passage: Passage, now: Mapping[int, int]) -> Passage:
    source = passage.source
    return replace(passage, source=replace(source, id=now.get(source.id, source.id)))
