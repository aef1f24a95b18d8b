"""What is being trained, or looked at, for the triage page."""

import streamlit as st

from assistant.job_table import Job
from assistant.triage.teaching import GUESS, TRAIN
from ui.visit import Visit
from ui.work_strip import draw_work

_KINDS = (TRAIN, GUESS)


def draw_triage_jobs(visit: Visit) -> None:
    """The work under way; where the last of it failed, why."""
    draw_work(visit, _KINDS, doing, key="triage")


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


def doing(job: Job) -> str:
    """What a job of the support desk does at the moment: once a model is trained, it looks at what waits."""
    return "Learning from tickets" if job.kind == TRAIN and not job.done else "Looking at tickets"
