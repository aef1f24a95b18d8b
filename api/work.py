"""What takes longer than a moment, in threads: so many at once, and given up when whoever asked goes away."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from assistant.errors import TooBusy

Result = TypeVar("Result")
Cancelled = Callable[[], bool]
LOOK_EVERY_S = 0.25
_AT_ONCE, _WAITING = 4, 64
_BUSY = "Citewell has as much to do as it can at this moment; ask again soon."


class Left(Exception):
    """Whoever asked went away; nobody reads the answer."""


class Work:
    """The threads of the API, apart from those of the pages, so that neither waits for the other."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(_AT_ONCE)

    async def do(self, act: Callable[[], Result]) -> Result:
        """Do it in a thread; raises TooBusy where too much waits already."""
        if self._limiter.statistics().tasks_waiting >= _WAITING:
            raise TooBusy(_BUSY)
        return await to_thread.run_sync(act, limiter=self._limiter)

    async def look(self, act: Callable[[], Result]) -> Result:
        """The same for a moment's look at the database, which stands in no queue."""
        return await to_thread.run_sync(act)

    async def do_watched(self, request: Request, act: Callable[[Cancelled], Result]) -> Result:
        """The same for what takes seconds: it learns that it need not go on; raises Left."""
        gone = threading.Event()
        watching = asyncio.create_task(_watch(request, gone))
        try:
            result = await self.do(lambda: act(gone.is_set))
        finally:
            gone.set()
            watching.cancel()
        return result


async def _watch(request: Request, gone: threading.Event) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(LOOK_EVERY_S)
    gone.set()
