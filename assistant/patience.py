"""Waiting that can be ended: runs a coroutine in the calling thread, looking up whether to go on.

No second thread reads, so that none can be left behind: leaving early cancels the coroutine where it waits,
which closes its connection.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")

LOOK_UP_S = 0.1
"""How often a waiting call looks whether it was cancelled."""

_CLOSING_S = 1.0
_AT_HAND_S = 0.002
"""What comes sooner after it was asked for was there already."""
_GATHERED_S, _GATHERED_SHARE = 0.06, 0.2
"""How long pieces gather, and of the time since the first one at most this share."""


class Cancelled(Exception):
    """Nobody wants the result any more."""


class TooLate(Exception):
    """The deadline passed first."""


class Inflow(Generic[T]):
    """What an asynchronous source gives, taken out as it has gathered and not piece by piece.

    Woken for each of 150 pieces, an answer took 0.2 s more of the processor; a reader is shown them a few at a time
    anyway. What is said shortly, as other words for a question, is hardly held up.
    """

    def __init__(self, source: AsyncIterator[T], loop: asyncio.AbstractEventLoop) -> None:
        self.reading = loop.create_task(self._read(source))
        self._came: list[T] = []
        self._fresh = asyncio.Event()
        self._began: float | None = None
        self._had_to_wait = False

    async def _read(self, source: AsyncIterator[T]) -> None:
        try:
            async for piece in source:
                self._came.append(piece)
                self._fresh.set()
        finally:
            self._fresh.set()

    async def take(self) -> list[T]:
        """Everything that has come, as soon as there is something; nothing at the end.

        Raises what ended the reading, once all that came before was taken.
        """
        asked = time.monotonic()
        await self._fresh.wait()
        self._had_to_wait = time.monotonic() - asked > _AT_HAND_S
        came, self._came = self._came, []
        if not self.reading.done():
            self._fresh.clear()
        elif not came:
            self.reading.result()
        return came

    def rest(self) -> None:
        """Leave what comes next alone for a while, where the last had to be waited for, but after the first."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        elif self._had_to_wait:
            time.sleep(min(_GATHERED_S, _GATHERED_SHARE * (now - self._began)))


class Patience:
    """Runs coroutines one after the other on a loop of its own.

    Use it in a `with` block, in one thread, and not where another loop is running.
    """

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        self._cancelled = cancelled
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def wait_for(self, work: Coroutine[Any, Any, T], *, until: float) -> T:
        """What the coroutine returns or raises; Cancelled, or TooLate once the monotonic clock says `until`."""
        task = self._loop.create_task(work)
        try:
            while not task.done():
                if self._cancelled():
                    raise Cancelled
                left = until - time.monotonic()
                if left <= 0:
                    raise TooLate
                self._loop.run_until_complete(asyncio.wait({task}, timeout=min(left, LOOK_UP_S)))
        finally:
            self._end(task)
        return task.result()

    @contextmanager
    def inflow(self, source: AsyncIterator[T]) -> Iterator[Inflow[T]]:
        """What the source gives; it is read whenever something is waited for, and at the end no more."""
        inflow = Inflow(source, self._loop)
        try:
            yield inflow
        finally:
            self._end(inflow.reading)

    def sleep(self, seconds: float) -> None:
        """Wait so long; raises Cancelled as soon as nobody waits for it any more."""
        self.wait_for(asyncio.sleep(seconds), until=time.monotonic() + seconds + _CLOSING_S)

    def close(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something that tidies up, whatever became of the rest."""
        task = self._loop.create_task(work)
        self._loop.run_until_complete(asyncio.wait({task}, timeout=_CLOSING_S))
        self._end(task)

    def _end(self, task: asyncio.Task[Any]) -> None:
        """Whatever it raised is known, or of no more interest."""
        if not task.done():
            task.cancel()
            self._loop.run_until_complete(asyncio.wait({task}, timeout=_CLOSING_S))
        with suppress(asyncio.CancelledError, asyncio.InvalidStateError):
            task.exception()
