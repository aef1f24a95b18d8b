"""What administrators and editors are told of how Citewell is used: each of their own collections alone.

An administrator sees everything that was counted. An editor sees what was about a collection that they may change,
and whose words those were only where the organisation chose so and every collection concerned is theirs to read.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from math import ceil

from sqlalchemy import Engine, func, select

from assistant.access import Principal, editable_by, only_editor, readable_by
from assistant.background import Background
from assistant.choices import Chosen
from assistant.insights.choices import QUESTIONS_SHOWN
from assistant.insights.comparing import COMPARE
from assistant.insights.figures import (
    FIRST_S,
    LATELY,
    Behind,
    Figures,
    Wanted,
    figures,
    ids_behind,
    selected,
    since_s,
    until_s,
)
from assistant.insights.frame import Frame, Frames
from assistant.insights.health import DUE_AFTER_DAYS, DocumentHealth, due_before, read_health
from assistant.insights.turns import Turn, read_turns
from assistant.job_table import JobTable
from assistant.schema import events, groups
from retrieval.library import Library
from retrieval.values import Scope

MOST_TURNS = 200
"""So many of the turns behind a number are listed, the newest."""
_HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Between:
    """From a day on, and before another one."""

    first: date
    until: date


@dataclass(frozen=True, slots=True)
class Insights:
    """Adds up, for whoever may see it, what was recorded. `now` is a clock in seconds since 1970."""

    engine: Engine
    library: Library
    chosen: Chosen
    jobs: JobTable
    wake: threading.Event
    frames: Frames
    now: Callable[[], float] = time.time

    def figures(self, principal: Principal, wanted: Wanted = LATELY) -> Figures:
        """Everything that the page draws. Raises NotAllowed."""
        within, frame = self._within(principal), self._frame(wanted)
        return frame.once((within, wanted, self._hour), lambda: self._added_up(frame, wanted, within))

    def turns(
        self, principal: Principal, wanted: Wanted = LATELY, behind: Behind = "all", between: Between | None = None
    ) -> tuple[Turn, ...]:
        """The newest turns behind a number. Raises NotAllowed."""
        within, frame = self._within(principal), self._frame(wanted)
        key = (within, wanted, self._hour, behind, between)
        ids = frame.once(key, lambda: self._ids_behind(frame, wanted, within, behind, between))
        readable, editable = readable_by(principal, self.library), editable_by(principal, self.library)
        are_shown = self.chosen.get(QUESTIONS_SHOWN) is True
        with self.engine.connect() as connection:
            return read_turns(connection, ids, principal, readable=readable, editable=editable, are_shown=are_shown)

    def groups(self, principal: Principal) -> dict[str, str]:
        """The names of groups by their ids, for an administrator; for anybody else none. Raises NotAllowed."""
        if self._within(principal) is not None:
            return {}
        with self.engine.connect() as connection:
            return {str(row.id): row.name for row in connection.execute(select(groups).order_by(groups.c.name))}

    def look_ahead(self, principal: Principal, soon: Sequence[Wanted], background: Background) -> None:
        """Read older events too, beside everything else, and add up what this person may choose next. Raises NotAllowed."""
        only_editor(principal)
        if self.frames.is_looking_ahead.acquire(blocking=False):
            background.start(partial(self._look_ahead, principal, soon, background.stopping))

    def _look_ahead(self, principal: Principal, soon: Sequence[Wanted], stopping: threading.Event) -> None:
        try:
            self.frames.read_on(stopping)
            for wanted in soon:
                if not stopping.is_set():
                    self.figures(principal, wanted)
        finally:
            self.frames.is_looking_ahead.release()

    def counted_since(self) -> datetime | None:
        """When the first event of those that are kept and counted was recorded, in UTC; None before there is one."""
        can_be = (events.c.at_s >= FIRST_S) & (events.c.at_s < ceil(until_s(self.now())))
        query = select(func.min(events.c.at_s)).where(can_be)
        with self.engine.connect() as connection:
            first = connection.execute(query).scalar()
        return None if first is None else datetime.fromtimestamp(first, UTC).replace(tzinfo=None)

    def health(self, principal: Principal, *, due_after_days: int = DUE_AFTER_DAYS) -> tuple[DocumentHealth, ...]:
        """The documents that something ails, of the collections that this person may change. Raises NotAllowed."""
        only_editor(principal)
        today = datetime.fromtimestamp(self.now(), UTC).date()
        scope = editable_by(principal, self.library)
        with self.engine.connect() as connection:
            return read_health(connection, scope, due_before=due_before(today, due_after_days))

    def ask_to_compare(self, principal: Principal) -> None:
        """Have all documents compared with each other soon, unless that is under way. Raises NotAllowed."""
        only_editor(principal)
        if not self.jobs.open((COMPARE,)):
            self.jobs.add(COMPARE, {}, owner=principal.key)
            self.wake.set()

    def _within(self, principal: Principal) -> Scope | None:
        """The collections whose figures this person may see; None for everything that was counted."""
        only_editor(principal)
        return None if principal.is_admin else editable_by(principal, self.library)

    @property
    def _hour(self) -> int:
        """With it a day ends, and what counts as yet to come."""
        return int(self.now() // _HOUR_S)

    def _added_up(self, frame: Frame, wanted: Wanted, within: Scope | None) -> Figures:
        found = figures(frame, *selected(frame, wanted, within=within, now_s=self.now()))
        if within is None:
            return found
        own = tuple((id_, sums) for id_, sums in found.by_collection if id_ in within)
        return replace(found, by_collection=own, by_group=())

    def _ids_behind(
        self, frame: Frame, wanted: Wanted, within: Scope | None, behind: Behind, between: Between | None
    ) -> tuple[int, ...]:
        chosen, _ = selected(frame, wanted, within=within, now_s=self.now())
        first, until = (between.first, between.until) if between else (None, None)
        return ids_behind(frame, chosen, behind, first=first, until=until, limit=MOST_TURNS)

    def _frame(self, wanted: Wanted) -> Frame:
        return self.frames.since(None if wanted.days is None else since_s(wanted.days, self.now()))
