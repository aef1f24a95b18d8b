"""An answer while it is being written: the job writes, this only watches.

Leaving the page, a click or a reload ends the watching and nothing else.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from assistant.events import AnswerReplaced, Event, FilesAwaited, ModelWaiting, PassagesFound, TextDelta
from assistant.jobs import JOBS, AnswerJob
from ui.growing import GrowingText, Part
from ui.markdown import literal, safe_markdown
from ui.words import counted, shortened

_UPDATE_S, _LONGEST_UPDATE_S, _AT_FULL_PACE = 0.07, 0.7, 3
"""The page is told of new text at most this often, while no more answers than these are being written."""
_POLL_S = 0.2
_LONGEST_STEP_S = 1.0
"""A slow model's words are shown this long after the last ones, however few they are."""
_MOST_CITATIONS = 999
_NAMES_CHARS = 80


@dataclass(slots=True)
class _View:
    place: DeltaGenerator
    where: str
    text: GrowingText = field(init=False)
    line: DeltaGenerator = field(init=False)
    whole: DeltaGenerator = field(init=False)
    body: DeltaGenerator = field(init=False)
    part: DeltaGenerator | None = field(init=False)
    tail: DeltaGenerator | None = field(init=False)
    parts: int = 0
    drawn_at: float = 0.0

    def __post_init__(self) -> None:
        self.line = self.place.empty()
        self.whole = self.place.empty()
        self._begin()
        self.line.markdown(f":shimmer[Searching {literal(self.where)}]")

    def take(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case PassagesFound():
                    self.line.markdown(f":shimmer[{_reading(event)}]")
                case FilesAwaited(names):
                    self.line.markdown(f":shimmer[Reading {literal(shortened(', '.join(names), _NAMES_CHARS))}]")
                case ModelWaiting(waits_s):
                    self.line.markdown(f":shimmer[{literal(_waiting(waits_s))}]")
                case TextDelta(text):
                    if not self.text.text:
                        self.line.empty()
                    self.text.add(text)
                case AnswerReplaced():
                    self._begin()
                case _:
                    continue

    def draw(self) -> None:
        """What came since the last time, where it is enough, or where the reader would wait for too long."""
        waits = self.text.fresh_chars and time.monotonic() - self.drawn_at > _LONGEST_STEP_S
        if not (self.text.is_due or waits):
            return
        self.drawn_at = time.monotonic()
        for part in self.text.take_finished():
            self._write(part)
            self.tail = None
        self._write(self.text.rest)

    def _begin(self) -> None:
        """With an empty page; whatever was written is taken away."""
        self.text = GrowingText()
        self.body = self.whole.container()
        self.part = self.tail = None

    def _write(self, part: Part) -> None:
        """Into the last element while that may still change, else into a new one."""
        words = safe_markdown(part.text, citations=_MOST_CITATIONS)
        if self.tail is not None:
            self.tail.markdown(words)
            return
        if self.part is None or part.kind != "more":
            self.parts += 1
            self.part = self.body.container(key=f"part_{part.kind}_{self.parts}")
        self.tail = self.part.markdown(words)


def watch(job: AnswerJob, place: DeltaGenerator, *, where: str) -> tuple[Event, ...]:
    """Show an answer as it grows and return all its events once it has ended."""
    view, seen = _View(place, where), 0
    while True:
        has_ended = job.ended
        events = job.wait(seen, timeout_s=_POLL_S)
        view.take(events)
        seen += len(events)
        if has_ended:
            return job.events()
        view.draw()
        leave_if_superseded()
        if events:
            job.wait_ended(update_after_s(JOBS.active()))


def update_after_s(active: int) -> float:
    """How long new text gathers before the page is told of it: the more answers are being written the longer, for all
    of them share the interpreter with whoever waits for a first word.
    """
    return min(_LONGEST_UPDATE_S, _UPDATE_S * max(1.0, active / _AT_FULL_PACE))


def leave_if_superseded() -> None:
    """Streamlit ends a script that was superseded at its next access to the session."""
    "citewell" in st.session_state  # noqa: B015


def _waiting(waits_s: float) -> str:
    return f"The model is busy and asks to wait {waits_s:.0f} s"


def _reading(found: PassagesFound) -> str:
    documents = {passage.source.id for passage in found.passages}
    passages = counted(len(found.passages), "passage")
    return f"Reading {passages} from {counted(len(documents), 'document')}"
