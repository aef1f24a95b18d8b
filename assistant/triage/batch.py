"""Many tickets at once: verdicts as they come, and the table of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.triage.model import TriageModel
from assistant.triage.values import LABEL_NAMES, SURE, LabelName, Ticket, Verdict
from retrieval.embedding import Embedder

AT_ONCE = 2_000
"""The more, the less padding is embedded."""
OnDone = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Triaged:
    """A ticket with what is guessed of it."""

    ticket: Ticket
    verdicts: dict[LabelName, Verdict]
    alike: str
    """What solved the nearest known ticket."""

    @property
    def is_out_of_scope(self) -> bool:
        """Whether it is like nothing that was learned from."""
        return self.verdicts["category"].is_out_of_scope

    @property
    def needs_person(self) -> str:
        """Why a person should look at it first; empty where nothing speaks for that."""
        if self.is_out_of_scope:
            return "It is like no ticket that was learned from."
        unsure = [name for name, verdict in self.verdicts.items() if verdict.best.probability < SURE]
        return f"The guess of its {' and '.join(unsure)} is unsure." if unsure else ""


def triage_all(
    tickets: Sequence[Ticket], model: TriageModel, embedder: Embedder, *, on_done: OnDone | None = None
) -> Iterator[Triaged]:
    """Each ticket with its verdicts, in order. What was taken from it is kept; the rest goes on where it stopped."""
    for start in range(0, len(tickets), AT_ONCE):
        part = tickets[start : start + AT_ONCE]
        words = [ticket.words for ticket in part]
        for ticket, verdicts in zip(part, model.judge(words, embedder.embed_documents(words)), strict=True):
            yield Triaged(ticket, verdicts, _solution(model, verdicts["category"]))
        if on_done:
            on_done(start + len(part), len(tickets))


def _solution(model: TriageModel, verdict: Verdict) -> str:
    if verdict.is_out_of_scope or not verdict.nearest:
        return ""
    return model.tickets[verdict.nearest[0].index].resolution


def head_of(model: TriageModel) -> tuple[str, ...]:
    """The columns of the table."""
    guessed = [column for name in LABEL_NAMES if name in model.heads for column in (name, f"{name} sureness")]
    return ("line", "id", "subject", "text", *guessed, "out of scope", "needs a person because", "solved before by")


def row_of(triaged: Triaged, model: TriageModel) -> tuple[str, ...]:
    """A ticket's row in that table. Out of scope the category is left empty, for none of them is meant."""
    ticket, is_out = triaged.ticket, triaged.is_out_of_scope
    guessed: list[str] = []
    for name in LABEL_NAMES:
        if name in model.heads:
            best = triaged.verdicts[name].best
            guessed += ["" if name == "category" and is_out else best.label, f"{best.probability:.2f}"]
    line = "" if ticket.line is None else str(ticket.line)
    said = ("yes" if is_out else "no", triaged.needs_person, triaged.alike)
    return (line, ticket.id, ticket.subject, ticket.text, *guessed, *said)
