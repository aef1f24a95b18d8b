"""Settings: what each person chooses for themselves, and for administrators the organisation's model and rules."""

import streamlit as st

from ui.api_keys import draw_own_keys
from ui.endpoint_form import draw_endpoint
from ui.own_data import draw_own_data
from ui.own_settings import draw_beginning, draw_sign_ins
from ui.rules_form import draw_rules
from ui.visit import Visit, current_visit

_MINE = (draw_beginning, draw_sign_ins, draw_own_keys, draw_own_data)
"""The sections of one's own, in their order; each is given the visit, and draws nothing where it has nothing."""
_PARTS = {"Mine": _MINE, "Model": (draw_endpoint,), "House rules": (draw_rules,)}


def draw_page(visit: Visit) -> None:
    """What is one's own; beside it, for administrators, what is the organisation's."""
    st.header("Settings", anchor=False)
    part = "Mine"
    if visit.principal.is_admin and not visit.is_demo:
        part = st.segmented_control(
            "Part",
            ["Mine", "Model", "House rules"],
            key="settings_part",
            default="Mine",
            required=True,
            label_visibility="collapsed",
        )
    for draw in _PARTS[part]:
        draw(visit)


with st.container(key="settings_page"):
    draw_page(current_visit())
