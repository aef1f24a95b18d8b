"""The organisation's own rules for answers: those in force, and the earlier versions."""

import streamlit as st

from assistant.audit import Action
from assistant.house_rules import Rules
from prompts import MOST_RULES_CHARS
from retrieval.dates import full_date
from ui.markdown import literal
from ui.visit import Visit, done
from ui.words import local_time, shortened

_SHOWN = 20
_BEGINNING_CHARS = 80


def draw_rules(visit: Visit) -> None:
    """The text in force, and ways back to what was in force before."""
    newest, *earlier = visit.citewell.house_rules.history(limit=_SHOWN + 1) or (None,)
    st.subheader("House rules", anchor=False)
    st.caption(
        "What every answer is to heed: words to use, a form to name. They hold from the next question on, and cannot "
        "switch off citations or the check."
    )
    with st.form("house_rules", border=False):
        text = st.text_area(
            "Rules",
            newest.text if newest else "",
            max_chars=MOST_RULES_CHARS,
            height=220,
            key=f"house_rules_{newest.id if newest else 0}",
            placeholder="Say “colleague”, not “employee”.",
        )
        is_saved = st.form_submit_button("Save", type="primary")
    if is_saved and text.strip() != (newest.text if newest else "") and done(lambda: _change(visit, text)):
        st.rerun()
    if earlier:
        with st.expander("Earlier versions", key="earlier_rules"):
            for rules in earlier:
                _draw_version(visit, rules)


def _draw_version(visit: Visit, rules: Rules) -> None:
    at = local_time(rules.created_at, st.context.timezone)
    words = shortened(rules.text, _BEGINNING_CHARS) or "No rules"
    with st.container(horizontal=True, vertical_alignment="center", key=f"version_{rules.id}"):
        st.markdown(f"{literal(full_date(at.date()))}, {literal(f'{at:%H:%M}')} · {literal(words)}")
        is_wanted = st.button("Put in force again", key=f"restore_{rules.id}", type="tertiary")
    if is_wanted and done(lambda: _restore(visit, rules.id)):
        st.rerun()


def _change(visit: Visit, text: str) -> None:
    version = visit.citewell.house_rules.change(text, visit.principal)
    visit.record(Action.HOUSE_RULES_CHANGED, f"version {version.id}")


def _restore(visit: Visit, number: int) -> None:
    version = visit.citewell.house_rules.restore(number, visit.principal)
    visit.record(Action.HOUSE_RULES_CHANGED, f"version {version.id}", restored=number)
