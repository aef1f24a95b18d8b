"""Puts passages in the order that a reranker gives them: a model that reads question and passage together.

Optional, behind the `/v1/rerank` endpoint of Cohere, Jina, vLLM, llama.cpp and others. Whatever goes wrong
there, the order of the search stands and a sentence says so.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from retrieval.addresses import is_loopback, shown, split_credentials
from retrieval.context import indexed_text
from retrieval.errors import RerankFailed
from retrieval.trace import Candidate
from retrieval.values import Passage

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

log = logging.getLogger(__name__)
RERANK_DEPTH = 24
"""So many passages are handed to a reranker at least, for it to find better ones below those that are shown."""
MOST_DOCUMENTS = 100
_MOST_QUERY_CHARS = 2_000
_MOST_DOCUMENT_CHARS = 4_000
_MOST_ANSWER_BYTES = 4_000_000
_REST_S = 30.0
"""A reranker that let a question wait in vain is not asked again for so long."""
_CLOSING_S = 1.0


class Reranker(Protocol):
    """What the search needs of a reranker. Safe to share between threads."""

    @property
    def name(self) -> str:
        """How a person knows it."""

    def relevance(self, query: str, documents: Sequence[str]) -> tuple[float, ...]:
        """The relevance of each document, in their order; higher is better. Raises RerankFailed."""


@dataclass(frozen=True, slots=True)
class Reranked:
    """Passages best first; `former[i]` is the number (from 1) that passage `i + 1` had before.

    `notes` are sentences for whoever looks at how something was found.
    """

    passages: tuple[Passage, ...]
    former: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def renumbered(self, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
        """The candidates with the passages' new numbers; below, where theirs is no longer among them."""
        numbers: dict[int | None, int] = {former: number for number, former in enumerate(self.former, 1)}
        return tuple(_renumbered(candidate, numbers) for candidate in candidates)


def _renumbered(candidate: Candidate, numbers: Mapping[int | None, int]) -> Candidate:
    if candidate.passage is None:
        return candidate
    number = numbers.get(candidate.passage)
    return replace(candidate, passage=number, outcome=candidate.outcome if number else "below")


def rerank(reranker: Reranker, query: str, passages: Sequence[Passage], *, limit: int) -> Reranked:
    """The best `limit` passages in the reranker's order, in their own where it fails.

    A passage's score is then the reranker's, and `fused_score` that of the search.
    """
    head = passages[:MOST_DOCUMENTS]
    if not head:
        return Reranked((), ())
    try:
        relevance = reranker.relevance(query[:_MOST_QUERY_CHARS], [_as_document(passage) for passage in head])
    except RerankFailed as error:
        log.warning("not reranked: %s", error.hint)
        what = error.hint.partition("; ")[0]
        note = f"{what}, so the passages stand in the order of the search."
        kept = tuple(passages[:limit])
        return Reranked(kept, tuple(range(1, len(kept) + 1)), (note,))
    order = sorted(range(len(head)), key=lambda at: -relevance[at])[:limit]
    best = tuple(replace(head[at], score=relevance[at], fused_score=head[at].score) for at in order)
    note = f"The reranker {reranker.name} put the best {len(head)} passages in order."
    return Reranked(best, tuple(at + 1 for at in order), (note,))


def _as_document(passage: Passage) -> str:
    source = passage.source
    text = indexed_text(passage.text, title=source.title, heading=passage.heading, markup=source.markup)
    return text.embedded[:_MOST_DOCUMENT_CHARS]


class HttpReranker:
    """A reranker behind an address. Connects when it is first asked; close it when done.

    `url` may end in `/rerank` or before it. One request has one try and `timeout_s` in all.
    """

    def __init__(
        self, url: str, *, model: str | None = None, api_key: str | None = None, timeout_s: float = 2.0
    ) -> None:
        address, self._credentials = split_credentials(url)
        self.url = address if address.rstrip("/").endswith("/rerank") else f"{address.rstrip('/')}/rerank"
        self.timeout_s = timeout_s
        self._model = model
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._resting_until = 0.0
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: AsyncClient | None = None

    def __repr__(self) -> str:
        """Without the key."""
        return f"HttpReranker({shown(self.url)!r}, model={self._model!r})"

    @property
    def name(self) -> str:
        """The model, else where it is."""
        return self._model or f"at {shown(self.url)}"

    def relevance(self, query: str, documents: Sequence[str]) -> tuple[float, ...]:
        """The relevance of each document, in their order; higher is better. Raises RerankFailed."""
        if not documents:
            return ()
        if time.monotonic() < self._resting_until:
            raise RerankFailed("The reranker did not answer a moment ago; it is asked again later.")
        body: dict[str, Any] = {"query": query, "documents": list(documents), "top_n": len(documents)}
        if self._model:
            body["model"] = self._model
        loop, client = self._running()
        asked = asyncio.run_coroutine_threadsafe(self._ask(client, body), loop)
        try:
            answer = asked.result(self.timeout_s)
        except TimeoutError as late:
            asked.cancel()
            raise self._too_slow() from late
        return _scores(answer, len(documents))

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            loop, self._loop = self._loop, None
            client, self._client = self._client, None
        if loop is not None and client is not None:
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(client.aclose(), loop).result(_CLOSING_S)
            loop.call_soon_threadsafe(loop.stop)

    def _running(self) -> "tuple[asyncio.AbstractEventLoop, AsyncClient]":
        """The event loop in a thread of its own, so that leaving early really ends a request, and its client."""
        from httpx2 import AsyncClient

        with self._lock:
            if self._loop is None or self._client is None:
                self._loop = asyncio.new_event_loop()
                self._client = AsyncClient(
                    headers=self._headers,
                    auth=self._credentials,
                    timeout=self.timeout_s,
                    trust_env=not is_loopback(self.url),
                    follow_redirects=False,
                )
                threading.Thread(target=_run, args=(self._loop,), name="reranking", daemon=True).start()
            return self._loop, self._client

    async def _ask(self, client: "AsyncClient", body: dict[str, Any]) -> bytes:
        from httpx2 import HTTPError, InvalidURL, TimeoutException

        try:
            async with client.stream("POST", self.url, json=body) as response:
                self._check(response)
                return await _read(response)
        except TimeoutException as error:
            raise self._too_slow() from error
        except (HTTPError, InvalidURL) as error:
            hint = f"No reranker answers at {shown(self.url)}; check CITEWELL_RERANK_URL, or start it."
            raise RerankFailed(hint) from error

    def _check(self, response: "Response") -> None:
        status = response.status_code
        if status in {401, 403}:
            raise RerankFailed("The reranker refused the API key; set a valid CITEWELL_RERANK_API_KEY.")
        if status == 404:
            hint = f"There is no reranker, or no such model, at {shown(self.url)}"
            raise RerankFailed(f"{hint}; check CITEWELL_RERANK_URL and CITEWELL_RERANK_MODEL.")
        if status != 200:
            raise RerankFailed(f"The reranker answered with error {status}; look at its log.")

    def _too_slow(self) -> RerankFailed:
        self._resting_until = time.monotonic() + _REST_S
        hint = f"The reranker did not answer within {self.timeout_s:g} s"
        return RerankFailed(f"{hint}; use a smaller model, or raise CITEWELL_RERANK_TIMEOUT.")


class _Result(BaseModel):
    model_config = ConfigDict(strict=True)

    index: int
    relevance_score: FiniteFloat


class _Answer(BaseModel):
    results: list[_Result]


def _scores(answer: bytes, count: int) -> tuple[float, ...]:
    try:
        results = sorted(_Answer.model_validate_json(answer).results, key=lambda result: result.index)
    except ValidationError as error:
        hint = (
            "The reranker sent something that is no ranking; check that CITEWELL_RERANK_URL is a /v1/rerank endpoint."
        )
        raise RerankFailed(hint) from error
    if [result.index for result in results] != list(range(count)):
        raise RerankFailed("The reranker did not rank each passage once; use another one.")
    return tuple(result.relevance_score for result in results)


async def _read(response: "Response") -> bytes:
    """The answer, unless it is far too long to be one."""
    read = bytearray()
    async for piece in response.aiter_bytes():
        read += piece
        if len(read) > _MOST_ANSWER_BYTES:
            raise RerankFailed("The reranker sent far too much; check CITEWELL_RERANK_URL.")
    return bytes(read)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()
