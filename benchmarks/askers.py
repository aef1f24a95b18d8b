"""Who asks: a person in a tab of the page, or a program through the API. Every answer is compared with what was sent."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

import httpx2

from benchmarks.office import person
from benchmarks.scripted import ScriptedModel, answer, first_words, question
from benchmarks.tab import Tab, TabFailed, words_of

_PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer that came whole, in seconds from when it was sent: the first words seen, what of that was ours and not
    the model's, and the end.
    """

    number: int
    first_s: float
    ours_s: float
    whole_s: float
    received_bytes: int = 0


class WrongAnswer(Exception):
    """What came is not what the model sent."""


class Asker(Protocol):
    """Somebody who comes, asks questions by their numbers, and goes."""

    async def open(self) -> float:
        """Seconds until they can ask."""

    async def ask(self, number: int) -> Asked:
        """Ask; raises where the answer does not come, or is another one."""

    async def close(self) -> None:
        """Go."""


class PersonAsker:
    """The person of this number in a tab, signed in by a proxy's headers."""

    def __init__(self, url: str, number: int, model: ScriptedModel) -> None:
        self._tab = Tab(url, person(number), patience_s=_PATIENCE_S)
        self._model = model

    async def open(self) -> float:
        """Seconds from the connection to the first page's last message."""
        return await self._tab.open()

    async def ask(self, number: int) -> Asked:
        """Ask in the chat input; the end is the finished answer on the page."""
        sent, seen = await self._tab.ask(question(number), first_words(number))
        expected, came = plain(answer(number)), plain(words_of(seen.answer or {}))
        if came != expected or seen.first_at is None or seen.answered_at is None:
            raise WrongAnswer(f"question {number} was answered otherwise: {came[:80]!r}")
        first_s, whole_s = seen.first_at - sent, seen.answered_at - sent
        return Asked(number, first_s, await _ours_s(self._model, number, first_s), whole_s, seen.received_bytes)

    async def close(self) -> None:
        """Close the tab."""
        await self._tab.close()


class ProgramAsker:
    """A program with a key; it reads events, or waits for the whole answer."""

    def __init__(self, url: str, key: str, model: ScriptedModel, *, streams: bool) -> None:
        self._headers = {"Authorization": f"Bearer {key}"} | ({"Accept": "text/event-stream"} if streams else {})
        self._client = httpx2.AsyncClient(base_url=url, timeout=_PATIENCE_S, trust_env=False)
        self._model = model
        self._streams = streams
        self._conversation_id: str | None = None

    async def open(self) -> float:
        """Nothing is opened."""
        return 0.0

    async def ask(self, number: int) -> Asked:
        """Ask in the conversation that the first question began. Without events the first words come with the last."""
        sent, body = perf_counter(), {"question": question(number), "conversation_id": self._conversation_id}
        first_at: float | None = None
        async with self._client.stream("POST", "/api/v1/ask", json=body, headers=self._headers) as response:
            if response.status_code != httpx2.codes.OK:
                raise TabFailed(f"the API says {response.status_code}: {(await response.aread())[:200]!r}")
            if self._streams:
                told, first_at = await _told(response.aiter_lines())
            else:
                told = json.loads(await response.aread())
        whole_s = perf_counter() - sent
        if told.get("answer") != answer(number):
            raise WrongAnswer(f"question {number} was answered otherwise: {str(told.get('answer'))[:80]!r}")
        self._conversation_id = told["conversation_id"]
        first_s = whole_s if first_at is None else first_at - sent
        return Asked(number, first_s, await _ours_s(self._model, number, first_s), whole_s)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()


async def _told(lines: AsyncIterator[str]) -> tuple[dict[str, Any], float | None]:
    """What the last event tells, and when the first words came."""
    event, told, first_at = "", {}, None
    async for line in lines:
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: ") and event == "text_delta" and first_at is None:
            first_at = perf_counter()
        elif line.startswith("data: ") and event == "turn_failed":
            raise TabFailed(f"an answer failed: {line[:200]}")
        elif line.startswith("data: ") and event == "answer_finished":
            told = json.loads(line.removeprefix("data: "))
    return told, first_at


async def _ours_s(model: ScriptedModel, number: int, first_s: float) -> float:
    """Without what the model took from the whole request to its first words."""
    written = await model.written_of(number)
    return first_s - (written.began - written.arrived)


def plain(text: str) -> str:
    """Words alone: neither the numbers of sources nor spaces, which the component sets itself."""
    marked = text
    for number in range(1, 10):
        marked = marked.replace(f"[{number}]", "")
    return "".join(marked.split())
