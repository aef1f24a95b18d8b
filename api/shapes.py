"""What goes in and comes out, for checking what comes in and for the description of both.

What comes out is made by `assistant.as_json` as for the command line; the tests hold it against these.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.check_text import MOST_CHARS as MOST_TEXT_CHARS
from assistant.events import Status, Support
from assistant.feedback import MOST_COMMENT_CHARS, Reason
from assistant.turn import MOST_QUESTION_CHARS
from prompts import Style
from retrieval.filters import Filters, format_called

MOST_TICKETS, MOST_TICKET_CHARS = 20, 20_000
_MOST_ID = 2**63 - 1
Id = Annotated[int, Field(ge=1, le=_MOST_ID)]
CollectionName = Annotated[str | None, Field(max_length=200, description="Only this collection, by its name.")]


class _In(BaseModel):
    """A body; a field that is none of it is refused, for it was meant to do something."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class _Out(BaseModel):
    """An answer, all of it."""

    model_config = ConfigDict(extra="forbid")


class FiltersIn(_In):
    """Which documents are looked at; those that are given must all hold."""

    types: list[Annotated[str, Field(max_length=40)]] = Field(
        default=[], max_length=20, description="Such as PDF or docx."
    )
    title: str = Field(default="", max_length=400, description="Words that all stand in the title.")
    dated_from: date | None = Field(default=None, alias="from", description="Dated on this day or later.")
    dated_to: date | None = Field(default=None, alias="to", description="Dated on this day or earlier.")

    def read(self) -> Filters:
        """As the search takes them; raises FilterRefused."""
        formats = frozenset(map(format_called, self.types))
        return Filters(formats, self.title, dated_from=self.dated_from, dated_to=self.dated_to)


class AskIn(_In):
    """A question, in a new conversation or in one of the caller's."""

    question: str = Field(min_length=1, max_length=MOST_QUESTION_CHARS)
    conversation_id: str | None = Field(None, pattern=r"^[0-9a-f]{32}$", description="Goes on with this conversation.")
    collection: CollectionName = None
    filters: FiltersIn = FiltersIn()
    style: Style = "standard"
    model: str | None = Field(None, max_length=200, description="One of the models that may be chosen.")


class EarlierIn(_In):
    """What was said before."""

    role: Literal["user", "assistant"]
    text: str = Field(max_length=MOST_QUESTION_CHARS)


class SearchIn(_In):
    """A text to find passages for."""

    text: str = Field(min_length=1, max_length=MOST_QUESTION_CHARS)
    limit: int = Field(8, ge=1, le=100, description="How many passages.")
    collection: CollectionName = None
    filters: FiltersIn = FiltersIn()
    history: list[EarlierIn] = Field([], max_length=50, description="Oldest first; a follow-up is found by it.")


class CheckIn(_In):
    """A text to hold against the documents."""

    text: str = Field(min_length=1, max_length=MOST_TEXT_CHARS)
    collection: CollectionName = None


class TicketIn(_In):
    """A ticket as somebody wrote it."""

    text: str = Field(min_length=1, max_length=MOST_TICKET_CHARS)
    subject: str = Field("", max_length=1_000)
    id: str = Field("", max_length=200)


class TriageIn(_In):
    """Tickets to look at; nothing is done with them and none is kept."""

    tickets: list[TicketIn] = Field(min_length=1, max_length=MOST_TICKETS)


class FeedbackIn(_In):
    """What somebody thinks of an answer of theirs."""

    message_id: Id
    is_helpful: bool
    reason: Reason | None = None
    comment: str = Field("", max_length=MOST_COMMENT_CHARS)


class Problem(BaseModel):
    """What went wrong (RFC 9457); some have further members."""

    type: str
    title: str
    status: int
    detail: str = Field(description="One sentence: what happened and what to do.")


class Passage(_Out):
    """A stretch of a document."""

    document: str
    title: str
    dated: date | None
    page: int | None
    heading: str
    text: str
    start: int
    end: int
    score: float
    fused_score: float | None = None
    found_by: list[Literal["dense", "lexical"]]


class Rewrite(_Out):
    """What was searched for beside the question."""

    text: str
    by: str


class Place(_Out):
    """What a sentence was held against."""

    document: str
    start: int
    end: int
    quote: str


class Difference(_Out):
    """What a sentence says otherwise than its source."""

    kind: str
    claimed: str
    stated: str


class Sentence(_Out):
    """A sentence with its verdict."""

    text: str
    support: Support
    citations: list[int]
    differences: list[Difference]
    compared: Place | None
    opinion: bool = False


class CheckedSentence(Sentence):
    """A sentence of a text that was checked."""

    opposed: Place | None


class Citation(_Out):
    """One proof: `quote` is the document's text from `start` to `end`."""

    n: int
    document: str
    title: str
    dated: date | None
    page: int | None
    heading: str
    quote: str
    start: int
    end: int


class Usage(_Out):
    """What a model took."""

    model: str | None
    prompt_tokens: int
    completion_tokens: int
    is_estimate: bool
    cost: float | None
    currency: str | None


class Inventory(_Out):
    """What an answer about the collection itself counted."""

    total: int
    shown: int
    command: str


class HandOver(_Out):
    """The question with what was found, for a person who may know more."""

    contact: str
    address: str
    text: str


class Verified(_Out):
    """The verified answer that this one is."""

    question: str
    verified_at: str


class Answered(_Out):
    """An answer with the proof for every sentence."""

    conversation_id: str
    message_id: int
    answer: str
    status: Status
    sentences: list[Sentence]
    citations: list[Citation]
    notice: str | None
    usage: Usage
    verified: Verified | None
    style: Style
    prompt_version: str | None
    timings_ms: dict[str, float]
    hand_over: HandOver | None
    replaced: str | None
    rewrite: Rewrite | None
    inventory: Inventory | None = None


class Found(_Out):
    """Passages, the nearest first."""

    passages: list[Passage]
    timings_ms: dict[str, float]
    notice: str | None = None


class Checked(_Out):
    """A text, sentence by sentence."""

    sentences: list[CheckedSentence]
    citations: list[Citation]
    counts: dict[Support, int]
    timings_ms: dict[str, float]


class Guess(_Out):
    """A label and how sure it is, from 0 to 1."""

    label: str
    probability: float


class Finding(_Out):
    """What is guessed of one field of a ticket."""

    label: str
    probability: float
    is_sure: bool
    others: list[Guess]
    words: list[str] = Field(description="What speaks for it in the ticket.")


class SimilarTicket(_Out):
    """A known ticket that helps, and what solved it."""

    id: str
    subject: str
    cosine: float
    resolution: str


class Assessed(_Out):
    """What is known of a ticket."""

    id: str
    findings: dict[str, Finding]
    is_out_of_scope: bool
    language: str | None
    mood: str
    missing: list[str] = Field(description="Questions about what it does not say.")
    needs_person: list[str] = Field(description="Why a person has to decide.")
    similar: list[SimilarTicket]


class Triaged(_Out):
    """Each ticket in its order, and the model that looked at it."""

    version: int | None
    tickets: list[Assessed]


class Listed(_Out):
    """A document in a list."""

    id: int
    collection: str
    document: str
    title: str
    format: str
    bytes: int
    language: str | None
    dated: date | None
    pages: int
    characters: int
    chunks: int
    notes: list[str]
    reason: str | None


class Documents(_Out):
    """A page of a list; `total` counts all of it."""

    documents: list[Listed]
    total: int


class Chunk(_Out):
    """A piece of a document as it is searched."""

    start: int
    end: int
    page: int | None
    heading: str
    text: str


class Document(_Out):
    """A document with its text."""

    id: int
    document: str
    title: str
    text: str
    notes: list[str]
    chunks: list[Chunk]


class Job(_Out):
    """Work that goes on by itself: ask for it again until it neither waits nor runs."""

    id: int
    kind: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    done: int
    total: int
    current: str
    seconds_left: float | None
    problem: str | None
    result: dict[str, Any] | None


class Kept(_Out):
    """The feedback as it is kept."""

    message_id: int
    is_helpful: bool
    reason: Reason | None
    comment: str
