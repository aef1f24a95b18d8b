"""How much each person may use, and what all answers of a month may cost."""

from collections.abc import Mapping

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


def draw_limits(visit: Visit) -> None:
    """A field for each limit; an empty one has the default."""
    chosen = visit.citewell.chosen
    st.caption(
        "They hold for each person from the next question on. 0 is without limit; an empty field takes what the settings "
        "say, else what stands in it in grey."
    )
    limits: dict[str, Choice[int]] = {name: LIMITS[name] for name in LIMITS if name in _LABELS}
    given = chosen.read(limits.values())
    with st.form("limits", border=False):
        values = {
            name: st.number_input(
                literal(_LABELS[name]),
                min_value=0,
                value=given.get(name),
                step=1,
                placeholder=f"{getattr(SIGNED_IN, name):,d}",
                key=f"limit_{name}",
            )
            for name in limits
        }
        budget = _draw_budget(visit)
        saved = st.form_submit_button("Save", type="primary")
    if saved:
        only_admin(visit.principal)
        for name, choice in limits.items():
            chosen.set(choice, values[name])
        chosen.set(MONTHLY_BUDGET, budget)
        visit.record(Action.LIMITS_CHANGED, limits={name: value for name, value in values.items() if value is not None})
        st.rerun()


def _draw_budget(visit: Visit) -> float | None:
    """The month's budget, where costs are known."""
    settings, limits = visit.citewell.settings, visit.citewell.limits
    if settings.prices is None:
        st.caption("A budget needs prices: `CITEWELL_PRICE_INPUT` and `CITEWELL_PRICE_OUTPUT` name them.")
        return None
    st.caption(literal(f"Spent this month: {limits.spent():,.2f} {settings.currency}"))
    return st.number_input(
        literal(f"Budget of a month, {settings.currency}"),
        min_value=0.0,
        value=visit.citewell.chosen.get(MONTHLY_BUDGET),
        help="Once it is spent, answers quote the documents instead of being written.",
        key="limit_budget",
    )
