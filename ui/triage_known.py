"""Known issues of the support desk: what a ticket may be about, and the list in which they are kept."""

from collections.abc import Callable, Sequence

import streamlit as st

from assistant.audit import Action
from assistant.errors import AssistantError
from assistant.triage.drafting import Reply
from assistant.triage.known import MOST_TEXT_CHARS, MOST_TITLE_CHARS, Issue, KnownIssue
from assistant.triage.queue import Queued
from retrieval.dates import full_date
from ui.markdown import literal
from ui.triage_state import TriageState
from ui.visit import Visit, current_visit
from ui.words import local_time, shortened

_SHOWN_CHARS = 240
_NEW = Issue("", "")


def draw_known(visit: Visit, queued: Queued) -> tuple[KnownIssue, ...]:
    """The open issues that a ticket may be about, under what is thought of it; returns them."""
    known = visit.citewell.known_issues.about(queued.ticket.words, visit.principal)
    if known:
        with st.container(key="known_of_ticket", gap="xsmall"):
            for each in known:
                st.markdown(f":material/report: **Known issue: {literal(each.issue.title)}**")
                st.caption(literal(shortened(each.issue.happens, _SHOWN_CHARS)))
    return known


def from_documents(ticket_id: int, reply: Reply) -> Callable[[object], None]:
    """Drafts the reply from the documents in place of a verified answer; a letter that was changed stays."""

    def act(_: object) -> None:
        state = TriageState()
        if state.letters.get(ticket_id) == reply.text:
            state.letters.pop(ticket_id)
            st.session_state.pop(f"letter_{ticket_id}", None)
        state.draft_from_documents(ticket_id)

    return act


# The list.


def draw_known_issues(visit: Visit) -> None:
    """All of them, the open ones first, and the form for one."""
    state, found = TriageState(), visit.citewell.known_issues.list(visit.principal)
    st.markdown(
        "Open problems are matched to tickets by meaning. What customers are to be told goes into the draft of the "
        "reply as it stands here; it is not held against the documents."
    )
    if state.issue_id is None:
        st.button("Record a known issue", key="new_issue", icon=":material/add:", on_click=_opens(0))
    else:
        _draw_form(state, found)
    if not found:
        st.caption("None is recorded.")
    for known in found:
        with st.container(key=f"issue_{known.id}", border=True):
            _draw_one(known)


def _opens(issue_id: int | None) -> Callable[[], None]:
    def act() -> None:
        TriageState().issue_id = issue_id

    return act


def _draw_one(known: KnownIssue) -> None:
    issue = known.issue
    state = "Solved" if issue.is_solved else "Open"
    day = full_date(local_time(known.changed_at, st.context.timezone).date())
    st.markdown(f"**{literal(issue.title)}**")
    st.caption(f"{literal(state)} · changed {literal(day)}")
    st.markdown(literal(issue.happens))
    if issue.advice:
        st.markdown(f"Customers are told: {literal(issue.advice)}")
    with st.container(horizontal=True, key=f"issue_actions_{known.id}"):
        label = "Open again" if issue.is_solved else "Solved"
        st.button(literal(label), key=f"settle_{known.id}", icon=":material/check:", on_click=_settle, args=(known.id,))
        st.button("Change", key=f"change_issue_{known.id}", type="tertiary", on_click=_opens(known.id))


def _draw_form(state: TriageState, found: Sequence[KnownIssue]) -> None:
    issue_id = state.issue_id or 0
    before = next((known.issue for known in found if known.id == issue_id), _NEW)
    with st.form(f"issue_form_{issue_id}"):
        title = st.text_input("Title", before.title, max_chars=MOST_TITLE_CHARS, key=f"issue_title_{issue_id}")
        happens = st.text_area(
            "What happens", before.happens, max_chars=MOST_TEXT_CHARS, key=f"issue_happens_{issue_id}",
            placeholder="As customers describe it",
        )  # fmt: skip
        advice = st.text_area(
            "What customers are told", before.advice, max_chars=MOST_TEXT_CHARS, key=f"issue_advice_{issue_id}"
        )
        with st.container(horizontal=True):
            wanted = st.form_submit_button("Keep", type="primary")
            st.form_submit_button("Leave it", on_click=_opens(None))
    if wanted:
        _keep(issue_id, Issue(title, happens, advice, before.is_solved))


def _keep(issue_id: int, issue: Issue) -> None:
    visit = current_visit()
    known = visit.citewell.known_issues
    try:
        if issue_id:
            known.change(issue_id, issue, visit.principal)
        else:
            known.record(issue, visit.principal)
    except AssistantError as error:
        st.error(literal(error.hint))
        return
    visit.record(Action.KNOWN_ISSUE_CHANGED, issue.title)
    TriageState().issue_id = None
    st.rerun()


def _settle(issue_id: int) -> None:
    """Solved, or open again."""
    visit = current_visit()
    try:
        issue = visit.citewell.known_issues.get(issue_id, visit.principal).issue
        turned = Issue(issue.title, issue.happens, issue.advice, not issue.is_solved)
        visit.citewell.known_issues.change(issue_id, turned, visit.principal)
        visit.record(Action.KNOWN_ISSUE_CHANGED, issue.title, solved=turned.is_solved)
    except AssistantError as error:
        TriageState().notice = error.hint
