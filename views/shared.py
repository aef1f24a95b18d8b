"""A shared conversation: read-only, as it was, as far as it rests on documents that this reader may read now."""

import streamlit as st

from assistant.errors import SnapshotNotFound
from assistant.transcript import Entry, Transcript
from retrieval.dates import full_date
from ui.component import mount
from ui.markdown import literal
from ui.question_view import draw_question
from ui.shared_view import shared_data, shared_message
from ui.source_panel import draw_source, opened_by
from ui.state import OpenSource, SharedState
from ui.take_out import PARAMETER
from ui.visit import Visit, current_visit, draw_problem
from ui.words import counted, local_time, today_in


def draw_page(visit: Visit) -> None:
    """The conversation that the address names, if it is shared."""
    snapshot_id = st.query_params.get(PARAMETER, "")
    state = SharedState(snapshot_id)
    try:
        # Nothing is shared in the demonstration: its visitors have nothing in common.
        transcript = visit.citewell.snapshots.open("" if visit.is_demo else snapshot_id, visit.readable)
    except SnapshotNotFound:
        draw_problem("This conversation is not shared", "The link was taken back, or it never was one.")
        return
    _draw_head(transcript)
    for place, entry in enumerate(transcript.entries[: state.shown], 1):
        if entry.role == "user":
            draw_question(entry.text, key=f"shared_{place}")
        else:
            _draw_answer(visit, entry, place, state)
    if (rest := len(transcript.entries) - state.shown) > 0:
        _draw_more(rest, state)


def _draw_head(transcript: Transcript) -> None:
    st.header(literal(transcript.title), anchor=False)
    shared = local_time(transcript.created_at, st.context.timezone)
    st.caption(
        f"A conversation shared on {full_date(shared)}, as it was then. You see what rests on documents that you may read."
    )


def _draw_more(rest: int, state: SharedState) -> None:
    with st.container(horizontal=True, horizontal_alignment="center"):
        label = f"Show more ({counted(rest, 'message')})"
        st.button(label, key="show_more", type="tertiary", icon=":material/expand_more:", on_click=state.show_more)


def _draw_answer(visit: Visit, entry: Entry, place: int, state: SharedState) -> None:
    message = shared_message(entry, place)
    opened = state.source if state.source and state.source.message_id == place else None

    def show(source: OpenSource | None) -> None:
        state.source = source

    def open_source(target: dict[str, object]) -> None:
        show(opened_by(place, target))

    with st.chat_message("assistant"):
        data = shared_data(message, today=today_in(st.context.timezone))
        data["active"] = f"{opened.kind}-{opened.n}" if opened else None
        mount("answer", data, key=f"shared_{place}", on={"open": open_source})
    if opened:
        draw_source(visit, message, opened, show, come_back={"from": "shared", PARAMETER: state.snapshot_id})


with st.container(key="shared_page"):
    draw_page(current_visit())
