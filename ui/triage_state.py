"""What the triage page keeps between two runs of its script, by name and type, as ui/state.py does for the others."""

from typing import Any

import streamlit as st

from assistant.triage.assessment import Assessment
from assistant.triage.drafting import Reply
from assistant.triage.tables import Sheet
from ui.state import OpenSource

Looked = tuple[int, int | None]
"""A ticket, and the model that looked at it."""


class TriageState:
    """How the triage page stands in one tab."""

    @property
    def ticket_id(self) -> int:
        """The ticket that is open; where it is not listed, the one after it is."""
        value: int = _get("citewell_ticket", 0)
        return value

    @ticket_id.setter
    def ticket_id(self, ticket_id: int) -> None:
        _set("citewell_ticket", ticket_id)
        self.source = None

    @property
    def source(self) -> OpenSource | None:
        """The source that is open beside the draft."""
        value: OpenSource | None = _get("citewell_ticket_source", None)
        return value

    @source.setter
    def source(self, source: OpenSource | None) -> None:
        _set("citewell_ticket_source", source)

    @property
    def notice(self) -> str | None:
        """What came of the last thing that was done."""
        value: str | None = _get("citewell_triage_notice", None)
        return value

    @notice.setter
    def notice(self, notice: str | None) -> None:
        _set("citewell_triage_notice", notice)

    @property
    def compared(self) -> int:
        """The model that is shown beside the one in use, 0 for none."""
        value: int = _get("citewell_triage_compared", 0)
        return value

    @compared.setter
    def compared(self, number: int) -> None:
        _set("citewell_triage_compared", number)

    def upload_key(self, purpose: str) -> str:
        """The key of a field for files; a new one empties it."""
        return f"{purpose}_file_{_get('citewell_ticket_uploads', 0)}"

    def empty_upload(self) -> None:
        """Let go of the file."""
        _set("citewell_ticket_uploads", _get("citewell_ticket_uploads", 0) + 1)
        _set("citewell_ticket_sheet", (None, None))

    def sheet(self, file_id: str) -> Sheet | None:
        """The rows of that file, where it was read last."""
        kept, sheet = _get("citewell_ticket_sheet", (None, None))
        return sheet if kept == file_id else None

    def keep_sheet(self, file_id: str, sheet: Sheet) -> None:
        """Keep the rows of a file while it is being looked at."""
        _set("citewell_ticket_sheet", (file_id, sheet))

    def assessed(self, looked: Looked) -> Assessment | None:
        """What was found out last, where it was of this ticket by this model."""
        kept, assessed = _get("citewell_assessed", (None, None))
        return assessed if kept == looked else None

    def keep_assessed(self, looked: Looked, assessed: Assessment) -> None:
        """Keep it while the ticket is open."""
        _set("citewell_assessed", (looked, assessed))

    @property
    def letters(self) -> dict[int, str]:
        """The drafts as they were changed, by ticket."""
        if "citewell_letters" not in st.session_state:
            _set("citewell_letters", {})
        letters: dict[int, str] = _get("citewell_letters", {})
        return letters

    @property
    def from_documents(self) -> frozenset[int]:
        """The tickets whose draft is to come from the documents, although there is a verified answer."""
        value: frozenset[int] = _get("citewell_from_documents", frozenset())
        return value

    def draft_from_documents(self, ticket_id: int) -> None:
        """Draft the reply to this ticket anew, from the documents."""
        _set("citewell_from_documents", self.from_documents | {ticket_id})
        _set("citewell_drafted", (None, None))
        self.source = None

    @property
    def looked_at(self) -> object:
        """The ticket, and what it is asked, that the model's part of the page drew last."""
        return _get("citewell_looked_at", None)

    @looked_at.setter
    def looked_at(self, key: object) -> None:
        _set("citewell_looked_at", key)

    @property
    def issue_id(self) -> int | None:
        """The known issue that is being changed; 0 for a new one, None where the form is shut."""
        value: int | None = _get("citewell_issue", None)
        return value

    @issue_id.setter
    def issue_id(self, issue_id: int | None) -> None:
        _set("citewell_issue", issue_id)

    def drafted(self, looked: tuple[int, int]) -> Reply | None:
        """The draft that was made last, where it was for this ticket and from as many documents."""
        kept, reply = _get("citewell_drafted", (None, None))
        return reply if kept == looked else None

    def keep_drafted(self, looked: tuple[int, int], reply: Reply) -> None:
        """Keep it while the ticket is open."""
        _set("citewell_drafted", (looked, reply))


def _get(key: str, default: Any) -> Any:
    return st.session_state.get(key, default)


def _set(key: str, value: Any) -> None:
    st.session_state[key] = value
