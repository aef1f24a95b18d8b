"""What the log is told of a turn: ids, counts, times and kinds, none of its words."""

from assistant.access import Principal
from assistant.events import Answer, AnswerFinished, Event, TurnFailed, TurnStopped
from assistant.logs import Fact, log_event, pseudonym


def log_asked(principal: Principal, conversation_id: str, message_id: int, *, chars: int, files: int) -> None:
    """A question was stored; its answer is `message_id`."""
    log_event(
        "question_asked",
        answer=message_id,
        conversation=conversation_id,
        who=pseudonym(principal),
        chars=chars,
        files=files,
    )


def log_end(message_id: int, event: Event) -> None:
    """The last event of a turn; any other is passed over."""
    match event:
        case AnswerFinished(answer):
            log_event("answer_finished", answer=message_id, **_facts(answer))
        case TurnStopped(answer):
            log_event("answer_stopped", answer=message_id, **_facts(answer))
        case TurnFailed(_, answer, error):
            kind = type(error).__name__ if error else None
            log_event("answer_failed", answer=message_id, error=kind, **(_facts(answer) if answer else {}))
        case _:
            return


def _facts(answer: Answer) -> dict[str, Fact]:
    usage = answer.usage
    return {
        "status": answer.status,
        "citations": len(answer.citations),
        "is_quoted": answer.is_quoted,
        "first_token_ms": answer.timings_ms.get("first_token"),
        "total_ms": answer.timings_ms.get("total"),
        "model": usage.model,
        "model_calls": answer.model_calls,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost": usage.cost,
        "currency": usage.currency or None,
    }
