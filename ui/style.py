"""How the next answer is to be written: chosen beside the filters, kept for the conversation."""

import streamlit as st

from prompts import Style
from ui.markdown import literal
from ui.state import PageState

_NAMES: dict[Style, str] = {
    "standard": "As the question asks",
    "short": "Short",
    "detailed": "Detailed",
    "steps": "Step by step",
}
_MEANINGS = (
    "No more than was asked",
    "One sentence",
    "Every condition, exception and figure",
    "A numbered list, where there is something to do",
)


def draw_style(state: PageState) -> None:
    """The popover, named by what is chosen."""
    key, chosen = f"style_{state.conversation.id or 'new'}", state.style
    if st.session_state.get(key) != chosen:
        st.session_state[key] = chosen

    def changed() -> None:
        state.style = st.session_state[key]

    label = "Style" if chosen == "standard" else _NAMES[chosen]
    with st.popover(literal(label), icon=":material/notes:", type="tertiary", key="style_popover"):
        st.radio(
            "How answers are written",
            list(_NAMES),
            key=key,
            format_func=lambda style: _NAMES[style],
            captions=_MEANINGS,
            on_change=changed,
        )
