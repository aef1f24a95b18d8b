"""Where the server finds the API. What it needs is loaded at the first call, for a page that opens needs none of it."""

import threading
from collections.abc import Callable, Collection

from anyio import to_thread
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.running import RUNNING

PATH = "/api/v1"


def api_route(base_path: str = "", hosts: Callable[[], Collection[str]] = tuple) -> Mount:
    """Serves the API below the app's base path."""
    prefix = f"/{base_path.strip('/')}" if base_path.strip("/") else ""
    return Mount(f"{prefix}{PATH}", _WhenCalled(hosts))


class _WhenCalled:
    """Builds the API once, in a thread."""

    def __init__(self, hosts: Callable[[], Collection[str]]) -> None:
        self._hosts = hosts
        self._lock = threading.Lock()
        self._built: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call, as ASGI asks."""
        if self._built is None:
            await to_thread.run_sync(self._build)
        assert self._built is not None
        await self._built(scope, receive, send)

    def _build(self) -> None:
        with self._lock:
            if self._built is None:
                from api.app import build_app

                self._built = build_app(lambda: RUNNING.get(timeout_s=0), self._hosts)
