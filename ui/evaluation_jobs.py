"""What is being measured, or made of documents, for the evaluation page: refreshed by itself."""

import streamlit as st

from assistant.evaluation_runs import EVALUATE, GENERATE
from assistant.job_table import Job
from ui.markdown import literal
from ui.visit import Visit

_KINDS = (EVALUATE, GENERATE)
_REFRESH_S = 1.0


def draw_evaluation_jobs(visit: Visit) -> None:
    """The work under way; where the last of it failed, why."""
    if visit.citewell.holdings.open_jobs(_KINDS, visit.principal):
        with st.container(key="jobs"):
            st.fragment(_draw_open, run_every=_REFRESH_S)(visit)
        return
    last = visit.citewell.holdings.last_job(_KINDS, visit.principal)
    if last is not None and last.problem and last.id not in visit.state.seen_jobs:
        with st.container(horizontal=True, vertical_alignment="center", key="outcome_head"):
            st.markdown(f":material/error: {literal(last.problem)}")
            st.button("Close", key="close_evaluation", type="tertiary", on_click=visit.state.close_job, args=(last.id,))


def _draw_open(visit: Visit) -> None:
    jobs = visit.citewell.holdings.open_jobs(_KINDS, visit.principal)
    if not jobs:
        st.rerun(scope="app")
    for job in jobs:
        with st.container(horizontal=True, vertical_alignment="center", key=f"job_head_{job.id}"):
            st.markdown(literal(_doing(job)))
            cancel = visit.citewell.holdings.cancel
            st.button("Cancel", key=f"cancel_{job.id}", on_click=cancel, args=(job.id, visit.principal))


def _doing(job: Job) -> str:
    words = "Asking" if job.kind == EVALUATE else "Making questions"
    how = f" ({job.current})" if job.current else ""
    return f"{words}{how}: {job.done:,} of {job.total:,}" if job.total else f"{words} …"
