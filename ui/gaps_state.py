"""What the page of gaps keeps between two runs of its script, by name and type, as ui/state.py does for the others."""

from typing import Any

import streamlit as st


class GapsState:
    """How the page of gaps stands in one tab."""

    @property
    def gap_id(self) -> int | None:
        """The gap that is open; None for the list."""
        value: int | None = _get("citewell_gap", None)
        return value

    @gap_id.setter
    def gap_id(self, gap_id: int | None) -> None:
        _set("citewell_gap", gap_id)
        self.shown = 0

    @property
    def shown(self) -> int:
        """How many more rows than at first are drawn."""
        value: int = _get("citewell_gap_rows", 0)
        return value

    @shown.setter
    def shown(self, shown: int) -> None:
        _set("citewell_gap_rows", shown)

    @property
    def notice(self) -> str | None:
        """Why the last thing was not done."""
        value: str | None = _get("citewell_gaps_notice", None)
        return value

    @notice.setter
    def notice(self, notice: str | None) -> None:
        _set("citewell_gaps_notice", notice)


def _get(key: str, default: Any) -> Any:
    return st.session_state.get(key, default)


def _set(key: str, value: Any) -> None:
    st.session_state[key] = value
