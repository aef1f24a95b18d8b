"""A call to the model whose whole reply is wanted within a time, beside the answer itself."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.llm import ChatModel, Finished, Message, TextPiece, Waiting
from assistant.usage import Usage
from retrieval.tokens import count_tokens


@dataclass(frozen=True, slots=True)
class Said:
    """The reply, None where it did not come in time, "" where it was cut off; and what it cost."""

    text: str | None
    usage: Usage


def ask_shortly(
    model: ChatModel,
    prompt: str,
    *,
    max_tokens: int,
    timeout_s: float,
    cancelled: Callable[[], bool] = lambda: False,
    schema: Mapping[str, Any] | None = None,
) -> Said:
    """What the model replies to a prompt, as JSON of a schema where one is given. Raises ModelError."""
    until = time.monotonic() + timeout_s
    said: list[str] = []
    pieces = model.stream(
        (Message("user", prompt),),
        max_tokens=max_tokens,
        cancelled=lambda: cancelled() or time.monotonic() > until,
        schema=schema,
    )
    for piece in pieces:
        match piece:
            case TextPiece(text):
                said.append(text)
            case Finished(reason, prompt_tokens, completion_tokens):
                counted = Usage(prompt_tokens, completion_tokens, model.name)
                usage = counted if prompt_tokens else _estimate(model, prompt, said)
                return Said("".join(said) if reason == "stop" else "", usage)
            case Waiting():
                return Said(None, Usage())
    return Said(None, _estimate(model, prompt, said))


def _estimate(model: ChatModel, prompt: str, said: list[str]) -> Usage:
    return Usage(count_tokens(prompt), count_tokens("".join(said)), model.name, is_estimate=True)
