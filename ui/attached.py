"""Files of the conversation on screen: taken from the input, seen above it as chips, taken away again."""

import hashlib
from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from assistant.attached import AttachedFile
from assistant.errors import AssistantError
from assistant.places import page_word
from ui.markdown import literal
from ui.visit import Visit
from ui.words import counted, hint_of, shortened

_REFRESH_S = 0.7
_NAME_CHARS = 40
_ONLY_HERE = "only in this chat"


def begun_conversation(visit: Visit) -> str:
    """The id of the conversation on screen, begun if it was not yet; raises ConversationNotFound.

    It is asked as it is seen here; another tab may have chosen otherwise since, or deleted the conversation.
    """
    conversation_id = visit.state.conversation.id
    if conversation_id is None:
        conversation_id = visit.citewell.conversations.create(visit.principal)
        visit.state.name_conversation(conversation_id)
    visit.citewell.threads.choose(conversation_id, visit.principal, visit.state.conversation.choices)
    return conversation_id


def attach(visit: Visit, files: Sequence[UploadedFile], text: str) -> tuple[str, ...] | None:
    """Attach what was sent with `text`; returns the names, None where it was refused, and then the text goes back."""
    if not files:
        return ()
    visit.state.problem = None
    uploads = ((file.name, file.getvalue()) for file in files)
    try:
        return visit.citewell.attached.attach(begun_conversation(visit), visit.principal, uploads)
    except AssistantError as error:
        visit.state.problem = hint_of(error, st.context.timezone)
        visit.state.fill_in(text)
        return None


def draw_attached(visit: Visit) -> None:
    """A chip for each file of the conversation; while one is being read, they look again by themselves."""
    files = _files(visit)
    if not files:
        return
    with st.container(key="attached", gap="xsmall"):
        if _is_reading(files):
            st.fragment(_draw_refreshed, run_every=_REFRESH_S)(visit)
        else:
            _draw(visit, files)


def chip_words(file: AttachedFile, *, is_alone: bool) -> str:
    """`report.pdf · 12 pages · only in this chat`; of several, the last is said once for all."""
    match file.state:
        case "reading":
            fact = "being read"
        case "failed":
            fact = "not read in"
        case "read":
            fact = counted(file.pages, page_word(file.name)) if file.pages else ""
    facts = (shortened(file.name, _NAME_CHARS), fact, _ONLY_HERE if is_alone else "")
    return " · ".join(part for part in facts if part)


def _files(visit: Visit) -> tuple[AttachedFile, ...]:
    conversation_id = visit.state.conversation.id
    return visit.citewell.attached.files(conversation_id, visit.principal) if conversation_id else ()


def _is_reading(files: Sequence[AttachedFile]) -> bool:
    return any(file.state == "reading" for file in files)


def _draw_refreshed(visit: Visit) -> None:
    """The chips once more; the page with them when all is read, for the filters count the documents."""
    files = _files(visit)
    if not _is_reading(files):
        st.rerun(scope="app")
    _draw(visit, files)


def _draw(visit: Visit, files: Sequence[AttachedFile]) -> None:
    with st.container(key="attached_files", horizontal=True, vertical_alignment="center", gap="xsmall"):
        for file in files:
            name = hashlib.sha256(file.name.encode()).hexdigest()[:12]
            st.button(
                f"*Remove* {literal(chip_words(file, is_alone=len(files) == 1))}",  # The verb is heard, not seen.
                key=f"chip_{file.state}_{name}",
                icon=":material/close:",
                on_click=_remove,
                args=(visit, file.name),
            )
        if len(files) > 1:
            st.caption(f"{counted(len(files), 'file')}, {_ONLY_HERE}")
    for file in files:
        if file.reason:
            st.caption(f":material/error: {literal(file.reason)}")


def _remove(visit: Visit, name: str) -> None:
    conversation_id = visit.state.conversation.id
    if conversation_id is not None:
        visit.state.problem = None
        visit.citewell.attached.remove(conversation_id, visit.principal, name)
