"""Answers under its own names alone, and to its own pages alone.

A page of another site can have a name of its own lead to this machine (DNS rebinding) and so pass for ours: what it
cannot do is send another name than its own. An address in numbers is no such name, so it may be any.
Streamlit looks at neither for anything but its websocket, and there takes any page of this machine for ours.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FOREIGN_HOST = "Citewell does not answer under this name. Whoever runs it can allow the name with CITEWELL_HOSTS.\n"
_FOREIGN_PAGE = "This was asked by a page of another site.\n"


class OwnNames:
    """Refuses requests to names that are neither this machine's, nor numbers, nor among `hosts()`, and websockets and
    changes that another site's page asks for."""

    def __init__(self, app: ASGIApp, hosts: Callable[[], Collection[str]] = tuple) -> None:
        self._app = app
        self._hosts = frozenset(hosts())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI asks."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(code=1008, reason=refusal.strip())(scope, receive, send)
        else:
            await PlainTextResponse(refusal, 403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        name = _name_in(hosts[0]) if len(hosts) == 1 else ""
        if not (_is_this_machine_or_numbers(name) or name in self._hosts):
            return _FOREIGN_HOST
        # A browser names the page that asks, and shows it nothing of what a GET brings.
        matters = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        is_foreign = any(not self._is_own(origin, hosts[0]) for origin in headers.getlist("origin"))
        return _FOREIGN_PAGE if matters and is_foreign else None

    def _is_own(self, origin: str, host: str) -> bool:
        _, has_scheme, place = origin.partition("://")
        return bool(has_scheme) and (place.lower() == host.lower() or _name_in(place) in self._hosts)


def _name_in(host: str) -> str:
    """The name in a Host header, without its port; empty for what is none."""
    with suppress(ValueError):
        parts = urlsplit(f"//{host}")
        if parts.netloc == host and parts.username is None and parts.port != 0:
            return (parts.hostname or "").rstrip(".")
    return ""


def _is_this_machine_or_numbers(name: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(name))
    return name == "localhost"
