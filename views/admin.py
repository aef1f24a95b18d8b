"""Administration: people and their roles, groups, what is open to whom, and the state of this installation."""

import streamlit as st

from ui.admin_access import draw_access
from ui.admin_audit import draw_audit
from ui.admin_groups import draw_groups
from ui.admin_health import draw_health
from ui.admin_keys import draw_keys
from ui.admin_limits import draw_limits
from ui.admin_people import draw_people
from ui.admin_retention import draw_retention
from ui.visit import Visit, current_visit, draw_problem

_DRAWN = {
    "People": draw_people,
    "Groups": draw_groups,
    "Access": draw_access,
    "API keys": draw_keys,
    "Limits": draw_limits,
    "Retention": draw_retention,
    "Audit log": draw_audit,
    "Health": draw_health,
}


def draw_page(visit: Visit) -> None:
    """The part that was chosen, for administrators; for anybody else there is no such page."""
    if not visit.principal.is_admin:
        draw_problem("There is no such page", "Choose one on the left.")
        return
    st.header("Administration", anchor=False)
    if visit.identity.person is None:
        st.markdown(
            ":material/info: Nobody signs in here: you are the one user, and everything is yours. "
            "With `CITEWELL_SIGN_IN` people sign in, and what is set here begins to count."
        )
    chosen = st.segmented_control(
        "Part",
        ["People", "Groups", "Access", "API keys", "Limits", "Retention", "Audit log", "Health"],
        key="admin_part",
        default="People",
        label_visibility="collapsed",
    )
    _DRAWN[chosen or "People"](visit)


with st.container(key="admin_page"):
    draw_page(current_visit())
