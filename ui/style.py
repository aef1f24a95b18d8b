"""How the next answer is to be written, and by which model: chosen beside the filters, kept with the conversation."""

from dataclasses import replace

import streamlit as st

from prompts import Style
from ui.choices import choose
from ui.markdown import literal
from ui.state import seeded
from ui.visit import Visit
from ui.words import shortened

STYLES: dict[Style, str] = {
    "standard": "As the question asks",
    "short": "Short",
    "detailed": "Detailed",
    "steps": "Step by step",
}
MEANINGS = (
    "No more than was asked",
    "One sentence",
    "Every condition, exception and figure",
    "A numbered list, where there is something to do",
)
_MODEL_CHARS = 30


def draw_style(visit: Visit) -> None:
    """The popover, named by what is chosen."""
    style, model = visit.state.style, chosen_model(visit)
    parts = [STYLES[style]] if style != "standard" else []
    if model is not None:
        parts.append(shortened(model, _MODEL_CHARS))
    with st.popover(
        literal(" · ".join(parts) or "Style"), icon=":material/notes:", type="tertiary", key="style_popover"
    ):
        _draw_styles(visit, style)
        if visit.citewell.assistant.models:
            _draw_models(visit, model)


def chosen_model(visit: Visit) -> str | None:
    """The model that this conversation is to be answered by, None for the usual one, or where it may not be used."""
    model = visit.state.conversation.choices.model
    return model if model in visit.citewell.assistant.models else None


def _draw_styles(visit: Visit, chosen: Style) -> None:
    key = seeded(_key(visit, "style"), chosen)

    def changed() -> None:
        if (style := st.session_state[key]) in STYLES:
            choose(visit, replace(visit.state.conversation.choices, style=style))

    st.radio(
        "How answers are written",
        list(STYLES),
        key=key,
        format_func=lambda style: STYLES[style],
        captions=MEANINGS,
        on_change=changed,
    )


def _draw_models(visit: Visit, chosen: str | None) -> None:
    assistant = visit.citewell.assistant
    usual = assistant.model.name if assistant.model else ""
    key = seeded(_key(visit, "model"), chosen or usual)

    def changed() -> None:
        model = st.session_state[key]
        choose(visit, replace(visit.state.conversation.choices, model=model if model in assistant.models else None))

    st.radio(
        "Written by",
        [usual, *assistant.models],
        key=key,
        format_func=lambda name: literal(name) if name else "The usual model",
        on_change=changed,
    )


def _key(visit: Visit, name: str) -> str:
    return f"{name}_{visit.state.conversation.id or 'new'}"
