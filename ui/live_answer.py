"""An answer while it is being written: the job writes, this only watches.

Leaving the page, a click or a reload ends the watching and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from assistant.events import AnswerReplaced, Event, FilesAwaited, ModelWaiting, PassagesFound, TextDelta
from assistant.jobs import AnswerJob
from ui.markdown import literal, safe_markdown
from ui.words import counted, shortened

_UPDATE_S = 0.07
"""The page is told of new text at most this often."""
_POLL_S = 0.2
_MOST_CITATIONS = 999
_NAMES_CHARS = 80


@dataclass(slots=True)
class Paragraphs:
    """Text as it grows. What lies before the last blank line is finished and is not sent again."""

    text: str = ""
    finished_to: int = 0

    def add(self, piece: str) -> None:
        """Append what came."""
        self.text += piece

    def finish(self) -> str | None:
        """The next stretch that will not change any more, None where there is none."""
        end = _end_of_blocks(self.text, self.finished_to)
        if end is None:
            return None
        finished = self.text[self.finished_to : end]
        self.finished_to = end
        return finished

    @property
    def rest(self) -> str:
        """What may still change."""
        return self.text[self.finished_to :]


def _end_of_blocks(text: str, start: int) -> int | None:
    """The end of the last blank line that stands outside a code block and before a new paragraph."""
    end, fenced, at = None, False, start
    for line in text[start:].splitlines(keepends=True):
        at += len(line)
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and not line.strip() and line.endswith("\n") and _begins_block(text[at:]):
            end = at
    return end


def _begins_block(following: str) -> bool:
    """Lists and indented lines may belong to what stands above them."""
    return bool(following) and following[0].isalpha()


@dataclass(slots=True)
class _View:
    place: DeltaGenerator
    where: str
    paragraphs: Paragraphs = field(init=False)
    line: DeltaGenerator = field(init=False)
    whole: DeltaGenerator = field(init=False)
    body: DeltaGenerator = field(init=False)
    tail: DeltaGenerator = field(init=False)

    def __post_init__(self) -> None:
        self.line = self.place.empty()
        self.whole = self.place.empty()
        self._begin()
        self.line.markdown(f":shimmer[Searching {literal(self.where)}]")

    def show(self, events: Sequence[Event]) -> None:
        pieces: list[str] = []
        for event in events:
            match event:
                case PassagesFound():
                    self.line.markdown(f":shimmer[{_reading(event)}]")
                case FilesAwaited(names):
                    self.line.markdown(f":shimmer[Reading {literal(shortened(', '.join(names), _NAMES_CHARS))}]")
                case ModelWaiting(waits_s):
                    self.line.markdown(f":shimmer[{literal(_waiting(waits_s))}]")
                case TextDelta(text):
                    pieces.append(text)
                case AnswerReplaced():
                    pieces.clear()
                    self._begin()
                case _:
                    continue
        if pieces:
            self._write("".join(pieces))

    def _begin(self) -> None:
        """With an empty page; whatever was written is taken away."""
        self.paragraphs = Paragraphs()
        self.body = self.whole.container()
        self.tail = self.body.empty()

    def _write(self, piece: str) -> None:
        if not self.paragraphs.text:
            self.line.empty()
        self.paragraphs.add(piece)
        if (finished := self.paragraphs.finish()) is not None:
            self.tail.markdown(safe_markdown(finished, citations=_MOST_CITATIONS))
            self.tail = self.body.empty()
        self.tail.markdown(safe_markdown(self.paragraphs.rest, citations=_MOST_CITATIONS))


def watch(job: AnswerJob, place: DeltaGenerator, *, where: str) -> tuple[Event, ...]:
    """Show an answer as it grows and return all its events once it has ended."""
    view, seen = _View(place, where), 0
    while True:
        has_ended = job.ended
        events = job.wait(seen, timeout_s=_POLL_S)
        view.show(events)
        seen += len(events)
        if has_ended:
            return job.events()
        if events:
            job.wait_ended(_UPDATE_S)
        else:
            _leave_if_superseded()


def _leave_if_superseded() -> None:
    """Streamlit ends a script that was superseded at its next access to the session."""
    "citewell" in st.session_state  # noqa: B015


def _waiting(waits_s: float) -> str:
    return f"The model is busy and asks to wait {waits_s:.0f} s"


def _reading(found: PassagesFound) -> str:
    documents = {passage.source.id for passage in found.passages}
    passages = counted(len(found.passages), "passage")
    return f"Reading {passages} from {counted(len(documents), 'document')}"
