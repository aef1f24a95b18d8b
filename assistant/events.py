"""What a turn tells whoever watches it, in order.

The page, the command line and later the API all consume these and nothing else.
Law: the `TextDelta` texts of a turn, joined, equal the text of the answer it ends with. Where an answer was
replaced, those after `AnswerReplaced` do.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from assistant.rewrite import Rewrite
from assistant.usage import Usage
from prompts import Style
from retrieval.evidence import Evidence
from retrieval.filters import NO_FILTERS, Filters
from retrieval.trace import SearchTrace
from retrieval.values import Passage

Status = Literal["answered", "partial", "unanswerable"]
Support = Literal["supported", "partly", "unsupported", "contradicted", "not_a_claim"]


@dataclass(frozen=True, slots=True)
class Citation:
    """The `n`-th source of an answer: `quote` is the source document's text from `start` to `end`."""

    n: int
    passage: Passage
    quote: str
    start: int
    end: int

    @property
    def page(self) -> int | None:
        """The page on which the quotation begins."""
        return self.passage.page_at(self.start)

    @property
    def heading(self) -> tuple[str, ...]:
        """The heading path above the quotation."""
        return self.passage.heading_at(self.start)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that a sentence says otherwise than its source: `claimed` and `stated` as written.

    `stated` is empty where the source says nothing of the kind.
    """

    kind: Literal["number", "date", "name", "negation", "comparison", "wording"]
    claimed: str
    stated: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a sentence was held against: `passages[passage - 1]` of its turn, at `start` to `end` of its document."""

    passage: int
    start: int
    end: int
    quote: str
    """The document's text there."""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """One sentence of an answer at `text[start:end]`, without its markers, and what its sources say of it."""

    text: str
    start: int
    end: int
    support: Support
    citations: tuple[int, ...]
    compared: Comparison | None = None
    """The closest stretch of a source; None where nothing comes close, or nothing is claimed."""
    opposed: Comparison | None = None
    """Where a source supports the sentence: a stretch of another document that says otherwise."""
    is_opinion: bool = False
    """Whether a model judged it, where the rules left it undecided."""


@dataclass(frozen=True, slots=True)
class DocumentList:
    """What an answer about the collection itself counted, so that all of it can be listed: see `retrieval.mentions`.

    `total` documents, of which the answer names the first `shown`.
    """

    total: int
    shown: int
    words: str = ""
    collection: str | None = None
    filters: Filters = NO_FILTERS


@dataclass(frozen=True, slots=True)
class VerifiedMark:
    """Which verified answer this one is, when it was verified, in UTC, and for which question."""

    id: int
    verified_at: datetime
    question: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer. `notice` is a sentence for the reader when something was missing or degraded.

    `listed` is there where the answer is about the collection itself; then nothing in it is a claim from a passage.
    """

    text: str
    status: Status
    sentences: tuple[CheckedSentence, ...]
    citations: tuple[Citation, ...]
    usage: Usage
    timings_ms: dict[str, float]
    notice: str | None = None
    listed: DocumentList | None = None
    evidence: Evidence | None = None
    """How likely the documents hold the answer, by which it was decided; None where that was not reached."""
    style: Style = "standard"
    is_quoted: bool = False
    """Whether all of it is quoted from the documents."""
    model_calls: int = 0
    """How often a model was asked on the way: for a rewrite, for the answer, once more for a shorter prompt."""
    prompt_version: str | None = None
    """What the model was told, as `prompts.prompt_version` names it; None where none was asked."""
    verified: VerifiedMark | None = None
    """Where somebody vouched for it before it was asked for: its sentences were checked then."""


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The question is stored; the answer will be stored under `message_id`."""

    message_id: int


@dataclass(frozen=True, slots=True)
class FilesAwaited:
    """Files of this conversation are still being read; the search waits for them."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """The search is done. `rewrite` is what was searched for beside the question."""

    passages: tuple[Passage, ...]
    trace: SearchTrace
    rewrite: Rewrite | None = None


@dataclass(frozen=True, slots=True)
class ModelWaiting:
    """The model's endpoint is busy and asks to wait so long; it is asked again then."""

    seconds: float


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer's text. Citation markers are whole and in their final numbering."""

    text: str


@dataclass(frozen=True, slots=True)
class SentenceChecked:
    """A sentence is complete and was held against its sources. One that comes again was judged by a model."""

    sentence: CheckedSentence


@dataclass(frozen=True, slots=True)
class AnswerReplaced:
    """What was written so far is not the answer: its proof is missing. The text begins anew.

    `answer` is what the model wrote, kept for the record.
    """

    answer: Answer


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    """The turn is over and stored."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class TurnStopped:
    """The reader stopped the answer; what was written so far is kept, with its citations."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The turn ended without a whole answer; `answer` holds what came before, None where nothing did.

    `error` is what `reason` is the sentence of, where it was raised.
    """

    reason: str
    answer: Answer | None
    error: Exception | None = field(default=None, compare=False)


Event = (
    TurnStarted
    | FilesAwaited
    | PassagesFound
    | ModelWaiting
    | TextDelta
    | SentenceChecked
    | AnswerReplaced
    | AnswerFinished
    | TurnStopped
    | TurnFailed
)
