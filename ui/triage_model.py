"""What a model adds to a ticket: drawn last, asked beside the page, and nothing of it is done by itself."""

from functools import partial

import streamlit as st

from assistant.triage.asked import ASKED
from assistant.triage.asking import Added, add
from assistant.triage.queue import Queued
from ui.markdown import literal
from ui.triage_state import TriageState
from ui.visit import Visit

_POLL_S = 1.0
_Key = tuple[str, int, str, bool]


def draw_added(visit: Visit, queued: Queued, labels: tuple[str, ...]) -> None:
    """What the model says of the ticket, or that it is being asked; nothing where there is no model.

    `labels` are the categories that it may choose from; none where a classifier has chosen.
    """
    model = visit.citewell.assistant.model
    if model is None:
        return
    key: _Key = (str(visit.citewell.home.path), queued.id, model.name, bool(labels))
    with st.container(key="added_by_model", gap="xsmall"):
        said = ASKED.said(key)
        if said is None:
            st.fragment(_wait, run_every=_POLL_S)(visit, queued, labels, key)
        else:
            _draw(said, key)


def _wait(visit: Visit, queued: Queued, labels: tuple[str, ...], key: _Key) -> None:
    """Ask once the ticket has been open for a moment, then draw the page again with what was said."""
    state = TriageState()
    if ASKED.said(key) is not None:
        st.rerun(scope="app")
    if state.looked_at == key:
        assistant, background = visit.citewell.assistant, visit.citewell.background
        ask = partial(
            add,
            queued.ticket,
            labels,
            assistant=assistant,
            principal=visit.principal,
            cancelled=background.stopping.is_set,
        )
        ASKED.ask(key, ask, background)
    state.looked_at = key
    st.caption("The model is reading the ticket")


def _draw(said: Added, key: _Key) -> None:
    if said.problem:
        st.caption(f"Without the model: {literal(said.problem)}")
        st.button("Ask it again", key="ask_model_again", type="tertiary", on_click=ASKED.forget, args=(key,))
        return
    st.caption(f":material/auto_awesome: From the model {literal(said.model)}; look it over")
    if said.summary:
        st.markdown(literal(said.summary))
    if said.category:
        st.markdown(f"Category, perhaps: **{literal(said.category)}**")
    for each in said.missing:
        st.markdown(f"- {literal(each.name)}: {literal(each.question)}")
    if said.note:
        with st.expander("Note for a colleague, by the model"):
            st.code(said.note, language=None, wrap_lines=True)
