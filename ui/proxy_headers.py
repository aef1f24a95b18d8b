"""Who sends the headers of an identity proxy: from anybody else they are taken off before anything sees them.

The proxy is known by the address of its connection. Behind Uvicorn a request carries that address, but for one from
this machine with `X-Forwarded-For`: there Uvicorn puts an address of that header, with the port beside it, or 0.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.proxy_headers import ProxyHeaders

_THIS_MACHINE = "127.0.0.1"
Header = tuple[bytes, bytes]


class OnlyFromProxy:
    """Takes the headers named by `expected()` off whatever does not come from its networks, however they are spelled.

    Of the proxy they stay in their own spelling, once each: one that passes on what it was sent would add a second.
    """

    def __init__(self, app: ASGIApp, expected: Callable[[], ProxyHeaders]) -> None:
        self._app = app
        self._expected = expected()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI asks."""
        if scope["type"] != "lifespan":
            scope = {**scope, "headers": self._kept(scope)}
        await self._app(scope, receive, send)

    def _kept(self, scope: Scope) -> list[Header]:
        headers: Sequence[Header] = scope["headers"]
        address = connected_from(scope)
        is_proxy = address is not None and self._expected.believes(address)
        times = Counter(_spelled(name) for name, _ in headers)

        def stays(name: bytes) -> bool:
            spelled = _spelled(name)
            is_exact = name.lower().decode("latin-1") == spelled
            return spelled not in self._expected.names or (is_proxy and is_exact and times[spelled] == 1)

        return [(name, value) for name, value in headers if stays(name)]


def _spelled(name: bytes) -> str:
    """As whoever reads headers from an environment takes them: CGI's spelling makes a hyphen of an underscore."""
    return name.decode("latin-1").strip().lower().replace("_", "-")


def connected_from(scope: Scope) -> str | None:
    """The address of the other end of the connection, None where that cannot be known."""
    host, port = scope.get("client") or ("", None)
    if port == 0:
        return _THIS_MACHINE
    forwarded = ",".join(
        value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"
    )
    may_be_put_there = f"{host}:" in forwarded or f"[{host}]:" in forwarded
    return None if may_be_put_there or not host else host
