"""One gap: what was asked, what came nearest, whose it is and where it stands, and the proof that it is answered."""

from collections.abc import Callable

import streamlit as st

from assistant.audit import Action
from assistant.errors import AssistantError
from assistant.gaps.board import Shown
from assistant.gaps.values import CHOSEN, Gap, GapQuestion, State
from assistant.job_table import Job
from retrieval.dates import full_date
from retrieval.values import Source
from ui.gaps_state import GapsState
from ui.gaps_words import (
    REASONS,
    STATES,
    examples_of,
    hidden_words,
    progress_words,
    row_words,
    weeks_words,
)
from ui.markdown import literal
from ui.visit import Visit
from ui.words import counted, local_time, shortened

_MOST_EXAMPLES = 10
_QUESTION_CHARS, _QUOTE_CHARS = 300, 400
_REFRESH_S = 1.0
_BACK = {"from": "gaps"}


def draw_gap(visit: Visit, gap: Gap) -> None:
    """All of it, and the way back to the list."""
    st.button("All gaps", key="all_gaps", type="tertiary", icon=":material/arrow_back:", on_click=_leave)
    st.header(literal(gap.name), anchor=False)
    st.markdown(literal(row_words(gap)))
    st.caption(literal(f"{weeks_words(gap.weeks)}. Searched: {', '.join(gap.collections)}."))
    _draw_standing(visit, gap)
    _draw_asking(visit, gap)
    _draw_questions(visit, gap)
    _draw_nearest(visit, gap)


def _leave() -> None:
    GapsState().gap_id = None


def _act(act: Callable[[], object]) -> bool:
    """Whether it was done; else the page says why not when it is drawn next."""
    try:
        act()
    except AssistantError as error:
        GapsState().notice = error.hint
        return False
    return True


# Whose it is and where it stands.


def _draw_standing(visit: Visit, gap: Gap) -> None:
    key, options = f"gap_state_{gap.id}_{gap.state}", list(CHOSEN)  # Streamlit would keep the state it had before.
    if gap.state == "answered":
        options.append("answered")

    def choose() -> None:
        state: State = st.session_state[key]
        if state in CHOSEN and _act(lambda: visit.citewell.gaps.set_state(gap.id, state, visit.principal)):
            visit.record(Action.GAP_CHANGED, f"gap {gap.id}", state=state)

    with st.container(horizontal=True, vertical_alignment="bottom", key="gap_standing"):
        st.selectbox(
            "State",
            options,
            index=options.index(gap.state),
            format_func=lambda state: STATES[state].capitalize(),
            key=key,
            on_change=choose,
        )
        label = "Give it back" if gap.is_mine else "Take it"
        st.button(label, key="take_gap", icon=":material/person:", on_click=_take, args=(visit, gap))


def _take(visit: Visit, gap: Gap) -> None:
    wanted = not gap.is_mine
    if _act(lambda: visit.citewell.gaps.take(gap.id, visit.principal, wanted=wanted)):
        visit.record(Action.GAP_CHANGED, f"gap {gap.id}", taken=wanted)


# Asking again.


def _draw_asking(visit: Visit, gap: Gap) -> None:
    with st.container(key="gap_asking"):
        if _job(visit, gap) is not None:
            st.fragment(_draw_progress, run_every=_REFRESH_S)(visit, gap)
            return
        if gap.answered == gap.size:
            st.success("Every question of this gap has an answer now.", icon=":material/check_circle:")
            return
        st.button(
            "Ask the questions again",
            key="ask_gap_again",
            type="primary",
            icon=":material/replay:",
            on_click=_ask_again,
            args=(visit, gap),
        )
        st.caption(literal(_asked_words(gap)))


def _ask_again(visit: Visit, gap: Gap) -> None:
    _act(lambda: visit.citewell.gaps.ask_again(gap.id, visit.principal))


def _asked_words(gap: Gap) -> str:
    if gap.asked_again_at is None:
        return "As whoever asked, of what they may read. It also happens by itself when documents come in."
    at = local_time(gap.asked_again_at, st.context.timezone)
    return f"Last asked again on {full_date(at)}, {at:%H:%M}: {progress_words(gap)}."


def _job(visit: Visit, gap: Gap) -> Job | None:
    return visit.citewell.gaps.job_of(gap.id, visit.principal)


def _draw_progress(visit: Visit, gap: Gap) -> None:
    job = _job(visit, gap)
    if job is None:
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center", key=f"job_head_{job.id}"):
        facts = f"{job.done:,d} of {job.total:,d}" if job.total else "…"
        st.markdown(f":shimmer[Asking again] {facts}")
        if job.owner == visit.principal.key:
            cancel = visit.citewell.holdings.cancel
            st.button("Cancel", key=f"cancel_{job.id}", on_click=cancel, args=(job.id, visit.principal))


# What was asked, and what answers it.


def _draw_questions(visit: Visit, gap: Gap) -> None:
    st.subheader("What was asked", anchor=False)
    examples = examples_of(gap)
    with st.container(key="gap_questions"):
        for question, times in examples[:_MOST_EXAMPLES]:
            _draw_question(visit, question, times)
    if len(examples) > _MOST_EXAMPLES:
        st.caption(f"And {counted(len(examples) - _MOST_EXAMPLES, 'more question')}; the table has all of them.")
    if hidden := hidden_words(gap):
        st.caption(literal(hidden))


def _draw_question(visit: Visit, question: GapQuestion, times: int) -> None:
    with st.container(key=f"gap_question_{question.id}", gap="xsmall"):
        st.markdown(literal(shortened(question.text or "", _QUESTION_CHARS)))
        asked = full_date(local_time(question.asked_at, st.context.timezone))
        often = f", {counted(times, 'time')}" if times > 1 else ""
        st.caption(literal(f"{REASONS[question.reason]} · {asked}{often}"))
        if question.proof is not None:
            _draw_proof(visit.citewell.gaps.proof(question.proof, visit.principal))


def _draw_proof(shown: Shown | None) -> None:
    if shown is None:
        st.markdown(":material/check_circle: It has an answer now, in a document that is not yours to read.")
        return
    st.markdown(f":material/check_circle: **It has an answer now.** {literal(_quoted(shown))}")
    _draw_link(shown.source, {"start": str(shown.start), "end": str(shown.end)} if shown.quote else {})


def _quoted(shown: Shown) -> str:
    return f"“{shortened(shown.quote, _QUOTE_CHARS)}”" if shown.quote else "The document was read in anew since."


def _draw_nearest(visit: Visit, gap: Gap) -> None:
    nearest = visit.citewell.gaps.nearest(gap, visit.principal)
    if not nearest:
        return
    st.subheader("What came nearest", anchor=False)
    with st.container(key="gap_nearest", gap="xsmall"):
        for source in nearest:
            _draw_link(source, {})


def _draw_link(source: Source, span: dict[str, str]) -> None:
    query = {"id": str(source.id), **span, **_BACK}
    st.page_link("views/document.py", label=literal(source.title), icon=":material/description:", query_params=query)
