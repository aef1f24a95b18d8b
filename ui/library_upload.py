"""Files dropped on the page: kept at once, then read in by a job."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from assistant.audit import Action
from assistant.errors import AssistantError
from retrieval.errors import RetrievalError
from retrieval.library import Collection
from ui.markdown import literal
from ui.visit import Visit
from ui.words import counted, hint_of

FIRST_COLLECTION = "Documents"
DEMO = "This demo has one home for everyone who looks at it, so adding and changing documents is switched off here."


def draw_upload(visit: Visit, collection: Collection | None, collections: Sequence[Collection]) -> None:
    """The place to drop files on, for the chosen collection; in a home without any, for the first one."""
    if visit.is_demo:
        st.caption(f":material/info: {DEMO}")
        return
    if collection is None and collections:
        if visit.editable:
            st.caption("To add files, choose a collection first.")
        return
    if collection.id not in visit.editable if collection else not visit.may_create:
        return
    name = collection.name if collection else FIRST_COLLECTION
    with st.container(key="upload", gap="xsmall"):
        given = st.file_uploader(
            f"Add files to {literal(name)}",
            accept_multiple_files=True,
            key=visit.state.upload_key,
            max_upload_size=visit.citewell.limits.of(visit.principal).upload_mb,
        )
        if given:
            label = f"Read {counted(len(given), 'file')} in"
            st.button(label, key="read_in", type="primary", on_click=_read_in, args=(visit, collection, given))


def _read_in(visit: Visit, collection: Collection | None, given: Sequence[UploadedFile]) -> None:
    """Keep the files on the disk, then queue them; the browser may be closed from then on."""
    citewell = visit.citewell
    try:
        citewell.limits.take_uploads(visit.principal, [(file.name, file.size) for file in given])
        kept = [(file.name, citewell.originals.keep_data(file.getvalue())) for file in given]
    except OSError as error:
        visit.state.problem = f"The files could not be stored ({error.strerror}); make room and add them again."
        return
    except AssistantError as error:
        visit.state.problem = hint_of(error, st.context.timezone)
        return
    try:
        if collection is None:
            collection = citewell.holdings.create(FIRST_COLLECTION, visit.principal)
            visit.record(Action.COLLECTION_CREATED, collection.name)
        citewell.holdings.read_uploads(collection.id, kept, visit.principal)
    except (AssistantError, RetrievalError) as error:
        visit.state.problem = error.hint
        return
    visit.state.empty_uploader()
