"""Runs of a question set: begun in one configuration or beside the present one, and two of them side by side."""

from collections.abc import Iterator, Mapping, Sequence

import streamlit as st

from assistant.asking import present
from assistant.configuration import Configuration
from assistant.errors import AssistantError
from assistant.evaluation import LabelledQuestion
from assistant.evaluation_runs import Run
from assistant.markup import visible
from assistant.question_sets import QuestionSet
from assistant.set_evaluation import MEASURES, RATES, Compared, Outcome
from retrieval.dates import full_date
from ui.configuration_form import draw_configuration
from ui.evaluation_state import EVALUATION_PAGE, EvaluationState, Wanted
from ui.markdown import literal
from ui.tables import draw_table
from ui.visit import Visit
from ui.words import counted, local_time

MEASURE_WORDS = {
    "right": "Answered as it should be",
    "recall@10": "Its documents among the first ten (recall@10)",
    "ndcg@10": "How high they stand there (nDCG@10)",
    "mrr@10": "Where the first one stands (MRR@10)",
    "recall_shown": "Its documents among the passages taken",
    "answer_in_first_sentence": "Answer in the first sentence",
    "answer_in_three_sentences": "Answer in the first three",
    "supported": "Statements that the documents support",
    "false_refusal_rate": "Refused although it can be answered",
    "false_answer_rate": "Answered although it cannot be",
    "auroc": "Told apart what can be answered (AUROC)",
    "p50_ms": "Time, half of the questions within",
    "p95_ms": "Time, 95 % within",
}
_ORDER = ("right", *(name for name in (*MEASURES, *RATES) if name != "right"))
_SURE = 0.05


def draw_runs(visit: Visit, chosen: QuestionSet) -> None:
    """What is measured next, what was, and two runs beside each other."""
    if not chosen.questions:
        st.markdown("This set asks nothing yet. Choose *Questions* above and add some.")
        return
    _draw_start(visit, chosen)
    runs = visit.citewell.runs.list(chosen.id, visit.principal)
    if not runs:
        st.markdown("Runs of this set will stand here, two of them side by side.")
        return
    if len(runs) > 1:
        _draw_pair(visit, chosen, runs)
    else:
        _draw_one(visit, runs[0])


def _draw_start(visit: Visit, chosen: QuestionSet) -> None:
    now = present(visit.citewell)
    st.caption(f"{counted(chosen.questions, 'question')}. What answers now: {literal(now.words)}.")
    tried = draw_configuration(visit, "tried", now)
    with st.container(horizontal=True, key="run_actions"):
        st.button(
            "Compare with what answers now", key="compare_runs", type="primary", icon=":material/compare_arrows:",
            disabled=tried == now, on_click=_start, args=(visit, chosen, (now, tried)),
            help="Change something above first." if tried == now else None,
        )  # fmt: skip
        st.button("Measure this alone", key="start_run", on_click=_start, args=(visit, chosen, (tried,)))


def _start(visit: Visit, chosen: QuestionSet, configurations: Sequence[Configuration]) -> None:
    try:
        visit.citewell.runs.start(chosen.id, configurations, visit.principal)
    except AssistantError as error:
        EvaluationState().notice = error.hint


# One run, and two.


def _draw_one(visit: Visit, run: Run) -> None:
    st.subheader("The run", anchor=False)
    st.caption(literal(_called(run)))
    _draw_notes([run])
    rows = [
        {
            "Measure": MEASURE_WORDS[name],
            "Figure": shown(name, run.figures.get(name)),
            "95 % interval": _range(name, run),
        }
        for name in _ORDER
    ]
    draw_table(rows, key=f"run_{run.id}", label="Figures of the run")
    _draw_delete(visit, run)


def _draw_pair(visit: Visit, chosen: QuestionSet, runs: Sequence[Run]) -> None:
    st.subheader("Two runs side by side", anchor=False)
    by_id = {run.id: run for run in runs}
    with st.container(horizontal=True, key="run_pair"):
        names = {run.id: visible(_called(run)) for run in runs}
        before = st.selectbox(
            "Before", list(by_id), index=1, key=f"before_{chosen.id}_{runs[0].id}", format_func=lambda one: names[one]
        )
        after = st.selectbox(
            "After", list(by_id), index=0, key=f"after_{chosen.id}_{runs[0].id}", format_func=lambda one: names[one]
        )
    first, second = by_id[before], by_id[after]
    compared = _compared(visit, (first.id, second.id))
    _draw_notes([first, second])
    kept = {str(each.id): each.question for each in visit.citewell.question_sets.questions(chosen.id, visit.principal)}
    _draw_changes(visit, chosen, compared, kept, second)
    st.subheader("Figures", anchor=False)
    rows = [_row(name, first, second, compared) for name in _ORDER]
    draw_table(rows, key=f"pair_{first.id}_{second.id}", label="Figures of both runs")
    st.caption(
        "Intervals by paired bootstrap over the questions, chance by a paired permutation test: below 5 % a difference "
        "is hardly luck. Both are kept in MLflow, beside the models of the support desk."
    )
    _draw_delete(visit, second)


def _compared(visit: Visit, runs: tuple[int, int]) -> Compared:
    state = EvaluationState()
    compared = state.compared(runs)
    if compared is None:
        with st.empty():
            st.markdown(":shimmer[Comparing]")
            compared = visit.citewell.runs.compare(*runs, visit.principal)
            st.empty()
        state.keep_compared(runs, compared)
    return compared


def _row(name: str, first: Run, second: Run, compared: Compared) -> dict[str, str]:
    difference = compared.differences.get(name)
    mean, interval, p = (difference.mean, difference.interval, difference.p) if difference else (None, None, None)
    if name == "auroc" and compared.auroc:
        mean, interval = compared.auroc
    return {
        "Measure": MEASURE_WORDS[name],
        "Before": shown(name, first.figures.get(name)),
        "After": shown(name, second.figures.get(name)),
        "Difference": "" if mean is None else _signed(mean),
        "95 % interval": f"{_signed(interval[0])} to {_signed(interval[1])}" if interval else "",
        "By chance": "" if p is None else _chance(p),
    }


def shown(name: str, value: float | None) -> str:
    """A figure as a person reads it."""
    if value is None:
        return "not measured"
    if name.endswith("_ms"):
        return f"{value:,.0f} ms"
    return f"{value:.3f}" if name in ("ndcg@10", "mrr@10", "auroc") else f"{value:.1%}"


def _range(name: str, run: Run) -> str:
    interval = run.intervals.get(name)
    return f"{shown(name, interval[0])} to {shown(name, interval[1])}" if interval else ""


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _chance(p: float) -> str:
    return "under 0.1 %" if p < 0.001 else f"{p:.1%}"


def _called(run: Run) -> str:
    at = local_time(run.created_at, st.context.timezone)
    return f"{run.configuration.words} · {full_date(at.date())}, {at:%H:%M} · number {run.id}"


def _draw_notes(runs: Sequence[Run]) -> None:
    for note in dict.fromkeys(note for run in runs for note in run.notes):
        st.markdown(f":material/warning: {literal(note)}")


def _draw_delete(visit: Visit, run: Run) -> None:
    with st.popover("Delete a run", icon=":material/delete:"):
        st.markdown(f"Run number {run.id:d}, the one shown last, is removed here; MLflow keeps its figures.")
        st.button("Delete it", key=f"delete_run_{run.id}", on_click=_delete, args=(visit, run))


def _delete(visit: Visit, run: Run) -> None:
    try:
        visit.citewell.runs.delete(run.id, visit.principal)
    except AssistantError as error:
        EvaluationState().notice = error.hint


# The questions that changed.


def _draw_changes(
    visit: Visit, chosen: QuestionSet, compared: Compared, kept: Mapping[str, LabelledQuestion], after: Run
) -> None:
    if not (compared.won or compared.lost or compared.moved):
        st.markdown(f"Nothing changed in {counted(compared.questions, 'question')}.")
        return
    st.markdown(
        f"**{counted(len(compared.won), 'question')} won, {counted(len(compared.lost), 'question')} lost**, "
        f"{counted(len(compared.moved), 'question')} ranked otherwise to no other end."
    )
    outcomes = visit.citewell.runs.outcomes(after.id, visit.principal)
    listed = list(_changes(compared))
    for change, name in listed[: EvaluationState().changes]:
        if name in kept:
            _draw_change(chosen, change, name, kept[name], outcomes.get(name), after)
    if len(listed) > EvaluationState().changes:
        st.button("Show more", key="more_changes", on_click=EvaluationState().show_more)


def _changes(compared: Compared) -> Iterator[tuple[str, str]]:
    for change, names in (("Won", compared.won), ("Lost", compared.lost), ("Moved", compared.moved)):
        yield from ((change, name) for name in names)


_MARKS = {"Won": ":material/trending_up:", "Lost": ":material/trending_down:", "Moved": ":material/swap_vert:"}


def _draw_change(
    chosen: QuestionSet, change: str, name: str, question: LabelledQuestion, outcome: Outcome | None, run: Run
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"change_{name}"):
        st.markdown(f"{_MARKS[change]} {literal(change)}: {literal(question.text)}")
        if st.button("Look into it", key=f"look_into_{name}", icon=":material/frame_inspect:"):
            wanted = Wanted(question.text, question.earlier, chosen.collection, run.configuration)
            EvaluationState().look_into(wanted)
            st.switch_page(EVALUATION_PAGE)
    if outcome is not None:
        st.caption(literal(_told(question, outcome)))


def _told(question: LabelledQuestion, outcome: Outcome) -> str:
    """What the second run said, and what it should have."""
    should = "should be answered" if question.answerable else "should be refused"
    said = f"“{outcome.sentences[0]}”" if outcome.is_answered and outcome.sentences else "refused"
    return f"It {should}; after: {said}"
