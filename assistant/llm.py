"""The language model behind an OpenAI-compatible endpoint. The only file that knows the OpenAI SDK.

One reply is one Chat Completions stream. Deadlines, retries and waiting are ours: the SDK's read timeout starts
again with every token, and a stream that ends early raises nothing there.
"""

import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assistant.endpoint import checked_file, checked_url, is_openai
from assistant.errors import (
    ContextTooLong,
    ModelBusy,
    ModelFailed,
    ModelNotFound,
    ModelRejectedKey,
    ModelTooSlow,
    ModelUnreachable,
)
from assistant.patience import Cancelled, Patience, TooLate
from assistant.reply import Failure, Finished, Message, Piece, Reading, TextPiece, Waiting
from assistant.request_ids import HEADER as REQUEST_ID
from assistant.request_ids import current_request_id
from retrieval.addresses import is_loopback, shown, split_credentials

if TYPE_CHECKING:
    from openai import APIError, APIStatusError, AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk

__all__ = [
    "ChatModel",
    "Deadlines",
    "Finished",
    "Message",
    "OpenAIModel",
    "Piece",
    "TextPiece",
    "Waiting",
    "list_models",
]

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_MODEL = "gpt-5.4-mini"
"""What is asked of OpenAI where no model is named; elsewhere it is the first that the endpoint lists."""

CONNECT_S = 2.0
"""A follow-up asks twice, for its rewrite and for its answer: the reader is told within five seconds all the same."""
MAX_WAIT_S = 20.0
"""So long an endpoint may ask to wait, in all; beyond, the person is told when to come back."""

_USAGE_WAIT_S = 2.0
"""So long the token counts may take to arrive after the last word."""

_RETRIED_STATUSES = frozenset((408, 409, 429, 500, 502, 503, 504, 529))
_MAX_SAID_CHARS = 160


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a reply may take: to its first token, between two tokens, and in all."""

    first_token_s: float = 20.0
    idle_s: float = 15.0
    total_s: float = 120.0


@dataclass(frozen=True, slots=True)
class _Request:
    messages: Sequence[Message]
    max_tokens: int
    schema: Mapping[str, Any] | None = None


_ANY_REQUEST = _Request((), 1, {"type": "object"})
"""One with every option."""


class ChatModel(Protocol):
    """What a turn needs of a model."""

    @property
    def name(self) -> str:
        """The model as the endpoint calls it; empty until the endpoint was asked, where none was named."""

    @property
    def window_tokens(self) -> int:
        """How many tokens prompt and reply may have together."""

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        cancelled: Callable[[], bool],
        schema: Mapping[str, Any] | None = None,
    ) -> Iterator[Piece]:
        """The reply in pieces, then `Finished`; where `cancelled()` turns true it just ends, within 0.5 s.

        With a JSON schema the endpoint is asked for JSON of that form; not every one can. Raises a ModelError; pieces that came before it stand.
        """


class OpenAIModel:
    """A model at an OpenAI-compatible endpoint. Safe to share between threads; connects when it is asked.

    Raises SettingsError for an address that is none, a CA file that is absent, or a key that would travel
    unencrypted to another machine.
    """

    def __init__(
        self,
        base_url: str | None,
        api_key: str | None,
        model: str | None = None,
        *,
        window_tokens: int = 16_384,
        timeouts: Deadlines | None = None,
        max_retries: int = 2,
        first_pause_s: float = 0.5,
        ca_file: Path | None = None,
    ) -> None:
        address = checked_url(base_url or OPENAI_URL, has_key=api_key is not None)
        self.base_url, self._credentials = split_credentials(address)
        self.name = model or (OPENAI_MODEL if is_openai(self.base_url) else "")
        self.window_tokens = window_tokens
        self._key = api_key
        self._timeouts = timeouts or Deadlines()
        self._max_retries = max_retries
        self._first_pause_s = first_pause_s
        self._ca_file = checked_file(ca_file)
        self._options = _openai_options if is_openai(self.base_url) else _compatible_options
        self._unwanted: frozenset[str] = frozenset()

    def prepare(self) -> None:
        """Load the SDK, which takes most of a second, before the first question does."""
        import openai  # noqa: F401

        _ = self._trust

    def __repr__(self) -> str:
        """Without the key."""
        return f"OpenAIModel({self.base_url!r}, model={self.name!r})"

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        cancelled: Callable[[], bool],
        schema: Mapping[str, Any] | None = None,
    ) -> Iterator[Piece]:
        """The reply in pieces, then `Finished`; where `cancelled()` turns true it just ends, within 0.5 s.

        With a JSON schema the endpoint is asked for JSON of that form; not every one can. Raises a ModelError; pieces that came before it stand. Nothing is asked again after the first word.
        """
        with Patience(cancelled) as patience, suppress(Cancelled):
            yield from self._persist(patience, _Request(messages, max_tokens, schema))

    def models(self) -> tuple[str, ...]:
        """The models that the endpoint lists, in its order."""
        with Patience(lambda: False) as patience:
            client = self._client()
            try:
                return self._listed(patience, client, until=time.monotonic() + self._timeouts.first_token_s)
            except Failure as failure:
                raise failure.error from failure.__cause__
            finally:
                patience.close(client.close())

    def _persist(self, patience: Patience, request: _Request) -> Iterator[Piece]:
        """Ask, and ask again for as long as that may help."""
        end = time.monotonic() + self._timeouts.total_s
        tries, waited = 0, 0.0
        while True:
            begun = False
            try:
                for piece in self._reply(patience, request, end):
                    begun = True
                    yield piece
                return
            except Failure as caught:
                failure = caught
            pause = self._pause(failure, tries, waited)
            if begun or pause is None or time.monotonic() + pause >= end:
                raise failure.error from failure.__cause__
            if failure.unwanted:
                self._unwanted |= {failure.unwanted}
                continue
            tries, waited = tries + 1, waited + pause
            if isinstance(failure.error, ModelBusy):
                yield Waiting(pause)
            patience.sleep(pause)

    def _pause(self, failure: "Failure", tries: int, waited: float) -> float | None:
        """How long to wait before asking again; None where that does not help."""
        if failure.unwanted:
            return 0.0 if failure.unwanted not in self._unwanted else None
        if not failure.may_pass or tries >= self._max_retries:
            return None
        pause = failure.retry_after_s if failure.retry_after_s is not None else self._first_pause_s * 2**tries
        return pause if waited + pause <= MAX_WAIT_S else None

    def _reply(self, patience: Patience, request: _Request, end: float) -> Iterator[TextPiece | Finished]:
        """One attempt; raises Failure."""
        client = self._client()
        limit = min(end, time.monotonic() + self._timeouts.first_token_s)
        try:
            if not self.name:
                self.name = self._first_listed(patience, client, until=limit)
            with self._translating():
                chunks = patience.wait_for(self._ask(client, request), until=limit)
            try:
                yield from self._read(patience, chunks, limit=limit, end=end)
            finally:
                patience.close(chunks.close())
        except TooLate as late:
            hint = f"The model did not begin to answer within {self._timeouts.first_token_s:g} s; ask again."
            raise self._too_slow(hint, end) from late
        finally:
            patience.close(client.close())

    def _read(
        self, patience: Patience, chunks: "AsyncStream[ChatCompletionChunk]", *, limit: float, end: float
    ) -> Iterator[TextPiece | Finished]:
        """The pieces of one stream. `limit` is when its first token must have come, `end` when all of it."""
        reading = Reading(self._nothing_hint(chunks.response.headers.get("content-type", "")))
        with patience.inflow(chunks) as inflow:
            while True:
                try:
                    with self._understanding():
                        came = patience.wait_for(inflow.take(), until=limit)
                        reading.take(came)
                except TooLate as late:
                    if reading.reason:
                        break
                    if not reading.begun:
                        raise
                    hint = f"The model fell silent for {self._timeouts.idle_s:g} s; what came is kept, ask again."
                    raise self._too_slow(hint, end) from late
                except Failure as failure:
                    yield from reading.fresh()
                    if reading.reason:
                        break
                    raise reading.broken(failure) from failure.__cause__
                yield from reading.fresh()
                if not came:
                    break
                if reading.begun and not reading.reason:
                    inflow.rest()
                if reading.is_alive:
                    limit = min(end, time.monotonic() + (_USAGE_WAIT_S if reading.reason else self._timeouts.idle_s))
        yield from reading.rest()
        yield reading.finished()

    async def _ask(self, client: "AsyncOpenAI", request: _Request) -> "AsyncStream[ChatCompletionChunk]":
        options = self._taken_options(request)
        said: Any = [{"role": message.role, "content": message.text} for message in request.messages]
        create: Any = client.chat.completions.create
        stream: AsyncStream[ChatCompletionChunk] = await create(
            model=self.name, messages=said, stream=True, extra_headers=self._headers(), **options
        )
        return stream

    def _first_listed(self, patience: Patience, client: "AsyncOpenAI", *, until: float) -> str:
        names = self._listed(patience, client, until=until)
        if not names:
            hint = f"The endpoint {self.base_url} lists no model: name the one to use (CITEWELL_MODEL, or Settings)."
            raise Failure(ModelNotFound(hint))
        return names[0]

    def _listed(self, patience: Patience, client: "AsyncOpenAI", *, until: float) -> tuple[str, ...]:
        async def names() -> tuple[str, ...]:
            return tuple(model.id for model in (await client.models.list(extra_headers=self._headers())).data)

        try:
            with self._understanding():
                return patience.wait_for(names(), until=until)
        except TooLate as late:
            hint = "The model endpoint did not say in time which models it has; ask again, or name one (CITEWELL_MODEL, or Settings)."
            raise Failure(ModelTooSlow(hint)) from late

    def _client(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

        return AsyncOpenAI(
            base_url=self.base_url,
            api_key=self._key or "none",
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(
                auth=self._credentials,
                verify=self._trust,
                trust_env=not is_loopback(self.base_url),
                follow_redirects=False,
                timeout=Timeout(None, connect=CONNECT_S, write=CONNECT_S),
            ),
        )

    def _headers(self) -> Any:
        """The request's id, where there is one. Without a key no authorization: the SDK would take one from the environment."""
        from openai import Omit

        request_id = current_request_id()
        asked = {REQUEST_ID: request_id} if request_id else {}
        return asked if self._key else {**asked, "Authorization": Omit()}

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Whom to trust over TLS; made once, it takes 30 ms."""
        if self.base_url.startswith("http://"):
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self._ca_file:
            return ssl.create_default_context(cafile=str(self._ca_file))
        from httpx2 import create_ssl_context

        return create_ssl_context()

    @contextmanager
    def _translating(self) -> Iterator[None]:
        """Turns what the SDK raises into a Failure."""
        from openai import APIConnectionError, APIError, APIStatusError

        try:
            yield
        except APIStatusError as error:
            raise self._refused(error) from error
        except APIConnectionError as error:
            raise self._unreachable(error) from error
        except APIError as error:
            raise self._said_in_stream(error) from error

    @contextmanager
    def _understanding(self) -> Iterator[None]:
        """As `_translating`, and what cannot be read as an answer is a Failure too."""
        try:
            with self._translating():
                yield
        except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            hint = "The model endpoint sent something that is not an answer; ask again, or check the endpoint."
            raise Failure(ModelFailed(hint)) from error

    def _refused(self, error: "APIStatusError") -> "Failure":
        """What an error status means."""
        status, said = error.status_code, self._said(error)
        if status in {401, 403}:
            hint = "The model endpoint refused the API key; give a valid one (OPENAI_API_KEY, or Settings)."
            return Failure(ModelRejectedKey(hint))
        if _is_too_long(error):
            return Failure(_too_long())
        if status == 404 or error.code == "model_not_found":
            return Failure(ModelNotFound(self._not_found_hint()))
        if unwanted := self._unwanted_option(error):
            return Failure(
                ModelFailed(f"The model endpoint refused the request{said}; check the endpoint."), unwanted=unwanted
            )
        if status == 429 and error.code != "insufficient_quota":
            return _busy(_retry_after_s(error.response.headers))
        hint = f"The model endpoint answered with error {status}{said}; ask again, or check the endpoint."
        return Failure(
            ModelFailed(hint),
            may_pass=status in _RETRIED_STATUSES and status != 429,
            retry_after_s=_retry_after_s(error.response.headers),
        )

    def _unreachable(self, error: "APIError") -> "Failure":
        """What a connection that failed means, by what lies beneath the SDK's error."""
        causes = list(_causes(error))
        where = shown(self.base_url)
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            hint = f"{where} cannot prove who it is (TLS); check the address, or configure its CA file."
            return Failure(ModelUnreachable(hint))
        if any(type(cause).__name__ in {"ConnectError", "ConnectTimeout"} for cause in causes):
            return Failure(ModelUnreachable(f"No model answers at {where}; check the address, or start the model."))
        hint = f"The model at {where} closed the connection without an answer; ask again, or check the endpoint."
        return Failure(ModelFailed(hint), may_pass=True, is_broken_off=True)

    def _said_in_stream(self, error: "APIError") -> "Failure":
        """What an error among the chunks means."""
        if _is_too_long(error):
            return Failure(_too_long())
        if error.code in {"rate_limit_exceeded", "429"}:
            return _busy(None)
        hint = f"The model endpoint reported an error{self._said(error)}; ask again, or check the endpoint."
        return Failure(ModelFailed(hint), may_pass=True)

    def _taken_options(self, request: _Request) -> dict[str, Any]:
        """The options without those the endpoint has refused; a reply's limit goes by either of two names."""
        options = self._options(request.max_tokens)
        if "max_tokens" in self._unwanted:
            options["max_completion_tokens"] = request.max_tokens
        if request.schema:
            form = {"name": "reply", "strict": True, "schema": dict(request.schema)}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        return {name: value for name, value in options.items() if name not in self._unwanted}

    def _unwanted_option(self, error: "APIStatusError") -> str:
        """The option of ours that the endpoint does not take, as some old and some new ones do."""
        if error.status_code not in {400, 422}:
            return ""
        complaint = f"{error.param} {error.message}"
        return next((name for name in self._taken_options(_ANY_REQUEST) if name in complaint), "")

    def _not_found_hint(self) -> str:
        where = shown(self.base_url)
        if not self.name:
            return f"{where} does not list its models; name one (CITEWELL_MODEL, or Settings), or check the address (it often ends in /v1)."
        return f"There is no model {self.name!r} at {where}; name one that is there (CITEWELL_MODEL, or Settings), or check the address."

    def _nothing_hint(self, content_type: str) -> str:
        what = "a web page" if "html" in content_type else "nothing"
        return (
            f"The model endpoint answered with {what}; check the address {shown(self.base_url)} (it often ends in /v1)."
        )

    def _too_slow(self, hint: str, end: float) -> "Failure":
        if time.monotonic() >= end:
            hint = f"The answer took longer than {self._timeouts.total_s:g} s; what came is kept, ask for less at once."
        return Failure(ModelTooSlow(hint))

    def _said(self, error: "APIError") -> str:
        """The endpoint's own words in brackets: short, on one line and without our secrets."""
        words = error.body.get("message") if isinstance(error.body, dict) else None
        said = re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", str(words or "")).strip()
        for secret in filter(None, (self._key, *(self._credentials or ()))):
            said = said.replace(secret, "…")
        return f" ({said[:_MAX_SAID_CHARS]})" if said else ""


def list_models(base_url: str | None, api_key: str | None, *, ca_file: Path | None = None) -> tuple[str, ...]:
    """The models an endpoint lists, in its order. Raises SettingsError and ModelError as `OpenAIModel` does."""
    return OpenAIModel(base_url, api_key, ca_file=ca_file).models()


def _openai_options(max_tokens: int) -> dict[str, Any]:
    return {"max_completion_tokens": max_tokens, "stream_options": {"include_usage": True}}


def _compatible_options(max_tokens: int) -> dict[str, Any]:
    return {"max_tokens": max_tokens, "temperature": 0.1, "stream_options": {"include_usage": True}}


_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|maximum context|too many tokens|prompt is too long|exceed_context_size",
    re.IGNORECASE,
)


def _is_too_long(error: "APIError") -> bool:
    return error.code == "context_length_exceeded" or bool(_TOO_LONG.search(f"{error.type} {error.message}"))


def _too_long() -> ContextTooLong:
    return ContextTooLong("The question and its passages are longer than the model takes; ask less at once.")


def _busy(retry_after_s: float | None) -> Failure:
    when = "in a moment" if retry_after_s is None else f"in {_spoken(retry_after_s)}"
    error = ModelBusy(f"The model is busy; ask again {when}.", retry_after_s=retry_after_s)
    return Failure(error, may_pass=True, retry_after_s=retry_after_s)


def _spoken(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes > 1 else f"{max(1, round(seconds))} s"


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds by `Retry-After`, whether it gives seconds or a date; None where it gives neither."""
    given = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]+)?", given):
        return float(given)
    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
