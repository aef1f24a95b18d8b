"""The scripts and the style of our one component: served from this origin, once, and kept by the browser.

Streamlit would send an inline script again with every answer on the page.
"""

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOLDER = Path(__file__).resolve().parent / "assets"
_MEDIA_TYPES = {
    "citewell.js": "text/javascript",
    "announce.js": "text/javascript",
    "feedback.js": "text/javascript",
    "threads.js": "text/javascript",
    "message.js": "text/javascript",
    "source.js": "text/javascript",
    "printed_page.js": "text/javascript",
    "account.js": "text/javascript",
    "library.js": "text/javascript",
    "triage.js": "text/javascript",
    "verified.js": "text/javascript",
    "chart.js": "text/javascript",
    "table.js": "text/javascript",
    "citewell.css": "text/css",
}
_LOADER = 'export default async c=>\n(await import(new URL("assets/citewell.js?%s",document.baseURI))).default(c)'
"""Two lines, for Streamlit takes one line for the name of a file."""


def loader_script() -> str:
    """The few lines that every instance of the component carries; they import the rest."""
    return _LOADER % _version()


def asset_route(base_path: str = "") -> Route:
    """Serves the files below the app's base path."""
    prefix = f"/{base_path.strip('/')}" if base_path.strip("/") else ""
    return Route(f"{prefix}/assets/{{name}}", _serve)


@cache
def _content(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


@cache
def _version() -> str:
    return hashlib.sha256("".join(map(_content, _MEDIA_TYPES)).encode()).hexdigest()[:16]


async def _serve(request: Request) -> Response:
    name = request.path_params["name"]
    media_type = _MEDIA_TYPES.get(name)
    if media_type is None:
        return Response("Not found", status_code=404, media_type="text/plain")
    is_current = request.url.query == _version()
    keep = "public, max-age=31536000, immutable" if is_current else "no-cache"
    return Response(_content(name), media_type=media_type, headers={"Cache-Control": keep})
