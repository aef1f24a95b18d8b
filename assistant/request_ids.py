"""The id of a request, by which everything that was logged and asked of a model for it is found again.

A question has one from the run of the page that asks it, or from the program that does, up to the call of the model.
It is chance and says nothing.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
"""By which it goes to the model endpoint, and comes from a proxy and goes back to it."""
_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")
_CURRENT: ContextVar[str | None] = ContextVar("request_id", default=None)


def new_request_id() -> str:
    """One that nobody has had."""
    return secrets.token_hex(6)


def current_request_id() -> str | None:
    """That of the request which this thread, or this task, is at work for; None where it is for none."""
    return _CURRENT.get()


def taken_request_id(given: str) -> str:
    """What a proxy or a program calls its request, where that can be an id; else a new one."""
    return given if _GIVEN.fullmatch(given) else new_request_id()


@contextmanager
def at_work_for(request_id: str) -> Iterator[None]:
    """Within it this thread is at work for that request."""
    token = _CURRENT.set(request_id)
    try:
        yield
    finally:
        _CURRENT.reset(token)
