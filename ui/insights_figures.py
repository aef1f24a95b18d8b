"""The figures: five numbers, four charts, two tables, and the turns behind whatever was chosen.

A filter redraws this part alone, and so does a click into a chart.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from assistant.access import Principal
from assistant.insights.figures import Behind, Bucket, Figures, Sums, Wanted
from assistant.insights.frame import FRESH_S
from assistant.insights.insights import Between
from assistant.insights.tables import as_csv, bucket_rows, counts_of, turn_rows
from assistant.markup import visible
from retrieval.dates import full_date
from ui.insights_charts import PICKED, Chart, charts_of
from ui.insights_filters import draw_filters, named_collections
from ui.insights_state import BEHIND_KEY, InsightsState
from ui.markdown import literal
from ui.visit import Visit, current_visit
from ui.words import counted, local_time, seconds

_QUESTIONS: Mapping[Behind, str] = {
    "refused": "What could we not answer?",
    "partial": "What could we answer only in part?",
    "unhelpful": "What did not help?",
    "unsupported": "Where did a statement lack its proof?",
    "slow": "What took longest?",
    "failed": "What failed?",
    "stopped": "What was stopped?",
    "answered": "What could we answer?",
    "helpful": "What helped?",
    "all": "What was asked?",
}
_LISTED = (*_QUESTIONS,)
_ROWS_SHOWN, _ROW_PX = 12, 35
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
    found = _figures(
        _rights(visit), state.wanted, partial(visit.citewell.insights.figures, visit.principal, state.wanted)
    )
    if found.is_empty and visit.citewell.insights.counted_since() is None:
        st.markdown(_NONE_YET)
        return
    _draw_numbers(found)
    _draw_note(visit, found)
    if found.is_empty:
        st.markdown("Nothing was asked in this period. Choose a longer one, or all collections.")
        return
    _draw_charts(found, state)
    _draw_tables(visit, found)
    _draw_turns(visit, found, state)
    visit.citewell.insights.read_ahead(visit.citewell.background)


@st.cache_data(ttl=FRESH_S, max_entries=12, scope="session", show_spinner=False)
def _figures(rights: tuple[str, ...], wanted: Wanted, _add_up: Callable[[], Figures]) -> Figures:
    """As long as what was read of events counts as fresh, and for one tab alone: a click does not add up again.

    `rights` are in the key, so that what is withdrawn is not shown for another moment.
    """
    del rights, wanted
    return _add_up()


def _rights(visit: Visit) -> tuple[str, ...]:
    """What decides which figures this person sees: who they are, as what, and what they may change."""
    return (str(visit.citewell.home.path), visit.principal.key, visit.principal.role, *sorted(visit.editable))


def _draw_numbers(found: Figures) -> None:
    """How much, how often answered, how well proven, how long, how liked."""
    total, wait = found.total, found.wait
    with st.container(key="insights_numbers"):
        for column, (label, value, beside) in zip(
            st.columns(5),
            (
                ("Questions", f"{total.questions:,d}", counted(found.people, "person", "people")),
                ("Answered", _percent(total.share("answered")), f"in part {_percent(total.share('partial'))}"),
                ("Statements supported", _percent(total.support), f"of {total.claims:,d}"),
                ("First word within", _time(wait.first_p50), f"95 of 100: {_time(wait.first_p95)}"),
                ("Found helpful", _percent(total.liking), f"of {counted(total.helpful + total.unhelpful, 'opinion')}"),
            ),
            strict=True,
        ):
            column.metric(literal(label), literal(value))
            column.caption(literal(beside))


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
    """Two beside each other; one click lists the turns of that day, another gives it up again."""
    columns = st.columns(2, gap="large")
    for at, chart in enumerate(charts_of(found.buckets)):
        with columns[at % 2], st.container(key=f"insights_{chart.name}"):
            _draw_chart(chart, found.buckets, state)
    with st.expander("The same as a table"):
        st.dataframe(
            bucket_rows(found.buckets),
            hide_index=True,
            key="insights_buckets",
            alt="All figures by day, week or month",
            placeholder="",
        )


def _draw_chart(chart: Chart, buckets: Sequence[Bucket], state: InsightsState) -> None:
    key = f"chart_{chart.name}"

    def picked() -> None:
        chosen = st.session_state[key]["selection"].get(PICKED, [])
        place = chosen[0].get("place") if chosen else None
        state.bucket = place if isinstance(place, int) and 0 <= place < len(buckets) else None

    st.markdown(f"**{literal(chart.question)}**")
    data = [dict(row) for row in chart.values]
    if data:
        st.vega_lite_chart(data, chart.spec, key=key, on_select=picked, alt=chart.alt, width="stretch")
    else:
        st.caption("Nothing to show in this period.")
    _draw_download(
        f"{chart.name}.csv", lambda: [{k: v for k, v in row.items() if k != "place"} for row in chart.values]
    )


def _draw_download(name: str, rows: Callable[[], Sequence[Mapping[str, Any]]]) -> None:
    st.download_button(
        "Save as CSV",
        lambda: as_csv(rows()),
        file_name=f"insights-{name}",
        mime="text/csv",
        key=f"save_{name}",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )


def _draw_tables(visit: Visit, found: Figures) -> None:
    """By collection, and by group for whoever knows the groups."""
    names = named_collections(visit)
    of_collections = [
        {"Collection": visible(names.get(id_, _GONE)), **_shares(sums)} for id_, sums in found.by_collection
    ]
    _draw_table("Which collections are asked?", of_collections, "collections.csv")
    if found.by_group:
        groups = visit.citewell.insights.groups(visit.principal)
        of_groups = [{"Group": visible(groups.get(id_, _NO_GROUP)), **_shares(sums)} for id_, sums in found.by_group]
        _draw_table("Who asks?", of_groups, "groups.csv")


def _draw_table(question: str, rows: Sequence[dict[str, Any]], name: str) -> None:
    st.markdown(f"**{literal(question)}**")
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        rows,
        hide_index=True,
        key=f"table_{name}",
        height=_height(len(rows)),
        alt=question,
        placeholder="",
        column_config={"Answered share": percent, "Supported share": percent, "Helpful share": percent},
    )
    _draw_download(name, lambda: rows)


def _shares(sums: Sums) -> dict[str, Any]:
    shares = {"Answered share": sums.share("answered"), "Supported share": sums.support, "Helpful share": sums.liking}
    return {"Questions": sums.questions, **shares, **{k: v for k, v in counts_of(sums).items() if k != "Questions"}}


def _draw_turns(visit: Visit, found: Figures, state: InsightsState) -> None:
    """The turns behind a number, with the words of those whose words may be read."""
    between = None if state.bucket is None else found.buckets[state.bucket]
    with st.container(horizontal=True, vertical_alignment="bottom", key="insights_behind_head"):
        st.selectbox("Behind the numbers", _LISTED, format_func=_QUESTIONS.__getitem__, key=BEHIND_KEY, width=340)
        if between is not None:
            st.button("All of the period", key="all_buckets", on_click=_forget_bucket, args=(state,))
    days = None if between is None else Between(between.first, between.until)
    turns = visit.citewell.insights.turns(visit.principal, state.wanted, state.behind, days)
    if not turns:
        st.caption("None, in this period.")
        return
    rows = turn_rows(turns, named_collections(visit))
    st.caption(literal(_about(len(rows), between, has_words=any(turn.question for turn in turns))))
    shown = [{name: visible(value) if isinstance(value, str) else value for name, value in row.items()} for row in rows]
    st.dataframe(
        shown,
        hide_index=True,
        key="insights_turns",
        height=_height(len(rows)),
        alt=_QUESTIONS[state.behind],
        placeholder="",
        column_config={"Question": st.column_config.TextColumn(width="large")},
    )
    _draw_download("turns.csv", partial(_rows_again, visit.principal, state, days))


def _about(count: int, between: Bucket | None, *, has_words: bool) -> str:
    newest = f"The newest {count:,}" if count > 1 else "One"
    when = f", from {full_date(between.first)} and before {full_date(between.until)}" if between else ""
    words = (
        ""
        if has_words
        else (". The words of other people’s questions are not shown; an administrator may allow it under Retention")
    )
    return f"{newest}{when}{words}."


def _rows_again(principal: Principal, state: InsightsState, days: Between | None) -> list[dict[str, Any]]:
    """Asked anew when the file is made: what a person may see may have changed since the page was drawn."""
    visit = current_visit()
    assert visit.principal == principal
    turns = visit.citewell.insights.turns(visit.principal, state.wanted, state.behind, days)
    return turn_rows(turns, named_collections(visit))


def _forget_bucket(state: InsightsState) -> None:
    state.bucket = None


def _height(rows: int) -> Any:
    return "content" if rows <= _ROWS_SHOWN else (_ROWS_SHOWN + 1) * _ROW_PX


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _time(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else seconds(milliseconds)
