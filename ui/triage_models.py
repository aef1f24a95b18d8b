"""What was learned from tickets: the models, how good each is beside the one in use, and which one is used."""

from collections.abc import Iterator

import streamlit as st

from assistant.access import may_create
from assistant.audit import Action
from assistant.errors import AssistantError
from assistant.triage.registry import Version
from assistant.triage.teaching import TRAIN
from retrieval.dates import full_date
from ui.markdown import literal
from ui.triage_compared import draw_comparison
from ui.triage_lessons import draw_lessons
from ui.triage_state import TriageState
from ui.visit import Visit
from ui.words import counted, local_time

_MOST_LISTED = 10


def draw_models(visit: Visit) -> None:
    """The models, the newest first, and training another one."""
    teaching, may_teach = visit.citewell.teaching, may_create(visit.principal)
    versions = teaching.versions(visit.principal)
    decided = visit.citewell.queue.counts(visit.principal).get("done", 0)
    st.markdown(literal(_what_is_learned(len(versions), decided)))
    if may_teach:
        st.button("Train anew", key="train_anew", icon=":material/model_training:", on_click=_train, args=(visit,))
        if not visit.is_demo:
            with st.expander("Learn from a table of resolved tickets", key="triage_lessons"):
                draw_lessons(visit)
    _draw_last_training(visit)
    for version in versions[:_MOST_LISTED]:
        with st.container(border=True, key=f"model_{version.number}"):
            _draw_version(visit, version, may_promote=may_teach)


def _what_is_learned(models: int, decided: int) -> str:
    if not models:
        return (
            "Nothing was learned yet: categories are matched by their descriptions alone. Decide some tickets and train, "
            "or let it learn from a table of resolved tickets."
        )
    return (
        f"A new model learns from what the one in use was trained with, and from {counted(decided, 'decided ticket')}. "
        "It is used once somebody promotes it."
    )


def _draw_last_training(visit: Visit) -> None:
    """What came of the last training, beside its figures: what could not be learned, and why."""
    job = visit.citewell.holdings.last_job((TRAIN,), visit.principal)
    if job is None or not job.result or visit.citewell.holdings.open_jobs((TRAIN,), visit.principal):
        return
    notes = [str(note) for note in job.result.get("notes", ())]
    if contradictions := job.result.get("contradictions"):
        notes.append(
            f"Not learned from: {counted(contradictions, 'group')} of tickets with the same words and different labels."
        )
    for note in notes:
        st.caption(literal(f"Model {job.result['version']}: {note}"))


def _draw_version(visit: Visit, version: Version, *, may_promote: bool) -> None:
    trained = local_time(version.trained_at.replace(tzinfo=None), st.context.timezone)
    state = "in use" if version.is_champion else "waits"
    st.markdown(f"**Model {version.number:d}** · {literal(state)} · trained {full_date(trained.date())}")
    st.markdown("\n".join([f"- {literal(line)}" for line in _figures(version)]))
    if version.is_champion:
        return
    if TriageState().compared == version.number:
        draw_comparison(visit, version.number)
    with st.container(horizontal=True, key=f"model_steps_{version.number}"):
        if TriageState().compared != version.number:
            compare = "Compare with the one in use"
            st.button(literal(compare), key=f"compare_{version.number}", on_click=_compare, args=(version.number,))
        if may_promote:
            st.button("Promote", key=f"promote_{version.number}", on_click=_promote, args=(visit, version.number))


def _compare(number: int) -> None:
    TriageState().compared = number


def _figures(version: Version) -> Iterator[str]:
    figures = version.figures
    if (tickets := figures.get("category.tickets")) is not None:
        yield f"Learned from {counted(round(tickets), 'ticket')} of {counted(round(figures['category.labels']), 'category', 'categories')}."
    for name in ("category", "type", "severity", "product"):
        if (accuracy := figures.get(f"{name}.accuracy")) is not None:
            yield f"{name.capitalize()} right in {accuracy:.0%} of tickets it had not learned from."
    if (own := figures.get("held_back.accuracy")) is not None:
        theirs = figures.get("held_back.champion_accuracy")
        if theirs is None:
            yield f"On the tickets that were held back: right in {own:.0%}."
        else:
            yield (
                f"On the same tickets, held back from both: right in {own:.0%}, "
                f"and the model that was in use then in {theirs:.0%}."
            )


def _train(visit: Visit) -> None:
    try:
        visit.citewell.teaching.ask_to_train(visit.principal)
    except AssistantError as error:
        TriageState().notice = error.hint


def _promote(visit: Visit, number: int) -> None:
    try:
        visit.citewell.teaching.promote(number, visit.principal)
    except AssistantError as error:
        TriageState().notice = error.hint
        return
    visit.record(Action.TRIAGE_PROMOTED, f"model {number}")
    TriageState().notice = f"Model {number} is used from now on."
