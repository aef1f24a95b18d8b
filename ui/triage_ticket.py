"""One ticket on the page: as it was written, what is thought of it, and the reply that the documents give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from assistant.conversations import StoredMessage, Work
from assistant.errors import AssistantError
from assistant.insights.happened import Happened
from assistant.triage.assessment import Assessment, Assessor, Pile
from assistant.triage.desk import Desk
from assistant.triage.drafting import Reply, draft_reply, handover_note
from assistant.triage.model import TriageModel
from assistant.triage.queue import Queued, Wanted
from assistant.triage.values import LABEL_NAMES, LabelName
from retrieval.embedding import Embedder
from retrieval.errors import RetrievalError
from ui.answer_view import answer_data
from ui.check_form import CHECK_PAGE
from ui.component import mount
from ui.markdown import literal
from ui.source_panel import draw_source, opened_by
from ui.state import CHECK_TEXT_KEY, CheckState, OpenSource, seeded
from ui.triage_state import TriageState
from ui.triage_view import thoughts_data, ticket_data
from ui.visit import Visit

FROM_TRIAGE = {"from": "triage"}
_NO_MESSAGE = 0
_LETTER_HEIGHT = 220
_MOST_LABEL_CHARS = 100


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads tickets: the model in use with its number, or what the desk says of itself."""

    embedder: Embedder
    desk: Desk
    model: TriageModel | None
    number: int | None

    @property
    def labels(self) -> dict[LabelName, Sequence[str]]:
        """What may be chosen of each field."""
        if self.model is None:
            return {"category": tuple(self.desk.categories)}
        return {name: self.model.heads[name].labels for name in LABEL_NAMES if name in self.model.heads}


def draw_ticket(visit: Visit, reader: Reader, queued: Queued, listed: Sequence[Queued]) -> None:
    """The ticket in the middle and what is thought of it on the right; the reply comes last, for it takes longest."""
    middle, right = st.columns([1.35, 1])
    with middle:
        mount("ticket", ticket_data(queued), key="triage_ticket")
    assessed = _assessed(visit, reader, queued)
    with right:
        _draw_thoughts(visit, reader, queued, assessed, [each.id for each in listed])
    with middle:
        _draw_reply(visit, queued, assessed)


def _assessed(visit: Visit, reader: Reader, queued: Queued) -> Assessment:
    state, looked = TriageState(), (queued.id, reader.number)
    assessed = state.assessed(looked)
    if assessed is None:
        waiting = visit.citewell.queue.page(visit.principal, Wanted(status="new"))
        pile = Pile.of([each.ticket for each in waiting], reader.embedder)
        assessed = Assessor(reader.embedder, reader.desk, reader.model).assess(queued.ticket, pile=pile)
        state.keep_assessed(looked, assessed)
    return assessed


def _draw_thoughts(visit: Visit, reader: Reader, queued: Queued, assessed: Assessment, listed: Sequence[int]) -> None:
    data = thoughts_data(queued, assessed, model=reader.model, labels=reader.labels, listed=listed)

    def go(ticket_id: Any) -> None:
        TriageState().ticket_id = int(ticket_id)

    def accept(decision: Mapping[str, Any]) -> None:
        chosen = {name: str(label)[:_MOST_LABEL_CHARS] for name, label in dict(decision["labels"]).items()}
        if int(decision["id"]) == queued.id:
            _decide(visit, queued, assessed, chosen, int(data["next"]))

    def reopen(ticket_id: Any) -> None:
        _act(lambda: visit.citewell.queue.reopen(int(ticket_id), visit.principal))

    mount("thoughts", data, key="triage_thoughts", on={"go": go, "accept": accept, "reopen": reopen})


def _decide(visit: Visit, queued: Queued, assessed: Assessment, chosen: Mapping[Any, str], following: int) -> None:
    """Keep what was guessed, but for what was chosen otherwise; then go on to the next."""
    guessed = {name: found.best.label for name, found in assessed.findings.items()}
    if assessed.is_out_of_scope:
        guessed.pop("category", None)
    if not _act(lambda: visit.citewell.queue.decide(queued.id, {**guessed, **chosen}, visit.principal)):
        return
    corrected = sum(guessed.get(name) != label for name, label in chosen.items())
    detail = {"kind": "decided", "guessed": len(guessed), "corrected": corrected}
    visit.citewell.recorder.record(Happened("triage", visit.principal.key, detail=detail))
    if following:
        TriageState().ticket_id = following


def _act(act: Any) -> bool:
    """Whether it was done; else the page says why not when it is drawn next."""
    try:
        act()
    except AssistantError as error:
        TriageState().notice = error.hint
        return False
    return True


# The reply.


def _draw_reply(visit: Visit, queued: Queued, assessed: Assessment) -> None:
    st.subheader("Reply from the documents", anchor=False)
    place = st.empty()
    state, looked = TriageState(), (queued.id, visit.citewell.library.document_count(visit.scope))
    reply = state.drafted(looked)
    if reply is None:
        place.markdown(":shimmer[Looking for what the documents say]")
        try:
            reply = draft_reply(assessed, assistant=visit.citewell.assistant, principal=visit.principal)
        except (AssistantError, RetrievalError) as error:
            place.markdown(f":material/error: {literal(error.hint)}")
            return
        state.keep_drafted(looked, reply)
        state.letters.setdefault(queued.id, reply.text)
    with place.container(key="triage_reply"):
        _draw_evidence(visit, reply)
        _draw_letter(queued)
        with st.expander("Note for a colleague"):
            st.code(handover_note(assessed, reply), language=None, wrap_lines=True)


def _draw_evidence(visit: Visit, reply: Reply) -> None:
    state = TriageState()
    answer = reply.answer
    message = StoredMessage(_NO_MESSAGE, "assistant", answer.text, "done", None, Work(reply.passages, None, answer))

    def show(opened: OpenSource | None) -> None:
        state.source = opened

    def open_source(target: Mapping[str, object]) -> None:
        show(opened_by(_NO_MESSAGE, target))

    opened = state.source
    data = answer_data(message, can_ask_again=False)
    data["active"] = f"{opened.kind}-{opened.n}" if opened else None
    mount("answer", data, key="triage_answer", on={"open": open_source})
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
