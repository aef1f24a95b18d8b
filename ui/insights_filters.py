"""Period, collection and group: the filters that every insights page begins with, and that stay from one to the next."""

from collections.abc import Mapping

import streamlit as st

from assistant.markup import visible
from ui.insights_state import COLLECTION_KEY, GROUP_KEY, PERIOD, PERIOD_KEY, InsightsState
from ui.markdown import literal
from ui.visit import Visit


def named_collections(visit: Visit) -> Mapping[str, str]:
    """The collections that a person may see figures of, by their ids."""
    return {one.id: one.name for one in visit.citewell.library.collections() if one.id in visit.editable}


def draw_filters(visit: Visit, *, with_period: bool = True) -> InsightsState:
    """Draw them; what is chosen stands in the state that is returned."""
    state = InsightsState()
    names, groups = named_collections(visit), visit.citewell.insights.groups(visit.principal)
    state.forget_unknown(collections=names, groups=groups)
    with st.container(horizontal=True, vertical_alignment="top", key="insights_filters", gap="small"):
        if with_period:
            st.segmented_control(
                "Period",
                ["7 days", "30 days", "90 days", "12 months", "All"],
                key=PERIOD_KEY,
                default=PERIOD,
                required=True,
                persist_state="session",
            )
        _draw_choice("Collection", "All collections", names, COLLECTION_KEY)
        if with_period and groups:
            _draw_choice("Group", "All groups", groups, GROUP_KEY)
    return state


def _draw_choice(label: str, every: str, names: Mapping[str, str], key: str) -> None:
    st.selectbox(
        literal(label),
        ["", *names],
        format_func=lambda id_: visible(names[id_]) if id_ in names else every,
        key=key,
        width=240,
        persist_state="session",
    )
