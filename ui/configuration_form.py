"""The widgets with which a configuration is chosen, only for what is there to be chosen."""

import streamlit as st

from assistant.configuration import METHOD_WORDS, MOST_PASSAGES, USUAL, Configuration
from assistant.markup import visible
from retrieval.methods import METHODS
from ui.state import seeded, seeded_once
from ui.visit import Visit

_NOBODY = "none"
"""As the command says it."""


def draw_configuration(visit: Visit, key: str, at_first: Configuration) -> Configuration:
    """Draw them, beginning with `at_first`; returns what is chosen."""
    for name, value in _values(visit, at_first).items():
        seeded_once(f"{key}_{name}", value)
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}_choices"):
        method = st.selectbox(
            "Found by", METHODS, key=f"{key}_method", format_func=lambda name: METHOD_WORDS[name], width=180
        )
        passages = st.number_input("Passages", 1, MOST_PASSAGES, key=f"{key}_passages", width=150)
        model = _draw_model(visit, key)
        reranks = visit.citewell.search.reranks and st.checkbox("Reranked", key=f"{key}_reranks")
    return Configuration(method, int(passages), reranks, model)


def show_configuration(visit: Visit, key: str, configuration: Configuration) -> None:
    """Have these widgets show a configuration when they are drawn next."""
    for name, value in _values(visit, configuration).items():
        seeded(f"{key}_{name}", value)


def _values(visit: Visit, configuration: Configuration) -> dict[str, object]:
    model = configuration.model
    known = model is None or model in visit.citewell.models.lineup.further
    return {
        "method": configuration.method,
        "passages": configuration.passages,
        "reranks": configuration.reranks,
        "model": (model or _NOBODY) if known else USUAL,
    }


def _draw_model(visit: Visit, key: str) -> str | None:
    """Who writes; without a model nothing is there to be chosen."""
    lineup = visit.citewell.models.lineup
    if lineup.model is None:
        return None
    usual = lineup.model.name or "the usual model"

    def words(name: str) -> str:
        return "nobody, sentences are quoted" if name == _NOBODY else visible(name or usual)

    chosen = st.selectbox(
        "Written by", [USUAL, *lineup.further, _NOBODY], key=f"{key}_model", format_func=words, width=240
    )
    return None if chosen == _NOBODY else chosen
