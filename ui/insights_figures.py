"""The figures: five numbers, four charts, two tables, and the turns behind whatever was chosen.

A filter redraws this part alone, and so does a click into a chart.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from assistant.insights.figures import Behind, Bucket, Figures, Sums
from assistant.insights.tables import bucket_rows, counts_of
from retrieval.dates import full_date
from ui.charts import plot
from ui.insights_charts import Chart, charts_of
from ui.insights_filters import draw_filters, named_collections
from ui.insights_state import PERIODS, InsightsState
from ui.insights_tables import draw_download
from ui.insights_turns import draw_turns, show_turns
from ui.markdown import literal
from ui.tables import draw_table
from ui.visit import Visit, current_visit
from ui.words import counted, local_time, seconds

_LEADS_TO: Mapping[Behind, str] = {
    "all": "All of them",
    "refused": "Not answered",
    "unsupported": "Not supported",
    "slow": "The slowest",
    "unhelpful": "Not helpful",
}
"""What a number leads to."""
_SHARES = ("Answered share", "Supported share", "Helpful share")
_NO_GROUP, _GONE = "No group", "A collection that is no more"
_NONE_YET = (
    "Nothing was asked yet. Once people ask, there will be here how much and how it ended, how long they waited, what it "
    "took, whether the documents bore it out and whether it helped; and the questions that could not be answered, which "
    "are the best list of documents to write."
)


@st.fragment
def draw_figures() -> None:
    """Everything, for whoever looks at this moment."""
    visit = current_visit()
    state = draw_filters(visit)
    found = visit.citewell.insights.figures(visit.principal, state.wanted)
    if found.is_empty and visit.citewell.insights.counted_since() is None:
        st.markdown(_NONE_YET)
        if found.odd:
            _draw_note(visit, found)
        return
    _draw_numbers(visit, found, state)
    _draw_note(visit, found)
    if found.is_empty:
        st.markdown("Nothing was asked in this period. Choose a longer one, or all collections.")
        return
    _draw_charts(found, state)
    _draw_tables(visit, found)
    draw_turns(visit, found.buckets, state)
    soon = [replace(state.wanted, days=days) for days in PERIODS.values()]
    visit.citewell.insights.look_ahead(visit.principal, soon, visit.citewell.background)


def _draw_numbers(visit: Visit, found: Figures, state: InsightsState) -> None:
    """The five numbers, each with the way to the turns behind it."""
    numbers = _numbers(found)
    with st.container(key="insights_numbers"):
        for column, (behind, (label, value, beside)) in zip(st.columns(len(numbers)), numbers.items(), strict=True):
            column.metric(literal(label), literal(value))
            column.caption(literal(beside))
            if column.button(literal(_LEADS_TO[behind]), key=f"behind_{behind}", type="tertiary"):
                show_turns(visit, behind, state)


def _numbers(found: Figures) -> Mapping[Behind, tuple[str, str, str]]:
    """How much, how often answered, how well proven, how long, how liked; by what stands behind it."""
    total, wait = found.total, found.wait
    opinions = counted(total.helpful + total.unhelpful, "opinion")
    return {
        "all": ("Questions", f"{total.questions:,d}", counted(found.people, "person", "people")),
        "refused": ("Answered", _percent(total.share("answered")), f"in part {_percent(total.share('partial'))}"),
        "unsupported": ("Statements supported", _percent(total.support), f"of {total.claims:,d}"),
        "slow": ("First word within", _time(wait.first_p50), f"95 of 100: {_time(wait.first_p95)}"),
        "unhelpful": ("Found helpful", _percent(total.liking), f"of {opinions}"),
    }


def _draw_note(visit: Visit, found: Figures) -> None:
    since = visit.citewell.insights.counted_since()
    at = local_time(since, st.context.timezone) if since else None
    tokens = found.total.prompt_tokens + found.total.completion_tokens
    cost = " + ".join(f"{amount:,.2f} {currency}" for currency, amount in found.cost.items())
    others = found.others
    parts = (
        f"Counted since {full_date(at.date())}; days are UTC’s" if at else "",
        f"{tokens:,} tokens" if tokens else "",
        cost,
        counted(others["search"], "search", "searches") if others["search"] else "",
        counted(others["triage"], "piece of triage", "pieces of triage") if others["triage"] else "",
        counted(others["intake"], "batch of files read in", "batches of files read in") if others["intake"] else "",
        f"{counted(found.odd, 'event')} left out, for the clock was wrong when they were recorded" if found.odd else "",
    )
    st.caption(literal(" · ".join(part for part in parts if part)))


def _draw_charts(found: Figures, state: InsightsState) -> None:
    """Two beside each other; a day that is chosen in one of them lists its turns, chosen again it is given up."""
    days = [bucket.first for bucket in found.buckets]
    day = state.day_of(days)
    picked = None if day is None else days.index(day)

    def pick(place: Any) -> None:
        state.choose_day(days[place] if isinstance(place, int) and 0 <= place < len(days) else None)

    use, waiting, cost, worth = charts_of(found.buckets)
    for row in ((use, waiting), (cost, worth)):
        for column, chart in zip(st.columns(2, gap="large"), row, strict=True):
            with column, st.container(key=f"insights_{chart.name}", gap="small"):
                _draw_chart(chart, picked, pick)
    table = st.expander("The same as a table", key="insights_table", on_change="rerun")
    if table.open:
        with table:
            _draw_buckets(found.buckets)


def _draw_buckets(buckets: Sequence[Bucket]) -> None:
    rows = bucket_rows(buckets)
    draw_table(rows, key="insights_buckets", label="All figures by day, week or month")
    draw_download("all.csv", lambda: rows)


def _draw_chart(chart: Chart, picked: int | None, pick: Callable[[Any], None]) -> None:
    st.markdown(f"**{literal(chart.question)}**")
    if chart.drawn.is_empty:
        st.caption("Nothing to show in this period.")
        return
    plot(chart.drawn, key=f"chart_{chart.name}", picked=picked, on_pick=pick)
    draw_download(f"{chart.name}.csv", lambda: chart.rows)


def _draw_tables(visit: Visit, found: Figures) -> None:
    """By collection, and by group for whoever knows the groups."""
    names = named_collections(visit)
    of_collections = [{"Collection": names.get(id_, _GONE), **_shares(sums)} for id_, sums in found.by_collection]
    _draw_table("Which collections are asked?", of_collections, "collections.csv")
    if found.by_group:
        groups = visit.citewell.insights.groups(visit.principal)
        of_groups = [{"Group": groups.get(id_, _NO_GROUP), **_shares(sums)} for id_, sums in found.by_group]
        _draw_table("Who asks?", of_groups, "groups.csv")


def _draw_table(question: str, rows: Sequence[dict[str, Any]], name: str) -> None:
    st.markdown(f"**{literal(question)}**")
    draw_table(rows, key=f"table_{name}", label=question, shares=_SHARES)
    draw_download(name, lambda: rows)


def _shares(sums: Sums) -> dict[str, Any]:
    shares = dict(zip(_SHARES, (sums.share("answered"), sums.support, sums.liking), strict=True))
    return {"Questions": sums.questions, **shares, **{k: v for k, v in counts_of(sums).items() if k != "Questions"}}


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _time(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else seconds(milliseconds)
