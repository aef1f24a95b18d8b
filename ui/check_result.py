"""A checked text with its marks, and the source that stands open beside it."""

from collections.abc import Mapping

import streamlit as st

from ui.check_view import checked_data, checked_message
from ui.component import mount
from ui.source_panel import draw_source, opened_by
from ui.state import CheckState, OpenSource
from ui.verdict import text_verdict
from ui.visit import Visit

FROM_CHECK = {"from": "check"}


def draw_result(visit: Visit) -> None:
    """Draw what was checked last in this tab."""
    state = CheckState()
    checked = state.checked
    with st.container(key="announcement"):
        mount("announce", {"text": text_verdict(checked).text if checked else ""}, key="announce")
    if checked is None:
        return

    def show(opened: OpenSource | None) -> None:
        state.source = opened

    def open_source(target: Mapping[str, object]) -> None:
        show(opened_by(0, target))

    opened = state.source
    data = checked_data(checked)
    data["active"] = f"{opened.kind}-{opened.n}" if opened else None
    with st.container(key="checked"):
        mount("answer", data, key="checked_text", on={"open": open_source})
    if opened:
        draw_source(visit, checked_message(checked), opened, show, come_back=FROM_CHECK)
