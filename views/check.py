"""Check a text: every statement of a pasted text held against the documents."""

import streamlit as st

from ui.check_form import draw_form
from ui.check_result import draw_result
from ui.visit import Visit, current_visit
from ui.welcome import draw_strips


def draw_page(visit: Visit) -> None:
    """The text to check, and what the documents say of it."""
    draw_strips(visit)
    st.header("Check a text", anchor=False)
    if not visit.citewell.library.document_count(visit.scope):
        st.markdown(
            "Here you will check whether a text agrees with your documents. There are none to check against yet."
        )
        st.page_link("views/documents.py", label="Add documents", icon=":material/upload_file:")
        return
    st.markdown(
        "Paste a reply, a mail or another assistant’s answer. Every statement in it is held against the documents, "
        "and you see what they support and what they say otherwise."
    )
    draw_form(visit)
    draw_result(visit)


with st.container(key="check_page"):
    draw_page(current_visit())
