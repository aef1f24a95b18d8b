"""Models made from what was decided, compared, put to use, and what they say of the tickets that wait.

The worker does it, through the job table, so that no page waits for it; who may ask for it is decided here.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.access import LOCAL_USER, Principal, only_editor, only_support
from assistant.errors import AssistantError
from assistant.job_table import JobTable
from assistant.triage.batch import triage_all
from assistant.triage.comparison import Comparison, compare
from assistant.triage.lessons import Lessons
from assistant.triage.model import TriageModel
from assistant.triage.queue import Queue
from assistant.triage.registry import Loaded, Registry, Version
from assistant.triage.training import Training, accuracy_on, train_model
from assistant.triage.values import Ticket
from retrieval.embedding import Embedder
from retrieval.evaluation.workbench import RememberingEmbedder

TRAIN, GUESS = "train_triage", "guess_tickets"
"""The kinds of job that are asked for here."""
OnDone = Callable[[int, int], None]


class NothingReads(AssistantError):
    """There is no embedding, or another one than the model was trained with."""


class Teaching:
    """What is done with the models of the support desk."""

    def __init__(
        self,
        queue: Queue,
        registry: Registry,
        jobs: JobTable,
        wake: threading.Event,
        *,
        embedder: Embedder | None,
        cache: Path,
        lessons: Path,
    ) -> None:
        """`lessons` is where what people bring to learn from waits: whoever carries the job out sees it, too."""
        self._queue = queue
        self._registry = registry
        self._jobs = jobs
        self._wake = wake
        self._embedder = embedder
        self._cache = cache
        self._lessons = Lessons(lessons)

    # What people ask for.

    def ask_to_train(self, principal: Principal, resolved: Sequence[Ticket] = (), *, with_known: bool = True) -> None:
        """Train another model soon, from resolved tickets, and `with_known` from what is known already: what the model
        in use was trained with, and what was decided since.
        """
        only_editor(principal)
        self._lessons.forget_all_but({str(job.work.get("lesson")) for job in self._jobs.open((TRAIN,))})
        work: dict[str, Any] = {"with_known": with_known}
        if resolved:
            work["lesson"] = self._lessons.keep(resolved)
        self._start(TRAIN, work, principal)

    def ask_to_guess(self, principal: Principal) -> None:
        """Let the model in use look soon at the tickets that wait."""
        only_support(principal)
        self._start(GUESS, {}, principal)

    def promote(self, number: int, principal: Principal) -> None:
        """Use another model from now on, and let it look at the tickets that wait. Raises RegistryFailed."""
        only_editor(principal)
        self._registry.promote(number)
        self._start(GUESS, {}, principal)

    def versions(self, principal: Principal) -> tuple[Version, ...]:
        """The models, the newest first."""
        only_support(principal)
        return self._registry.versions()

    def number_in_use(self, principal: Principal) -> int | None:
        """Which of them is used, None before the first training."""
        only_support(principal)
        return self._registry.champion_number()

    def model(self, number: int, principal: Principal) -> TriageModel:
        """One of them. Raises RegistryFailed."""
        only_support(principal)
        return self._registry.load(number)

    def compare(self, number: int, principal: Principal) -> Comparison | None:
        """A model beside the one in use, on tickets that neither has learned from; None where there are no such tickets.

        Raises RegistryFailed, and NothingReads where they were trained with different embeddings.
        """
        only_support(principal)
        used, held_back = self._registry.champion(), self._registry.held_back(number)
        if used is None or used.number == number or not held_back:
            return None
        challenger, embedder = self._registry.load(number), self._remembering()
        if not used.model.embedding == challenger.embedding == embedder.name:
            raise NothingReads("The two models were trained with different embeddings, so they cannot be compared.")
        return compare(used.model, challenger, held_back, embedder)

    # What the worker does.

    def warm_up(self) -> None:
        """Open the models' store where there are tickets, which takes seconds once, so that no page waits for it."""
        if self._queue.counts(LOCAL_USER):
            self._registry.champion_number()

    def train(self, tickets: Sequence[Ticket]) -> Version:
        """A model of these tickets; the first one is used at once."""
        return self.teach(tickets)[0]

    def train_anew(self, lesson: str = "", *, with_known: bool = True) -> tuple[Version, Training]:
        """A model of the resolved tickets that are kept by a name, and of everything that is known by now.

        Raises LessonGone, TrainingRefused.
        """
        known = self._known() if with_known else ()
        return self.teach(_joined(known, self._lessons.read(lesson) if lesson else ()))

    def forget_lesson(self, lesson: str) -> None:
        """Keep those resolved tickets no longer."""
        self._lessons.forget(lesson)

    def teach(self, tickets: Sequence[Ticket]) -> tuple[Version, Training]:
        """A model of these tickets, with how it came about. Raises TrainingRefused."""
        embedder = self._remembering()
        training = train_model(tickets, embedder)
        return self._registry.add(training, compared(self._registry, training, embedder)), training

    def _known(self) -> tuple[Ticket, ...]:
        used = self._registry.champion()
        earlier = (*used.model.tickets, *self._registry.held_back(used.number)) if used else ()
        return (*earlier, *self._queue.corrections(LOCAL_USER))

    def guess(self, on_done: OnDone, stopping: threading.Event) -> int:
        """Let the model in use look at the tickets that wait; returns at how many it has looked.

        Whatever ends it, what was looked at is kept and the rest is looked at next time.
        """
        used = self._registry.champion()
        if used is None:
            return 0
        done, total = 0, self._queue.count_not_guessed_by(used.number, LOCAL_USER)
        while not stopping.is_set() and (looked_at := self._guess_some(used)):
            done += looked_at
            on_done(done, max(done, total))
        return done

    def _guess_some(self, used: Loaded) -> int:
        due = self._queue.not_guessed_by(used.number, LOCAL_USER)
        if self._embedder is None or self._embedder.name != used.model.embedding:
            raise NothingReads("The model in use was trained with another embedding; train a new one.")
        triaged = triage_all([queued.ticket for queued in due], used.model, self._remembering())
        pairs = zip((queued.id for queued in due), triaged, strict=True)
        self._queue.keep_guesses(pairs, used.number, LOCAL_USER)
        return len(due)

    def _remembering(self) -> RememberingEmbedder:
        if self._embedder is None:
            raise NothingReads("Without the embedding nothing can be learned; `citewell doctor` says what is missing.")
        return RememberingEmbedder(self._embedder, self._cache / "embeddings.sqlite")

    def _start(self, kind: str, work: Mapping[str, Any], principal: Principal) -> None:
        self._jobs.add(kind, work, owner=principal.key)
        self._wake.set()


def compared(registry: Registry, training: Training, embedder: Embedder) -> dict[str, float]:
    """What the new model and the one in use reach on the tickets that neither has learned from."""
    own = accuracy_on(training.model, training.held_back, embedder)
    if own is None:
        return {}
    champion = registry.champion()
    theirs = (
        accuracy_on(champion.model, training.held_back, embedder)
        if champion and champion.model.embedding == embedder.name
        else None
    )
    return {"held_back.accuracy": own} | ({} if theirs is None else {"held_back.champion_accuracy": theirs})


def _joined(earlier: Iterable[Ticket], later: Sequence[Ticket]) -> tuple[Ticket, ...]:
    """All of them; where the same words came later too, as they came later. Those that came together may contradict."""
    words = {ticket.words for ticket in later}
    return (
        *(ticket for ticket in {each.words: each for each in earlier}.values() if ticket.words not in words),
        *later,
    )
