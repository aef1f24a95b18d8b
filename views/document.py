"""One document, whole, as Citewell sees it; the span that a citation named is marked."""

import streamlit as st

from retrieval.catalogue import Entry
from retrieval.errors import UnknownDocument
from retrieval.values import ParsedDocument, Source
from ui.answer_view import as_json
from ui.component import mount
from ui.document_view import document_blocks, passage_pieces, quoted_stretches, window_of
from ui.library_collections import PARAMETER, draw_dialog
from ui.library_document import document_facts, draw_actions, draw_facts, draw_trial
from ui.library_jobs import draw_jobs
from ui.markdown import literal
from ui.source_view import Span
from ui.visit import Visit, current_visit, draw_problem

_LIBRARY = "views/documents.py"
_BACK = {
    "check": "Back to the text",
    "triage": "Back to the ticket",
    "gaps": "Back to the gap",
    "insights": "Back to the insights",
    "evaluation": "Back to the evaluation",
}
"""The pages that quote, by their name in the address."""


def draw_page(visit: Visit) -> None:
    """The document that the address names, if this person may read it."""
    _draw_back(visit)
    try:
        asked = _number("id", -1)
        document_id = visit.citewell.library.current_id(asked)
        entry = visit.citewell.catalogue.entry(document_id, visit.readable)
        source, document = visit.citewell.library.document(document_id, visit.readable)
    except UnknownDocument:
        draw_problem("This document is not here any more", "It was deleted, or it never was here.")
        draw_jobs(visit)
        return
    st.header(literal(source.title), anchor=False)
    quoted = visit.citewell.conversations.times_cited([document_id]).get(document_id, 0)
    draw_facts(document_facts(entry, quoted, st.context.timezone), entry.notes)
    draw_actions(visit, entry)
    draw_jobs(visit)
    if document_id != asked and "start" in st.query_params:
        st.caption("This document was read in anew since it was quoted; what is marked may have moved.")
    draw_trial(visit, entry)
    _draw_text(visit, entry, source, document)
    draw_dialog(visit)


def _draw_back(visit: Visit) -> None:
    """Back to where the document was opened: the list, the checked text, the ticket, or the conversation."""
    came_from = st.query_params.get("from")
    if came_from in _BACK:
        if st.button(_BACK[came_from], icon=":material/arrow_back:", type="tertiary", key="back"):
            st.switch_page(f"views/{came_from}.py")
    elif came_from == "shared":
        if st.button("Back to the conversation", icon=":material/arrow_back:", type="tertiary", key="back"):
            st.switch_page("views/shared.py", query_params={"s": st.query_params.get("s", "")})
    elif came_from != "documents":
        st.button(
            "Back", icon=":material/arrow_back:", type="tertiary", key="back", on_click=visit.state.return_to_chat
        )
    elif st.button("All documents", icon=":material/arrow_back:", type="tertiary", key="back"):
        chosen = st.query_params.get(PARAMETER)
        st.switch_page(_LIBRARY, query_params={PARAMETER: chosen} if chosen else None)


def _draw_text(visit: Visit, entry: Entry, source: Source, document: ParsedDocument) -> None:
    start = _number("start", 0)
    span = Span(start, max(start, _number("end", start)))
    window = window_of(document.text, span)
    if window != Span(0, len(document.text)):
        st.caption("This document is very long; what is shown is the part around the marked passage.")
    cut = st.toggle("Show how it was cut into passages", key=f"cut_{entry.id}")
    quoted = quoted_stretches(visit.citewell.conversations.spans_cited(source.id), span)
    if cut:
        chunks = [chunk for _, chunk in visit.citewell.library.chunks_of(source.id)]
        mount("document", {"pieces": passage_pieces(source, chunks, span, window, quoted)}, key="document")
    else:
        blocks = document_blocks(source, document, span, window, quoted)
        mount("document", {"blocks": as_json(blocks)}, key="document")


def _number(name: str, default: int) -> int:
    """A number of the address; anything else there counts as absent."""
    value = st.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else default


with st.container(key="document_page"):
    draw_page(current_visit())
