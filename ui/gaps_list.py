"""The list of gaps: by size and trend, filtered by where they stand, and taken home."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from assistant.access import Principal
from assistant.audit import Action
from assistant.bootstrap import Citewell
from assistant.errors import AssistantError
from assistant.gaps.board import GATHER
from assistant.gaps.sheet import as_csv
from assistant.gaps.values import Gap, State
from ui.gaps_state import GapsState
from ui.gaps_words import example_of, row_words
from ui.markdown import literal
from ui.visit import Visit
from ui.words import counted

_FILTERS: Mapping[str, frozenset[State]] = {
    "To close": frozenset(("open", "written")),
    "Answered now": frozenset(("answered",)),
    "Dismissed": frozenset(("dismissed",)),
}
_ROWS = 20
_REFRESH_S = 1.0
_EMPTY = (
    "Questions that your documents do not answer will be listed here, those that are about the same together, "
    "with what came nearest. Add a document about one, and it closes by itself."
)


def draw_list(visit: Visit, gaps: Sequence[Gap]) -> None:
    """The gaps that are to be closed, or those of another state."""
    _draw_gathering(visit)
    if not gaps:
        st.markdown(literal(_EMPTY))
        _draw_foot(visit, gaps)
        return
    chosen = _draw_filter(gaps)
    shown = [gap for gap in gaps if gap.state in _FILTERS[chosen]]
    if not shown:
        st.markdown("There is no gap of this kind.")
    most = _ROWS + GapsState().shown
    with st.container(key="gap_list", gap=None):
        for gap in shown[:most]:
            _draw_row(gap)
    if len(shown) > most:
        label = f"Show more ({counted(len(shown) - most, 'gap')})"
        st.button(label, key="more_gaps", type="tertiary", icon=":material/expand_more:", on_click=_show_more)
    _draw_foot(visit, gaps)


def _draw_filter(gaps: Sequence[Gap]) -> str:
    counts = {name: sum(gap.state in states for gap in gaps) for name, states in _FILTERS.items()}
    chosen: str = st.segmented_control(
        "Show",
        ["To close", "Answered now", "Dismissed"],
        key="gap_filter",
        default="To close",
        required=True,
        format_func=lambda name: f"{literal(name)} ({counts[name]:,d})",
        label_visibility="collapsed",
    )
    return chosen


def _draw_row(gap: Gap) -> None:
    label = f"**{literal(gap.name)}**\u2003:gray[{literal(row_words(gap))}]"
    with st.container(key=f"gap_row_{gap.id}", gap=None):
        st.button(label, key=f"gap_{gap.id}", type="tertiary", width="stretch", on_click=_open, args=(gap.id,))
        if example := example_of(gap):
            st.caption(literal(example))


def _open(gap_id: int) -> None:
    GapsState().gap_id = gap_id


def _show_more() -> None:
    GapsState().shown += _ROWS


def _draw_gathering(visit: Visit) -> None:
    """While the worker looks at what was asked, the page looks whether it is done."""
    if not visit.citewell.gaps.look(visit.principal):
        return
    with st.container(key="gathering"):
        st.fragment(_wait_for_it, run_every=_REFRESH_S)(visit)


def _wait_for_it(visit: Visit) -> None:
    jobs = visit.citewell.jobs.open((GATHER,))
    if not jobs:
        st.rerun(scope="app")
    done, total = jobs[0].done, jobs[0].total
    facts = f"{done:,d} of {total:,d}" if total else "…"
    st.markdown(f":shimmer[Looking at what was asked] {facts}")


def _draw_foot(visit: Visit, gaps: Sequence[Gap]) -> None:
    with st.container(horizontal=True, key="gap_foot"):
        if gaps:
            st.download_button(
                "Take home as CSV",
                _writer(visit.citewell, visit.principal, visit.record),
                file_name="knowledge-gaps.csv",
                mime="text/csv",
                key="gaps_csv",
                icon=":material/download:",
                on_click="ignore",
            )
        if visit.principal.is_admin:
            with st.popover("Whose words are shown", icon=":material/visibility:", type="tertiary"):
                _draw_choice(visit)


def _writer(citewell: Citewell, principal: Principal, record: Callable[..., None]) -> Callable[[], bytes]:
    """Makes the file when it is asked for, of what may be seen then."""

    def write() -> bytes:
        gaps = citewell.gaps.list(principal)
        record(Action.GAPS_EXPORTED, gaps=len(gaps))
        return as_csv(gaps).encode("utf-8-sig")

    return write


def _draw_choice(visit: Visit) -> None:
    gaps = visit.citewell.gaps

    def choose() -> None:
        shown = bool(st.session_state["gap_words"])
        gaps.show_words(visit.principal, shown=shown)
        visit.record(Action.GAP_WORDS_CHANGED, shown=shown)

    with st.container(key="gap_words_choice"):
        st.toggle(
            "Editors read the words of questions",
            value=gaps.shows_words,
            key="gap_words",
            on_change=choose,
        )
        st.caption(
            "Only where they may read everything that was searched for it, never who asked, and without e-mail "
            "addresses, phone, card and account numbers. Otherwise they see how often, when, and what came nearest."
        )
        st.button(
            "Group anew",
            key="group_anew",
            icon=":material/workspaces:",
            on_click=_group_anew,
            args=(visit,),
            help="What somebody has taken up, or has an answer in it, stays together.",
        )


def _group_anew(visit: Visit) -> None:
    try:
        visit.citewell.gaps.group_anew(visit.principal)
    except AssistantError as error:
        GapsState().notice = error.hint
