"""How long a turn takes before the model is asked, and with an instant model until its first words are there."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell
from assistant.events import AnswerFinished, TextDelta
from benchmarks.bench import Bench
from benchmarks.endpoint import Endpoint, instant_endpoint
from benchmarks.report import Row, Target
from benchmarks.timing import latency_of
from retrieval.queries import leans_on_history

_TURNS = 160
_TURNS_A_CONVERSATION = 4
_WARM_UP = 12


@dataclass(frozen=True, slots=True)
class _Turn:
    to_model_ms: float
    to_first_text_ms: float


def measure(bench: Bench) -> Iterator[Row]:
    """Rows over conversations of four questions: three of four turns are follow-ups, which search twice."""
    chunks, count = (400, 8) if bench.quick else (100_000, _TURNS)
    with instant_endpoint() as endpoint, bench.synthetic(chunks, base_url=endpoint.url) as (citewell, corpus):
        # A question that leans on the one before is put in other words first, by a call of its own.
        alone = [question for question in corpus.questions if not leans_on_history(question)]
        questions = [alone[at % len(alone)] for at in range(_WARM_UP + count)]
        turns = [turn for turn in _turns(citewell, endpoint, questions) if turn][_WARM_UP:]
    if len(turns) < count // 2:
        raise RuntimeError(f"only {len(turns)} of {count} questions were given to the model")
    to_model = latency_of([turn.to_model_ms for turn in turns])
    first_text = latency_of([turn.to_first_text_ms for turn in turns])
    size = f"{chunks:,} chunks"
    yield Row(f"submit → model asked p50, {size}", to_model.p50, "ms", note=f"{len(turns)} turns, ¾ follow-ups")
    yield Row(f"submit → model asked p95, {size}", to_model.p95, "ms", Target(40))
    yield Row(f"submit → first text, instant model p50, {size}", first_text.p50, "ms", Target(80))
    yield Row(f"submit → first text, instant model p95, {size}", first_text.p95, "ms")


def _turns(citewell: Citewell, endpoint: Endpoint, questions: list[str]) -> Iterator[_Turn | None]:
    for at, question in enumerate(questions):
        if at % _TURNS_A_CONVERSATION == 0:
            conversation_id = citewell.conversations.create(LOCAL_USER)
        yield _turn(citewell, endpoint, question, conversation_id)


def _turn(citewell: Citewell, endpoint: Endpoint, question: str, conversation_id: str) -> _Turn | None:
    """None where the evidence was too weak to ask the model."""
    first_text = None
    submitted = time.perf_counter()
    # Without what is suggested afterwards, which asks the model again.
    assistant = replace(citewell.assistant, background=None)
    for event in assistant.ask(question, conversation_id=conversation_id, principal=LOCAL_USER):
        if isinstance(event, TextDelta) and first_text is None:
            first_text = time.perf_counter()
    if first_text is None or not isinstance(event, AnswerFinished):
        raise RuntimeError(f"a turn ended badly: {event}")
    if "to_model" not in event.answer.timings_ms:
        return None
    return _Turn((endpoint.next_arrival() - submitted) * 1000, (first_text - submitted) * 1000)
