"""What is recorded of questions beside their counts, and who may read them."""

import streamlit as st

from assistant.access import only_admin
from assistant.audit import Action
from assistant.insights.choices import QUESTIONS_SHOWN, WORDS_KEPT
from ui.visit import Visit


def draw_insight_choices(visit: Visit) -> None:
    """A switch for each; what is switched counts from then on."""
    chosen = visit.citewell.chosen
    st.subheader("Words in the insights", anchor=False)
    st.caption(
        "Insights count every question. The words of a question stay in its conversation and go with it; those of "
        "searches and of questions by command or program have none, and are kept with the event."
    )
    with st.form("insight_choices", border=False):
        keeps = st.toggle(
            "Keep the words of searches and of questions without a conversation",
            value=chosen.get(WORDS_KEPT) is not False,
            key="words_kept",
        )
        shows = st.toggle(
            "Editors and administrators may read what other people asked",
            value=chosen.get(QUESTIONS_SHOWN) is True,
            help="Only where they may read every collection that the answer drew on; never with files of a chat.",
            key="questions_shown",
        )
        saved = st.form_submit_button("Save", key="save_insight_choices")
    if saved:
        only_admin(visit.principal)
        chosen.set(WORDS_KEPT, keeps)
        chosen.set(QUESTIONS_SHOWN, shows)
        visit.record(Action.RETENTION_CHANGED, words_kept=keeps, questions_shown=shows)
        st.rerun()
