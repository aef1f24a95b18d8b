"""What the chat page shows before the first question, and the strips above everything else."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import streamlit as st

from assistant.bootstrap import SAMPLE_COLLECTION
from assistant.job_table import Job
from assistant.operations import READING_IN
from assistant.starters import MOST, starters
from retrieval.dates import utc_now
from ui.check_form import SAMPLE_STEP, go_to_sample, sample_text
from ui.guided import GuidedQuestion, guided_questions, starter_questions
from ui.markdown import literal
from ui.state import CheckState, ThreadListState
from ui.visit import Visit
from ui.words import counted

Ask = Callable[[str], None]
_REFRESH_S = 1.0
_NAMED = 3
_SHORT_S = 5.0
_SETTLED_S = 15.0
"""Before that, a rate says more about the first file than about the rest."""


def draw_strips(visit: Visit) -> None:
    """One quiet strip for each thing that is not as usual: a demo, something missing, documents being read in."""
    if visit.is_demo:
        _draw_banner(visit)
    if visit.citewell.notice:
        _draw_strip("notice", f":material/info: {literal(visit.citewell.notice)}")
    if visit.citewell.holdings.open_jobs(READING_IN, visit.principal):
        with st.container(key="reading"):
            st.fragment(_draw_progress, run_every=_REFRESH_S)(visit)


def draw_welcome(visit: Visit, ask: Ask) -> None:
    """What will be here, and the first step."""
    documents = visit.citewell.library.document_count(visit.scope)
    names = tuple(collection.name for collection in visit.collections)
    with st.container(key="welcome"):
        if not documents:
            _draw_no_documents(is_reading=bool(visit.citewell.holdings.open_jobs(READING_IN, visit.principal)))
            return
        _draw_headline(documents, names)
        if visit.is_demo:
            _draw_guided(guided_questions(), ask)
        else:
            _draw_starters(_starters(visit), ask)


def _starters(visit: Visit) -> tuple[str, ...]:
    """First questions from one's own documents; while there is only the sample company, those written for it."""
    own = [collection.id for collection in visit.collections if collection.name != SAMPLE_COLLECTION]
    return starters(visit.citewell.catalogue.outlines(frozenset(own[:MOST]))) if own else starter_questions()


def _draw_strip(key: str, words: str) -> None:
    with st.container(key=key):
        st.markdown(words)


def _draw_banner(visit: Visit) -> None:
    def reset() -> None:
        visit.citewell.conversations.forget(visit.principal)
        visit.citewell.attached.forget_all_of(visit.principal)
        visit.citewell.preferences.choose(visit.principal, style=None, collection_id=None)
        visit.state.leave_conversation()
        CheckState().reset()
        ThreadListState().deleted = None
        st.query_params.clear()

    with st.container(key="demo_banner", horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**Demo.** The documents are those of Skerrivane Instruments, a company invented for it. "
            "Only you see your questions, and nothing is kept."
        )
        st.button("Reset", key="reset", type="tertiary", icon=":material/restart_alt:", on_click=reset)


def _draw_progress(visit: Visit) -> None:
    """The job that is reading files in, as far as it is; the page is drawn again when there is none."""
    waiting = visit.citewell.holdings.open_jobs(READING_IN, visit.principal)
    if not waiting:
        st.rerun(scope="app")
    job = waiting[0]
    if not job.total:
        st.markdown(":shimmer[Reading documents in]")
        return
    facts = literal(" · ".join(fact for fact in (job.current, f"{job.done:,} of {job.total:,}", *pace(job)) if fact))
    st.markdown(f":shimmer[Reading documents in]\u2002 :gray[{facts}]")
    st.progress(min(1.0, job.done / job.total))


def pace(job: Job) -> Iterator[str]:
    """Rate and time left, once they are worth saying."""
    time = utc_now()
    rate, left = job.files_per_second(time), job.seconds_left(time)
    if rate is None or left is None or left < _SHORT_S or _lasted_s(job, time) < _SETTLED_S:
        return
    yield f"{rate:.0f} a second" if rate >= 1 else f"{rate * 60:.0f} a minute"
    yield f"about {max(1, round(left / 60))} min left" if left >= 60 else f"about {left:.0f} s left"


def _lasted_s(job: Job, time: datetime) -> float:
    return 0.0 if job.started_at is None else (time - job.started_at).total_seconds()


def _draw_headline(documents: int, names: Sequence[str]) -> None:
    st.header("What would you like to know?", anchor=False)
    held = literal(", ".join(names[:_NAMED])) + (" and others" if len(names) > _NAMED else "")
    st.markdown(
        f"Citewell answers from {counted(documents, 'document')} in {held}, "
        "and every sentence opens at the passage it came from."
    )


def _draw_no_documents(*, is_reading: bool) -> None:
    if is_reading:
        st.header("The first documents are being read in", anchor=False)
        st.markdown("You can ask as soon as one of them is there.")
        return
    st.header("There are no documents yet", anchor=False)
    st.markdown("Once some are read in, you ask here, and every sentence of an answer opens at its passage.")
    st.page_link("views/documents.py", label="Add documents", icon=":material/upload_file:")
    st.markdown("Or read a whole folder in from the command line:")
    st.code("citewell ingest FOLDER", language=None)


def _draw_starters(questions: Sequence[str], ask: Ask) -> None:
    """Buttons, not pills: a second click on a pill takes the first one back."""
    if not questions:
        return
    st.caption("Or begin with one of these")
    with st.container(key="starters", horizontal=True, gap="xsmall"):
        for number, question in enumerate(questions):
            st.button(literal(question), key=f"starter_{number}", on_click=ask, args=(question,))


def _draw_guided(questions: Sequence[GuidedQuestion], ask: Ask) -> None:
    """The five questions of the demonstration, each with what it shows; then the text that is checked at its end."""
    st.caption("Five questions that show what it does" + (", and a text to check" if sample_text() else ""))
    with st.container(key="guided", gap=None):
        for guided in questions:
            label = f"{guided.number:d}\u2003{literal(guided.question)}\u2003:gray[{literal(guided.title)}]"
            key = f"guided_{guided.number}"
            st.button(label, key=key, type="tertiary", width="stretch", on_click=ask, args=(guided.question,))
        if sample_text():
            label = f"{len(questions) + 1:d}\u2003{SAMPLE_STEP}\u2003:gray[Any text]"
            if st.button(label, key="guided_check", type="tertiary", width="stretch"):
                go_to_sample()
