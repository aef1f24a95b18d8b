"""The inspector: any question in any configuration, with all that came of it."""

from collections.abc import Mapping

import streamlit as st

from assistant.asking import present
from assistant.conversations import StoredMessage
from assistant.errors import AssistantError
from assistant.inspection import Inspection, inspect
from assistant.markup import visible
from assistant.places import page_of
from retrieval.errors import RetrievalError
from ui.account_view import MOST_ROWS, account_data
from ui.answer_view import answer_data
from ui.component import mount
from ui.configuration_form import draw_configuration, show_configuration
from ui.evaluation_state import COLLECTION_KEY, QUESTION_KEY, EvaluationState
from ui.markdown import literal
from ui.source_panel import draw_source, opened_by
from ui.state import OpenSource, seeded
from ui.tables import draw_table
from ui.visit import Visit
from ui.words import counted, hint_of

_NO_MESSAGE = 0
_ALL = ""
_FROM_HERE = {"from": "evaluation"}


def draw_inspector(visit: Visit) -> None:
    """The question, and what came of it."""
    state = EvaluationState()
    names = [_ALL, *(collection.name for collection in visit.collections)]
    asked = _take_wanted(visit, names)
    question = st.text_area(
        "Question", key=QUESTION_KEY, height=80, placeholder="Any question, as somebody would ask it"
    )
    if state.earlier:
        st.caption(literal(f"Asked before it: {' / '.join(state.earlier)}"))
    collection = st.selectbox(
        "Asked of",
        names,
        key=COLLECTION_KEY,
        format_func=lambda name: visible(name) or "all that I may read",
        width=320,
    )
    configuration = draw_configuration(visit, "inspected", present(visit.citewell))
    if st.button("Look into it", key="inspect", type="primary", disabled=not question.strip()) or asked:
        with st.empty():
            st.markdown(":shimmer[Asking]")
            try:
                state.inspection = inspect(
                    visit.citewell, question, configuration, visit.principal,
                    earlier=state.earlier, collection=collection or None,
                )  # fmt: skip
            except (AssistantError, RetrievalError) as error:
                state.inspection = None
                hint = hint_of(error, st.context.timezone) if isinstance(error, AssistantError) else error.hint
                st.error(literal(hint))
                return
            st.empty()
    if state.inspection is None:
        st.markdown(
            "What each index found, how scores combined, what was sent and how it stood the check will be here."
        )
        return
    _draw_inspection(visit, state.inspection)


def _take_wanted(visit: Visit, names: list[str]) -> bool:
    """Fill the fields in with what is to be looked into; whether there is such a thing."""
    state = EvaluationState()
    wanted = state.wanted
    if wanted is None:
        return False
    seeded(QUESTION_KEY, wanted.question)
    seeded(COLLECTION_KEY, wanted.collection if wanted.collection in names else _ALL)
    state.earlier = wanted.earlier
    if wanted.configuration is not None:
        show_configuration(visit, "inspected", wanted.configuration)
    return True


def _draw_inspection(visit: Visit, found: Inspection) -> None:
    st.subheader("The answer", anchor=False)
    st.caption(literal(found.configuration.words))
    work = found.work
    text = work.answer.text if work.answer else ""
    message = StoredMessage(_NO_MESSAGE, "assistant", text, "failed" if found.failure else "done", found.failure, work)
    state = EvaluationState()

    def show(opened: OpenSource | None) -> None:
        state.source = opened

    def open_source(target: Mapping[str, object]) -> None:
        show(opened_by(_NO_MESSAGE, target))

    def open_passage(target: Mapping[str, object]) -> None:
        show(OpenSource(_NO_MESSAGE, "passage", int(str(target["n"]))))

    opened = state.source
    data = answer_data(message, can_ask_again=False)
    data |= {"explains": False, "active": f"{opened.kind}-{opened.n}" if opened else None}
    mount("answer", data, key="inspected_answer", on={"open": open_source})
    if opened:
        draw_source(visit, message, opened, show, come_back=_FROM_HERE)
    _draw_verdicts(found)
    if work.trace is not None:
        st.subheader("How it was found", anchor=False)
        chunk_ids = [candidate.chunk_id for candidate in work.trace.candidates[:MOST_ROWS]]
        hits = visit.citewell.library.hits(chunk_ids, visit.scope)
        mount("account", account_data(message, hits), key="inspected_account", on={"open": open_passage})
    _draw_sent(found)


def _draw_verdicts(found: Inspection) -> None:
    """Every sentence with what the check says of it, those that a model had to take back among them."""
    answers = [answer for answer in (found.work.replaced, found.work.answer) if answer is not None]
    rows = [
        {
            "Sentence": sentence.text,
            "Verdict": sentence.support.replace("_", " ") + (", a model’s opinion" if sentence.is_opinion else ""),
            "Cites": ", ".join(map(str, sentence.citations)),
            "Held against": sentence.compared.quote if sentence.compared else "",
            "Differs in": "; ".join(f"{d.claimed} / {d.stated or 'nothing'}" for d in sentence.compared.differences)
            if sentence.compared
            else "",
            "Note": "taken back" if answer is found.work.replaced else "",
        }
        for answer in answers
        for sentence in answer.sentences
    ]
    if rows:
        st.subheader("The verdicts", anchor=False)
        draw_table(rows, key="inspected_verdicts", label="Sentences and their verdicts")


def _draw_sent(found: Inspection) -> None:
    """The prompts as they were sent, and what the window had no room for."""
    st.subheader("What a model was sent", anchor=False)
    if not found.prompts:
        st.markdown("No model was asked: sentences are quoted, or the documents do not say.")
        return
    st.caption(f"{counted(found.prompt_tokens, 'token')} for the answer; {literal(_dropped(found))}.")
    for passage in found.left_out:
        where = page_of(passage.source.path, passage.page)
        st.markdown(f":material/content_cut: {literal(passage.source.title)} {literal(where)}")
    for number, prompt in enumerate(found.prompts, start=1):
        told = "\n\n".join(f"--- {each.role} ---\n{each.text}" for each in prompt)
        with st.expander(f"Call {number:d}"):
            st.code(told, language=None, wrap_lines=True)


def _dropped(found: Inspection) -> str:
    if not (found.left_out or found.dropped_history):
        return "everything that was found fitted in"
    passages = counted(len(found.left_out), "passage")
    return f"left out for want of room: {passages}, {counted(found.dropped_history, 'earlier message')}"
