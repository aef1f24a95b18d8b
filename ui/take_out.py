"""The conversation taken out of the page: as a file, or as a link for others in the organisation."""

from collections.abc import Callable
from typing import get_args

import streamlit as st

from assistant.access import readable_by
from assistant.audit import Action
from assistant.errors import ConversationNotFound, SnapshotNotFound
from assistant.export import MEDIA_TYPES, Format, export, file_name
from assistant.snapshots import Shared
from assistant.transcript import readable_transcript
from retrieval.dates import full_date
from ui.markdown import literal
from ui.visit import Visit
from ui.words import local_time, today_in

SHARED_PAGE = "shared"
PARAMETER = "s"
_LABELS: dict[Format, str] = {"md": "Markdown", "json": "JSON", "pdf": "PDF"}
_ICONS: dict[Format, str] = {"md": ":material/notes:", "json": ":material/data_object:", "pdf": ":material/print:"}


def draw_take_out(visit: Visit) -> None:
    """Export, and outside the demonstration Share, above a conversation in which something was asked."""
    conversation = visit.state.conversation
    with st.container(key="take_out", horizontal=True, horizontal_alignment="right", gap="small"):
        if conversation.id is None or not conversation.messages:
            return
        if not visit.is_demo:
            with st.popover("Share", icon=":material/link:", type="tertiary"), st.container(key="share_menu"):
                _draw_share(visit, conversation.id)
        with st.popover("Export", icon=":material/download:", type="tertiary"):
            _draw_export(visit, conversation.id)


def _draw_export(visit: Visit, conversation_id: str) -> None:
    heading = visit.citewell.conversations.heading(conversation_id, visit.principal)
    with st.container(key="export_menu", gap="xsmall"):
        st.caption("With every source, and marks where a statement is not supported.")
        for form in get_args(Format):
            st.download_button(
                _LABELS[form],
                data=_writer(visit, conversation_id, form),
                file_name=file_name(heading.title or "Conversation", form),
                mime=MEDIA_TYPES[form],
                key=f"export_{form}",
                icon=_ICONS[form],
                type="tertiary",
                on_click="ignore",
            )


def _writer(visit: Visit, conversation_id: str, form: Format) -> Callable[[], bytes]:
    """Makes the file when it is asked for, from the conversation as it is then."""
    citewell, principal, today = visit.citewell, visit.principal, today_in(st.context.timezone)

    def write() -> bytes:
        scope = readable_by(principal, citewell.library)
        transcript = readable_transcript(
            citewell.conversations, citewell.catalogue, conversation_id, principal=principal, scope=scope
        )
        content = export(transcript, form, on=today).content
        visit.record(Action.CONVERSATION_EXPORTED, conversation_id, format=form)
        return content

    return write


def _draw_share(visit: Visit, conversation_id: str) -> None:
    st.caption(
        "Whoever has the link and may use Citewell reads this conversation as it is now. They see only what rests on "
        "documents that they may read."
    )

    def share() -> None:
        try:
            shared = visit.citewell.snapshots.share(conversation_id, visit.principal)
            visit.record(Action.CONVERSATION_SHARED, conversation_id, link=_named(shared))
        except ConversationNotFound as error:
            visit.state.problem = error.hint

    st.button("Make a link", key="share", icon=":material/add_link:", on_click=share)
    for shared in visit.citewell.snapshots.list(conversation_id, visit.principal):
        _draw_link(visit, shared)


def _draw_link(visit: Visit, shared: Shared) -> None:
    def revoke() -> None:
        try:
            visit.citewell.snapshots.revoke(shared.id, visit.principal)
            visit.record(Action.SHARING_REVOKED, link=_named(shared))
        except SnapshotNotFound as error:
            visit.state.problem = error.hint

    st.code(address_of(shared.id), language=None, wrap_lines=True)
    made = local_time(shared.created_at, st.context.timezone)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(literal(f"As it was on {full_date(made)}, {made:%H:%M}"))
        st.button("Take back", key=f"revoke_{shared.id}", type="tertiary", on_click=revoke)


def address_of(snapshot_id: str) -> str:
    """The whole address of a shared conversation, as seen from the chat page."""
    return f"{(st.context.url or '').rstrip('/')}/{SHARED_PAGE}?{PARAMETER}={snapshot_id}"


def _named(shared: Shared) -> str:
    """What the audit log calls a link: not enough to open it."""
    return shared.id[:8]
