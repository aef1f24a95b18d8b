"""Mounts the component of ui/assets: everything that Streamlit's own elements cannot draw.

What it draws is data, set as text; what a person did comes back as a value.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from ui.asset_files import loader_script

Handler = Callable[[Any], None]


def mount(
    kind: str,
    data: Mapping[str, Any],
    *,
    key: str,
    on: Mapping[str, Handler] | None = None,
    returned: Sequence[str] = (),
) -> dict[str, Any]:
    """Draw `data`; what is None or False in it is not sent. Each handler of `on` gets its event's value before the page
    is drawn again.

    The values of the events named in `returned` come back instead, None where they did not happen.
    """

    def callback(event: str, handler: Handler) -> Callable[[], None]:
        return lambda: _handle(key, event, handler)

    callbacks: dict[str, Any] = {
        f"on_{event}_change": callback(event, handler) for event, handler in (on or {}).items()
    }
    callbacks |= {f"on_{event}_change": _nothing for event in returned}
    sent = {name: value for name, value in data.items() if value is not None and value is not False}
    result = _component()(data={"kind": kind, **sent}, key=key, **callbacks)
    return {event: result.get(event) for event in returned}


def _nothing() -> None:
    """Streamlit names a result only where there is a callback."""


def _handle(key: str, event: str, handler: Handler) -> None:
    # A callback runs for any event of its component; only what just happened has a value.
    value = dict(st.session_state.get(key) or {}).get(event)
    if value is not None:
        handler(value)


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("citewell", js=loader_script())
