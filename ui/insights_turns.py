"""The turns behind a number: of the whole period or of one day, each with the way to its conversation or its gap."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Literal

import streamlit as st

from assistant.access import Principal
from assistant.insights.figures import Behind, Bucket, Wanted
from assistant.insights.insights import Between
from assistant.insights.tables import turn_rows
from assistant.insights.turns import Turn
from assistant.markup import visible
from retrieval.dates import full_date
from ui.insights_filters import named_collections
from ui.insights_state import BEHIND_KEY, InsightsState, Opening
from ui.insights_tables import draw_download, follow, height_of
from ui.markdown import literal
from ui.visit import Visit, current_visit

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
_HIDDEN = ". The words of other people’s questions are not shown; an administrator may allow it under Retention"


def draw_turns(visit: Visit, buckets: Sequence[Bucket], state: InsightsState) -> None:
    """The turns behind a number, with the words of those whose words may be read."""
    _draw_listed(visit, state, state.behind, _draw_choice(buckets, state), "turns")


def show_turns(visit: Visit, behind: Behind, state: InsightsState) -> None:
    """The turns behind one of the numbers at the top, over the page."""
    dialog = st.dialog(_QUESTIONS[behind], width="large")
    dialog(_draw_listed)(visit, state, behind, None, f"turns_{behind}")


def _draw_listed(visit: Visit, state: InsightsState, behind: Behind, days: Between | None, name: str) -> None:
    turns = visit.citewell.insights.turns(visit.principal, state.wanted, behind, days)
    if not turns:
        st.caption("None.")
        return
    st.caption(literal(_about(turns)))
    _draw_rows(turns, turn_rows(turns, named_collections(visit)), state, f"insights_{name}", _QUESTIONS[behind])
    draw_download(f"{name}.csv", partial(_rows_again, visit.principal, state.wanted, behind, days))
    follow(visit, state.opening)


def _draw_choice(buckets: Sequence[Bucket], state: InsightsState) -> Between | None:
    by_day = {bucket.first: bucket for bucket in buckets}
    state.day_of([*by_day])
    days: list[date | Literal[""]] = ["", *reversed(by_day)]
    with st.container(horizontal=True, vertical_alignment="bottom", key="insights_behind_head"):
        st.selectbox("Behind the numbers", _LISTED, format_func=_QUESTIONS.__getitem__, key=BEHIND_KEY, width=340)
        day = st.selectbox(
            "When",
            days,
            format_func=lambda one: _spanned(by_day[one]) if isinstance(one, date) else "All of the period",
            key=state.day_key,
            width=340,
        )
    return Between(by_day[day].first, by_day[day].until) if isinstance(day, date) and day in by_day else None


def _spanned(bucket: Bucket) -> str:
    is_day = (bucket.until - bucket.first).days == 1
    return full_date(bucket.first) if is_day else f"{full_date(bucket.first)} until before {full_date(bucket.until)}"


def _about(turns: Sequence[Turn]) -> str:
    newest = f"The newest {len(turns):,} questions" if len(turns) > 1 else "One question"
    return f"{newest}{'' if any(turn.question for turn in turns) else _HIDDEN}."


def _draw_rows(
    turns: Sequence[Turn], rows: Sequence[Mapping[str, Any]], state: InsightsState, name: str, alt: str
) -> None:
    key = name

    def opened(column: str) -> None:
        turn = turns[st.session_state[f"{column}_{key}"].row]
        if column == "gap" and turn.gap_id is not None:
            state.opening = Opening("gap", turn.gap_id)
        elif column == "open" and turn.conversation_id is not None:
            state.opening = Opening("conversation", turn.conversation_id)

    st.dataframe(
        [
            {
                "Open": "Open" if turn.conversation_id else None,
                "Gap": "Its gap" if turn.gap_id is not None else None,
                **{name: visible(value) if isinstance(value, str) else value for name, value in row.items()},
            }
            for turn, row in zip(turns, rows, strict=True)
        ],
        hide_index=True,
        key=key,
        height=height_of(len(rows)),
        alt=alt,
        placeholder="",
        column_order=_columns(turns, rows),
        column_config={
            "Open": _button("open", key, opened),
            "Gap": _button("gap", key, opened),
            "Question": st.column_config.TextColumn(width="large"),
        },
    )


def _columns(turns: Sequence[Turn], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Those that say something; without a way anywhere no column for it."""
    has_way = {
        "Open": any(turn.conversation_id for turn in turns),
        "Gap": any(turn.gap_id is not None for turn in turns),
    }
    return [*(name for name, is_there in has_way.items() if is_there), *rows[0]]


def _button(name: str, key: str, opened: Callable[[str], None]) -> Any:
    return st.column_config.ButtonColumn(
        "", type="tertiary", width=80, key=f"{name}_{key}", on_click=opened, args=(name,)
    )


def _rows_again(principal: Principal, wanted: Wanted, behind: Behind, days: Between | None) -> list[dict[str, Any]]:
    """Asked anew when the file is made: what a person may see may have changed since the page was drawn."""
    visit = current_visit()
    assert visit.principal == principal
    turns = visit.citewell.insights.turns(visit.principal, wanted, behind, days)
    return turn_rows(turns, named_collections(visit))
