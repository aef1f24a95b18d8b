"""The queue as a table to take home: what was guessed of each ticket, and what was decided."""

from collections.abc import Iterator, Sequence

from assistant.access import Principal
from assistant.triage.queue import EVERYTHING, MOST_SHOWN, Queue, Queued, Wanted
from assistant.triage.sheets import Format, sheet_bytes
from assistant.triage.values import LABEL_NAMES

HEAD = (
    "id", "subject", "text", "status",
    *(column for name in LABEL_NAMES for column in (name, f"{name} guessed", f"{name} sureness")),
    "out of scope", "needs a person because",
)  # fmt: skip


def queue_file(queue: Queue, principal: Principal, form: Format, wanted: Wanted = EVERYTHING) -> bytes:
    """The tickets of the queue as a file, no cell of which is calculated. Raises SheetNotWritten."""
    return sheet_bytes(form, HEAD, map(_row, _all(queue, principal, wanted)))


def _all(queue: Queue, principal: Principal, wanted: Wanted) -> Iterator[Queued]:
    after = 0
    while page := queue.page(principal, wanted, after=after, limit=MOST_SHOWN):
        yield from page
        after = page[-1].id


def _row(queued: Queued) -> Sequence[str]:
    """A label is what was decided, else empty: what is only guessed stands beside it."""
    ticket, labels = queued.ticket, []
    for name in LABEL_NAMES:
        guess = queued.guesses.get(name)
        labels += [
            queued.decided.get(name, ""),
            guess.label if guess else "",
            f"{guess.probability:.2f}" if guess else "",
        ]
    said = ("yes" if queued.is_out_of_scope else "no", queued.needs_person)
    return (ticket.id, ticket.subject, ticket.text, queued.status, *labels, *said)
