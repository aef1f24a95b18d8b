"""What is being measured, or made of documents, for the evaluation page."""

from assistant.evaluation_runs import EVALUATE, GENERATE
from assistant.job_table import Job
from ui.visit import Visit
from ui.work_strip import draw_work


def draw_evaluation_jobs(visit: Visit) -> None:
    """The work under way; where the last of it failed, why."""
    draw_work(visit, (EVALUATE, GENERATE), _doing, key="evaluation")


def _doing(job: Job) -> str:
    words = "Asking" if job.kind == EVALUATE else "Making questions"
    return f"{words} ({job.current})" if job.current else words
