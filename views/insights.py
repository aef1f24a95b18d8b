"""Insights: what people ask, how it goes, and how the documents fare. For editors and administrators."""

import streamlit as st

from ui.insights_documents import draw_documents
from ui.insights_figures import draw_figures
from ui.visit import Visit, current_visit, draw_problem

_DOCUMENTS = "Documents"


def draw_page(visit: Visit) -> None:
    """The part that was chosen; for whoever may not change any collection there is no such page."""
    if not visit.may_create:
        draw_problem("There is no such page", "Choose one on the left.")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="insights_head"):
        st.header("Insights", anchor=False)
        part = st.segmented_control(
            "Part",
            ["Questions", "Documents"],
            key="insights_part",
            default="Questions",
            required=True,
            label_visibility="collapsed",
            persist_state="session",
        )
    if part == _DOCUMENTS:
        draw_documents(visit)
    else:
        draw_figures()


with st.container(key="insights_page"):
    draw_page(current_visit())
