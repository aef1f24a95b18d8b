"""What the insights pages keep between two runs of their scripts, by name and type, as ui/state.py does for the others.

Period, collection and group are the same on every one of them: their widgets keep what was chosen from page to page.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

import streamlit as st

from assistant.insights.figures import BEHIND, Behind, Wanted
from assistant.insights.health import DUE_AFTER_DAYS, Ailment

PERIODS: Mapping[str, int | None] = {"7 days": 7, "30 days": 30, "90 days": 90, "12 months": 365, "All": None}
PERIOD = "30 days"
"""What is chosen at first."""
PERIOD_KEY, COLLECTION_KEY, GROUP_KEY = "insights_period", "insights_collection", "insights_group"
"""The keys of the filters, which every insights page draws."""
BEHIND_KEY, AILMENT_KEY, DUE_KEY = "insights_behind", "insights_ailment", "insights_due_months"
_DAYS_OF_MONTH = DUE_AFTER_DAYS / 12


@dataclass(frozen=True, slots=True)
class Opening:
    """What a row of a table leads to."""

    kind: Literal["conversation", "gap", "document"]
    id: str | int


class InsightsState:
    """How the insights stand in one tab. What a browser sends need not be among what it was offered."""

    @property
    def wanted(self) -> Wanted:
        """Which events are looked at."""
        return Wanted(PERIODS[self.period], _get(COLLECTION_KEY, "") or None, _get(GROUP_KEY, "") or None)

    @property
    def period(self) -> str:
        """Which days, by the name of the choice."""
        period = _get(PERIOD_KEY, PERIOD)
        return period if period in PERIODS else PERIOD

    def forget_unknown(self, *, collections: Collection[str], groups: Collection[str]) -> None:
        """Choose no more what is there no more; to be called before the filters are drawn."""
        for key, known in ((COLLECTION_KEY, collections), (GROUP_KEY, groups)):
            if _get(key, "") not in {"", *known}:
                _set(key, "")

    @property
    def behind(self) -> Behind:
        """Which turns are listed."""
        behind = _get(BEHIND_KEY, "refused")
        return behind if behind in BEHIND else "refused"

    @property
    def day_key(self) -> str:
        """The key of the choice of a day, week or month: with another filter nothing is chosen."""
        return f"insights_day_{self.wanted.days}_{self.wanted.collection}_{self.wanted.group}"

    def day_of(self, days: Sequence[date]) -> date | None:
        """The day, week or month that was chosen, by its first day, while it is among these."""
        day = _get(self.day_key, None)
        if day not in days:
            _set(self.day_key, "")  # None would be no choice at all.
            return None
        return days[days.index(day)]

    def choose_day(self, day: date | None) -> None:
        """Look at one day, week or month alone, or at all of them again."""
        _set(self.day_key, day or "")

    @property
    def opening(self) -> Opening | None:
        """What a row led to, which the page is left for; asks only once."""
        value: Opening | None = st.session_state.pop("citewell_insights_opening", None)
        return value

    @opening.setter
    def opening(self, opening: Opening) -> None:
        _set("citewell_insights_opening", opening)

    @property
    def ailment(self) -> Ailment | None:
        """What the listed documents suffer from; None for anything."""
        ailment = _get(AILMENT_KEY, None)
        return ailment if ailment in get_args(Ailment) else None

    @property
    def due_after_days(self) -> int:
        """How old documents may become before they are to be looked at again."""
        months: int = _get(DUE_KEY, 12)
        return round(months * _DAYS_OF_MONTH)


def _get(key: str, default: Any) -> Any:
    return st.session_state.get(key, default)


def _set(key: str, value: Any) -> None:
    st.session_state[key] = value
