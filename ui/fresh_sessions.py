"""Where Streamlit does not know who is connected, no connection takes up another's session.

A browser that lost its connection names its session when it comes back. Streamlit gives it back to whoever has the
same sign-in by OpenID; without one everybody is alike to it, and a session may hold what is still to be sent.
"""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

_HEADER = b"sec-websocket-protocol"


class FreshSessions:
    """Takes the session off the websockets that name one, while `wanted()` says so: it begins anew at its address."""

    def __init__(self, app: ASGIApp, wanted: Callable[[], bool]) -> None:
        self._app = app
        self._wanted = wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI asks."""
        if scope["type"] == "websocket" and self._wanted():
            headers = scope["headers"]
            kept = [(name, _without_session(value) if name.lower() == _HEADER else value) for name, value in headers]
            scope = {**scope, "headers": kept}
        await self._app(scope, receive, send)


def _without_session(value: bytes) -> bytes:
    """The protocol and the token against foreign pages; what comes third is the session."""
    return b",".join(value.split(b",")[:2])
