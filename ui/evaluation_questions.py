"""The questions of a set, and the ways in which more come into it."""

from collections.abc import Callable, Sequence

import streamlit as st

from assistant.audit import Action
from assistant.errors import AssistantError
from assistant.evaluation import LabelledQuestion
from assistant.evaluation_runs import MOST_GENERATED
from assistant.markup import visible
from assistant.question_files import QuestionFileRefused, as_csv, questions_in_file
from assistant.question_sets import MOST_NAME_CHARS, Kept, QuestionSet
from retrieval.errors import RetrievalError
from ui.evaluation_state import EvaluationState
from ui.markdown import literal
from ui.tables import draw_table
from ui.visit import Visit
from ui.words import counted

_MOST_BROKEN = 200
_GENERATED = 20
_HAND, _FILE, _OWN, _DOCUMENTS = "By hand", "From a file", "From my chats", "From documents"


def draw_new_set(visit: Visit) -> None:
    """The way to another set."""
    editable = {c.id: c.name for c in visit.collections if c.id in visit.editable}
    if not editable:
        st.caption("There is no collection that you may change; ask an administrator for one.")
        return
    with st.popover("New set", icon=":material/add:"), st.form("new_set", border=False, clear_on_submit=True):
        name = st.text_input("Name", max_chars=MOST_NAME_CHARS)
        collection = st.selectbox("Collection", list(editable), format_func=lambda one: visible(editable[one]))
        if st.form_submit_button("Make it", type="primary") and _did(lambda: _create(visit, str(collection), name)):
            st.rerun()


def draw_questions(visit: Visit, chosen: QuestionSet) -> None:
    """What the set asks, and more for it."""
    kept = visit.citewell.question_sets.questions(chosen.id, visit.principal)
    if kept:
        _draw_list(visit, chosen, kept)
    else:
        st.markdown("This set asks nothing yet. Add questions below.")
    st.subheader("Add questions", anchor=False)
    way = st.pills(
        "How", ["By hand", "From a file", "From my chats", "From documents"], default="By hand", key="add_questions",
        label_visibility="collapsed",
    )  # fmt: skip
    ways = {_FILE: _draw_file, _OWN: _draw_own, _DOCUMENTS: _draw_documents}
    ways.get(str(way), _draw_hand)(visit, chosen)


def _draw_list(visit: Visit, chosen: QuestionSet, kept: Sequence[Kept]) -> None:
    answerable = sum(each.question.answerable for each in kept)
    st.caption(f"{counted(len(kept), 'question')}, {answerable:d} of which the documents answer.")
    rows = [_row(each.question) for each in kept]
    picked = st.dataframe(
        rows, hide_index=True, key=f"questions_{chosen.id}_{len(kept)}", on_select="rerun", selection_mode="multi-row"
    )
    ids = [kept[at].id for at in picked.selection.rows if at < len(kept)]
    with st.container(horizontal=True, key="set_actions"):
        if ids:
            label = f"Take {counted(len(ids), 'question')} out"
            st.button(label, key="take_out", icon=":material/remove:", on_click=_remove, args=(visit, chosen, ids))
        st.download_button(
            "Take home as CSV", lambda: "".join(as_csv([each.question for each in kept])).encode(),
            file_name="questions.csv", mime="text/csv", key="questions_home", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        with st.popover("Delete the set", icon=":material/delete:"):
            st.markdown("Its questions and runs go with it; what MLflow has of the runs stays there.")
            st.button("Delete it", key="delete_set", type="primary", on_click=_delete, args=(visit, chosen))


def _row(question: LabelledQuestion) -> dict[str, str]:
    return {
        "Question": question.text,
        "Answerable": "yes" if question.answerable else "no",
        "Documents": ", ".join(question.documents),
        "Answer": " / ".join(question.answers),
        "After": " / ".join(question.earlier),
    }


# Ways in.


def _draw_hand(visit: Visit, chosen: QuestionSet) -> None:
    paths = sorted(visit.citewell.question_sets.documents(chosen.id, visit.principal))
    with st.form("question_by_hand", clear_on_submit=True):
        text = st.text_input("Question")
        is_answerable = st.checkbox("The documents answer it", value=True)
        documents = st.multiselect("Documents with the answer", paths, format_func=visible)
        answers = st.text_area("Words of which any must be in the answer, one a line", height=90)
        if st.form_submit_button("Add it", type="primary"):
            said = tuple(line.strip() for line in answers.splitlines() if line.strip())
            question = LabelledQuestion(text, is_answerable, said, documents=tuple(documents))
            if _did(lambda: _add(visit, chosen, [question])):
                st.rerun()


def _draw_file(visit: Visit, chosen: QuestionSet) -> None:
    given = st.file_uploader("Questions as CSV or JSON lines", key=EvaluationState().upload_key)
    if given is None:
        st.caption(
            "The first row names the columns: question, documents, answers, answerable. Several documents or answers "
            "stand with | between them. Nothing is taken from a file of which any line is broken."
        )
        return
    try:
        known = visit.citewell.question_sets.documents(chosen.id, visit.principal)
        questions = questions_in_file(given.getvalue(), given.name, known)
    except QuestionFileRefused as refused:
        _draw_broken(refused)
        return
    label = f"Add {counted(len(questions), 'question')}"
    st.button(label, key="add_file", type="primary", on_click=_add_file, args=(visit, chosen, questions))


def _draw_broken(refused: QuestionFileRefused) -> None:
    """Every line at fault."""
    st.error(literal(refused.hint))
    if refused.broken:
        rows = [{"Line": each.line, "Because": each.reason} for each in refused.broken[:_MOST_BROKEN]]
        draw_table(rows, key="questions_broken", label="Lines at fault")


def _draw_own(visit: Visit, chosen: QuestionSet) -> None:
    """What the viewer asked; nobody else's."""
    liked = st.checkbox("Only where the answer helped me", key="only_liked")
    found = visit.citewell.real_questions.own(chosen.id, visit.principal, liked=liked)
    if not found:
        st.caption("None of your own questions was answered from this collection yet. Nobody else's are shown here.")
        return
    st.caption(
        "Your own questions, with the documents that their answers cited. Whoever may change this collection will see "
        "those that you add; they go when your account is erased or conversations of their age are."
    )
    picked = st.dataframe(
        [_row(each) for each in found], hide_index=True, key=f"own_{chosen.id}_{liked}", on_select="rerun",
        selection_mode="multi-row",
    )  # fmt: skip
    taken = [found[at] for at in picked.selection.rows if at < len(found)]
    label = f"Add {counted(len(taken), 'question')}" if taken else "Choose questions to add"
    st.button(label, key="add_own", type="primary", disabled=not taken, on_click=_add_own, args=(visit, chosen, taken))


def _draw_documents(visit: Visit, chosen: QuestionSet) -> None:
    has_model = visit.citewell.models.lineup.model is not None
    st.caption(
        "The model writes them, with the words that answer them. Look through them afterwards."
        if has_model
        else "Of headings, and of sentences whose figure is left out. Look through them afterwards."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="generate"):
        count = st.number_input("How many at most", 1, MOST_GENERATED, _GENERATED, key="generate_count", width=180)
        st.button("Make questions", key="generate_start", on_click=_generate, args=(visit, chosen, int(count)))


# What is done.


def _create(visit: Visit, collection_id: str, name: str) -> None:
    set_id = visit.citewell.question_sets.create(collection_id, name, visit.principal)
    visit.record(Action.QUESTIONS_CHANGED, name, made=True)
    EvaluationState().choose_set(set_id)


def _add(visit: Visit, chosen: QuestionSet, questions: Sequence[LabelledQuestion], asked_by: str | None = None) -> None:
    added = visit.citewell.question_sets.add(chosen.id, questions, visit.principal, asked_by=asked_by)
    visit.record(Action.QUESTIONS_CHANGED, chosen.name, added=added)
    known = len(questions) - added
    there = f"; {known:,} {'was' if known == 1 else 'were'} there already" if known else ""
    EvaluationState().notice = f"{counted(added, 'question')} added{there}."


def _add_file(visit: Visit, chosen: QuestionSet, questions: Sequence[LabelledQuestion]) -> None:
    if _noted(lambda: _add(visit, chosen, questions)):
        EvaluationState().empty_upload()


def _add_own(visit: Visit, chosen: QuestionSet, questions: Sequence[LabelledQuestion]) -> None:
    _noted(lambda: _add(visit, chosen, questions, visit.principal.key))


def _remove(visit: Visit, chosen: QuestionSet, ids: Sequence[int]) -> None:
    def remove() -> None:
        visit.citewell.question_sets.remove(chosen.id, ids, visit.principal)
        visit.record(Action.QUESTIONS_CHANGED, chosen.name, removed=len(ids))

    _noted(remove)


def _delete(visit: Visit, chosen: QuestionSet) -> None:
    def delete() -> None:
        visit.citewell.question_sets.delete(chosen.id, visit.principal)
        visit.record(Action.QUESTIONS_DELETED, chosen.name, collection=chosen.collection)

    _noted(delete)


def _generate(visit: Visit, chosen: QuestionSet, count: int) -> None:
    _noted(lambda: visit.citewell.runs.generate(chosen.id, count, visit.principal))


def _noted(act: Callable[[], object]) -> bool:
    """Whether it was done; else the page says why not when it is drawn next."""
    try:
        act()
    except (AssistantError, RetrievalError) as error:
        EvaluationState().notice = error.hint
        return False
    return True


def _did(act: Callable[[], object]) -> bool:
    """Whether it was done; else it is said where the form is."""
    try:
        act()
    except (AssistantError, RetrievalError) as error:
        st.error(literal(error.hint))
        return False
    return True
