"""What a model adds to the classifier's answer: a summary, what is missing, a note, and a category before any training.

It is asked once the classifier has answered, for JSON of a schema. What it says is read as data: a category is one of
those that are known or none, and a field that promises, claims a deed or leads elsewhere is left out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from assistant.access import Principal
from assistant.deeds import claims_deed
from assistant.errors import ModelError
from assistant.limits import Limits
from assistant.llm import ChatModel
from assistant.logs import log_event
from assistant.notices import BUDGET_SPENT
from assistant.short_call import Said, ask_shortly
from assistant.triage.values import Ticket
from assistant.turn import Assistant
from prompts import TicketPrompt, new_mark

ASK_S = 25.0
_REPLY_TOKENS = 600
_READ_CHARS = 6_000
_MOST_MISSING = 3
_SUMMARY_CHARS, _NAME_CHARS, _QUESTION_CHARS, _NOTE_CHARS = 300, 80, 200, 800
NONE = "none"
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_LEADS_ELSEWHERE = re.compile(r"===|https?:|www\.|[<>\[\]{}|`]|javascript:", re.IGNORECASE)
_TOKENS_SPENT = "Your answers of today have reached the length that a day allows."
_NOT_READ = "What the model wrote about this ticket is not of the form that was asked for."
_TOO_LATE = "The model did not say anything about this ticket in time."


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that the ticket does not give, and the question that asks for it."""

    name: str
    question: str


@dataclass(frozen=True, slots=True)
class Added:
    """What the model says of a ticket, each part empty where it said nothing fit to be shown.

    `problem` says why there is nothing, where that is so.
    """

    summary: str = ""
    category: str | None = None
    missing: tuple[Missing, ...] = ()
    note: str = ""
    model: str = ""
    problem: str | None = None


class _Missing(BaseModel, extra="forbid"):
    name: str
    question: str


class _Reply(BaseModel, extra="forbid"):
    summary: str
    category: str
    missing: list[_Missing]
    note: str


def add(
    ticket: Ticket,
    labels: Sequence[str],
    *,
    assistant: Assistant,
    principal: Principal,
    cancelled: Callable[[], bool] = lambda: False,
) -> Added:
    """Ask the model about a ticket; `labels` are the categories it may choose from, none once a classifier does.

    Whatever fails is told in `problem`.
    """
    model, limits = assistant.model, assistant.limits
    if model is None:
        return Added()
    if (problem := _used_up(limits, principal)) is not None:
        return Added(problem=problem)
    prompt = TicketPrompt(ticket.words[:_READ_CHARS], labels, new_mark())
    names = {prompt.category(label): label for label in labels}
    try:
        said = _ask(model, prompt, names, cancelled)
    except ModelError as error:
        log_event("model_failed", model=model.name, error=type(error).__name__)
        return Added(problem=error.hint)
    if limits is not None:
        limits.spend(assistant.prices.priced(said.usage) if assistant.prices else said.usage, principal)
    return Added(problem=_TOO_LATE) if said.text is None else read_reply(said.text, names, model=model.name)


def schema_of(names: Sequence[str]) -> Mapping[str, Any]:
    """The form of a reply, in which the category is one of these names or none."""
    schema = _Reply.model_json_schema()
    schema["properties"]["category"] = {"type": "string", "enum": [*names, NONE]}
    return schema


def read_reply(text: str, names: Mapping[str, str], *, model: str = "") -> Added:
    """What is fit to be shown of a reply; `names` leads from what a category is called there to its label."""
    found = _OBJECT.search(text)
    try:
        reply = _Reply.model_validate_json(found[0] if found else text)
    except ValidationError:
        return Added(problem=_NOT_READ)
    if reply.category not in {*names, NONE}:
        return Added(problem=_NOT_READ)
    missing = (Missing(_fit(one.name, _NAME_CHARS), _fit(one.question, _QUESTION_CHARS)) for one in reply.missing)
    asked = tuple(one for one in missing if one.name and one.question.endswith("?"))
    return Added(
        _fit(reply.summary, _SUMMARY_CHARS),
        names.get(reply.category),
        asked[:_MOST_MISSING],
        _fit(reply.note, _NOTE_CHARS),
        model,
    )


def _fit(text: str, most_chars: int) -> str:
    """The text on one line; nothing where it is too long, leads elsewhere or claims that something was done."""
    words = " ".join(text.split())
    if len(words) > most_chars or _LEADS_ELSEWHERE.search(words) or claims_deed(words):
        return ""
    return words


def _ask(model: ChatModel, prompt: TicketPrompt, names: Mapping[str, str], cancelled: Callable[[], bool]) -> Said:
    schema = schema_of(tuple(names))
    return ask_shortly(
        model, prompt.render(), max_tokens=_REPLY_TOKENS, timeout_s=ASK_S, cancelled=cancelled, schema=schema
    )


def _used_up(limits: Limits | None, principal: Principal) -> str | None:
    """Why the model may not be asked any more, where that is so."""
    if limits is None:
        return None
    if limits.is_budget_spent():
        return BUDGET_SPENT
    tokens = (each for each in limits.standing(principal) if each.limit == "tokens_a_day")
    return _TOKENS_SPENT if any(each.used >= each.most for each in tokens) else None
