"""What belongs to whoever looks at the page: how their new conversations begin, and where they are signed in."""

import streamlit as st

from assistant.accounts import SignIn
from assistant.audit import Action
from assistant.markup import visible
from retrieval.dates import full_date
from ui.markdown import literal
from ui.style import MEANINGS, STYLES
from ui.visit import Visit
from ui.words import local_time

_ALL = ""
_KEY_CHARS = 12


def draw_beginning(visit: Visit) -> None:
    """The style and the collection that new conversations begin with."""
    chosen = visit.citewell.preferences.of(visit.principal)
    names = {_ALL: "All collections"} | {each.id: each.name for each in visit.collections}
    st.subheader("New chats", anchor=False)
    st.caption("Each new chat begins so, and may be changed there.")
    with st.form("beginning", border=False):
        style = st.radio(
            "How answers are written",
            list(STYLES),
            list(STYLES).index(chosen.style or "standard"),
            format_func=lambda style: STYLES[style],
            captions=MEANINGS,
        )
        collection_id = st.selectbox(
            "What is searched",
            list(names),
            list(names).index(chosen.collection.id if chosen.collection else _ALL),
            format_func=lambda id_: visible(names[id_]),
        )
        saved = st.form_submit_button("Save", type="primary")
    if saved:
        visit.citewell.preferences.choose(
            visit.principal, style=None if style == "standard" else style, collection_id=collection_id or None
        )
        if visit.state.conversation.id is None:
            visit.state.leave_conversation()
        st.rerun()


def draw_sign_ins(visit: Visit) -> None:
    """Where this person is signed in, with ways out of it; nothing where nobody signs in."""
    person, claims = visit.identity.person, visit.identity.claims
    if person is None or claims is None:
        return
    all_of_them = visit.citewell.accounts.sign_ins(person.id, visit.principal)
    others = [each for each in all_of_them if each.key != claims.sign_in]
    st.subheader("Where you are signed in", anchor=False)
    with st.container(key="sign_ins", gap="small"):
        for each in all_of_them:
            if each.key == claims.sign_in:
                st.markdown(f"**This browser** · {literal(_times(each))}")
        for each in others:
            _draw_other(visit, each)
    if len(others) > 1:
        st.button("Sign out everywhere else", key="end_other_sign_ins", on_click=_end_others, args=(visit, len(others)))


def _draw_other(visit: Visit, sign_in: SignIn) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Another browser** · {literal(_times(sign_in))}")
        st.button(
            "Sign out",
            key=f"end_sign_in_{sign_in.key[:_KEY_CHARS]}",
            type="tertiary",
            icon=":material/logout:",
            on_click=_end,
            args=(visit, sign_in),
        )


def _times(sign_in: SignIn) -> str:
    began, seen = (local_time(at, st.context.timezone) for at in (sign_in.began_at, sign_in.seen_at))
    return f"since {full_date(began.date())}, {began:%H:%M}; last seen {full_date(seen.date())}, {seen:%H:%M}"


def _end(visit: Visit, sign_in: SignIn) -> None:
    visit.citewell.accounts.end_sign_in(sign_in.key, visit.principal)
    visit.record(Action.SIGN_INS_ENDED, visit.principal.key, count=1)


def _end_others(visit: Visit, count: int) -> None:
    person, claims = visit.identity.person, visit.identity.claims
    if person is not None and claims is not None:
        visit.citewell.accounts.end_sign_ins(person.id, visit.principal, but=claims.sign_in)
        visit.record(Action.SIGN_INS_ENDED, visit.principal.key, count=count)
