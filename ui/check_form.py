"""The text that is to be checked: pasted, or the sample; and the check itself with its progress."""

from collections.abc import Sequence
from functools import cache
from typing import NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from assistant.access import scope_of
from assistant.bootstrap import EXAMPLES, SAMPLE_COLLECTION
from assistant.check_text import CheckedText, Searched, checking
from assistant.errors import AssistantError
from retrieval.errors import RetrievalError
from ui.markdown import literal
from ui.state import CHECK_COLLECTION_KEY, CHECK_TEXT_KEY, CheckState
from ui.visit import Visit

SAMPLE_PARAMETER = "sample"
CHECK_PAGE = "views/check.py"
SAMPLE_STEP = "Check a reply that has one wrong figure"
_ALL = ""
_TEXT_HEIGHT = 232


def draw_form(visit: Visit) -> None:
    """Draw it; a text that was handed over is checked in this run, and the page drawn again."""
    state = CheckState()
    names = [collection.name for collection in visit.collections]
    _draw_fields(state, names)
    with st.container(horizontal=True, vertical_alignment="center", key="check_actions"):
        wanted = st.button("Check this text", key="check_now", type="primary", icon=":material/fact_check:")
        if SAMPLE_COLLECTION in names and sample_text():
            label = "Try it with a reply that has one wrong figure"
            st.button(
                label,
                key="check_sample",
                type="tertiary",
                icon=":material/edit_note:",
                on_click=_take_sample,
                args=(state,),
            )
    state.text = st.session_state[CHECK_TEXT_KEY]
    state.collection = st.session_state.get(CHECK_COLLECTION_KEY, _ALL)
    place = st.empty()
    if wanted:
        _check(visit, state, place)
        st.rerun()
    if state.problem:
        with place.container(key="problem"):
            st.markdown(f":material/error: {literal(state.problem)}")


def go_to_sample() -> NoReturn:
    """Leave for the page with the sample in it."""
    st.switch_page(CHECK_PAGE, query_params={SAMPLE_PARAMETER: "1"})


def _draw_fields(state: CheckState, names: Sequence[str]) -> None:
    if SAMPLE_PARAMETER in st.query_params:
        del st.query_params[SAMPLE_PARAMETER]
        _take_sample(state)
    _seed(CHECK_TEXT_KEY, state.text)
    st.text_area("Text to check", key=CHECK_TEXT_KEY, height=_TEXT_HEIGHT, placeholder="Paste a text here")
    if len(names) > 1:
        _seed(CHECK_COLLECTION_KEY, state.collection if state.collection in names else _ALL)
        st.selectbox("Against", [_ALL, *names], key=CHECK_COLLECTION_KEY, format_func=_collection_words)


@cache
def sample_text() -> str:
    """A reply about the sample company with one wrong figure; empty where the examples are not installed."""
    try:
        return (EXAMPLES / "reply-to-check.md").read_text("utf-8")
    except FileNotFoundError:
        return ""


def _take_sample(state: CheckState) -> None:
    state.clear()
    state.text = st.session_state[CHECK_TEXT_KEY] = sample_text()


def _seed(key: str, value: str) -> None:
    """A widget that was not drawn on another page has lost its value."""
    if key not in st.session_state:
        st.session_state[key] = value


def _collection_words(name: str) -> str:
    return literal(name) if name else "All collections"


def _check(visit: Visit, state: CheckState, place: DeltaGenerator) -> None:
    """Hold the text against the documents; what cannot be checked stays, with the reason."""
    state.clear()
    place.markdown(":shimmer[Reading the text]")
    try:
        scope = scope_of(visit.principal, visit.citewell.library, collection=state.collection or None)
        for event in checking(state.text, scope=scope, retriever=visit.citewell.retriever):
            match event:
                case Searched(done, total):
                    place.markdown(f":shimmer[Looking for what the documents say: {done:d} of {total:d} statements]")
                case CheckedText():
                    state.checked = event
                case _:
                    continue
    except (AssistantError, RetrievalError) as error:
        state.problem = error.hint
