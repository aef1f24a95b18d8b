"""A model in a process of its own that knows what it will say: every question that names a number is answered with that
number and the same sentences, so that whoever asked can tell whether all of it arrived, and nothing of another's.

`python -m benchmarks.scripted --first-s 0.3 --pause-s 0.015` prints its port, then for each answer its number, when
the whole request had arrived and when the first words were sent, by the machine's monotonic clock.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import IO, Any

from benchmarks.paced import PAUSE_S, TOKEN_CHARS

_ROOT = Path(__file__).resolve().parent.parent
FIRST_S = 0.3
"""A hosted model's first words take about so long."""
QUESTIONS = (
    "How many days of paid annual leave does everyone have?",
    "How many days of annual leave does everyone have who works full time?",
    "How many days of paid annual leave does everyone have in a calendar year?",
    "How many days of paid annual leave do colleagues have who work full time?",
)
"""The sample company's page about leave answers them all in one passage; none leans on the one before."""
_SENTENCES = (
    "Everyone who works full time has 26 days of paid annual leave in a calendar year, on top of the eight public holidays [1].",
    "Part-timers have the same leave in proportion to their weekly hours, rounded up to the next half day [1].",
    "After three full years with the company you receive one more day, and another for each further year, up to 31 days [1].",
    "The additional day is credited on 1 January after the anniversary [1].",
    "If you join or leave during the year, you have one twelfth of the yearly leave for each full month of service [1].",
)
_TOLD_TRIES, _TOLD_AGAIN_S = 200, 0.01
_NUMBER = re.compile(r"Question: Colleague (\d+) asks")
_NEXT = "How many days of leave may I carry over?\nHow do I ask for annual leave?\nTitle: Annual leave"
_IS_NEXT = "may want to ask next"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def question(number: int) -> str:
    """The question of this number."""
    return f"Colleague {number} asks: {QUESTIONS[number % len(QUESTIONS)]}"


def answer(number: int) -> str:
    """What the model says to it."""
    return " ".join((f"Colleague {number} may read this.", *_SENTENCES))


def first_words(number: int) -> str:
    """What the first piece of the answer holds."""
    return f"Colleague {number} "


@dataclass(frozen=True, slots=True)
class Written:
    """When an answer's request had arrived and when its first words were sent, as `time.perf_counter` counts."""

    arrived: float
    began: float


@dataclass(slots=True)
class ScriptedModel:
    """A running model."""

    url: str
    process: subprocess.Popen[str]
    written: dict[int, Written] = field(default_factory=dict)

    async def written_of(self, number: int) -> Written:
        """When that was, as soon as it is told."""
        for _ in range(_TOLD_TRIES):
            if (written := self.written.get(number)) is not None:
                return written
            await asyncio.sleep(_TOLD_AGAIN_S)
        raise LookupError(f"the model was never asked question {number}")

    def listen(self, lines: IO[str]) -> None:
        """Take in what it tells, until it ends."""
        for line in lines:
            number, arrived, began = line.split()
            self.written[int(number)] = Written(float(arrived), float(began))


@contextmanager
def scripted_model(
    *, first_s: float = FIRST_S, pause_s: float = PAUSE_S, port: int = 0, prefix: tuple[str, ...] = ()
) -> Iterator[ScriptedModel]:
    """Started, and ended afterwards; it writes without a pause where that is 0. `prefix` may name its cores."""
    given = ("--first-s", str(first_s), "--pause-s", str(pause_s), "--port", str(port))
    command = [*prefix, sys.executable, "-m", "benchmarks.scripted", *given]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        assert process.stdout is not None
        model = ScriptedModel(f"http://127.0.0.1:{int(process.stdout.readline())}/v1", process)
        listening = threading.Thread(target=model.listen, args=(process.stdout,), daemon=True)
        listening.start()
        try:
            yield model
        finally:
            process.terminate()
            process.wait()
            listening.join()


@dataclass(frozen=True, slots=True)
class _Writer:
    first_s: float
    pause_s: float

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request; whoever stops reading is let go."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = re.search(r"content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            async for data in self._reply(body, perf_counter()):
                writer.write(data)
                await writer.drain()
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    async def _reply(self, body: bytes, arrived: float) -> AsyncIterator[bytes]:
        if not body:
            listed = json.dumps({"object": "list", "data": [{"id": "scripted", "object": "model"}]}).encode()
            yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + listed
            return
        prompt = json.loads(body)["messages"][-1]["content"]
        number = None if _IS_NEXT in prompt else _NUMBER.search(prompt)
        yield _HEAD
        if number is None:
            yield _piece(_NEXT) + _end()
            return
        await asyncio.sleep(self.first_s)
        text, first = answer(int(number[1])), first_words(int(number[1]))
        print(number[1], arrived, perf_counter(), flush=True)
        yield _piece(first)
        async for data in self._rest(text[len(first) :]):
            yield data

    async def _rest(self, text: str) -> AsyncIterator[bytes]:
        if not self.pause_s:
            yield _piece(text) + _end()
            return
        for start in range(0, len(text), TOKEN_CHARS):
            await asyncio.sleep(self.pause_s)
            yield _piece(text[start : start + TOKEN_CHARS])
        yield _end()


def _piece(text: str) -> bytes:
    return _event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})


def _end() -> bytes:
    usage = {"prompt_tokens": 1200, "completion_tokens": 120, "total_tokens": 1320}
    ended = _event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return ended + _event({"choices": [], "usage": usage}) + b"data: [DONE]\n\n"


def _event(facts: dict[str, Any]) -> bytes:
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "scripted", **facts}
    return f"data: {json.dumps(chunk)}\n\n".encode()


async def _serve(writer: _Writer, port: int) -> None:
    server = await asyncio.start_server(writer.serve, "127.0.0.1", port, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scripted")
    parser.add_argument("--first-s", type=float, default=FIRST_S)
    parser.add_argument("--pause-s", type=float, default=PAUSE_S)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    asyncio.run(_serve(_Writer(given.first_s, given.pause_s), given.port))


if __name__ == "__main__":
    _main()
