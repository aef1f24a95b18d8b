"""Settings: what each person chooses for themselves."""

import streamlit as st

from ui.own_settings import draw_beginning, draw_sign_ins
from ui.visit import Visit, current_visit

_MINE = (draw_beginning, draw_sign_ins)
"""The sections of one's own, in their order; each is given the visit, and draws nothing where it has nothing."""


def draw_page(visit: Visit) -> None:
    """What is one's own."""
    st.header("Settings", anchor=False)
    for draw in _MINE:
        draw(visit)


with st.container(key="settings_page"):
    draw_page(current_visit())
