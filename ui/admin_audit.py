"""The audit log: who did what, the newest first, and all of it as a file."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import streamlit as st

from assistant.audit import Action, Audit, Entry, Sought, as_csv, as_json_lines
from retrieval.dates import full_date
from ui.markdown import literal
from ui.tables import draw_table
from ui.visit import Visit
from ui.words import local_time

_ALL = "everything"
_SHOWN = 200


def draw_audit(visit: Visit) -> None:
    """The newest entries, of one kind where one is chosen."""
    audit, timezone = visit.citewell.audit, st.context.timezone
    chosen = st.selectbox("Show", [_ALL, *(action.value for action in Action)], key="audit_action", width=280)
    sought = Sought(action=Action(chosen) if chosen and chosen != _ALL else None)
    entries = audit.entries(sought, limit=_SHOWN)
    if not entries:
        st.markdown("Nothing of the kind was recorded yet.")
        return
    draw_table([_row(entry, timezone) for entry in entries], key="audit", label="What was done")
    if len(entries) == _SHOWN:
        st.caption(f"The newest {_SHOWN:d}; the files have all of them.")
    with st.container(horizontal=True, key="audit_files"):
        for label, write, name, mime in (
            ("Save as CSV", as_csv, "audit.csv", "text/csv"),
            ("Save as JSON lines", as_json_lines, "audit.jsonl", "application/x-ndjson"),
        ):
            st.download_button(
                literal(label),
                partial(_whole, audit, sought, write),
                file_name=name,
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
            )


def _whole(audit: Audit, sought: Sought, write: Callable[[Iterable[Entry]], Iterator[str]]) -> str:
    return "".join(write(audit.all_entries(sought)))


def _row(entry: Entry, timezone: str | None) -> dict[str, str]:
    at = local_time(entry.at, timezone)
    return {
        "When": f"{full_date(at.date())}, {at:%H:%M}",
        "Who": entry.actor,
        "What": entry.action,
        "On": entry.target,
        "From": entry.address,
        "Outcome": entry.outcome,
    }
