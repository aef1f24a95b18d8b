"""What the log is told of a turn: ids, counts, times and kinds, none of its words."""

from assistant.access import Principal
from assistant.events import Answer, AnswerFinished, Event, TurnFailed, TurnStopped
from assistant.logs import Fact, log_event, pseudonym
from retrieval.trace import SearchTrace


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


def log_end(message_id: int, event: Event, trace: SearchTrace | None = None) -> None:
    """The last event of a turn, with what its search took; any other is passed over."""
    match event:
        case AnswerFinished(answer):
            log_event("answer_finished", answer=message_id, **_facts(answer), **_search(trace))
        case TurnStopped(answer):
            log_event("answer_stopped", answer=message_id, **_facts(answer), **_search(trace))
        case TurnFailed(_, answer, error):
            kind = type(error).__name__ if error else None
            facts = _facts(answer) if answer else {}
            log_event("answer_failed", answer=message_id, error=kind, **facts, **_search(trace))
        case _:
            return


def _search(trace: SearchTrace | None) -> dict[str, Fact]:
    timings = trace.timings_ms if trace else {}
    return {f"search_{part}_ms": round(ms, 3) for part, ms in timings.items()}


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
