"""The load tool notices what goes wrong, and counts as it says; its runs are in tests/faults/test_crowd.py."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from time import perf_counter
from typing import Any, cast

import pytest

from benchmarks.askers import Asked, ProgramAsker, WrongAnswer, plain
from benchmarks.crowd import Crowd, Plan
from benchmarks.replicas import Served
from benchmarks.replicas import rows_of as replica_rows
from benchmarks.scripted import QUESTIONS, ScriptedModel, Written, answer, first_words, question, scripted_model
from benchmarks.soak import Minute
from benchmarks.soak import rows_of as soak_rows
from benchmarks.tab import TabFailed, words_of
from benchmarks.weighing import Weight
from retrieval.queries import leans_on_history


@contextmanager
def answering(status: int, told: dict[str, Any]) -> Iterator[str]:
    """An API that always says the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps(told).encode()
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def asked(url: str) -> Asked:
    model = ScriptedModel("", cast(Any, None), {7: Written(1.0, 1.25)})

    async def ask() -> Asked:
        asker = ProgramAsker(url, "key", model, streams=False)
        try:
            return await asker.ask(7)
        finally:
            await asker.close()

    return asyncio.run(ask())


def test_an_answer_that_is_the_model_s_own_counts_without_the_model_s_time() -> None:
    with answering(200, {"answer": answer(7), "conversation_id": "c"}) as url:
        one = asked(url)
    assert one.ours_s == pytest.approx(one.first_s - 0.25)


def test_an_answer_of_another_question_is_noticed() -> None:
    with answering(200, {"answer": answer(8), "conversation_id": "c"}) as url, pytest.raises(WrongAnswer):
        asked(url)


def test_a_refused_call_is_noticed() -> None:
    with answering(503, {"kind": "starting"}) as url, pytest.raises(TabFailed, match="503"):
        asked(url)


def test_questions_are_told_apart_and_lean_on_nothing_said_before() -> None:
    assert not any(leans_on_history(question(number)) for number in range(2 * len(QUESTIONS)))
    assert len({answer(number) for number in range(50)}) == 50
    assert answer(12).startswith(first_words(12))


def test_words_are_compared_without_marks_and_spaces() -> None:
    drawn = {
        "blocks": [{"k": "p", "c": [{"k": "sentence", "c": ["Half a day", {"k": "chip", "v": "1"}, "."]}, " So. "]}]
    }
    assert plain(words_of(drawn)) == plain("Half a day [1]. So.")


class Sleeper:
    """Somebody who takes a while for each answer, and fails at every third."""

    def __init__(self, seen: list[float]) -> None:
        self._seen = seen

    async def open(self) -> float:
        return 0.0

    async def ask(self, number: int) -> Asked:
        self._seen.append(perf_counter())
        await asyncio.sleep(0.01)
        if number % 3 == 0:
            raise TabFailed("no answer")
        return Asked(number, 0.01, 0.01, 0.01)

    async def close(self) -> None: ...


def test_a_crowd_asks_every_question_once_and_goes_on_where_one_fails() -> None:
    seen: list[float] = []
    crowd = Crowd(lambda _: Sleeper(seen), numbers=count(1))
    asyncio.run(crowd.live(Plan(people=4, arriving_s=0.1, every_s=0.1, lasting_s=0.5)))
    happened = crowd.happened
    assert len(seen) == len(happened.asked) + len(happened.problems)
    assert sorted(one.number for one in happened.asked) == [n for n in range(1, len(seen) + 1) if n % 3]
    assert all("no answer" in problem for problem in happened.problems)


def test_what_replicas_would_serve_with_a_core_each_is_told_from_their_processor_time() -> None:
    one, two = Served(1, 300, 60.0, 60.0, ()), Served(2, 450, 60.0, 90.0, ())
    rows = {row.what: row for row in replica_rows((one, two))}
    assert rows["2 replicas ÷ 1, as measured"].figure == pytest.approx(1.5)
    apart = rows["2 replicas ÷ 1, a core each"]
    assert apart.figure == pytest.approx(2.0)
    assert apart.is_met
    assert "75% of their cores" in rows["2 replicas, asked without a pause: answers"].note


def test_a_soak_is_judged_by_its_second_half() -> None:
    weights = [Weight(0, memory * 1_000_000, 30, 80) for memory in (300, 400, 410, 405)]
    minutes = [
        Minute(at + 1, 10, ("broken",) if at == 3 else (), 0.5, 9.0, weight) for at, weight in enumerate(weights)
    ]
    errors, memory, slowest, *_ = soak_rows(minutes, 50)
    assert (errors.figure, memory.figure, slowest.figure) == (1, 10, 0.5)
    assert errors.note == "broken"


def test_the_scripted_model_says_when_it_was_asked_and_when_it_began() -> None:
    with scripted_model(first_s=0.05, pause_s=0) as model:
        from openai import OpenAI

        client = OpenAI(base_url=model.url, api_key="none")
        message: Any = {"role": "user", "content": f"Question: {question(31)}"}
        stream = client.chat.completions.create(model="scripted", messages=[message], stream=True)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        client.close()
    assert said == answer(31)
    assert model.written[31].began - model.written[31].arrived >= 0.05
