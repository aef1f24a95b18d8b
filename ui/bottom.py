"""What stays at hand at the bottom of the chat: the input, Stop while an answer is written, a problem."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from assistant.jobs import AnswerJob
from ui.attached import draw_attached
from ui.check_form import SAMPLE_STEP, go_to_sample, sample_text
from ui.follow_along import is_answered_elsewhere
from ui.guided import GuidedQuestion, guided_questions
from ui.markdown import literal
from ui.narrowing import draw_narrowing
from ui.state import QUESTION_KEY
from ui.visit import Visit, done

Ask = Callable[[str], None]


def draw_bottom(visit: Visit, job: AnswerJob | None, *, ask: Ask, submitted: Callable[[], None]) -> None:
    """Draw it; `ask` and `submitted` are called before the page is drawn again."""
    is_begun = job is not None or bool(visit.state.conversation.messages)
    with st.bottom:
        # Always the same places, so that nothing of the run before shows while an answer is written.
        problem, row = st.empty(), st.empty()
        if visit.state.problem:
            with problem.container(key="problem"):
                st.markdown(f":material/error: {literal(visit.state.problem)}")
        with row:
            if job is not None:
                _draw_stop(job.stop)
            elif is_answered_elsewhere(visit):
                _draw_stop(partial(_stop_elsewhere, visit))
            elif visit.is_demo and is_begun:
                _draw_guided_row(guided_questions(), ask)
        draw_narrowing(visit)
        draw_attached(visit)
        visit.state.fill_input()
        placeholder = "Ask a follow-up" if is_begun else "Ask your documents"
        most_mb = visit.citewell.limits.of(visit.principal).upload_mb
        st.chat_input(
            placeholder, key=QUESTION_KEY, max_upload_size=most_mb, accept_file="multiple", on_submit=submitted
        )


def _draw_stop(stop: Callable[[], None]) -> None:
    with st.container(key="answering", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(":shimmer[Answering]")
        st.button("Stop", key="stop", icon=":material/stop_circle:", type="tertiary", on_click=stop)


def _stop_elsewhere(visit: Visit) -> None:
    """Ask the process that writes it."""
    if (conversation_id := visit.state.conversation.id) is not None:
        done(partial(visit.citewell.conversations.stop, conversation_id, visit.principal))


def _draw_guided_row(questions: tuple[GuidedQuestion, ...], ask: Ask) -> None:
    """The guided questions as a row of small buttons, at hand during the whole conversation."""
    with st.container(key="guided_row", horizontal=True, gap="xsmall"):
        for guided in questions:
            st.button(
                f"{guided.number:d}\u2002{literal(guided.title)}",
                key=f"guided_row_{guided.number}",
                help=literal(guided.question),
                type="tertiary",
                on_click=ask,
                args=(guided.question,),
            )
        if sample_text():
            label = f"{len(questions) + 1:d}\u2002Check a reply"
            if st.button(label, key="guided_row_check", help=SAMPLE_STEP, type="tertiary"):
                go_to_sample()
