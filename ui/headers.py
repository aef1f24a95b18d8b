"""What every response says to the browser: load and send nothing beyond this origin.

Streamlit's Markdown fetches remote images and no setting stops it; this policy does.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Else a browser may look up the hosts of links before anybody follows one, and no policy stops that.
    "X-DNS-Prefetch-Control": "off",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def streamlit_page() -> str:
    """The one HTML page that Streamlit serves."""
    return (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")


def content_security_policy(page: str, embedders: Sequence[str] = ()) -> str:
    """The policy for a page: its own inline scripts by their hash, else only what this origin serves.

    Only pages of the origins in `embedders` may show it in a frame.
    """
    # blob: is how Streamlit loads the component in ui/assets; 'wasm-unsafe-eval' its table view.
    scripts = " ".join(["'self'", "'wasm-unsafe-eval'", "blob:", *_script_hashes(page)])
    ancestors = " ".join(embedders or ("'none'",))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {ancestors}",
        )
    )


def _framing(embedders: Sequence[str]) -> dict[str, str]:
    # The older header cannot name an origin: where one is allowed, the policy alone speaks.
    return {} if embedders else {"X-Frame-Options": "DENY"}


def _script_hashes(page: str) -> Iterable[str]:
    for script in _INLINE_SCRIPT.findall(page):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        yield f"'sha256-{digest}'"


class SecurityHeaders:
    """Adds the headers to every response, whoever made it; `embedders()` may show it in a frame."""

    def __init__(self, app: ASGIApp, embedders: Callable[[], Sequence[str]] = tuple) -> None:
        self._app = app
        allowed = embedders()
        policy = content_security_policy(streamlit_page(), allowed)
        self._headers = {"Content-Security-Policy": policy, **_framing(allowed), **_FIXED}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI asks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)
