"""An answer that is written in a thread of its own, watched for a client until it ends or the client goes away."""

import asyncio
import time
from collections.abc import AsyncGenerator

from api.call import Call
from api.problems import Problem
from api.work import LOOK_EVERY_S, Left
from assistant.errors import KeyRefused
from assistant.events import Event
from assistant.jobs import AnswerJob

_PAUSE_S = 0.03
"""Fewer steps of the text than the page takes would be seen by nobody."""
_STILL_GOOD_EVERY_S = 2.0


async def watched(job: AnswerJob, call: Call) -> AsyncGenerator[tuple[Event, ...], None]:
    """The events as they come, none after a while without any; whoever stops listening stops the answer.

    Raises Left where the client went away, and a Problem where the key lets nobody in any more.
    """
    seen, looked, asked = 0, time.monotonic(), time.monotonic()
    try:
        while True:
            ended = job.ended  # First: what comes between the two looks is then still to be read.
            if events := job.wait(seen, timeout_s=0):
                seen += len(events)
                yield events
            elif ended:
                return
            now = time.monotonic()
            if now - looked >= LOOK_EVERY_S:
                looked = now
                if await call.request.is_disconnected():
                    raise Left
                yield ()
            if now - asked >= _STILL_GOOD_EVERY_S:
                asked = now
                await _check_key(call)
            await asyncio.sleep(_PAUSE_S)
    finally:
        job.stop()


async def _check_key(call: Call) -> None:
    if not await call.work.look(lambda: call.citewell.api_keys.still_lets_in(call.caller.key_id)):
        raise Problem(401, "key-refused", KeyRefused().hint)
