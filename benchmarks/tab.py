"""A browser's tab without a browser: the page's websocket in Streamlit's own messages.

It does what the page's own script does and no more: it keeps messages that may be named instead of sent again, looks at
fragments that ask to be run from time to time, says its address, and sends a question as the chat input would.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

_MOST_BYTES = 1 << 26
_KEPT_RUNS = 2
"""Streamlit's page keeps a message so many runs long after it was used last."""
_ANSWER = "-answer_"
"""What the names of answers hold."""
_WENT_WRONG = "Something went wrong inside Citewell"


class TabFailed(Exception):
    """What a person would have seen go wrong."""


@dataclass(slots=True)
class Seen:
    """What the tab looks out for while a question is answered; times as `time.perf_counter` counts."""

    words: str
    first_at: float | None = None
    answer: dict[str, Any] | None = None
    answered_at: float | None = None
    received_bytes: int = 0


class Tab:
    """One tab on the chat page, at the address that the query completes; `patience_s` is how long it waits for anything."""

    def __init__(
        self, url: str, headers: Mapping[str, str] | None = None, *, query: str = "", patience_s: float = 90.0
    ) -> None:
        self._url = url
        self._headers = dict(headers or {})
        self._patience_s = patience_s
        self._kept: dict[str, tuple[ForwardMsg, int]] = {}
        self._runs = 0
        self._query = query
        self._page = ""
        self._input = ""
        self._answers: set[str] = set()
        self._looks: dict[str, asyncio.Task[None]] = {}
        self._seen = Seen("")
        self._problem: str | None = None
        self._moved = asyncio.Event()
        self._finished = 0
        self._reader: asyncio.Task[None] | None = None
        self._connection: ClientConnection | None = None

    async def open(self) -> float:
        """Seconds from the connection to the first page's last message."""
        began = perf_counter()
        place = urlsplit(self._url)
        scheme = "wss" if place.scheme == "https" else "ws"
        self._connection = await connect(
            f"{scheme}://{place.netloc}{place.path.rstrip('/')}/_stcore/stream",
            origin=self._url,  # type: ignore[arg-type]
            subprotocols=["streamlit", "none"],  # type: ignore[list-item]
            additional_headers=self._headers,
            max_size=_MOST_BYTES,
            open_timeout=self._patience_s,
            ping_interval=None,
            compression=None,
            proxy=None,
        )
        self._reader = asyncio.create_task(self._read(self._connection))
        await self._rerun()
        await self._until(lambda: self._finished > 0 and bool(self._input), "the first page")
        return perf_counter() - began

    @property
    def query(self) -> str:
        """What stands in its address behind the question mark."""
        return self._query

    @property
    def seen(self) -> Seen:
        """What was seen since the last question, or since it was opened."""
        return self._seen

    async def ask(self, question: str, words: str) -> tuple[float, Seen]:
        """Send a question; returns when it was sent and what was seen of it once the page stands with its answer and
        what may be asked next.

        `words` are those by which the answer's first piece is known.
        """
        sent, seen = await self._send(question, words)
        await self._until(lambda: seen.answer is not None and self._finished > 0, "an answer")
        return sent, seen

    async def begin(self, question: str, words: str) -> None:
        """Send a question, and wait for the answer's first words."""
        _, seen = await self._send(question, words)
        await self._until(lambda: seen.first_at is not None or seen.answer is not None, "the first words")

    async def _send(self, question: str, words: str) -> tuple[float, Seen]:
        seen = self._seen = Seen(words)
        sent = perf_counter()
        await self._rerun(question=question)
        return sent, seen

    async def drop(self) -> None:
        """As where the network goes away: nothing is said to the server."""
        if self._connection is not None:
            self._connection.transport.abort()
        await self.close()

    async def close(self) -> None:
        """As a closed tab: the connection is gone."""
        self._end_looks()
        if self._connection is not None:
            await self._connection.close()
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader

    async def _until(self, is_there: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                while not is_there():
                    if self._problem is not None:
                        raise TabFailed(self._problem)
                    await self._moved.wait()
                    self._moved.clear()
        except TimeoutError:
            raise TabFailed(f"{what} did not come within {self._patience_s:.0f} s") from None

    async def _rerun(self, *, question: str | None = None, fragment: str = "") -> None:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_script_hash = self._query, self._page
        asked.fragment_id, asked.is_auto_rerun = fragment, bool(fragment)
        asked.context_info.timezone, asked.context_info.locale, asked.context_info.url = "UTC", "en", self._url
        asked.cached_message_hashes.extend(self._kept)
        if question is not None:
            asked.widget_states.widgets.add(id=self._input).chat_input_value.data = question
            self._finished = 0
        assert self._connection is not None
        with suppress(ConnectionClosed):  # The reader tells.
            await self._connection.send(message.SerializeToString())

    async def _read(self, connection: ClientConnection) -> None:
        try:
            async for data in connection:
                assert isinstance(data, bytes)
                self._seen.received_bytes += len(data)
                self._take(ForwardMsg.FromString(data))
        except ConnectionClosed:
            pass
        self._problem = self._problem or "the connection was closed"
        self._moved.set()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            message = self._kept[message.ref_hash][0]
            kind = message.WhichOneof("type")
        if message.metadata.cacheable:
            self._kept[message.hash] = message, self._runs
        if kind == "delta":
            self._take_element(message)
        elif kind == "new_session":
            self._begin(message)
        elif kind == "script_finished":
            self._end(message)
        elif kind == "auto_rerun":
            self._look_again(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._end_look(fragment)
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string

    def _begin(self, message: ForwardMsg) -> None:
        if message.metadata.run.fragment_ids:
            return
        self._page = message.new_session.page_script_hash
        self._runs += 1
        self._end_looks()

    def _end(self, message: ForwardMsg) -> None:
        if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            self._finished += 1
            self._kept = {hash_: kept for hash_, kept in self._kept.items() if kept[1] > self._runs - _KEPT_RUNS}
        elif message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self._problem = "the page's script failed"
        self._moved.set()

    def _take_element(self, message: ForwardMsg) -> None:
        element, seen = message.delta.new_element, self._seen
        kind = element.WhichOneof("type")
        if kind == "markdown":
            if seen.words and seen.words.strip() in element.markdown.body and seen.first_at is None:
                seen.first_at = perf_counter()
                self._moved.set()
        elif kind == "chat_input":
            self._input = element.chat_input.id
        elif kind == "bidi_component":
            self._take_component(element.bidi_component)
        elif kind == "exception" or (kind == "alert" and _WENT_WRONG in element.alert.body):
            self._problem = f"the page says: {element.alert.body or element.exception.message}"

    def _take_component(self, component: BidiComponent) -> None:
        """An answer, where it is one that was not there when the question was asked."""
        if _ANSWER not in component.id:
            return
        given = json.loads(component.mixed.json or component.json)
        if component.id in self._answers:
            return
        self._answers.add(component.id)
        if given.get("failure"):
            self._problem = f"an answer failed: {given['failure']}"
        self._seen.answer, self._seen.answered_at = given, perf_counter()
        if self._seen.first_at is None:  # It was there before any of it could be shown growing.
            self._seen.first_at = self._seen.answered_at
        self._moved.set()

    def _look_again(self, fragment: str, interval_s: float) -> None:
        async def look() -> None:
            while True:
                await asyncio.sleep(interval_s)
                await self._rerun(fragment=fragment)

        self._end_look(fragment)
        self._looks[fragment] = asyncio.create_task(look())

    def _end_look(self, fragment: str) -> None:
        if (running := self._looks.pop(fragment, None)) is not None:
            running.cancel()

    def _end_looks(self) -> None:
        for task in self._looks.values():
            task.cancel()
        self._looks.clear()


def words_of(data: Mapping[str, Any]) -> str:
    """The words of an answer as the component draws them, without marks."""
    return "".join(_leaves(data.get("blocks", [])))


def _leaves(nodes: Any) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        else:
            yield from _leaves(node.get("c", ()))
