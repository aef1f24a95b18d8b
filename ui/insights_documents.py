"""How documents fare: what ails each of those that a person may change, and what stands beside it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from assistant.insights.comparing import COMPARE
from assistant.insights.health import AILMENTS, DocumentHealth, Pair
from assistant.insights.tables import AILING, as_csv, health_rows
from assistant.markup import visible
from ui.insights_filters import draw_filters, named_collections
from ui.insights_state import AILMENT_KEY, DUE_KEY, InsightsState, Opening
from ui.insights_tables import follow
from ui.markdown import literal
from ui.visit import Visit
from ui.words import counted, local_time

_ROWS_SHOWN, _ROW_PX = 14, 35
_REFRESH_S = 1.0
_MOST_DUE_MONTHS = 240


def draw_documents(visit: Visit) -> None:
    """The documents that something ails, and for the one that is selected what that is."""
    state = draw_filters(visit, with_period=False)
    _draw_comparison(visit)
    with st.container(horizontal=True, vertical_alignment="bottom", key="insights_health_filters"):
        st.selectbox(
            "What ails them",
            [None, *AILMENTS],
            format_func=lambda one: AILING[one].capitalize() if one else "Anything",
            key=AILMENT_KEY,
            width=280,
        )
        st.number_input(
            "Due for review after months",
            min_value=1,
            max_value=_MOST_DUE_MONTHS,
            value=12,
            key=DUE_KEY,
            width=220,
            persist_state="session",
        )
    names = named_collections(visit)
    found = _listed(visit, state)
    if not found:
        st.markdown("Nothing ails these documents, as far as is known by now.")
        return
    if visit.citewell.insights.counted_since() is None:
        st.caption("Nothing was asked yet, so none of them was found or cited.")
    chosen = _draw_rows(found, names)
    if chosen is not None:
        _draw_one(visit, chosen, names)
    follow(visit, state.opening)


def _listed(visit: Visit, state: InsightsState) -> tuple[DocumentHealth, ...]:
    found = visit.citewell.insights.health(visit.principal, due_after_days=state.due_after_days)
    return tuple(
        one
        for one in found
        if state.wanted.collection in {None, one.collection_id}
        and (state.ailment is None or state.ailment in one.ailments)
    )


def _draw_rows(found: Sequence[DocumentHealth], names: Mapping[str, str]) -> DocumentHealth | None:
    rows = health_rows(found, names)
    st.caption(literal(f"{counted(len(found), 'document')}. Select one to see what ails it."))
    shown = [{name: visible(value) if isinstance(value, str) else value for name, value in row.items()} for row in rows]
    key = f"insights_documents_{hash(tuple(one.id for one in found))}"

    def opened() -> None:
        InsightsState().opening = Opening("document", found[st.session_state[f"open_{key}"].row].id)

    selected = st.dataframe(
        [{"Open": "Open", **row} for row in shown],
        hide_index=True,
        key=key,
        height="content" if len(rows) <= _ROWS_SHOWN else (_ROWS_SHOWN + 1) * _ROW_PX,
        on_select="rerun",
        selection_mode="single-row",
        alt="Documents and what ails them; Shift and Space select a row",
        placeholder="",
        column_config={
            "Open": st.column_config.ButtonColumn("", type="tertiary", width=64, key=f"open_{key}", on_click=opened),
            "Document": st.column_config.TextColumn(width=240),
            "What ails it": st.column_config.TextColumn(width=250),
            "Dated": st.column_config.DateColumn(format="D MMM YYYY"),
            "Last found": st.column_config.DateColumn(format="D MMM YYYY"),
        },
    )
    st.download_button(
        "Save as CSV",
        lambda: as_csv(rows),
        file_name="insights-documents.csv",
        mime="text/csv",
        key="save_documents",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )
    places = selected["selection"]["rows"]
    return found[places[0]] if places and places[0] < len(found) else None


def _draw_one(visit: Visit, document: DocumentHealth, names: Mapping[str, str]) -> None:
    with st.container(key="insights_document"):
        with st.container(horizontal=True, vertical_alignment="center", key="insights_document_head"):
            st.markdown(f"**{literal(document.title)}**")
            if st.button("Open document", key="open_ailing", icon=":material/open_in_new:"):
                follow(visit, Opening("document", document.id))
        for number, pair in enumerate(document.pairs):
            _draw_pair(visit, pair, names, number)


def _draw_pair(visit: Visit, pair: Pair, names: Mapping[str, str], number: int) -> None:
    says = "says otherwise" if pair.kind == "contradiction" else "says the same"
    where = f"{pair.title} ({names.get(pair.collection_id, '')})"
    st.markdown(f"{literal(where)} {literal(says)}:")
    here, there = st.columns(2)
    with here:
        st.caption("Here")
        st.markdown(literal(pair.says))
    with there:
        st.caption("There")
        st.markdown(literal(pair.other_says))
        if st.button("Open the other one", key=f"open_other_{number:d}", type="tertiary"):
            follow(visit, Opening("document", pair.document_id))


def _draw_comparison(visit: Visit) -> None:
    """Whether documents are being compared; else when they were last, and the button to do it."""
    if visit.citewell.holdings.open_jobs((COMPARE,), visit.principal):
        with st.container(key="jobs"):
            st.fragment(_draw_open, run_every=_REFRESH_S)(visit)
        return
    last = visit.citewell.holdings.last_job((COMPARE,), visit.principal)
    with st.container(horizontal=True, vertical_alignment="center", key="insights_compare"):
        st.button(
            "Compare documents",
            key="compare",
            icon=":material/compare_arrows:",
            help="Looks for copies and for the same thing said with other figures, among all collections.",
            on_click=visit.citewell.insights.ask_to_compare,
            args=(visit.principal,),
        )
        if last is None or last.ended_at is None:
            st.caption("Copies and contradictions are looked for when you ask for it.")
        elif last.problem:
            st.caption(literal(last.problem))
        else:
            st.caption(literal(f"Last compared {local_time(last.ended_at, st.context.timezone):%d %B %Y, %H:%M}."))


def _draw_open(visit: Visit) -> None:
    jobs = visit.citewell.holdings.open_jobs((COMPARE,), visit.principal)
    if not jobs:
        st.rerun()
    job = jobs[0]
    st.markdown(":material/compare_arrows: Comparing documents")
    st.progress(min(job.done / job.total, 1.0) if job.total else 0.0)
