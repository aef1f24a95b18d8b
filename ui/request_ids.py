"""Gives every HTTP request an id, and a page that fails one that the reader can name."""

import logging

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.logs import log_event
from assistant.request_ids import HEADER, at_work_for, new_request_id, taken_request_id
from ui.markdown import literal

log = logging.getLogger(__name__)


class RequestIds:
    """Takes the id that a proxy gave, or makes one, and sends it back with the response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI asks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = taken_request_id(Headers(scope=scope).get(HEADER, ""))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with at_work_for(request_id):
            await self._app(scope, receive, send_with_id)


def tell_of_failure(error: Exception) -> bool:
    """A page failed: the log is told with an id, and the reader is told the id. Nothing else is shown."""
    request_id = new_request_id()
    with at_work_for(request_id):
        log.error("a page failed", exc_info=error)
        log_event("page_failed", error=type(error).__name__)
    told = f"Load the page again; if that does not help, tell whoever runs it: request {request_id}."
    st.error(literal(f"Something went wrong inside Citewell. {told}"))
    return True
