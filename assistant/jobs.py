"""Answers being generated, each in a thread of its own, apart from whoever watches.

A click, a reload or a dropped connection neither stops nor loses an answer; a second tab may watch.
The registry is an ordinary module-level object: what Streamlit caches, any visitor may clear.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator

from assistant.access import Principal
from assistant.errors import AssistantError, TooBusy
from assistant.events import AnswerFinished, Event, TurnFailed, TurnStopped
from assistant.request_ids import at_work_for, current_request_id, new_request_id
from retrieval.errors import RetrievalError

MOST_AT_ONCE = 64
"""Answers generated at the same time by one process."""

Cancelled = Callable[[], bool]
Turn = Callable[[Cancelled], Iterator[Event]]


class AnswerJob:
    """One answer: the events so far, and a way to wait for more."""

    def __init__(
        self, principal: Principal, conversation_id: str, question: str, *, instead_of: int | None = None
    ) -> None:
        self.principal = principal
        self.conversation_id = conversation_id
        self.question = question
        self.instead_of = instead_of
        """The message that this answer, or its question, takes the place of."""
        self.request_id = current_request_id() or new_request_id()
        self._events: list[Event] = []
        self._ended = False
        self._changed = threading.Condition()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the answer to end; what was written is kept."""
        self._stop.set()

    @property
    def ended(self) -> bool:
        """Whether the last event has come."""
        with self._changed:
            return self._ended

    def events(self) -> tuple[Event, ...]:
        """The events so far."""
        with self._changed:
            return tuple(self._events)

    def wait(self, seen: int, *, timeout_s: float) -> tuple[Event, ...]:
        """The events after the first `seen`, as soon as there is one; empty at the end or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._events) > seen, timeout_s)
            return tuple(self._events[seen:])

    def wait_ended(self, timeout_s: float) -> bool:
        """Wait for the end; returns whether it came."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ended, timeout_s)

    def run(self, turn: Turn) -> None:
        """Carry the turn out; always ends, and always with an event that says how."""
        try:
            with at_work_for(self.request_id):
                for event in turn(self._stop.is_set):
                    self._add(event)
        except (AssistantError, RetrievalError) as error:
            self._add(TurnFailed(error.hint, None, error))
        finally:
            with self._changed:
                if not self._events or not isinstance(self._events[-1], AnswerFinished | TurnStopped | TurnFailed):
                    self._events.append(TurnFailed("The answer broke off; ask again.", None))
                self._ended = True
                self._changed.notify_all()

    def _add(self, event: Event) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()


class JobRegistry:
    """The answers of this process, one at a time for each conversation."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[str, str], AnswerJob] = {}
        self._lock = threading.Lock()

    def start(
        self,
        principal: Principal,
        conversation_id: str,
        question: str,
        turn: Turn,
        *,
        instead_of: int | None = None,
    ) -> AnswerJob:
        """Begin an answer; the one under way where this conversation has one. Raises TooBusy when full."""
        key = (principal.key, conversation_id)
        with self._lock:
            running = self._jobs.get(key)
            if running is not None and not running.ended:
                return running
            self._jobs = {k: job for k, job in self._jobs.items() if not job.ended}
            if len(self._jobs) >= MOST_AT_ONCE:
                raise TooBusy("Too many answers are being written right now; ask again in a moment.")
            job = self._jobs[key] = AnswerJob(principal, conversation_id, question, instead_of=instead_of)
        threading.Thread(target=job.run, args=(turn,), name="answer", daemon=True).start()
        return job

    def running(self, principal: Principal, conversation_id: str) -> AnswerJob | None:
        """The answer under way in a conversation of this person, if any."""
        with self._lock:
            job = self._jobs.get((principal.key, conversation_id))
        return job if job is not None and not job.ended else None

    def active(self) -> int:
        """How many answers are being written."""
        with self._lock:
            return sum(not job.ended for job in self._jobs.values())

    def forget_ended(self) -> None:
        """Keep nothing of answers that have ended; whoever watches one has it."""
        with self._lock:
            self._jobs = {place: job for place, job in self._jobs.items() if not job.ended}

    def stop_all_of(self, key: str, *, timeout_s: float) -> None:
        """Stop every answer of the person with this key, wait until it has ended, and keep nothing of it."""
        with self._lock:
            theirs = {place: job for place, job in self._jobs.items() if place[0] == key}
        _stop(theirs.values(), timeout_s)
        with self._lock:
            self._jobs = {place: job for place, job in self._jobs.items() if job is not theirs.get(place)}

    def stop_all(self, *, timeout_s: float) -> None:
        """Stop every answer and wait until what was written is stored."""
        with self._lock:
            jobs = tuple(self._jobs.values())
        _stop(jobs, timeout_s)


def _stop(jobs: Collection[AnswerJob], timeout_s: float) -> None:
    """Stop them all and wait for them, so long in all and not for each."""
    for job in jobs:
        job.stop()
    end = time.monotonic() + timeout_s
    for job in jobs:
        job.wait_ended(max(0.0, end - time.monotonic()))


JOBS = JobRegistry()
