"""One ticket on the page: as it was written, what is thought of it, and the reply that the documents give."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from assistant.audit import Action
from assistant.conversations import StoredMessage, Work
from assistant.errors import AssistantError
from assistant.insights.happened import Happened
from assistant.triage.assessment import Assessment, Assessor
from assistant.triage.drafting import Reply, draft_reply, handover_note
from assistant.triage.known import KnownIssue
from assistant.triage.queue import Queued
from retrieval.errors import RetrievalError
from ui.answer_view import answer_data
from ui.check_form import CHECK_PAGE
from ui.component import mount
from ui.markdown import literal
from ui.source_panel import draw_source, opened_by
from ui.state import CHECK_TEXT_KEY, CheckState, OpenSource, seeded
from ui.triage_known import draw_known, from_documents
from ui.triage_model import draw_added
from ui.triage_queue import Listed, others_at_desk
from ui.triage_reader import Reader, current_pile
from ui.triage_state import TriageState
from ui.triage_view import thoughts_data, ticket_data
from ui.triage_why import draw_why
from ui.verified_mark import mark_data, standings
from ui.visit import Visit

FROM_TRIAGE = {"from": "triage"}
_NO_MESSAGE = 0
_NOBODY = ""
_LETTER_HEIGHT = 220
_MOST_LABEL_CHARS = 100


def draw_ticket(visit: Visit, reader: Reader, listed: Listed) -> None:
    """The ticket in the middle and what is thought of it on the right; the reply comes last, for it takes longest.

    It stands under the ticket that it answers, where both are read together; on the right is what is decided.
    """
    queued = listed.open
    middle, right = st.columns([1.35, 1])
    with middle:
        mount("ticket", ticket_data(queued), key="triage_ticket")
        _draw_assignee(visit, queued)
    assessed = _assessed(visit, reader, queued)
    with right:
        _draw_thoughts(visit, reader, listed, assessed)
        known = draw_known(visit, queued)
    with middle:
        _draw_reply(visit, queued, assessed, known)
    with right:
        draw_why(queued, assessed, reader.model)
        draw_added(visit, queued, () if reader.model else tuple(reader.desk.categories))


def _draw_assignee(visit: Visit, queued: Queued) -> None:
    """Whose the ticket is: one's own, somebody's of the support desk, or nobody's."""
    named = {_NOBODY: "Nobody", visit.principal.key: "Me"} | others_at_desk(visit)
    now = queued.assignee or _NOBODY
    if now not in named:
        named[now] = "Somebody who left the desk"
    key = f"assignee_{queued.id}_{now}"

    def assign() -> None:
        assignee = st.session_state[key] or None
        if _act(lambda: visit.citewell.queue.assign(queued.id, assignee, visit.principal)):
            visit.record(Action.TICKET_ASSIGNED, f"ticket {queued.id}", to=assignee or "nobody")

    st.selectbox(
        "Whose it is", list(named), index=list(named).index(now), key=key, width=260,
        format_func=lambda each: literal(named[each]), on_change=assign,
    )  # fmt: skip


def _assessed(visit: Visit, reader: Reader, queued: Queued) -> Assessment:
    state, looked = TriageState(), (queued.id, reader.number)
    assessed = state.assessed(looked)
    if assessed is None:
        assessor = Assessor(reader.embedder, reader.desk, reader.model)
        assessed = assessor.assess(queued.ticket, pile=current_pile(visit, reader))
        state.keep_assessed(looked, assessed)
    return assessed


def _draw_thoughts(visit: Visit, reader: Reader, listed: Listed, assessed: Assessment) -> None:
    queued = listed.open
    data = thoughts_data(queued, assessed, model=reader.model, labels=reader.labels) | {
        "previous": listed.previous,
        "next": listed.next,
        "at": f"Ticket {listed.at:,} of {listed.total:,}",
    }

    def go(ticket_id: Any) -> None:
        TriageState().ticket_id = int(ticket_id)

    def accept(decision: Mapping[str, Any]) -> None:
        chosen = {name: str(label)[:_MOST_LABEL_CHARS] for name, label in dict(decision["labels"]).items()}
        if int(decision["id"]) == queued.id:
            _decide(visit, queued, assessed, chosen, listed.next)

    def take_up(ticket_id: Any) -> None:
        if int(ticket_id) == queued.id and _act(lambda: visit.citewell.queue.take_up(queued.id, visit.principal)):
            visit.record(Action.TICKET_TAKEN_UP, f"ticket {queued.id}")

    mount("thoughts", data, key="triage_thoughts", on={"go": go, "accept": accept, "take_up": take_up})


def _decide(visit: Visit, queued: Queued, assessed: Assessment, chosen: Mapping[Any, str], following: int) -> None:
    """Keep what was guessed, but for what was chosen otherwise; then go on to the next."""
    guessed = {name: found.best.label for name, found in assessed.findings.items()}
    if assessed.is_out_of_scope:
        guessed.pop("category", None)
    if not _act(lambda: visit.citewell.queue.decide(queued.id, {**guessed, **chosen}, visit.principal)):
        return
    visit.record(Action.TICKET_DECIDED, f"ticket {queued.id}", corrected=sorted(chosen))
    corrected = sum(guessed.get(name) != label for name, label in chosen.items())
    detail = {"kind": "decided", "guessed": len(guessed), "corrected": corrected}
    visit.citewell.recorder.record(Happened("triage", visit.principal.key, detail=detail))
    TriageState().ticket_id = following or queued.id


def _act(act: Any) -> bool:
    """Whether it was done; else the page says why not when it is drawn next."""
    try:
        act()
    except AssistantError as error:
        TriageState().notice = error.hint
        return False
    return True


# The reply.


def _draw_reply(visit: Visit, queued: Queued, assessed: Assessment, known: Sequence[KnownIssue]) -> None:
    st.subheader("Reply from the documents", anchor=False)
    place = st.empty()
    state, looked = TriageState(), (queued.id, visit.citewell.library.document_count(visit.scope))
    reply = state.drafted(looked)
    if reply is None:
        place.markdown(":shimmer[Looking for what the documents say]")
        try:
            reply = draft_reply(
                assessed,
                assistant=visit.citewell.assistant,
                principal=visit.principal,
                known=known,
                from_documents=queued.id in state.from_documents,
            )
        except (AssistantError, RetrievalError) as error:
            place.markdown(f":material/error: {literal(error.hint)}")
            return
        state.keep_drafted(looked, reply)
        state.letters.setdefault(queued.id, reply.text)
    with place.container(key="triage_reply"):
        _draw_evidence(visit, queued, reply)
        _draw_letter(queued)
        with st.expander("Note for a colleague"), st.container(key="triage_note"):
            st.code(handover_note(assessed, reply), language=None, wrap_lines=True)


def _draw_evidence(visit: Visit, queued: Queued, reply: Reply) -> None:
    state = TriageState()
    answer = reply.answer
    message = StoredMessage(_NO_MESSAGE, "assistant", answer.text, "done", None, Work(reply.passages, None, answer))

    def show(opened: OpenSource | None) -> None:
        state.source = opened

    def open_source(target: Mapping[str, object]) -> None:
        show(opened_by(_NO_MESSAGE, target))

    opened, mark = state.source, answer.verified
    data = answer_data(message, can_ask_again=mark is not None)
    if mark:
        data["verified"] = mark_data(mark, standings(visit, [message]).get(mark.id), st.context.timezone)
    data["active"] = f"{opened.kind}-{opened.n}" if opened else None
    mount("answer", data, key="triage_answer", on={"open": open_source, "again": from_documents(queued.id, reply)})
    if opened:
        draw_source(visit, message, opened, show, come_back=FROM_TRIAGE)


def _draw_letter(queued: Queued) -> None:
    letters, key = TriageState().letters, f"letter_{queued.id}"
    if key not in st.session_state:
        seeded(key, letters.get(queued.id, ""))
    with st.container(key="triage_letter"):
        written = st.text_area("Draft", key=key, height=_LETTER_HEIGHT, placeholder="Write a reply here")
    letters[queued.id] = written  # Streamlit forgets what stands in a field that is not drawn.
    st.caption("Nothing is sent from here: copy it into your help desk.")
    if st.button("Check this reply", key="check_reply", icon=":material/fact_check:", disabled=not written.strip()):
        check = CheckState()
        check.clear()
        check.text = st.session_state[CHECK_TEXT_KEY] = written
        st.switch_page(CHECK_PAGE)
