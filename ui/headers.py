"""What every response says to the browser: load and send nothing beyond this origin.

Streamlit's Markdown fetches remote images and no setting stops it; this policy does.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def streamlit_page() -> str:
    """The one HTML page that Streamlit serves."""
    return (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")


def content_security_policy(page: str) -> str:
    """The policy for a page: its own inline scripts by their hash, else only what this origin serves."""
    # blob: is how Streamlit loads the component in ui/assets; 'wasm-unsafe-eval' its table view.
    scripts = " ".join(["'self'", "'wasm-unsafe-eval'", "blob:", *_script_hashes(page)])
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
            "frame-ancestors 'none'",
        )
    )


def _script_hashes(page: str) -> Iterable[str]:
    for script in _INLINE_SCRIPT.findall(page):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        yield f"'sha256-{digest}'"


class SecurityHeaders:
    """Adds the headers to every response, whoever made it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = {"Content-Security-Policy": content_security_policy(streamlit_page()), **_FIXED}

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
