"""How long conversations, the audit log and what was counted of people are kept."""

from collections.abc import Mapping

import streamlit as st

from assistant.access import only_admin
from assistant.audit import Action
from assistant.retention import AT_LEAST, KEPT, MOST_DAYS, KeptName
from ui.admin_insights import draw_insight_choices
from ui.markdown import literal
from ui.visit import Visit

_LABELS: Mapping[KeptName, tuple[str, str]] = {
    "conversations_kept_days": ("Conversations in which nothing was asked for so many days", "they stay"),
    "audit_kept_days": ("Audit log, days", "it stays"),
    "counts_kept_days": ("What was counted of each person for limits, days", "2"),
    "events_kept_days": ("What happened, for the insights: questions, searches, opinions, days", "400"),
}


def draw_retention(visit: Visit) -> None:
    """A field for each; an empty one has what stands in it in grey."""
    chosen = visit.citewell.chosen
    st.caption(
        "What is older is removed for good, at the start and once a day. Pinned conversations stay; with a conversation "
        "go its files, feedback and links. An empty field has what stands in it in grey. People read under Settings how "
        "long theirs are kept."
    )
    given = chosen.read(KEPT.values())
    with st.form("retention", border=False):
        values = {name: _draw_field(name, given.get(name)) for name in KEPT}
        saved = st.form_submit_button("Save", type="primary")
    if saved:
        only_admin(visit.principal)
        for name, value in values.items():
            chosen.set(KEPT[name], value)
        visit.record(
            Action.RETENTION_CHANGED, days={name: value for name, value in values.items() if value is not None}
        )
        st.rerun()
    draw_insight_choices(visit)


def _draw_field(name: KeptName, value: int | None) -> int | None:
    label, default = _LABELS[name]
    return st.number_input(
        literal(label),
        min_value=AT_LEAST[name],
        max_value=MOST_DAYS,
        value=value,
        step=1,
        placeholder=default,
        help=f"At least {AT_LEAST[name]:d}.",
        key=f"keep_{name}",
    )
