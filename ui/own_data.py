"""My data: how long they are kept, all of them as a file, and the way to have them removed for good."""

import streamlit as st

from ui.markdown import literal
from ui.personal_data import draw_erase, draw_export
from ui.visit import Visit
from ui.words import counted

_LOCAL_WORD = "erase"
_NOT_ANSWERED = {
    True: "Editors and administrators see questions that found no good answer, without your name, where they may read "
    "everything that was searched. Delete the conversation, and they see nothing of it.",
    False: "Editors and administrators see how often something found no good answer, but neither your words nor your name.",
}


def draw_own_data(visit: Visit) -> None:
    """For whoever looks at the page; in the demonstration there is nothing to take out."""
    st.subheader("Your data", anchor=False)
    if visit.is_demo:
        st.caption("This is a demonstration: nothing is kept.")
        return
    person = visit.identity.person
    person_id = person.id if person else None
    st.caption(literal(_kept(visit.citewell.retention.conversations_kept_days)))
    st.caption(literal(_NOT_ANSWERED[visit.citewell.gaps.shows_words]))
    with st.container(horizontal=True, gap="small", key="own_data"):
        draw_export(visit, person_id, "Export my data")
        words = (person.email or person.name, person.name) if person else (_LOCAL_WORD,)
        draw_erase(visit, person_id, words, lambda: _leave(visit))


def _kept(days: int | None) -> str:
    if days is None:
        return "Your conversations stay until you delete them."
    return (
        f"A conversation in which nothing was asked for {counted(days, 'day')} is removed for good; pinned ones stay."
    )


def _leave(visit: Visit) -> None:
    """Whoever was erased is signed out; whoever sits at the machine begins anew."""
    visit.state.leave_conversation()
    if visit.identity.person is not None:
        visit.identity.sign_out()
    st.rerun()
