"""The API put together: routes, problems and its description, served beside the page by the same process."""

import asyncio
import json
from collections.abc import Callable, Collection
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import asking, documents, finding, shapes
from api.call import KNOWN, AnyCall
from api.door import Door
from api.problems import MEDIA_TYPE, UNEXPECTED, Problem, invalid, problem_of
from api.tickets import LoadedModel
from api.work import Left, Work
from assistant.bootstrap import Citewell
from assistant.errors import AssistantError
from retrieval.errors import RetrievalError

_CLIENT_LEFT = 499
_WORDS = {
    400: "The body could not be read as what its content type says.",
    404: "There is no such call; /api/v1/openapi.json lists them.",
    405: "There is no such call by this method; /api/v1/openapi.json lists them.",
}
_ABOUT = (
    "Answers from an organisation's own documents, with the proof for every sentence. Every call needs an API key and "
    "reaches what the key's owner may reach. What goes wrong is told as RFC 9457 says, with one sentence."
)
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": shapes.Problem, "description": told}
    for status, told in {
        400: "The body cannot be read.",
        401: "No key, or one that lets nobody in.",
        403: "The key is not made for this, its owner may not do it, or a page of another site asks.",
        404: "There is no such thing for this caller.",
        409: "An answer is being written in this conversation.",
        413: "Too large.",
        422: "The request is not as described, or cannot be carried out as it is.",
        429: "A limit is reached; `Retry-After` says when it goes on.",
        500: "Not foreseen.",
        502: "The model failed.",
        503: "Not at this moment.",
        507: "The disk is full.",
    }.items()
}


def build_app(opened: Callable[[], Citewell | None], hosts: Callable[[], Collection[str]] = tuple) -> Door:
    """The API behind its door; `opened` gives the open home, `hosts` the names of this installation."""
    return Door(build_routes(), opened, hosts)


def build_routes() -> FastAPI:
    """Every call, which by itself asks nobody who they are."""
    app = FastAPI(
        title="Citewell",
        version=version("citewell-assistant"),
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_PROBLEMS,
        dependencies=KNOWN,
        servers=[{"url": "/api/v1"}],
        root_path_in_servers=False,
    )
    app.state.work = Work()
    app.state.triage = LoadedModel()
    for router in (asking.router, finding.router, documents.router):
        app.include_router(router)
    app.add_api_route("/openapi.json", _described(app), include_in_schema=False, methods=["GET"])
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)
    return app


def description(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, whose problems have the media type that they are sent with."""
    told: dict[str, Any] = app.openapi()
    for path in told["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    content = response["content"]
                    response["content"] = {MEDIA_TYPE: content.get("application/json") or content[MEDIA_TYPE]}
    return told


def _described(app: FastAPI) -> Callable[..., Any]:
    async def described(call: AnyCall) -> Response:
        del call
        told = await asyncio.to_thread(description, app)
        return Response(json.dumps(told), media_type="application/json")

    return described


async def _of_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, Problem):
        return error.response
    words = _WORDS.get(error.status_code, str(error.detail))
    kind = {404: "no-such-call", 405: "no-such-call"}.get(error.status_code, "invalid")
    return Problem(error.status_code, kind, words, headers=error.headers).response


async def _of_ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, AssistantError | RetrievalError)
    return problem_of(error).response


async def _of_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return invalid(error.errors()).response


async def _of_unexpected(_: Request, __: Exception) -> Response:
    """What the client is told; the door writes to the log what it was."""
    return Problem(500, "unexpected", UNEXPECTED).response


async def _of_left(_: Request, __: Exception) -> Response:
    return Response(status_code=_CLIENT_LEFT)


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Any]] = {
    HTTPException: _of_http,
    AssistantError: _of_ours,
    RetrievalError: _of_ours,
    RequestValidationError: _of_invalid,
    Left: _of_left,
    Exception: _of_unexpected,
}
