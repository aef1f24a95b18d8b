"""What came of a turn, gathered from its events, and both in JSON: the command line and the API tell them alike."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, assert_never

from assistant.as_json import answer_json, citation_json, passage_json, rewrite_json, sentence_json
from assistant.conversations import Work
from assistant.events import (
    Answer,
    AnswerFinished,
    AnswerReplaced,
    Event,
    FilesAwaited,
    ModelWaiting,
    PassagesFound,
    SentenceChecked,
    TextDelta,
    TurnFailed,
    TurnStarted,
    TurnStopped,
)
from assistant.narrowed import Narrowed
from assistant.referral import offers_referral, refer
from retrieval.library import Collection
from retrieval.values import Passage

EVENT_NAMES: Mapping[type, str] = {
    TurnStarted: "turn_started",
    FilesAwaited: "files_awaited",
    PassagesFound: "passages_found",
    ModelWaiting: "model_waiting",
    TextDelta: "text_delta",
    SentenceChecked: "sentence_checked",
    AnswerReplaced: "answer_replaced",
    AnswerFinished: "answer_finished",
    TurnStopped: "turn_stopped",
    TurnFailed: "turn_failed",
}
ENDS = (AnswerFinished, TurnStopped, TurnFailed)
"""One of these comes last."""


@dataclass(slots=True)
class Outcome:
    """What came of a turn so far."""

    message_id: int | None = None
    search: PassagesFound | None = None
    answer: Answer | None = None
    replaced: Answer | None = None
    end: AnswerFinished | TurnStopped | TurnFailed | None = None

    def see(self, event: Event) -> None:
        """Take the next event in."""
        match event:
            case TurnStarted():
                self.message_id = event.message_id
            case PassagesFound():
                self.search = event
            case AnswerReplaced():
                self.replaced = event.answer
            case AnswerFinished() | TurnStopped() | TurnFailed():
                self.answer, self.end = event.answer, event

    @property
    def failure(self) -> str | None:
        """Why it ended without a whole answer."""
        return self.end.reason if isinstance(self.end, TurnFailed) else None

    @property
    def passages(self) -> tuple[Passage, ...]:
        """What the search found."""
        return self.search.passages if self.search else ()


def outcome_json(
    outcome: Outcome, question: str, *, narrowed: Narrowed, collections: Sequence[Collection]
) -> dict[str, Any] | None:
    """What `ask` returns; None where nothing was written. `collections` are those of the reader."""
    answer = outcome.answer
    if answer is None:
        return None
    if answer.listed is not None:
        listed = replace(answer.listed, collection=answer.listed.collection or narrowed.collection)
        answer = replace(answer, listed=listed)
    return {
        **answer_json(answer, outcome.passages),
        "hand_over": _hand_over(question, answer, Work(outcome.passages, narrowed=narrowed or None), collections),
        "replaced": outcome.replaced and outcome.replaced.text,
        "rewrite": rewrite_json(outcome.search.rewrite if outcome.search else None),
    }


def _hand_over(
    question: str, answer: Answer, searched: Work, collections: Sequence[Collection]
) -> dict[str, str] | None:
    """The question with what was found, for a person who may know more; None where nothing is left open."""
    return asdict(refer(question, searched, collections)) if offers_referral(answer) else None


def event_json(event: Event, passages: Sequence[Passage] = ()) -> dict[str, Any]:
    """An event without its name; `passages` are those of the search, which comparisons name by number."""
    match event:
        case TurnStarted():
            return {"message_id": event.message_id}
        case FilesAwaited():
            return {"names": list(event.names)}
        case PassagesFound():
            found = [passage_json(passage) for passage in event.passages]
            return {"passages": found, "rewrite": rewrite_json(event.rewrite)}
        case ModelWaiting():
            return {"seconds": event.seconds}
        case TextDelta():
            return {"text": event.text}
        case SentenceChecked():
            return {"sentence": sentence_json(event.sentence, passages)}
        case AnswerReplaced():
            return {"replaced": event.answer.text, "citations": [citation_json(c) for c in event.answer.citations]}
        case AnswerFinished() | TurnStopped():
            return answer_json(event.answer, passages)
        case TurnFailed():
            return {"error": event.reason, **(answer_json(event.answer, passages) if event.answer else {})}
        case _:
            assert_never(event)
