"""How fast tickets are learned from and looked at: one, and ten thousand beside embedding their words and nothing else.

The tickets are made of the sample company's: one's sentences with another's of the same category, so that no two are alike.
"""

import csv
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from assistant.access import LOCAL_USER
from assistant.bootstrap import EXAMPLES
from assistant.connecting import embedder_of
from assistant.settings import Settings
from assistant.triage.assessment import Assessor, Pile
from assistant.triage.batch import triage_all
from assistant.triage.desk import read_desk
from assistant.triage.drafting import draft_reply
from assistant.triage.model import TriageModel
from assistant.triage.tables import read_tickets
from assistant.triage.training import train_model
from assistant.triage.values import Ticket
from benchmarks.bench import Bench, opened
from benchmarks.report import Row, Target
from benchmarks.timing import elapsed_ms, latency_of
from retrieval.embedding import Embedder
from retrieval.evaluation.workbench import RememberingEmbedder

_DESK = EXAMPLES / "tickets" / "triage.json"
_SEED = 8
_TICKETS, _ONE_BY_ONE = 10_000, 300
_WAITING = 200
"""Tickets of the queue, among which duplicates are looked for."""
_ROUNDS = 2


def measure(bench: Bench) -> Iterator[Row]:
    """Training, then one ticket at a time, then all together, then the command's memory."""
    count = 200 if bench.quick else _TICKETS
    tickets = made_tickets(count)
    with tempfile.TemporaryDirectory(dir=bench.directory) as directory:
        embedder = embedder_of(Settings.read(), Path(directory))
        remembering = RememberingEmbedder(embedder, Path(directory) / "embeddings.sqlite")
        first_ms = elapsed_ms(partial(train_model, tickets, remembering))
        began = time.perf_counter()
        model = train_model(tickets, remembering).model
        again_ms = (time.perf_counter() - began) * 1000
        yield Row(f"training on {count:,} tickets", first_ms / 1000, "s", Target(60))
        yield Row("the same with embeddings that are known", again_ms / 1000, "s", Target(15))
        yield from _one(tickets, model, embedder, 40 if bench.quick else _ONE_BY_ONE)
        yield from _together(tickets, model, embedder)
    yield from _reply(bench)
    if not bench.quick:
        yield _memory(bench, count)


def made_tickets(count: int) -> tuple[Ticket, ...]:
    """That many tickets with labels, the same ones each time."""
    known = read_tickets(EXAMPLES / "tickets" / "resolved.csv", needs=("category",)).tickets
    alike: dict[str, list[Ticket]] = defaultdict(list)
    for ticket in known:
        alike[ticket.labels["category"]].append(ticket)
    chance = random.Random(_SEED)
    return tuple(_joined(known[n % len(known)], alike, chance, n) for n in range(count))


def _joined(own: Ticket, alike: dict[str, list[Ticket]], chance: random.Random, number: int) -> Ticket:
    other = chance.choice(alike[own.labels["category"]])
    text = f"{own.text} {other.text} Order {chance.randrange(10**6):06d}."
    return replace(own, text=text, id=f"M-{number}", line=number + 2)


def _one(tickets: Sequence[Ticket], model: TriageModel, embedder: Embedder, count: int) -> Iterator[Row]:
    """New tickets, each looked at whole as on the page, without a model endpoint."""
    assessor, pile = Assessor(embedder, read_desk(_DESK), model), Pile.of(tickets[:_WAITING], embedder)
    new = made_tickets(len(tickets) + count)[-count:]
    taken = latency_of([elapsed_ms(partial(assessor.assess, ticket, pile=pile)) for ticket in new])
    note = f"{count} tickets; p50 {taken.p50:.1f} ms"
    yield Row("one ticket p95, without a model endpoint", taken.p95, "ms", Target(60), note)


def _together(tickets: Sequence[Ticket], model: TriageModel, embedder: Embedder) -> Iterator[Row]:
    """In two rounds, the other way round the second time, so that drift meets both alike."""
    words = [ticket.words for ticket in tickets]

    def look() -> None:
        assert sum(1 for _ in triage_all(tickets, model, embedder)) == len(tickets)

    def embed() -> None:
        embedder.embed_documents(words)

    looking = embedding = 0.0
    for number in range(_ROUNDS):
        if number % 2:
            embedding, looking = embedding + elapsed_ms(embed), looking + elapsed_ms(look)
        else:
            looking, embedding = looking + elapsed_ms(look), embedding + elapsed_ms(embed)
    each_s = len(tickets) * _ROUNDS * 1000
    yield Row(f"a batch of {len(tickets):,} tickets", each_s / looking, "tickets/s")
    yield Row("batch ÷ raw embedding", 100 * embedding / looking, "%", Target(90, at_least=True), f"{_ROUNDS} rounds")


def _reply(bench: Bench) -> Iterator[Row]:
    """What the page waits for last: the sentences of the documents that answer a ticket."""
    new = read_tickets(EXAMPLES / "tickets" / "new.csv").tickets[: 5 if bench.quick else None]
    with tempfile.TemporaryDirectory(dir=bench.directory) as directory, opened(Path(directory) / "home") as citewell:
        assert citewell.embedder is not None
        citewell.intake.read_paths([EXAMPLES / "company" / ("hr" if bench.quick else "")], collection="Company")
        assessor = Assessor(citewell.embedder, read_desk(_DESK))
        told = [assessor.assess(ticket) for ticket in new]
        taken = latency_of(
            [
                elapsed_ms(partial(draft_reply, each, assistant=citewell.assistant, principal=LOCAL_USER))
                for each in told
            ]
        )
    yield Row("a reply from the documents p95", taken.p95, "ms", note=f"{taken.count} tickets; p50 {taken.p50:.0f} ms")


def _memory(bench: Bench, count: int) -> Row:
    """The most that `citewell triage run` holds at a time."""
    with tempfile.TemporaryDirectory(dir=bench.directory) as directory:
        table, learned = Path(directory) / "new.csv", EXAMPLES / "tickets" / "resolved.csv"
        with table.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "text"), *((t.id, t.text) for t in made_tickets(count))])
        home = ["--home", str(Path(directory) / "home")]
        _command("train", str(learned), *home)
        most = _command("run", str(table), "-o", str(Path(directory) / "out.csv"), *home)
    return Row(f"memory of a batch of {count:,} tickets", most / 1e6, "MB", Target(1000), "the command's highest")


def _command(*arguments: str) -> int:
    """Runs it and returns the most memory that it held, in bytes."""
    command = [sys.executable, "-m", "benchmarks.highest", "triage", *arguments]
    return int(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout)
