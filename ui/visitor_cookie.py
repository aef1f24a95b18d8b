"""Visitors of the demo, kept apart by a random cookie that no script can read."""

import re
import secrets
from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "citewell_visitor"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def visitor_token(cookies: Mapping[str, str]) -> str | None:
    """The visitor's token, None where the cookie is absent or not one of ours."""
    token = cookies.get(COOKIE, "")
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else None


def new_token() -> str:
    """A token nobody can guess."""
    return secrets.token_urlsafe(32)


class VisitorCookie:
    """Gives the cookie to whoever opens a page without one, while `wanted()` says so; in frames if `framed()`."""

    def __init__(self, app: ASGIApp, wanted: Callable[[], bool], framed: Callable[[], bool] = bool) -> None:
        self._app = app
        self._wanted = wanted
        self._framed = framed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI asks."""
        if scope["type"] != "http" or not self._wanted() or visitor_token(HTTPConnection(scope).cookies):
            await self._app(scope, receive, send)
            return
        is_https = scope.get("scheme") == "https"

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                cookie = _cookie(is_https=is_https, is_framed=self._framed())
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _is_page(response: Message) -> bool:
    content_type = MutableHeaders(scope=response).get("content-type", "")
    return content_type.startswith("text/html")


def _cookie(*, is_https: bool, is_framed: bool) -> str:
    """For this browser session only: nothing of a demo is kept."""
    # In a frame of another site a browser takes a cookie only over https, and keeps one for each such site.
    site = "SameSite=None; Partitioned" if is_https and is_framed else "SameSite=Lax"
    secure = "; Secure" if is_https else ""
    return f"{COOKIE}={new_token()}; Path=/; HttpOnly; {site}{secure}"
