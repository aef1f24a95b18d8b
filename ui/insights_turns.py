"""The turns behind a number: of the whole period or of one day, each with the way to its conversation or its gap."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Literal

import streamlit as st

from assistant.access import Principal
from assistant.insights.figures import Behind, Bucket, Wanted
from assistant.insights.insights import Between
from assistant.insights.tables import turn_rows
from assistant.insights.turns import Turn
from retrieval.dates import full_date
from ui.insights_filters import named_collections
from ui.insights_state import BEHIND_KEY, InsightsState, Opening
from ui.insights_tables import draw_download, follow
from ui.markdown import literal
from ui.tables import draw_table
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
    turns: Sequence[Turn], rows: Sequence[Mapping[str, Any]], state: InsightsState, key: str, label: str
) -> None:
    def opened(way: str, place: int) -> None:
        turn = turns[place]
        if way == "gap" and turn.gap_id is not None:
            state.opening = Opening("gap", turn.gap_id)
        elif way == "open" and turn.conversation_id is not None:
            state.opening = Opening("conversation", turn.conversation_id)

    ways = [_ways(turn) for turn in turns]
    draw_table(rows, key=key, label=label, ways=ways if any(ways) else (), on_way=opened)


def _ways(turn: Turn) -> dict[str, str]:
    """Where a row leads, by what its buttons are labelled with."""
    to_conversation = {"open": "Open"} if turn.conversation_id is not None else {}
    return to_conversation | ({"gap": "Its gap"} if turn.gap_id is not None else {})


def _rows_again(principal: Principal, wanted: Wanted, behind: Behind, days: Between | None) -> list[dict[str, Any]]:
    """Asked anew when the file is made: what a person may see may have changed since the page was drawn."""
    visit = current_visit()
    assert visit.principal == principal
    turns = visit.citewell.insights.turns(visit.principal, wanted, behind, days)
    return turn_rows(turns, named_collections(visit))
