"""`POST /ask` and `POST /feedback`: questions as the page asks them, kept in conversations of the caller's."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from api import shapes
from api.call import AskCall, Call, FeedbackCall
from api.problems import Problem, problem_of
from api.watching import watched
from api.work import Left
from assistant.access import scope_of
from assistant.errors import AssistantError
from assistant.events import AnswerFinished, Event, TurnFailed, TurnStarted
from assistant.feedback import Opinion
from assistant.jobs import JOBS, AnswerJob
from assistant.narrowed import Narrowed
from assistant.outcome import ENDS, EVENT_NAMES, Outcome, event_json, outcome_json
from assistant.turn import checked_question
from retrieval.errors import RetrievalError

router = APIRouter(tags=["Questions"])
EVENT_STREAM = "text/event-stream"
_WAITING = ": waiting\n\n"
_BUSY = "In this conversation an answer is being written; wait for it."
_STOPPED = "The answer was stopped before it was whole; what was written is kept in the conversation."
_STREAM = {
    "description": "The answer; with `Accept: text/event-stream` its events as they come.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
}


@router.post("/ask", response_model=shapes.Answered, responses={200: _STREAM})
async def ask(body: shapes.AskIn, call: AskCall, request: Request) -> Response:
    """Answer a question from the documents that the caller may read, with the proof for every sentence.

    The last event of a stream has the name `answer_finished`, `turn_stopped` or `turn_failed`, and the first of these
    carries what the call returns otherwise.
    """
    asking = _Asking(call, checked_question(body.question), Narrowed(body.collection, body.filters.read()))
    job = await call.work.do(lambda: asking.start(body))
    if EVENT_STREAM in request.headers.get("accept", ""):
        return await asking.streamed(job)
    async with aclosing(watched(job, call)) as steps:
        async for events in steps:
            asking.see(events)
    return JSONResponse(await asking.told())


@router.post("/feedback", response_model=shapes.Kept)
async def give_feedback(body: shapes.FeedbackIn, call: FeedbackCall) -> Response:
    """Keep what the caller thinks of an answer of theirs, in place of what they thought before."""
    opinion = Opinion(body.is_helpful, body.reason, body.comment)
    feedback, message_id = call.citewell.feedback, body.message_id
    await call.work.do(lambda: feedback.give(message_id, call.principal, opinion))
    kept = (await call.work.do(lambda: feedback.of([message_id], call.principal)))[message_id]
    told = {"is_helpful": kept.is_helpful, "reason": kept.reason, "comment": kept.comment}
    return JSONResponse({"message_id": message_id, **told})


class _Asking:
    """One question on its way."""

    def __init__(self, call: Call, question: str, narrowed: Narrowed) -> None:
        self._call = call
        self._question = question
        self._narrowed = narrowed
        self._conversation_id = ""
        self._outcome = Outcome()

    def start(self, body: shapes.AskIn) -> AnswerJob:
        """Begin the answer, as the page does. What cannot be asked is refused before anything is stored."""
        citewell, principal, question = self._call.citewell, self._call.principal, self._question
        scope_of(principal, citewell.library, collection=body.collection)
        assistant = citewell.assistant.written_by(body.model)
        if body.conversation_id is not None:
            citewell.conversations.count(body.conversation_id, principal)
            if JOBS.running(principal, body.conversation_id) is not None:
                raise Problem(409, "answering", _BUSY)
        conversation_id = self._conversation_id = body.conversation_id or citewell.conversations.create(principal)
        return JOBS.start(
            principal,
            conversation_id,
            question,
            lambda cancelled: assistant.ask(
                question,
                conversation_id=conversation_id,
                principal=principal,
                collection=self._narrowed.collection,
                filters=self._narrowed.filters,
                style=body.style,
                cancelled=cancelled,
            ),
        )

    def see(self, events: tuple[Event, ...]) -> None:
        """Take in what came. What ended before it began is a problem and not an answer."""
        for event in events:
            self._outcome.see(event)
            if isinstance(event, TurnFailed) and self._outcome.message_id is None:
                raise self._problem(event)

    async def told(self) -> Mapping[str, Any]:
        """The whole answer; raises a Problem where there is none, with what was written."""
        answer = await self._answer()
        end = self._outcome.end
        if isinstance(end, AnswerFinished) and answer is not None:
            return answer
        if isinstance(end, TurnFailed):
            raise self._problem(end, answer=answer)
        raise Problem(503, "stopped", _STOPPED, headers={"Retry-After": "5"}, answer=answer)

    async def streamed(self, job: AnswerJob) -> Response:
        """The events as they come, once it is known that it begins."""
        steps = watched(job, self._call)
        first = await anext(aiter(steps))
        while not first:
            first = await anext(steps)
        try:
            self.see(first)
        except Problem:
            await steps.aclose()
            raise
        return StreamingResponse(self._frames(first, steps), media_type=EVENT_STREAM)

    async def _frames(
        self, first: tuple[Event, ...], steps: AsyncGenerator[tuple[Event, ...], None]
    ) -> AsyncIterator[str]:
        async with aclosing(steps):
            for frame in [await self._frame(event) for event in first]:
                yield frame
            try:
                async for events in steps:
                    self.see(events)
                    for event in events:
                        yield await self._frame(event)
                    if not events:
                        yield _WAITING
            except Left:
                return
            except Problem as problem:
                yield _framed("turn_failed", {"error": problem.detail})

    async def _frame(self, event: Event) -> str:
        told = event_json(event, self._outcome.passages)
        if isinstance(event, ENDS):
            told |= await self._answer() or {}
        if isinstance(event, TurnStarted):
            told |= {"conversation_id": self._conversation_id}
        return _framed(EVENT_NAMES[type(event)], told)

    async def _answer(self) -> dict[str, Any] | None:
        collections = await self._call.work.look(self._call.collections)
        told = outcome_json(self._outcome, self._question, narrowed=self._narrowed, collections=collections)
        where = {"conversation_id": self._conversation_id, "message_id": self._outcome.message_id}
        return None if told is None else {**where, **told}

    def _problem(self, failed: TurnFailed, **further: Any) -> Problem:
        known = isinstance(failed.error, AssistantError | RetrievalError)
        if not known:
            return Problem(500, "unexpected", failed.reason, **further)
        assert isinstance(failed.error, AssistantError | RetrievalError)
        problem = problem_of(failed.error)
        return Problem(problem.status_code, problem.kind, failed.reason, headers=problem.headers, **further)


def _framed(name: str, told: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"
