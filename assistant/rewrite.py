"""A follow-up, put by the model so that it stands alone: searched for beside the question, in place of nothing.

It is asked for only where a question leans on what was said before. The search alone does as well as people's
own rewrites on average (docs/evaluation.md), and a call before the search makes everybody wait.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from assistant.citations import without_markers
from assistant.errors import ModelError
from assistant.llm import ChatModel, Message
from assistant.short_call import ask_shortly
from assistant.usage import Usage
from prompts import RewritePrompt, new_mark
from retrieval.queries import leans_on_history

log = logging.getLogger(__name__)
REWRITE_S = 4.0
"""So long a rewrite may take; the search then goes on without it."""
_REPLY_TOKENS = 120
_MOST_CHARS = 400
_MOST_MESSAGES = 4
_MOST_MESSAGE_CHARS = 600
_LABEL = re.compile(r"^(?:(?:rewritten|standalone|stand-alone)?\s*question)\s*:\s*", re.IGNORECASE)
_QUOTES = "\"'“”„«»` *"
_REFUSAL = re.compile(
    r"^(?:i['’]?m\b|i am\b|i can(?:no|['’])?t\b|i cannot\b|sorry\b|unfortunately\b|as an ai\b|here is\b|sure\b|the documents\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What was searched for beside the question, and whose words they are."""

    text: str
    by: Literal["model", "reader"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A rewrite, or none; `note` says why there is none although one was asked for."""

    rewrite: Rewrite | None = None
    note: str | None = None
    usage: Usage = field(default_factory=Usage)

    @property
    def has_called(self) -> bool:
        """Whether a model was asked."""
        return self.note is not None or self.usage.model is not None


def rewrite_follow_up(
    question: str,
    history: Sequence[Message],
    model: ChatModel,
    *,
    cancelled: Callable[[], bool],
    timeout_s: float = REWRITE_S,
) -> Attempt:
    """The follow-up in words that stand alone, where it leans on the history; whatever fails is only noted."""
    if not any(message.role == "user" for message in history) or not leans_on_history(question):
        return Attempt()
    try:
        prompt = RewritePrompt(question, _conversation(history), new_mark()).render()
        said = ask_shortly(model, prompt, max_tokens=_REPLY_TOKENS, timeout_s=timeout_s, cancelled=cancelled)
    except ModelError as error:
        log.info("no rewrite: %s", error.hint)
        return Attempt(note="The model did not put the question in other words, so it was searched for as it stands.")
    if said.text is None:
        late = f"The model did not put the question in other words within {timeout_s:g} s, so the search did without."
        return Attempt(note=late, usage=said.usage)
    text = cleaned(said.text)
    if text is None:
        note = "What the model made of the question is no question, so it was not searched for."
        return Attempt(note=note, usage=said.usage)
    is_other = text.casefold() != question.strip().casefold()
    return Attempt(Rewrite(text, "model") if is_other else None, usage=said.usage)


def cleaned(said: str) -> str | None:
    """The one question in a reply; None where it is empty, too long, of several lines, or a refusal."""
    text = _LABEL.sub("", said.strip().strip(_QUOTES)).strip(_QUOTES)
    is_one_line = len(text.splitlines()) == 1 and len(text) <= _MOST_CHARS
    if not is_one_line or not re.search(r"\w", text) or "===" in text or _REFUSAL.match(text):
        return None
    return text


def _conversation(history: Sequence[Message]) -> list[tuple[str, str]]:
    """The last messages, each cut short."""
    return [
        ("question" if message.role == "user" else "answer", without_markers(message.text)[:_MOST_MESSAGE_CHARS])
        for message in history[-_MOST_MESSAGES:]
    ]
