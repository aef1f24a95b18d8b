"""Gaps: what people asked and the documents do not say, for whoever looks after the documents."""

import streamlit as st

from assistant.access import may_create
from assistant.errors import AssistantError
from ui.gaps_list import draw_list
from ui.gaps_one import draw_gap
from ui.gaps_state import GapsState
from ui.markdown import literal
from ui.visit import Visit, current_visit, draw_problem
from ui.welcome import draw_strips


def draw_page(visit: Visit) -> None:
    """The list, or the gap that was opened, for editors and administrators; for anybody else there is no such page."""
    if not may_create(visit.principal) or visit.is_demo:
        draw_problem("There is no such page", "Choose one on the left.")
        return
    draw_strips(visit)
    state = GapsState()
    if state.notice:
        st.info(literal(state.notice))
        state.notice = None
    if state.gap_id is not None:
        try:
            gap = visit.citewell.gaps.get(state.gap_id, visit.principal)
        except AssistantError as error:
            st.info(literal(error.hint))
            state.gap_id = None
        else:
            draw_gap(visit, gap)
            return
    st.header("What the documents do not say", anchor=False)
    if visit.citewell.embedder is None:
        st.markdown("Nothing can be grouped without the embedding; `citewell doctor` says what is missing.")
        return
    draw_list(visit, visit.citewell.gaps.list(visit.principal))


with st.container(key="gaps_page"):
    draw_page(current_visit())
