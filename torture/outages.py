"""Takes a part of the server mode away while questions go on, gives it back, and looks at what was acknowledged."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.paced import PAUSE_S, TOKEN_CHARS, PacedEndpoint, paced_endpoint
from torture.serving import Asked, Serving, problems_of, until
from torture.stack.whole import stack

BACK_S = 10.0
CHARS_A_SECOND = TOKEN_CHARS / PAUSE_S
QUESTION = "How long do unused days of leave hold, and who is to be asked?"
LEAVE = "# Leave\n\nUnused days of leave hold until 31 March of the following year. The team lead is to be asked.\n"
SENTENCE = "Unused days of leave hold until 31 March of the following year [1]. "
_LONG, _SHORT = 40, 2
_OVER_S = 120.0


@dataclass(frozen=True, slots=True)
class Outage:
    """How long until all was as before, how many questions went on meanwhile, and what was wrong."""

    back_s: float
    asked: int
    problems: tuple[str, ...]


@contextmanager
def served() -> Iterator[tuple[Serving, PacedEndpoint]]:
    """The server mode with one document and a model that writes at a steady pace."""
    with paced_endpoint() as endpoint:
        endpoint.text = SENTENCE * _SHORT
        settings = {"OPENAI_BASE_URL": endpoint.url, "CITEWELL_MODEL": "paced", "CITEWELL_SAMPLE": "0"}
        with stack(settings=settings) as running:
            serving = Serving(running)
            serving.wait_for(serving.send("leave.md", LEAVE, word="31 March"))
            yield serving, endpoint


def vectors_lost(serving: Serving, number: int) -> Outage:
    """Chroma is killed: questions are answered from their sources meanwhile, what is read in is found, and it is back by itself."""
    chroma, replicas = serving.stack.chroma, range(len(serving.stack.replicas))
    chroma.kill()
    answered = [serving.ask(QUESTION, replica=replica) for replica in (*replicas, None)]
    name, word = f"meanwhile-{number}.md", f"Zephyrine{number}"
    serving.wait_for(serving.send(name, f"# {word}\n\nThe {word} opens at nine.\n", word=word))
    problems = [
        f"asked meanwhile: {_said(asked)}"
        for asked in answered
        if asked.end != "answer_finished" or not asked.citations
    ]
    problems += [f"replica {at + 1} did not find {name} meanwhile" for at in replicas if not serving.finds(name, at)]
    chroma.start()
    chroma.wait()
    back_s = _until_whole(serving)
    if back_s > BACK_S:
        problems.append(f"it took {back_s:.0f} s until the vectors were used again")
    return Outage(back_s, len(answered), (*problems, *problems_of(serving, chars_a_second=CHARS_A_SECOND)))


def database_lost(serving: Serving, endpoint: PacedEndpoint, *, answers: int) -> Outage:
    """PostgreSQL is killed and started again while answers are written: none of them is lost."""
    endpoint.text = SENTENCE * _LONG
    begun = serving.begin(QUESTION, count=answers)
    serving.stack.database.kill()
    endpoint.text = SENTENCE * _SHORT
    asking = threading.Thread(target=serving.ask, args=(QUESTION,), daemon=True)
    asking.start()
    serving.stack.database.start()
    serving.stack.database.wait()
    back_s = _until_whole(serving)
    deadline = time.monotonic() + _OVER_S
    for asked in begun:
        asked.over.wait(max(deadline - time.monotonic(), 0.0))
    asking.join(max(deadline - time.monotonic(), 0.0))
    problems = [f"written meanwhile: {_said(asked)}" for asked in begun if asked.end != "answer_finished"]
    after = serving.ask(QUESTION)
    if after.end != "answer_finished":
        problems.append(f"asked afterwards: {_said(after)}")
    return Outage(back_s, answers, (*problems, *problems_of(serving, chars_a_second=CHARS_A_SECOND)))


def _until_whole(serving: Serving) -> float:
    """How long it takes from now until every replica says that nothing is missing."""
    began = time.monotonic()
    for replica in range(len(serving.stack.replicas)):
        until(lambda replica=replica: not serving.degraded(replica), f"replica {replica + 1} to have everything")
    return time.monotonic() - began


def _said(asked: Asked) -> str:
    return (
        f"answer {asked.message_id} ended with {asked.end}, {len(asked.text)} characters, {asked.citations} citations"
    )
