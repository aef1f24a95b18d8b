"""The list of conversations as the data that the component draws, and what is done to them from it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import streamlit as st

from assistant.audit import Action
from assistant.errors import ConversationNotFound
from assistant.markup import visible
from assistant.threads import Found, Thread
from ui.address import PARAMETER
from ui.component import mount
from ui.state import ThreadListState
from ui.visit import Visit
from ui.words import counted, local_time, month_of, shortened, today_in

Data = dict[str, object]
_TITLE_CHARS = 80
_WEEK_DAYS, _MONTH_DAYS = 7, 30
_TOO_LATE = "It is too late to bring this conversation back; it is gone for good."


def draw_threads(visit: Visit, words: str) -> str | None:
    """Draw the list, or what says these words; returns the id of the conversation that was asked for."""
    state = ThreadListState()

    def act(asked: Mapping[str, object]) -> None:
        state.deleted, what = None, str(asked.get("do"))
        try:
            _act(visit, state, what, str(asked.get("id")), str(asked.get("title", "")))
        except ConversationNotFound:
            # It was deleted elsewhere; the list is drawn without it.
            if what == "undelete":
                visit.state.problem = _TOO_LATE

    data = _found(visit, state, words) if words.strip() else _listed(visit, state)
    data |= {"current": st.query_params.get(PARAMETER, visit.state.conversation.id), "deleted": state.deleted}
    asked = mount("threads", data, key="thread_list", on={"act": act}, returned=("open",))["open"]
    return None if asked is None else str(asked)


def _act(visit: Visit, state: ThreadListState, what: str, conversation_id: str, title: str) -> None:
    """Do what was asked for; raises ConversationNotFound."""
    threads, whose = visit.citewell.threads, (conversation_id, visit.principal)
    match what:
        case "more":
            state.show_more()
        case "list" | "archived":
            state.shows_archive = what == "archived"
        case "rename":
            threads.rename(*whose, title)
        case "pin" | "unpin":
            threads.pin(*whose, wanted=what == "pin")
        case "archive" | "unarchive":
            threads.archive(*whose, wanted=what == "archive")
        case "undelete":
            threads.restore(*whose)
            visit.record(Action.CONVERSATION_RESTORED, conversation_id)
        case "delete":
            threads.delete(*whose)
            visit.record(Action.CONVERSATION_DELETED, conversation_id)
            state.deleted = conversation_id
            if conversation_id == visit.state.conversation.id:
                visit.state.leave_conversation()
                st.query_params.pop(PARAMETER, None)


def _listed(visit: Visit, state: ThreadListState) -> Data:
    threads = visit.citewell.threads
    if state.shows_archive:
        archived = threads.list(visit.principal, limit=state.shown + 1, archived=True)
        return {
            "groups": list(_put_away(archived[: state.shown], threads.deleted(visit.principal))),
            "more": len(archived) > state.shown,
            "archive": True,
        }
    today = today_in(st.context.timezone)
    listed = threads.list(visit.principal, limit=state.shown + 1)
    return {
        "groups": list(grouped(listed[: state.shown], today=today, timezone=st.context.timezone)),
        "more": len(listed) > state.shown,
        "away": threads.has_put_away(visit.principal),
    }


def _found(visit: Visit, state: ThreadListState, words: str) -> Data:
    found = visit.citewell.threads.search(visit.principal, words, limit=state.shown + 1)
    hits = [_hit(hit) for hit in found[: state.shown]]
    more = len(found) > state.shown
    count = f"The newest {len(hits)} that say it" if more else f"{counted(len(hits), 'conversation')} found"
    return {
        "groups": [{"name": "", "threads": hits}],
        "more": more,
        "note": count if hits else "No conversation says that.",
    }


def grouped(threads: Sequence[Thread], *, today: date, timezone: str | None) -> Iterator[Data]:
    """The pinned ones, then each stretch of time, on the reader's clock, with what grew in it last."""
    groups: dict[str, list[Data]] = {}
    for thread in threads:
        day = local_time(thread.written_at, timezone).date()
        groups.setdefault("Pinned" if thread.is_pinned else period(day, today=today), []).append(_row(thread))
    for name, rows in groups.items():
        yield {"name": name, "threads": rows}


def period(day: date, *, today: date) -> str:
    """`Today`, `Previous 7 days`, `October`, `October 2025`; a day that is yet to come counts as today."""
    ago = (today - day).days
    if ago <= 1:
        return "Yesterday" if ago == 1 else "Today"
    if ago <= _MONTH_DAYS:
        return "Previous 7 days" if ago <= _WEEK_DAYS else "Previous 30 days"
    return f"{day:%B}" if day.year == today.year else month_of(day)


def _put_away(archived: Sequence[Thread], deleted: Sequence[Thread]) -> Iterator[Data]:
    if archived or not deleted:
        yield {"name": "Archived" if archived else "Nothing is archived", "threads": [_row(t) for t in archived]}
    if deleted:
        yield {"name": "Deleted in the last hour", "threads": [_row(t) | {"deleted": True} for t in deleted]}


def _row(thread: Thread) -> Data:
    row: Data = {"id": thread.id, "title": visible(shortened(thread.title, _TITLE_CHARS))}
    return row | {name: True for name in ("pinned", "archived") if getattr(thread, f"is_{name}")}


def _hit(hit: Found) -> Data:
    return _row(hit.thread) | {"before": visible(hit.before), "match": visible(hit.match), "after": visible(hit.after)}
