"""The thumbs under an answer: what the component is given of an opinion, and what becomes of one it sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.conversations import StoredMessage
from assistant.errors import FeedbackRefused
from assistant.feedback import JUDGED_STATES, REASONS, Opinion, opinion_from
from ui.component import Handler
from ui.visit import Visit

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the component gets of a reader's opinion, and what is done with what it sends."""

    data: Data
    handlers: Mapping[str, Handler]


def judgements(visit: Visit, messages: Sequence[StoredMessage]) -> dict[int, Judgement]:
    """For each answer that may be judged, by its id, what its reader thinks of it."""
    ids = [message.id for message in messages if message.role == "assistant" and message.state in JUDGED_STATES]
    known = visit.citewell.feedback.of(ids, visit.principal) if ids else {}
    return {id_: Judgement(opinion_data(known.get(id_)), _handlers(visit, id_)) for id_ in ids}


def opinion_data(opinion: Opinion | None) -> Data:
    """An opinion as the component draws it; the reasons come along once there is one."""
    if opinion is None:
        return {"helpful": None}
    return {
        "helpful": opinion.is_helpful,
        "reason": opinion.reason,
        "comment": opinion.comment,
        "reasons": list(REASONS.items()),
    }


def _handlers(visit: Visit, message_id: int) -> dict[str, Handler]:
    """What is done when a thumb is chosen, its form is saved, or it is taken back."""

    def give(value: Any) -> None:
        try:
            visit.citewell.feedback.give(message_id, visit.principal, opinion_from(value))
        except FeedbackRefused as error:
            visit.state.problem = error.hint

    def withdraw(_: Any) -> None:
        visit.citewell.feedback.withdraw(message_id, visit.principal)

    return {"opinion": give, "withdrawn": withdraw}
