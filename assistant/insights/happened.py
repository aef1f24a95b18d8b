"""Something that happened, as it is recorded: facts and counts, and words only where there is no conversation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from assistant.access import Principal
from assistant.events import Answer, AnswerFinished, Event, TurnFailed, TurnStopped
from assistant.usage import Usage
from retrieval.values import Passage, Scope

Kind = Literal["turn", "search", "triage", "feedback", "intake"]
"""A question with its answer, a search without one, work on tickets, an opinion of an answer, files read in."""
Status = Literal["answered", "partial", "refused", "failed", "stopped", "done"]
"""How it ended: the first five are a turn's; anything else is done, or failed."""
KINDS: tuple[Kind, ...] = get_args(Kind)
STATUSES: tuple[Status, ...] = get_args(Status)
Place = tuple[str, str]
"""A document by its collection's id and its path, which stay the same when it is read anew."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event. `owner` is the key of whoever did it; `collections` are those that it was about.

    Times in milliseconds are None where there was no first word, or nothing was timed. `is_helpful` is an opinion's:
    None there takes back what was thought before.
    """

    kind: Kind
    owner: str
    status: Status = "done"
    collections: Scope = frozenset()
    message_id: int | None = None
    words: str = ""
    first_ms: float | None = None
    total_ms: float | None = None
    usage: Usage = field(default_factory=Usage)
    claims: int = 0
    supported: int = 0
    partly: int = 0
    contradicted: int = 0
    found: tuple[Place, ...] = ()
    cited: tuple[Place, ...] = ()
    is_helpful: bool | None = None
    scope: Scope = frozenset()
    """Where it looked; with files of a conversation among them nobody else is shown its words."""
    detail: Mapping[str, Any] | None = None


def searched(
    principal: Principal, passages: Iterable[Passage], scope: Scope, *, words: str = "", total_ms: float | None = None
) -> Happened:
    """A search that nobody answered; `scope` is where it looked."""
    found = _places(passages)
    touched = _touched(found, scope)
    return Happened("search", principal.key, "done", touched, words=words, total_ms=total_ms, found=found, scope=scope)


def turned(
    event: Event,
    principal: Principal,
    passages: Iterable[Passage],
    scope: Scope,
    *,
    message_id: int | None = None,
    words: str = "",
) -> Happened | None:
    """The turn that ends with this event; None where the event is no end.

    It is about the collections that something was found in, and where nothing was about all that were searched.
    `words` are for a question without a conversation; with a `message_id` they stand there.
    """
    match event:
        case AnswerFinished(answer):
            status: Status = "refused" if answer.status == "unanswerable" else answer.status
        case TurnStopped(answer):
            status = "stopped"
        case TurnFailed(_, partial):
            status, answer = "failed", partial or _NOTHING
        case _:
            return None
    found = _places(passages)
    support = [sentence.support for sentence in answer.sentences]
    return Happened(
        "turn",
        principal.key,
        status,
        _touched(found, scope),
        message_id,
        words,
        answer.timings_ms.get("first_token"),
        answer.timings_ms.get("total"),
        answer.usage,
        sum(one != "not_a_claim" for one in support),
        support.count("supported"),
        support.count("partly"),
        support.count("contradicted"),
        found,
        _places(citation.passage for citation in answer.citations),
        scope=scope,
    )


_NOTHING = Answer("", "partial", (), (), Usage(), {})


def _places(passages: Iterable[Passage]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys((passage.source.collection, passage.source.path) for passage in passages))


def _touched(found: tuple[Place, ...], scope: Scope) -> Scope:
    return frozenset(collection for collection, _ in found) or scope
