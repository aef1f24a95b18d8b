"""What the tables of the insights have in common."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from assistant.insights.tables import as_csv
from ui.gaps_state import GapsState
from ui.insights_state import Opening
from ui.state import Conversation
from ui.visit import Visit


def draw_download(name: str, rows: Callable[[], Sequence[Mapping[str, Any]]]) -> None:
    """The way to take a chart or a table home; the file is made when it is asked for."""
    st.download_button(
        "Save as CSV",
        lambda: as_csv(rows()),
        file_name=f"insights-{name}",
        mime="text/csv",
        key=f"save_{name}",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )


def follow(visit: Visit, opening: Opening | None) -> None:
    """Leave the page for what a row led to, if it was clicked: each page looks itself who may see it."""
    if opening is None:
        return
    if opening.kind == "document":
        st.switch_page("views/document.py", query_params={"id": str(opening.id), "from": "insights"})
    if opening.kind == "gap":
        GapsState().gap_id = int(opening.id)
        st.switch_page("views/gaps.py")
    visit.state.leave_conversation()
    visit.state.conversation = Conversation(str(opening.id), is_stale=True)
    visit.state.return_to_chat()
    st.rerun()
