"""The verified answers that a person may read, those that are due for review first, with what editors do with them."""

from datetime import timedelta

import streamlit as st

from assistant.audit import Action
from assistant.conversations import StoredMessage
from assistant.errors import AssistantError
from assistant.verified.values import EXPIRES_AFTER_DAYS, Verified
from retrieval.dates import full_date
from retrieval.errors import RetrievalError
from ui.answer_view import answer_data
from ui.component import mount
from ui.markdown import literal
from ui.source_panel import draw_source, opened_by
from ui.state import OpenSource
from ui.verified_state import VerifiedState, Verifying
from ui.verify_form import is_editor_of, opens
from ui.visit import Visit, current_visit
from ui.words import counted, fate_words, local_time, today_in

_EMPTY = (
    "Answers that somebody vouches for will be here. They are offered before the documents are searched, marked as "
    "verified by whom and when."
)
_FIRST_STEP = "Ask a question, and choose *Verify* under a good answer; or write one here."


def draw_verified_list(visit: Visit) -> None:
    """All of them, a part at a time."""
    found = visit.citewell.verified.list(visit.principal)
    if not found:
        st.markdown(_EMPTY)
        if visit.editable:
            st.caption(_FIRST_STEP)
        return
    due = sum(bool(each.due) for each in found)
    st.markdown(
        f"{counted(len(found), 'verified answer')}; {literal(f'{due:,}' if due else 'none is')} due for review."
    )
    names = {collection.id: collection.name for collection in visit.collections}
    state = VerifiedState()
    for known in found[: state.shown]:
        with st.container(key=f"verified_{known.id}", border=True):
            _draw_one(visit, known, names.get(known.collection_id, ""))
    if len(found) > state.shown:
        st.button("Show more", key="more_verified", type="tertiary", on_click=state.show_more)


def _draw_one(visit: Visit, known: Verified, collection: str) -> None:
    st.markdown(f"**{literal(known.name)}**")
    day = full_date(local_time(known.verified_at, st.context.timezone).date())
    owner = known.owner or "somebody who is not here any more"
    st.caption(f"Verified by {literal(owner)} on {literal(day)} · {literal(collection)}")
    if known.due:
        st.markdown(f":material/warning: Due for review, and not offered: {literal(' '.join(known.due))}")
    else:
        st.caption(f":material/verified: Offered until {full_date(known.expires_on)}")
    with st.expander("Answer and sources"):
        _draw_answer(visit, known)
    if is_editor_of(visit, known):
        _draw_actions(known)


def _draw_answer(visit: Visit, known: Verified) -> None:
    state = VerifiedState()
    answer = known.answer
    message = StoredMessage(known.id, "assistant", answer.text, "done", None, known.work)

    def show(opened: OpenSource | None) -> None:
        state.source = opened

    def open_source(target: dict[str, object]) -> None:
        show(opened_by(known.id, target))

    opened = state.source if state.source and state.source.message_id == known.id else None
    fates = visit.citewell.catalogue.fates({passage.source.id for passage in known.work.passages}, visit.readable)
    told = {document_id: fate_words(fate, st.context.timezone) for document_id, fate in fates.items()}
    data = answer_data(message, can_ask_again=False, fates=told, today=today_in(st.context.timezone))
    data["active"] = f"{opened.kind}-{opened.n}" if opened else None
    mount("answer", data, key=f"verified_answer_{known.id}", on={"open": open_source})
    if len(known.questions) > 1:
        st.caption("Also asked as: " + literal(" · ".join(known.questions[1:])))
    if opened:
        draw_source(visit, message, opened, show)


def _draw_actions(known: Verified) -> None:
    with st.container(horizontal=True, key=f"verified_actions_{known.id}"):
        st.button(
            "Verify again",
            key=f"renew_{known.id}",
            icon=":material/verified:",
            type="primary" if known.due else "secondary",
            on_click=_renew,
            args=(known.id,),
        )
        change = opens(Verifying(verified_id=known.id))
        st.button("Change", key=f"change_{known.id}", icon=":material/edit:", type="tertiary", on_click=change)
        with st.popover("Withdraw", icon=":material/delete:", key=f"withdraw_{known.id}"):
            st.markdown("It is offered no more, for good. Answers already given keep it.")
            st.button("Withdraw it", key=f"withdraw_now_{known.id}", on_click=_withdraw, args=(known.id,))


def _renew(verified_id: int) -> None:
    """Vouch for it as it is, for as long as a new one is vouched for."""
    visit, state = current_visit(), VerifiedState()
    last = today_in(st.context.timezone) + timedelta(days=EXPIRES_AFTER_DAYS)
    try:
        visit.citewell.verified.renew(verified_id, visit.principal, expires_on=last)
        name = visit.citewell.verified.get(verified_id, visit.principal).name
        visit.record(Action.ANSWER_VERIFIED, name)
        state.notice = f"Verified again, until {full_date(last)}: {name}"
    except (AssistantError, RetrievalError) as error:
        visit.state.problem = error.hint


def _withdraw(verified_id: int) -> None:
    visit = current_visit()
    try:
        known = visit.citewell.verified.withdraw(verified_id, visit.principal)
        visit.record(Action.VERIFIED_WITHDRAWN, known.name)
    except AssistantError as error:
        visit.state.problem = error.hint
