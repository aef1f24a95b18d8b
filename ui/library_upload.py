"""Files dropped on the page: kept at once, then read in by a job."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from retrieval.library import Collection
from retrieval.listing import distinct
from ui.markdown import literal
from ui.visit import Visit
from ui.words import counted

FIRST_COLLECTION = "Documents"
DEMO = "This demo has one home for everyone who looks at it, so adding and changing documents is switched off here."


def draw_upload(visit: Visit, collection: Collection | None, collections: Sequence[Collection]) -> None:
    """The place to drop files on, for the chosen collection; in a home without any, for the first one."""
    if visit.is_demo:
        st.caption(f":material/info: {DEMO}")
        return
    if collection is None and collections:
        st.caption("To add files, choose a collection first.")
        return
    name = collection.name if collection else FIRST_COLLECTION
    with st.container(key="upload", gap="xsmall"):
        given = st.file_uploader(
            f"Add files to {literal(name)}", accept_multiple_files=True, key=visit.state.upload_key
        )
        if given:
            label = f"Read {counted(len(given), 'file')} in"
            st.button(label, key="read_in", type="primary", on_click=_read_in, args=(visit, collection, given))


def _read_in(visit: Visit, collection: Collection | None, given: Sequence[UploadedFile]) -> None:
    """Keep the files on the disk, then queue them; the browser may be closed from then on."""
    citewell = visit.citewell
    try:
        kept = [(file.name, citewell.originals.keep_data(file.getvalue())) for file in given]
    except OSError as error:
        visit.state.problem = f"The files could not be stored ({error.strerror}); make room and add them again."
        return
    collection_id = collection.id if collection else citewell.library.create_collection(FIRST_COLLECTION).id
    work = {"collection_id": collection_id, "uploads": [list(upload) for upload in distinct(kept)]}
    citewell.start_job("read_uploads", work, owner=visit.principal)
    visit.state.empty_uploader()
