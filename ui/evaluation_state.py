"""What the evaluation page keeps between two runs of its script, by name and type, as ui/state.py does for the others."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import streamlit as st

from assistant.configuration import Configuration
from assistant.inspection import Inspection
from assistant.set_evaluation import Compared
from ui.state import OpenSource

EVALUATION_PAGE = "views/evaluation.py"
PART_KEY, SET_KEY, QUESTION_KEY, COLLECTION_KEY = (
    "evaluation_part",
    "evaluation_set",
    "inspected_question",
    "inspected_collection",
)
"""The keys of its widgets that are set from elsewhere."""
QUESTIONS, INSPECTOR = "Questions", "Inspector"
"""The parts of the page beside its runs."""
CHANGES = 20
"""So many changed questions are listed at first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be looked into: a question with what was asked before it, where, and perhaps how it is answered."""

    question: str
    earlier: tuple[str, ...] = ()
    collection: str = ""
    configuration: Configuration | None = None


class EvaluationState:
    """How the evaluation page stands in one tab."""

    @property
    def notice(self) -> str | None:
        """What came of the last thing that was done."""
        value: str | None = _get("citewell_evaluation_notice", None)
        return value

    @notice.setter
    def notice(self, notice: str | None) -> None:
        _set("citewell_evaluation_notice", notice)

    def choose_set(self, set_id: int) -> None:
        """Show this set when the page is drawn next."""
        _set("citewell_next_set", set_id)

    def seed_set(self, known: Collection[int]) -> None:
        """To be called right before the sets are drawn: the one that was asked for is chosen, and none that is gone."""
        asked = st.session_state.pop("citewell_next_set", None)
        if asked in known:
            _set(SET_KEY, asked)
        elif _get(SET_KEY, None) not in known:
            st.session_state.pop(SET_KEY, None)

    @property
    def upload_key(self) -> str:
        """The key of the field for files; a new one empties it."""
        return f"questions_file_{_get('citewell_question_uploads', 0)}"

    def empty_upload(self) -> None:
        """Let go of the file."""
        _set("citewell_question_uploads", _get("citewell_question_uploads", 0) + 1)

    def compared(self, runs: tuple[int, int]) -> Compared | None:
        """What was compared last, where it was these two."""
        kept, compared = _get("citewell_compared", (None, None))
        return compared if kept == runs else None

    def keep_compared(self, runs: tuple[int, int], compared: Compared) -> None:
        """Keep it: resampling takes a moment."""
        _set("citewell_compared", (runs, compared))
        _set("citewell_changes", CHANGES)

    @property
    def changes(self) -> int:
        """How many changed questions are listed."""
        value: int = _get("citewell_changes", CHANGES)
        return value

    def show_more(self) -> None:
        """List more of them."""
        _set("citewell_changes", self.changes + CHANGES)

    @property
    def wanted(self) -> Wanted | None:
        """What is to be looked into when the inspector is drawn next; asks only once."""
        value: Wanted | None = st.session_state.pop("citewell_inspect", None)
        return value

    def look_into(self, wanted: Wanted) -> None:
        """Open the inspector for a question when the page is drawn next."""
        _set("citewell_inspect", wanted)

    @property
    def has_wanted(self) -> bool:
        """Whether something is to be looked into."""
        return "citewell_inspect" in st.session_state

    @property
    def earlier(self) -> tuple[str, ...]:
        """What was asked before the question in the inspector."""
        value: tuple[str, ...] = _get("citewell_inspected_earlier", ())
        return value

    @earlier.setter
    def earlier(self, earlier: tuple[str, ...]) -> None:
        _set("citewell_inspected_earlier", earlier)

    @property
    def inspection(self) -> Inspection | None:
        """What was looked into last."""
        value: Inspection | None = _get("citewell_inspection", None)
        return value

    @inspection.setter
    def inspection(self, inspection: Inspection | None) -> None:
        _set("citewell_inspection", inspection)
        self.source = None

    @property
    def source(self) -> OpenSource | None:
        """The source that is open beside it."""
        value: OpenSource | None = _get("citewell_inspected_source", None)
        return value

    @source.setter
    def source(self, source: OpenSource | None) -> None:
        _set("citewell_inspected_source", source)


def _get(key: str, default: Any) -> Any:
    return st.session_state.get(key, default)


def _set(key: str, value: Any) -> None:
    st.session_state[key] = value
