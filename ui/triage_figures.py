"""The queue as a whole: what waits, how urgent and how old it is, and how often people agree with the guesses."""

import streamlit as st

from assistant.triage.queue import Wanted
from assistant.triage.statistics import by_age
from assistant.triage.values import LabelName
from retrieval.dates import utc_now
from ui.charts import bars, draw_chart, shares
from ui.visit import Visit
from ui.words import counted

_WAITING = Wanted(status="waiting")
_MOST_BARS = 12
_NO_LABEL = "none known"
_OTHERS = "all others"


def draw_figures(visit: Visit) -> None:
    """Four charts, each under its question."""
    waiting = visit.citewell.queue.count(visit.principal, _WAITING)
    if waiting:
        left, right = st.columns(2, gap="large")
        with left:
            _draw_labels(visit, "category", "What are the tickets about that wait?")
        with right:
            _draw_labels(visit, "severity", "How urgent are they?", by_name=True)
            _draw_ages(visit)
    else:
        st.markdown("No ticket waits.")
    _draw_agreement(visit)


def _draw_labels(visit: Visit, name: LabelName, question: str, *, by_name: bool = False) -> None:
    tally = visit.citewell.queue.tally(name, visit.principal, _WAITING)
    rows = [(each.label or _NO_LABEL, each.tickets) for each in tally]
    if by_name:
        rows.sort(key=lambda row: (row[0] == _NO_LABEL, row[0]))
    total, (most, tickets) = sum(count for _, count in rows), max(rows, key=lambda row: row[1])
    said = f"Most often {most}: {tickets:,} of {counted(total, 'ticket')}."
    shown = _foremost(rows)
    figure = bars(question, [label for label, _ in shown], [count for _, count in shown])
    draw_chart(question, said, figure, key=name, head=(name.capitalize(), "Tickets"), rows=rows)


def _foremost(rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """As many as a chart can show; the others are one bar."""
    if len(rows) <= _MOST_BARS:
        return rows
    return [*rows[: _MOST_BARS - 1], (_OTHERS, sum(count for _, count in rows[_MOST_BARS - 1 :]))]


def _draw_ages(visit: Visit) -> None:
    rows = list(by_age(visit.citewell.queue.arrivals(visit.principal, _WAITING), utc_now().date()).items())
    oldest = next(age for age, tickets in reversed(rows) if tickets)
    said = f"The oldest of them came in {oldest if oldest == 'today' else f'{oldest} ago'}."
    question = "How long have they waited?"
    figure = bars(question, [age for age, _ in rows], [tickets for _, tickets in rows])
    draw_chart(question, said, figure, key="age", head=("Brought in", "Tickets"), rows=rows)


def _draw_agreement(visit: Visit) -> None:
    days = visit.citewell.queue.agreement(visit.principal)
    if not days:
        st.markdown("Once tickets are decided, it is shown here how often the guessed category stood.")
        return
    decided, agreed = sum(day.decided for day in days), sum(day.agreed for day in days)
    rows = [(day.day.isoformat(), day.decided, day.agreed) for day in days]
    question = "How often do people agree with the guesses?"
    draw_chart(
        question,
        f"The category stood in {agreed:,} of {counted(decided, 'decided ticket')}.",
        shares(
            question,
            [day.day for day in days],
            [day.agreed / day.decided for day in days],
            [day.decided for day in days],
        ),
        key="agreement",
        head=("Day (UTC)", "Decided", "Agreed"),
        rows=rows,
    )
