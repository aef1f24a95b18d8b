"""A verified answer as a turn tells it: whole at once, with the verdicts of the day on which it was checked."""

from collections.abc import Iterator
from dataclasses import replace

from assistant.draft import Draft
from assistant.events import Answer, AnswerFinished, Event, PassagesFound, SentenceChecked, TextDelta, VerifiedMark
from assistant.verified.values import Verified
from retrieval.dates import full_date
from retrieval.trace import SearchTrace


def marked(found: Verified) -> Answer:
    """The answer with its mark, and a notice for wherever the mark is not drawn."""
    day = full_date(found.verified_at.date())
    notice = f"A verified answer to “{found.name}”: its statements were checked against their sources on {day}."
    return replace(found.answer, notice=notice, verified=VerifiedMark(found.id, found.verified_at, found.name))


def told(found: Verified, draft: Draft) -> Iterator[Event]:
    """The events of its turn; `draft` knows when that began."""
    answer = marked(found)
    yield PassagesFound(found.work.passages, SearchTrace())
    yield TextDelta(answer.text)
    for sentence in answer.sentences:
        yield SentenceChecked(sentence)
    yield AnswerFinished(replace(answer, timings_ms={"total": draft.elapsed_ms()}, style=draft.style))
