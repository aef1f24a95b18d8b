"""Work that a page has asked for: how far it is, refreshed by itself, with a way to end it; and why the last of it failed."""

from collections.abc import Callable, Collection

import streamlit as st

from assistant.job_table import Job
from ui.markdown import literal
from ui.visit import Visit
from ui.welcome import pace

Doing = Callable[[Job], str]
_REFRESH_S = 1.0


def draw_work(visit: Visit, kinds: Collection[str], doing: Doing, *, key: str) -> None:
    """The jobs of these kinds, `doing` being a verb with its object for each; `key` is the page's own."""
    if visit.citewell.holdings.open_jobs(kinds, visit.principal):
        with st.container(key="jobs"):
            st.fragment(_draw_open, run_every=_REFRESH_S)(visit, kinds, doing)
        return
    last = visit.citewell.holdings.last_job(kinds, visit.principal)
    if last is not None and last.problem and last.id not in visit.state.seen_jobs:
        with st.container(horizontal=True, vertical_alignment="center", key="outcome_head"):
            st.markdown(f":material/error: {literal(last.problem)}")
            st.button("Close", key=f"close_{key}", type="tertiary", on_click=visit.state.close_job, args=(last.id,))


def _draw_open(visit: Visit, kinds: Collection[str], doing: Doing) -> None:
    jobs = visit.citewell.holdings.open_jobs(kinds, visit.principal)
    if not jobs:
        st.rerun(scope="app")
    for job in jobs:
        with st.container(horizontal=True, vertical_alignment="center", key=f"job_head_{job.id}"):
            st.markdown(literal(progress_words(job, doing(job))))
            if not visit.is_demo:
                cancel = visit.citewell.holdings.cancel
                st.button("Cancel", key=f"cancel_{job.id}", on_click=cancel, args=(job.id, visit.principal))
        if job.total:
            st.progress(min(1.0, job.done / job.total))


def progress_words(job: Job, doing: str) -> str:
    """What is done, how far it is, how fast it goes and how long it will still take."""
    if not job.total:
        return f"{doing} …"
    return " · ".join([f"{doing}: {job.done:,} of {job.total:,}", *pace(job)])
