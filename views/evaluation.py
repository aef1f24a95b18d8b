"""Evaluation: question sets, runs of them side by side, and any question looked into. For editors and administrators."""

import streamlit as st

from assistant.access import may_create
from assistant.markup import visible
from assistant.question_sets import QuestionSet
from ui.evaluation_jobs import draw_evaluation_jobs
from ui.evaluation_questions import draw_new_set, draw_questions
from ui.evaluation_runs import draw_runs
from ui.evaluation_state import INSPECTOR, PART_KEY, QUESTIONS, SET_KEY, EvaluationState
from ui.inspector import draw_inspector
from ui.markdown import literal
from ui.state import seeded, seeded_once
from ui.visit import Visit, current_visit, draw_problem
from ui.welcome import draw_strips


def draw_page(visit: Visit) -> None:
    """For whoever changes collections; for anybody else there is no such page."""
    if not may_create(visit.principal):
        draw_problem("There is no such page", "Choose one on the left.")
        return
    draw_strips(visit)
    if EvaluationState().has_wanted:
        seeded(PART_KEY, INSPECTOR)
    with st.container(horizontal=True, vertical_alignment="center", key="evaluation_head"):
        st.header("Evaluation", anchor=False)
        part = st.segmented_control(
            "Part", ["Runs", "Questions", "Inspector"], key=seeded_once(PART_KEY, "Runs"), label_visibility="collapsed"
        )
    _draw_notice()
    if part == INSPECTOR:
        draw_inspector(visit)
        return
    draw_evaluation_jobs(visit)
    chosen = _draw_choice(visit)
    if chosen is None:
        return
    if part == QUESTIONS:
        draw_questions(visit, chosen)
    else:
        draw_runs(visit, chosen)


def _draw_notice() -> None:
    state = EvaluationState()
    if state.notice:
        st.info(literal(state.notice))
        state.notice = None


def _draw_choice(visit: Visit) -> QuestionSet | None:
    """Which set, and the way to another one."""
    sets = {each.id: each for each in visit.citewell.question_sets.list(visit.principal)}
    if not sets:
        st.markdown(
            "Question sets will be here: what your documents should answer, and what they should not. "
            "With one, every change can be measured before people meet it. Make the first:"
        )
    EvaluationState().seed_set(sets)
    with st.container(horizontal=True, vertical_alignment="bottom", key="evaluation_choice"):
        chosen = None
        if sets:
            chosen = st.selectbox(
                "Question set", list(sets), key=SET_KEY, format_func=lambda number: _called(sets[number])
            )
        draw_new_set(visit)
    return sets.get(chosen) if chosen is not None else None


def _called(each: QuestionSet) -> str:
    return visible(f"{each.name} · {each.collection}")


with st.container(key="evaluation_page"):
    draw_page(current_visit())
