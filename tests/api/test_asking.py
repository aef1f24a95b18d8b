"""Questions through the API: as one answer or as its events, in conversations that go on."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from assistant.chosen_endpoint import Endpoint
from assistant.jobs import JOBS
from assistant.limits import LIMITS
from tests.api.conftest import OURS, Program, Served
from tests.assistant.scripted_endpoint import HEAD, RESET, ScriptedEndpoint, chunk, error, reply

QUESTION = f"When does the {OURS} desk open?"
STREAM = {"Accept": "text/event-stream"}
Event = tuple[str, dict[str, Any]]


def events_of(text: str) -> list[Event]:
    """The events of a stream, by name."""
    found = []
    for frame in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


@contextmanager
def model(api: Served, *scripts: Any) -> Iterator[ScriptedEndpoint]:
    """A scripted model that answers for a while."""
    models, admin = api.world.citewell.models, api.world.people["admin"]
    with ScriptedEndpoint(list(scripts)) as endpoint:
        models.choose(Endpoint(endpoint.url, model="scripted"), admin)
        try:
            yield endpoint
        finally:
            models.reset(admin)


def test_the_texts_of_a_stream_join_to_the_answer_that_it_ends_with(api: Served) -> None:
    events = events_of(api.program().post("/ask", {"question": QUESTION}, headers=STREAM).text)
    names = [name for name, _ in events]
    assert (names[0], names[1], names[-1]) == ("turn_started", "passages_found", "answer_finished")
    assert "".join(told["text"] for name, told in events if name == "text_delta") == events[-1][1]["answer"]
    checked = [told["sentence"] for name, told in events if name == "sentence_checked"]
    assert [each["text"] for each in checked] == [each["text"] for each in events[-1][1]["sentences"]]


def test_a_stream_ends_with_what_the_call_returns_without_one(api: Served) -> None:
    plain = api.program().post("/ask", {"question": QUESTION})
    _, last = events_of(api.program().post("/ask", {"question": QUESTION}, headers=STREAM).text)[-1]
    assert plain.headers["content-type"] == "application/json"
    passing = {"conversation_id", "message_id", "timings_ms"}
    assert {k: v for k, v in last.items() if k not in passing} == {
        k: v for k, v in plain.json().items() if k not in passing
    }
    assert set(last) == set(plain.json())


def test_an_answer_is_kept_in_a_conversation_that_goes_on_by_its_id(api: Served) -> None:
    anna, program = api.world.people["anna"], api.program()
    first = program.post("/ask", {"question": QUESTION}).json()
    second = program.post("/ask", {"question": "And who is its deputy?", "conversation_id": first["conversation_id"]})
    assert second.json()["conversation_id"] == first["conversation_id"]
    assert f"Ada {OURS}" in second.json()["answer"]
    stored = api.world.citewell.conversations.messages(first["conversation_id"], anna)
    assert [message.text for message in stored] == [
        QUESTION,
        first["answer"],
        "And who is its deputy?",
        second.json()["answer"],
    ]
    assert stored[1].id == first["message_id"]


def test_what_the_documents_do_not_say_is_an_answer(api: Served) -> None:
    told = api.program().post("/ask", {"question": "Who won the chess championship of 1912?"}).json()
    assert (told["status"], told["citations"]) == ("unanswerable", [])
    assert told["hand_over"]["text"].startswith("Question:")


def test_an_opinion_of_an_answer_is_kept_for_its_owner(api: Served) -> None:
    program = api.program()
    answered = program.post("/ask", {"question": QUESTION}).json()
    opinion = {"message_id": answered["message_id"], "is_helpful": False, "reason": "outdated", "comment": " Old. "}
    assert program.post("/feedback", opinion).json() == {**opinion, "comment": "Old."}
    (kept,) = api.world.citewell.feedback.of([answered["message_id"]], api.world.people["anna"]).values()
    assert (kept.is_helpful, kept.reason, kept.comment) == (False, "outdated", "Old.")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": ""},
        {"question": 7},
        {"question": None},
        {"question": "x", "unknown": 1},
        {"question": "x", "style": "rude"},
        {"question": "x", "conversation_id": "../x"},
        {"question": "x", "filters": {"from": "yesterday"}},
        {"question": "x", "filters": {"from": "2026-03-02", "to": "2026-03-01"}},
        {"question": "x", "filters": {"types": ["spaceship"]}},
        {"question": "   "},
        {"question": "\ud800"},
        {"question": "x", "model": "no such model"},
        [],
        "x",
        None,
    ],
    ids=repr,
)
def test_what_cannot_be_asked_is_refused_in_a_sentence_that_says_nothing_of_it_again(api: Served, body: Any) -> None:
    response = api.program().call(
        "POST", "/ask", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told["detail"].endswith(".")
    assert (told["status"], told["title"]) == (422, "Unprocessable Entity")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b'{"question": "x"}', "text/plain", 422),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 422),
        (b"", "application/json", 422),
    ],
    ids=["cut", "no json", "nested", "no utf-8", "empty"],
)
def test_a_body_that_is_no_json_is_refused(api: Served, content: bytes, kind: str, status: int) -> None:
    response = api.program().call("POST", "/ask", content=content, headers={"Content-Type": kind})
    assert response.status_code == status
    assert response.json()["detail"].endswith(".")


@pytest.mark.threat("T21")
def test_a_body_that_is_too_large_is_refused_before_it_is_read(api: Served) -> None:
    began = time.monotonic()
    response = api.program().post("/ask", {"question": "x" * (2 << 20)})
    assert response.status_code == 413
    assert response.json()["type"] == "urn:citewell:problem:too-large"
    assert time.monotonic() - began < 60  # A loop would have no end; how long it takes is measured elsewhere.


@pytest.mark.threat("T22", count=4)
def test_the_questions_of_a_day_are_counted_for_the_person_whatever_asks(api: Served) -> None:
    citewell, support = api.world.citewell, api.program("support")
    citewell.chosen.set(LIMITS["questions_a_day"], 3)
    try:
        answers = [support.post("/ask", {"question": QUESTION}) for _ in range(4)]
        streamed = support.post("/ask", {"question": QUESTION}, headers=STREAM)
        other = api.program("editor").post("/ask", {"question": QUESTION})
    finally:
        citewell.chosen.set(LIMITS["questions_a_day"], None)
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert streamed.status_code == 429
    assert int(answers[3].headers["retry-after"]) > 0
    assert "questions of today" in answers[3].json()["detail"]
    assert other.status_code == 200


def test_a_model_s_text_comes_in_pieces_that_join_to_the_answer(api: Served) -> None:
    with model(api, reply(f"The {OURS} desk opens at nine. [1]")):
        events = events_of(api.program().post("/ask", {"question": QUESTION}, headers=STREAM).text)
    assert events[-1][1]["answer"] == f"The {OURS} desk opens at nine. [1]"
    assert events[-1][1]["usage"]["model"] == "scripted"
    assert "".join(told["text"] for name, told in events if name == "text_delta") == events[-1][1]["answer"]


def test_a_model_that_breaks_off_leaves_a_problem_with_what_was_written(api: Served) -> None:
    broken = (HEAD, chunk(f"The {OURS} desk opens at nine. [1] And then"), RESET)
    with model(api, broken, broken):
        plain = api.program().post("/ask", {"question": QUESTION})
        events = events_of(api.program().post("/ask", {"question": QUESTION}, headers=STREAM).text)
    assert plain.status_code == 502
    assert plain.json()["answer"]["answer"].startswith(f"The {OURS} desk opens at nine.")
    assert events[-1][0] == "turn_failed"
    assert events[-1][1]["error"] == plain.json()["detail"]


def test_where_the_model_does_not_begin_the_documents_are_quoted(api: Served) -> None:
    with model(api, error(401, "no")):
        told = api.program().post("/ask", {"question": QUESTION})
    assert told.status_code == 200
    assert told.json()["notice"]
    assert told.json()["citations"]


class Client:
    """Speaks ASGI to the API itself, so that it can go away in the middle."""

    def __init__(self, program: Program, body: dict[str, Any], headers: dict[str, str]) -> None:
        self._app = program.client.app
        named = {"host": "localhost", "authorization": f"Bearer {program.secret}", "content-type": "application/json"}
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/api/v1/ask",
            "raw_path": b"/api/v1/ask",
            "root_path": "",
            "query_string": b"",
            "headers": [(k.lower().encode(), v.encode()) for k, v in {**named, **headers}.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        self._body = json.dumps(body).encode()
        self._sent_body = False
        self._left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if not self._sent_body:
            self._sent_body = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, _: Any) -> None:
        pass

    async def call_and_leave(self, when: Any) -> None:
        """Begin, go away once `when()` says so, and wait until the API has noticed."""
        calling = asyncio.create_task(self._app(self._scope, self.receive, self.send))  # type: ignore[arg-type]
        while not when():
            await asyncio.sleep(0.02)
        self._left.set()
        await asyncio.wait_for(calling, 30)


@pytest.mark.parametrize("headers", [{}, STREAM], ids=["whole", "stream"])
def test_the_answer_stops_when_whoever_asked_goes_away_and_what_was_written_is_kept(
    api: Served, headers: dict[str, str]
) -> None:
    citewell, anna = api.world.citewell, api.world.people["anna"]
    slow = (
        HEAD,
        chunk(f"The {OURS} desk opens at nine. [1] "),
        *[part for _ in range(200) for part in (0.1, chunk("More. "))],
    )
    conversation_id = citewell.conversations.create(anna)
    with model(api, slow):
        client = Client(api.program(), {"question": QUESTION, "conversation_id": conversation_id}, headers)
        asyncio.run(client.call_and_leave(lambda: "nine" in _written(citewell, conversation_id, anna)))
        job = JOBS.running(anna, conversation_id)
        assert job is None or job.wait_ended(20)
    answer = citewell.conversations.messages(conversation_id, anna)[-1]
    assert answer.state == "stopped"
    assert answer.text.startswith(f"The {OURS} desk opens at nine.")


def test_a_second_question_waits_for_the_first_of_its_conversation(api: Served) -> None:
    citewell, anna = api.world.citewell, api.world.people["anna"]
    slow = (HEAD, chunk("The desk "), *[part for _ in range(200) for part in (0.1, chunk("opens. "))])
    conversation_id = citewell.conversations.create(anna)
    program, body = api.program(), {"question": QUESTION, "conversation_id": conversation_id}
    with model(api, slow):
        client, said = Client(program, body, {}), []

        def when() -> bool:
            if not JOBS.running(anna, conversation_id):
                return False
            said.append(program.post("/ask", body))
            return True

        asyncio.run(client.call_and_leave(when))
    assert said[-1].status_code == 409
    assert "is being written" in said[-1].json()["detail"]


@pytest.mark.threat("T25")
def test_an_answer_under_way_stops_when_its_key_is_revoked(api: Served) -> None:
    citewell, anna = api.world.citewell, api.world.people["anna"]
    slow = (
        HEAD,
        chunk(f"The {OURS} desk opens at nine. [1] "),
        *[part for _ in range(300) for part in (0.1, chunk("More. "))],
    )
    made = api.world.key()
    with (
        model(api, slow),
        api.client.stream(
            "POST",
            "/api/v1/ask",
            json={"question": QUESTION},
            headers={**STREAM, "Authorization": f"Bearer {made.secret}"},
        ) as response,
    ):
        citewell.api_keys.revoke(made.key.id, anna)
        text = "".join(response.iter_text())
    name, told = events_of(text)[-1]
    assert (name, told["error"].startswith("This API key lets nobody in")) == ("turn_failed", True)


def _written(citewell: Any, conversation_id: str, anna: Any) -> str:
    messages = citewell.conversations.messages(conversation_id, anna)
    return messages[-1].text if messages else ""
