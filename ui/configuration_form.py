"""The widgets with which a configuration is chosen, only for what is there to be chosen."""

import streamlit as st

from assistant.configuration import METHOD_WORDS, MOST_PASSAGES, USUAL, Configuration
from retrieval.methods import METHODS
from ui.markdown import literal
from ui.state import seeded
from ui.visit import Visit

_QUOTES = None
_NAMES = ("method", "passages", "model", "reranks")


def draw_configuration(visit: Visit, key: str, at_first: Configuration) -> Configuration:
    """Draw them, beginning with `at_first`; returns what is chosen."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}_choices"):
        method = st.selectbox(
            "Found by", METHODS, index=METHODS.index(at_first.method),
            key=f"{key}_method", format_func=lambda name: METHOD_WORDS[name], width=180,
        )  # fmt: skip
        passages = st.number_input("Passages", 1, MOST_PASSAGES, at_first.passages, key=f"{key}_passages", width=150)
        model = _draw_model(visit, key, at_first)
        reranks = False
        if visit.citewell.search.reranks:
            reranks = st.checkbox("Reranked", at_first.reranks, key=f"{key}_reranks")
    return Configuration(method, int(passages), reranks, model)


def show_configuration(key: str, configuration: Configuration) -> None:
    """Have these widgets show a configuration when they are drawn next."""
    for name in _NAMES:
        seeded(f"{key}_{name}", getattr(configuration, name))


def _draw_model(visit: Visit, key: str, at_first: Configuration) -> str | None:
    """Who writes; without a model nothing is there to be chosen."""
    lineup = visit.citewell.models.lineup
    if lineup.model is None:
        return None
    choices: list[str | None] = [USUAL, *lineup.further, _QUOTES]
    usual = lineup.model.name or "the usual model"

    def words(name: str | None) -> str:
        return "nobody, sentences are quoted" if name is None else literal(name or usual)

    return st.selectbox(
        "Written by", choices, index=choices.index(at_first.model) if at_first.model in choices else 0,
        key=f"{key}_model", format_func=words, width=240,
    )  # fmt: skip
