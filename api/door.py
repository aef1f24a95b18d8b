"""Nothing of the API is reached but through here: by a key, by a program, within its limits, in the log.

A key is needed always, also where nobody signs in at the page: a page of another site that finds this machine has
none. It is taken from the `Authorization` header alone, which no browser sends by itself.
"""

import logging
import time
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import UNEXPECTED, Problem, problem_of
from assistant.api_keys import Caller
from assistant.bootstrap import Citewell
from assistant.errors import AssistantError
from assistant.logs import log_event, pseudonym
from retrieval.errors import RetrievalError

log = logging.getLogger(__name__)
MOST_BODY_BYTES = 1 << 20
"""Of everything but a file."""
UPLOADS = ("POST", "/documents")
_MOST_UPLOAD_MB = 2_000
_MB = 1 << 20
_STARTING_S = "2"
_NO_KEY = "This needs an API key, as the header Authorization: Bearer cwk_…; keys are made under Settings."
_FOREIGN = "The API is for programs, and a page of another site is none of ours."
_DEMO = "The demonstration has no API."
_STARTING = "Citewell is opening its documents; ask again in a moment."


class Door:
    """Lets calls in; `opened` gives the open home, None while it is being opened, and raises AssistantError."""

    def __init__(
        self, app: ASGIApp, opened: Callable[[], Citewell | None], hosts: Callable[[], Collection[str]] = tuple
    ) -> None:
        self._app = app
        self._opened = opened
        self._hosts = frozenset(hosts())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call, as ASGI asks."""
        if scope["type"] != "http":
            await Problem(404, "not-found", "There is no such call.").response(scope, receive, send)
            return
        visit = _Visit(scope, send)
        try:
            await self._enter(scope)
            await self._app(scope, self._limited(scope, receive), visit.send)
        except Problem as problem:
            await self._refuse(problem, scope, receive, visit)
        except (AssistantError, RetrievalError) as error:
            await self._refuse(problem_of(error), scope, receive, visit)
        except Exception:  # The door of every call: it was not foreseen, and the client is told so.
            log.exception("a call of the API failed")
            await self._refuse(Problem(500, "unexpected", UNEXPECTED), scope, receive, visit)
        finally:
            visit.tell()

    async def _enter(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if self._is_foreign(headers):
            raise Problem(403, "foreign-page", _FOREIGN)
        citewell = await to_thread.run_sync(self._opened)
        if citewell is None:
            raise Problem(503, "starting", _STARTING, headers={"Retry-After": _STARTING_S})
        if citewell.settings.demo:
            raise Problem(404, "not-found", _DEMO)
        caller = await to_thread.run_sync(citewell.api_keys.recognise, _key_in(headers))
        scope.setdefault("state", {}).update(citewell=citewell, caller=caller)

    def _is_foreign(self, headers: Headers) -> bool:
        """Whether a browser says that a page of another origin asks, whatever it asks for."""
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return True
        return any(not self._is_own(origin, headers.get("host", "")) for origin in headers.getlist("origin"))

    def _is_own(self, origin: str, host: str) -> bool:
        _, has_scheme, place = origin.partition("://")
        name = urlsplit(f"//{place}").netloc.rpartition("@")[2].partition(":")[0]
        return bool(has_scheme) and (place.lower() == host.lower() or name.lower() in self._hosts)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """The body as it comes in, and no more of it than may be sent."""
        most = _most_bytes(scope)
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) > most:
            raise _too_large(most)
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise _too_large(most)
            return message

        return limited

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, visit: "_Visit") -> None:
        if visit.status is None:
            await problem.response(scope, receive, visit.send)


class _Visit:
    """What is told of a call: how it ended and how long it took; no word that was said in it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._began = time.monotonic()
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        """Pass it on; nothing of it is to be kept on the way."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)["Cache-Control"] = "no-store"
        await self._send(message)

    def tell(self) -> None:
        """Write it to the log."""
        caller: Caller | None = self._scope.get("state", {}).get("caller")
        route = self._scope.get("route")
        log_event(
            "api_called",
            call=f"{self._scope['method']} {route.path}" if isinstance(route, Route) else None,
            status=self.status,
            key_id=caller.key_id if caller else None,
            who=pseudonym(caller.principal) if caller else None,
            seconds=round(time.monotonic() - self._began, 3),
        )


def _key_in(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Problem(401, "key-missing", _NO_KEY, headers={"WWW-Authenticate": "Bearer"})
    return key.strip()


def _most_bytes(scope: Scope) -> int:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if (scope["method"], path) != UPLOADS:
        return MOST_BODY_BYTES
    citewell, caller = scope["state"]["citewell"], scope["state"]["caller"]
    return (citewell.limits.of(caller.principal).upload_mb or _MOST_UPLOAD_MB) * _MB


def _too_large(most: int) -> Problem:
    size = f"{most // _MB:,} MB"
    return Problem(413, "too-large", f"What was sent is larger than {size}; send less at once.")
