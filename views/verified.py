"""Verified answers: what somebody vouches for, until when, and what needs a look."""

import streamlit as st

from ui.markdown import literal
from ui.verified_list import draw_verified_list
from ui.verified_state import Verifying
from ui.verify_form import draw_verified_notice, draw_verify_form, opens
from ui.visit import Visit, current_visit
from ui.welcome import draw_strips


def draw_page(visit: Visit) -> None:
    """The list, and the form where it stands open."""
    draw_strips(visit)
    with st.container(horizontal=True, vertical_alignment="bottom", key="verified_head"):
        st.header("Verified answers", anchor=False)
        if visit.editable:
            st.button("Write one", key="write_verified", icon=":material/edit_note:", on_click=opens(Verifying()))
    draw_verified_notice()
    if visit.state.problem:
        st.error(literal(visit.state.problem))
        visit.state.problem = None
    draw_verified_list(visit)
    draw_verify_form(visit)


with st.container(key="verified_page"):
    draw_page(current_visit())
