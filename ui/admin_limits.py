"""How much each person may use, and what all answers of a month may cost."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from assistant.access import only_admin
from assistant.audit import Action
from assistant.choices import Choice
from assistant.limits import LIMITS, MONTHLY_BUDGET, SIGNED_IN
from ui.markdown import literal
from ui.visit import Visit

_LABELS: Mapping[str, str] = {
    "questions_a_day": "Questions a day",
    "tokens_a_day": "Tokens a day",
    "uploads_an_hour": "Files added an hour",
    "answers_at_once": "Answers at once",
}
_ALL: tuple[Choice[Any], ...] = (*LIMITS.values(), MONTHLY_BUDGET)


def draw_limits(visit: Visit) -> None:
    """A field for each limit; an empty one has the default."""
    chosen = visit.citewell.chosen
    st.caption(
        "They hold for each person from the next question on. 0 is without limit; an empty field takes what the settings "
        "say, else what stands in it in grey."
    )
    choices = {choice.name: choice for choice in _ALL}
    given = chosen.read(LIMITS.values())
    with st.form("limits", border=False):
        values: dict[str, int | float | None] = {
            name: st.number_input(
                literal(_LABELS[name]),
                min_value=0,
                value=given.get(name),
                step=1,
                placeholder=f"{getattr(SIGNED_IN, name):,d}",
                key=f"limit_{name}",
            )
            for name in _LABELS
        }
        if visit.citewell.models.lineup.prices:
            values["monthly_budget"] = _draw_budget(visit)
        else:
            st.caption("A budget needs prices, which stand under Settings, Model.")
        saved = st.form_submit_button("Save", type="primary")
    if saved:
        only_admin(visit.principal)
        for name, value in values.items():
            chosen.set(choices[name], value)
        visit.record(Action.LIMITS_CHANGED, limits={name: value for name, value in values.items() if value is not None})
        st.rerun()


def _draw_budget(visit: Visit) -> float | None:
    """The month's budget, and what is spent of it."""
    currency = visit.citewell.models.lineup.settings.currency
    st.caption(literal(f"Spent this month: {visit.citewell.limits.spent():,.2f} {currency}"))
    return st.number_input(
        literal(f"Budget of a month, {currency}"),
        min_value=0.0,
        value=visit.citewell.chosen.get(MONTHLY_BUDGET),
        help="Once it is spent, answers quote the documents instead of being written.",
        key="limit_budget",
    )
