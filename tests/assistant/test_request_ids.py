"""A request has one id, from the page that asks to the model that answers, in the log, in the database and on screen."""

import json
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from assistant.background import Background
from assistant.jobs import JobRegistry
from assistant.request_ids import at_work_for, current_request_id, new_request_id, taken_request_id
from assistant.story import in_words, lines_of, story_of
from retrieval.database import open_database
from tests.assistant.scripted_endpoint import RESET, ScriptedEndpoint, reply
from tests.assistant.test_logs import lines_of as lines_logged
from tests.assistant.test_logs import logged
from tests.assistant.turns import ANNA, LEAVE, RIGHT, model_at
from ui.answer_view import answer_data
from ui.request_ids import RequestIds


def answered(assistant, *scripts):
    """A turn as the page begins it; returns its job, its answer as it is stored, the log and the endpoint."""
    conversation = assistant.conversations.create(ANNA)
    with ScriptedEndpoint(list(scripts)) as endpoint, logged() as stream:
        asking = replace(assistant, model=model_at(endpoint.url))
        job = JobRegistry().start(
            ANNA,
            conversation,
            LEAVE,
            lambda cancelled: asking.ask(LEAVE, conversation_id=conversation, principal=ANNA, cancelled=cancelled),
        )
        assert job.wait_ended(60)
    return job, assistant.conversations.messages(conversation, ANNA)[-1], lines_logged(stream), endpoint


def test_the_page_the_log_the_database_and_the_model_know_a_request_by_the_same_id(assistant):
    job, stored, lines, endpoint = answered(assistant, reply(RIGHT))
    assert stored.request_id == job.request_id
    assert {line["request"] for line in lines} == {job.request_id}
    assert [request.headers["x-request-id"] for request in endpoint.requests] == [job.request_id]


def test_an_error_that_a_person_sees_carries_the_id_and_the_id_leads_to_its_story(assistant, stocked):
    job, stored, lines, _ = answered(assistant, RESET)
    failed = replace(stored, state="failed", reason="It broke off.", work=None)
    assert job.request_id in answer_data(failed, can_ask_again=True)["failure"]
    engine = open_database(f"sqlite:///{stocked.directory / 'library.sqlite'}")
    story = story_of(engine, job.request_id)
    assert story is not None
    assert story == story_of(engine, str(stored.id))
    assert story["answer"] == stored.id
    assert story["state"] == "done"
    assert {"embed", "dense", "lexical"} <= story["search_ms"].keys()
    told = list(lines_of((json.dumps(line) for line in lines), job.request_id, None))
    assert [line["event"] for line in told] == ["question_asked", "model_failed", "answer_finished"]
    words = "\n".join(in_words(story))
    assert job.request_id in words
    for said in ("leave", "anna", "Leave policy"):
        assert said not in f"{story}{words}"
    assert story_of(engine, new_request_id()) is None
    assert story_of(engine, "9" * 30) is None
    engine.dispose()


@pytest.mark.parametrize("line", ["", "no json", "{", '{"request": 5}', "[1]", '{"request": "other"}', "{" * 200_000])
def test_a_log_with_anything_in_it_is_gone_through(line):
    assert list(lines_of([line, '{"request": "0123456789ab"}'], "0123456789ab", None)) == [{"request": "0123456789ab"}]


def test_what_is_done_beside_a_request_is_done_for_it(capsys):
    background, seen = Background(), []
    with at_work_for("0123456789ab"):
        background.start(lambda: seen.append(current_request_id()))
    background.wait()
    assert seen == ["0123456789ab"]
    assert current_request_id() is None


@pytest.mark.parametrize(
    "given", ["", "short", "a b c d e f", "x" * 65, "id\r\nSet-Cookie: a=b", "é" * 12, "<script>alert"]
)
def test_what_is_no_id_is_not_taken_for_one(given):
    assert taken_request_id(given) != given


def test_every_response_carries_the_id_that_was_given_or_a_new_one():
    async def page(_):
        return PlainTextResponse(str(current_request_id()))

    client = TestClient(RequestIds(Starlette(routes=[Route("/", page)])))
    given = client.get("/", headers={"X-Request-ID": "from-the-proxy-1"})
    assert (given.text, given.headers["x-request-id"]) == ("from-the-proxy-1", "from-the-proxy-1")
    first, second = client.get("/"), client.get("/")
    assert first.text == first.headers["x-request-id"] != second.headers["x-request-id"]


def test_a_page_that_fails_tells_the_reader_an_id_by_which_the_log_has_the_reason():
    script = "from ui.request_ids import tell_of_failure\nassert tell_of_failure(ValueError('a canary'))"
    with logged() as stream:
        shown = AppTest.from_string(script).run().error[0].value
    failure, event = [line for line in lines_logged(stream) if "request" in line]
    assert event["event"] == "page_failed"
    assert failure["request"] == event["request"]
    assert str(event["request"]) in shown
    assert "canary" not in shown
    assert "a canary" in failure["traceback"]
