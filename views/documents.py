"""Documents: the collections, the files in each, what is being read in, and what could not be."""

from collections.abc import Mapping, Sequence

import streamlit as st

from retrieval.catalogue import Contents
from retrieval.library import Collection
from ui.library_collections import choose_collection, draw_collection, draw_dialog
from ui.library_jobs import draw_jobs
from ui.library_table import draw_table
from ui.library_upload import draw_upload
from ui.markdown import literal
from ui.state import Asked
from ui.visit import Visit, current_visit
from ui.welcome import draw_strips
from ui.words import counted


def draw_page(visit: Visit) -> None:
    """Every collection that this person may see, and the files of the one that is chosen."""
    scope, collections = visit.scope, visit.collections
    contents = visit.citewell.catalogue.contents(scope)
    draw_strips(visit)
    _draw_head(visit, collections, contents)
    if visit.state.problem:
        st.error(literal(visit.state.problem))
        visit.state.problem = None
    draw_jobs(visit)
    chosen = choose_collection(collections, contents)
    if chosen is not None:
        draw_collection(visit, chosen, contents.get(chosen.id, Contents()) if len(collections) == 1 else None)
    draw_upload(visit, chosen, collections)
    if collections:
        draw_table(visit, frozenset({chosen.id}) if chosen else scope, chosen)
    draw_dialog(visit)


def _draw_head(visit: Visit, collections: Sequence[Collection], contents: Mapping[str, Contents]) -> None:
    def create() -> None:
        visit.state.asked = Asked("create")

    with st.container(horizontal=True, vertical_alignment="bottom", key="documents_head"):
        st.header("Documents", anchor=False)
        st.page_link("views/verified.py", label="Verified answers", icon=":material/verified:")
        if visit.may_create:
            st.button("New collection", key="new_collection", icon=":material/create_new_folder:", on_click=create)
    st.markdown(_summary(collections, contents))


def _summary(collections: Sequence[Collection], contents: Mapping[str, Contents]) -> str:
    documents = sum(held.documents for held in contents.values())
    if not documents:
        return "There are no documents yet. Add files below, or let a collection follow a folder."
    passages = sum(held.passages for held in contents.values())
    return (
        f"{counted(documents, 'document')} in {counted(len(collections), 'collection')}, "
        f"{counted(passages, 'passage')} to quote from."
    )


with st.container(key="documents_page"):
    draw_page(current_visit())
