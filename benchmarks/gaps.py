"""Knowledge gaps of 5,000 unanswered questions: gathered, embedded and grouped by one job, then listed."""

import random
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import insert

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell
from assistant.conversations import Work
from assistant.events import Answer
from assistant.gaps.gathering import Gathered
from assistant.schema import conversations, messages
from assistant.usage import Usage
from benchmarks.bench import Bench, embedder_of, opened
from benchmarks.corpus import SEED
from benchmarks.report import Row, Target
from benchmarks.timing import elapsed_ms
from retrieval.dates import utc_now
from retrieval.trace import SearchTrace

_QUESTIONS = 5_000
_ABOUT = (
    "pension",
    "visa",
    "nursery",
    "gym",
    "printer",
    "parking",
    "badge",
    "dentist",
    "notice",
    "stipend",
    "forklift",
)
_OF = ("contractors", "students", "night shifts", "the Leeds office", "new parents", "pilots", "visitors", "team leads")
_ASKED = (
    "How much {about} is there for {of}, and since when?",
    "Who decides about the {about} of {of}?",
    "May {of} change their {about} in the year {n}?",
    "What does the {about} cost for {of} on day {n}?",
    "Is there a form for the {about} of {of} with number {n}?",
)
_WORK: TypeAdapter[Work] = TypeAdapter(Work)


def measure(bench: Bench) -> Iterator[Row]:
    """One job from stored conversations to gaps, the next one with nothing new, and the page's list."""
    count = 200 if bench.quick else _QUESTIONS
    with opened(Path(bench.directory) / "gaps") as citewell:
        citewell.library.create_collection("Handbook")
        asked = _store(citewell, count)
        gathered: list[Gathered] = []
        first = elapsed_ms(lambda: gathered.append(citewell.gaps.gathering.gather()))
        again = elapsed_ms(citewell.gaps.gathering.gather)
        listed = elapsed_ms(lambda: citewell.gaps.list(LOCAL_USER))
        embedded = elapsed_ms(lambda: embedder_of(citewell).embed_documents(asked))
    assert gathered[0].added == count
    yield Row(f"{count:,} unanswered questions into gaps", first / 1_000, "s", Target(20), f"{gathered[0].gaps} gaps")
    yield Row("embedding the questions alone", embedded / 1_000, "s", note="each is embedded once and kept")
    yield Row("the same where nothing is new", again / 1_000, "s")
    yield Row(f"list of the gaps of {count:,} questions", listed, "ms")


def _store(citewell: Citewell, count: int) -> tuple[str, ...]:
    """Questions with refusals, as the turns would have stored them; returns each of them once."""
    chance, now = random.Random(SEED), utc_now()
    answer = Answer("The documents do not say.", "unanswerable", (), (), Usage(), {})
    work = _WORK.dump_python(Work((), SearchTrace(collections=1), answer), mode="json")
    asked = [
        chance.choice(_ASKED).format(about=chance.choice(_ABOUT), of=chance.choice(_OF), n=chance.randrange(2_000))
        for _ in range(count)
    ]
    common = {"conversation_id": "benchmark", "state": "done", "created_at": now}
    with citewell.gaps.engine.begin() as connection:
        connection.execute(insert(conversations).values(id="benchmark", owner=LOCAL_USER.key, created_at=now))
        for n, question in enumerate(asked):
            said = {"role": "user", "text": question, "id": 2 * n + 1}
            told = {"role": "assistant", "text": answer.text, "id": 2 * n + 2, "parent_id": 2 * n + 1, "work": work}
            connection.execute(insert(messages).values(**common, **said))
            connection.execute(insert(messages).values(**common, **told))
    return tuple(dict.fromkeys(asked))
