"""What is being trained, or looked at, for the triage page: refreshed by itself."""

import streamlit as st

from assistant.job_table import Job
from assistant.triage.teaching import GUESS, TRAIN
from ui.markdown import literal
from ui.visit import Visit
from ui.welcome import pace

_KINDS = (TRAIN, GUESS)
_REFRESH_S = 1.0


def draw_triage_jobs(visit: Visit) -> None:
    """The work under way; where the last of it failed, why."""
    if visit.citewell.holdings.open_jobs(_KINDS, visit.principal):
        with st.container(key="jobs"):
            st.fragment(_draw_open, run_every=_REFRESH_S)(visit)
        return
    last = visit.citewell.holdings.last_job(_KINDS, visit.principal)
    if last is not None and last.problem and last.id not in visit.state.seen_jobs:
        with st.container(horizontal=True, vertical_alignment="center", key="outcome_head"):
            st.markdown(f":material/error: {literal(last.problem)}")
            st.button("Close", key="close_triage", type="tertiary", on_click=visit.state.close_job, args=(last.id,))


def draw_unlooked(visit: Visit, number: int | None) -> None:
    """What the model in use has not looked at: a batch that was cancelled, or one after a command has trained a model."""
    if number is None or visit.citewell.holdings.open_jobs(_KINDS, visit.principal):
        return
    if visit.citewell.queue.not_guessed_by(number, visit.principal, limit=1):
        st.button(
            "Look at the tickets that wait",
            key="look_at_rest",
            icon=":material/play_arrow:",
            on_click=visit.citewell.teaching.ask_to_guess,
            args=(visit.principal,),
        )


def _draw_open(visit: Visit) -> None:
    jobs = visit.citewell.holdings.open_jobs(_KINDS, visit.principal)
    if not jobs:
        st.rerun(scope="app")
    for job in jobs:
        with st.container(horizontal=True, vertical_alignment="center", key=f"job_head_{job.id}"):
            st.markdown(literal(progress_words(job)))
            if not visit.is_demo:
                cancel = visit.citewell.holdings.cancel
                st.button("Cancel", key=f"cancel_{job.id}", on_click=cancel, args=(job.id, visit.principal))
        if job.total:
            st.progress(min(1.0, job.done / job.total))


def progress_words(job: Job) -> str:
    """What is done, how far it is, how fast it goes and how long it will still take."""
    words = "Learning from tickets" if job.kind == TRAIN and not job.done else "Looking at tickets"
    if not job.total:
        return f"{words} …"
    return " · ".join([f"{words}: {job.done:,} of {job.total:,}", *pace(job)])
