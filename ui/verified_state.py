"""What pages keep of verified answers between two runs of their script, by name and type, as ui/state.py does."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from ui.state import OpenSource


@dataclass(frozen=True, slots=True)
class Verifying:
    """The form that stands open: for an answer of a conversation, for one that is verified, or, for neither, a new one."""

    message_id: int | None = None
    verified_id: int | None = None


class VerifiedState:
    """How verified answers stand in one tab."""

    @property
    def open(self) -> Verifying | None:
        """The form that is open."""
        value: Verifying | None = _get("citewell_verifying", None)
        return value

    @open.setter
    def open(self, verifying: Verifying | None) -> None:
        _set("citewell_verifying", verifying)

    @property
    def notice(self) -> str | None:
        """What came of the last thing that was done."""
        value: str | None = _get("citewell_verified_notice", None)
        return value

    @notice.setter
    def notice(self, notice: str | None) -> None:
        _set("citewell_verified_notice", notice)

    @property
    def source(self) -> OpenSource | None:
        """The source that is open, of the verified answer of that id."""
        value: OpenSource | None = _get("citewell_verified_source", None)
        return value

    @source.setter
    def source(self, source: OpenSource | None) -> None:
        _set("citewell_verified_source", source)

    @property
    def shown(self) -> int:
        """How many are listed."""
        value: int = _get("citewell_verified_shown", SHOWN)
        return value

    def show_more(self) -> None:
        """List more of them."""
        _set("citewell_verified_shown", self.shown + SHOWN)


SHOWN = 20


def _get(key: str, default: Any) -> Any:
    return st.session_state.get(key, default)


def _set(key: str, value: Any) -> None:
    st.session_state[key] = value
