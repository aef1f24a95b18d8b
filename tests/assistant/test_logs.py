"""The log: one line for each event whatever is in it, no secret, nobody's words."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from assistant.access import visitor
from assistant.events import TurnFailed
from assistant.limits import Limits
from assistant.llm import OpenAIModel
from assistant.logs import Form, Lines, log_event, pseudonym, start_logging
from assistant.secrecy import MASK, Masker
from assistant.settings import Settings
from retrieval.database import open_database
from tests.assistant.scripted_endpoint import RESET, ScriptedEndpoint, error, reply
from tests.assistant.turns import ANNA, BELA, FOREIGN, LEAVE, QUICK, RIGHT, asked, model_at

CANARY = "canary-7f3a9c51d2"
HOSTILE = (
    "a\nb",
    '\r\n{"event": "signed_in"}',
    "\x1b[31mred\x1b[0m",
    "\u2028line",
    "\u2029",
    "\x85",
    "\x0b",
    "\x00",
    "\u202e",
)


@contextmanager
def logged(form: Form | None = "json") -> Iterator[io.StringIO]:
    """What the process logs meanwhile; afterwards its loggers are as they were."""
    stream = io.StringIO()
    loggers = [
        logging.root,
        *(one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)),
    ]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    start_logging(form, stream=stream)
    try:
        yield stream
    finally:
        logging.setLoggerClass(logging.Logger)
        for one, one.handlers[:], level, one.propagate in before:
            one.setLevel(level)


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def events_of(stream: io.StringIO) -> list[str]:
    return [str(line["event"]) for line in lines_of(stream)]


def record(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("a.module", logging.WARNING, __file__, 1, message, arguments, None)


# One line.


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("value", HOSTILE)
def test_what_breaks_lines_or_steers_a_terminal_stays_within_its_line(form, value):
    with logged(form) as stream:
        log_event("answer_failed", error=value)
        logging.getLogger("other").warning("said %s", value)
    assert len(stream.getvalue().splitlines()) == stream.getvalue().count("\n") == 2
    assert "\x1b" not in stream.getvalue()
    assert "\u202e" not in stream.getvalue()
    if form == "json":
        event, message = lines_of(stream)
        assert (event["error"], message["message"]) == (value, f"said {value}")


@given(st.text(), st.text())
def test_any_text_comes_back_as_it_was_from_one_line_of_ascii(name, value):
    line = Lines("json").format(record("%s %s", name, value))
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert set(json.loads(line)) == {"at", "level", "event", "logger", "message"}


@given(st.text())
def test_for_people_a_record_is_one_line_too(value):
    line = Lines("text").format(record("%s", value))
    assert len(line.splitlines()) == 1


def test_an_exception_is_one_line_of_json_and_for_people_set_apart_below_its_line():
    forged = "no\n2026-01-01T00:00:00Z info signed_in who=admin"
    said = {}
    for form in ("json", "text"):
        with logged(form) as stream:
            try:
                raise ValueError(forged)
            except ValueError:
                logging.getLogger("other").exception("it failed")
        said[form] = stream.getvalue().splitlines()
    (line,) = map(json.loads, said["json"])
    assert (line["error"], line["level"]) == ("ValueError", "error")
    assert forged in line["traceback"]
    assert said["text"][0].endswith("error other: it failed")
    assert all(line.startswith("    | ") for line in said["text"][1:])
    assert len(said["text"]) > 3


def test_a_part_of_the_web_server_that_is_loaded_later_writes_as_all_others(capsys):
    with logged() as stream:
        late = logging.getLogger("streamlit.loaded_later")
        late.addHandler(logging.StreamHandler())
        late.propagate = False
        late.warning("a\nb")
    assert [line["message"] for line in lines_of(stream)] == ["a\nb"]
    assert capsys.readouterr().err == ""


def test_for_people_an_event_is_its_name_and_its_facts():
    with logged("text") as stream:
        log_event("question_asked", answer=3, chars=12, model="a b")
    assert stream.getvalue().endswith('Z info question_asked answer=3 chars=12 model="a b"\n')


def test_without_a_form_what_reads_a_pipe_gets_json():
    with logged(None) as stream:
        log_event("server_started", collections=2, demo=None)
    (line,) = lines_of(stream)
    assert (line["event"], line["collections"], line["level"]) == ("server_started", 2, "info")
    assert "demo" not in line


# No secret.


def hides(masker: Masker, text: str) -> bool:
    return CANARY not in masker.masked(text)


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization: Basic {CANARY}",
        f"{{'Authorization': 'Bearer {CANARY}'}}",
        f'{{"authorization": "Bearer {CANARY}", "a": 1}}',
        f"Cookie: _streamlit_user={CANARY}; citewell={CANARY}",
        f"Set-Cookie: citewell={CANARY}; HttpOnly",
        f"api_key={CANARY}",
        f"X-API-Key: {CANARY}",
        f"https://example.org/v1?api_key={CANARY}&a=1",
        f"client_secret='{CANARY}'",
        f"password: {CANARY}",
        f"https://user:{CANARY}@example.org/",
        f"access_token={CANARY}",
        f"sk-{CANARY}",
        f"eyJhbGciOiJI.{CANARY}.c2ln",
    ],
)
def test_what_looks_like_a_secret_is_masked_though_nobody_named_it(text):
    assert hides(Masker(), text)
    assert MASK in Masker().masked(text)


def test_a_secret_of_this_process_is_masked_wherever_it_stands_and_however_it_is_written():
    masker, odd = Masker(), 'pa"ss/wö+rd'
    masker.learn([CANARY, odd])
    assert masker.masked(f"x{CANARY}y") == f"x{MASK}y"
    for written in (odd, json.dumps(odd), "pa%22ss%2Fw%C3%B6%2Brd"):
        assert MASK in masker.masked(f"say {written} here")


def test_ordinary_sentences_are_not_blackened():
    for text in (
        "The bearer of this badge may pass.",
        "A password has at least fourteen characters.",
        "12 prompt_tokens, 5 completion_tokens",
        "The basic allowance is 40 euros.",
        "See https://example.org/a:b@c",
    ):
        assert Masker().masked(text) == text


@pytest.mark.parametrize("name", ["api_key", "Authorization", "cookie", "client_secret", "token", "password"])
def test_a_fact_with_a_secrets_name_is_masked_whatever_it_is(name):
    with logged() as stream:
        log_event("signed_in", **{name: "short"})
    (line,) = lines_of(stream)
    assert line[name] == MASK


def test_every_secret_of_the_settings_is_masked_from_the_moment_they_are_read(tmp_path):
    secret_fields = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert {"openai_api_key", "rerank_api_key"} <= secret_fields
    given = {name: SecretStr(f"{CANARY}-{name}") for name in secret_fields}
    address = SecretStr(f"postgresql://citewell:{CANARY}-database_url@db/citewell")
    Settings.read(**given | {"database_url": address}, chroma_url="http://127.0.0.1:8000", files=tmp_path)
    with logged() as stream:
        for name in sorted(secret_fields):
            logging.getLogger("other").error("about %s: it is wrong", f"{CANARY}-{name}")
    assert [line["message"] for line in lines_of(stream)] == [
        f"about {name}: it is wrong".replace(name, MASK) for name in sorted(secret_fields)
    ]


def test_no_key_reaches_the_log_or_the_page_whatever_the_endpoint_echoes(assistant):
    """7 turns against an endpoint that answers with the key in its errors."""
    Settings.read(openai_api_key=SecretStr(CANARY))
    echo = f"Incorrect API key provided: {CANARY}. Authorization: Bearer {CANARY}"
    scripts = [error(status, echo) for status in (400, 401, 403, 404, 422, 500, 503)]
    with logged() as stream:
        for script in scripts:
            with ScriptedEndpoint([script]) as endpoint:
                model = OpenAIModel(endpoint.url, CANARY, "scripted", timeouts=QUICK, max_retries=0)
                events = asked(replace(assistant, model=model), LEAVE)
            assert CANARY not in repr(events)
    assert CANARY not in stream.getvalue()
    assert events_of(stream).count("model_failed") == len(scripts)


def test_an_error_that_carries_a_key_through_the_inside_of_a_turn_is_masked(assistant, monkeypatch):
    Settings.read(openai_api_key=SecretStr(CANARY))

    class Breaks:
        name = "m"
        window_tokens = 4_096

        def stream(self, *_: object, **__: object) -> Iterator[object]:
            raise RuntimeError(f"unexpected header authorization: Bearer {CANARY}")

    with logged() as stream:
        last = asked(replace(assistant, model=Breaks()), LEAVE)[-1]
    assert isinstance(last, TurnFailed)
    assert CANARY not in last.reason
    assert "RuntimeError" in stream.getvalue()
    assert CANARY not in stream.getvalue()


# Nobody's words.


def test_a_turn_is_told_with_ids_counts_and_times_and_without_any_of_its_words(assistant):
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint, logged() as stream:
        asked(replace(assistant, model=model_at(endpoint.url)), LEAVE)
    question, answer = lines_of(stream)
    assert (question["event"], answer["event"]) == ("question_asked", "answer_finished")
    assert (question["chars"], question["who"]) == (len(LEAVE), pseudonym(ANNA))
    assert question["answer"] == answer["answer"]
    assert (answer["prompt_tokens"], answer["completion_tokens"], answer["citations"]) == (7, 1, 1)
    assert answer["first_token_ms"] <= answer["total_ms"]
    for words in ("leave", "anna", "Leave policy"):
        assert words not in stream.getvalue()


def test_a_model_that_failed_and_an_answer_that_broke_off_are_told_with_their_kind(assistant):
    with logged() as stream:
        with ScriptedEndpoint([RESET]) as endpoint:
            asked(replace(assistant, model=model_at(endpoint.url)), LEAVE)
        asked(assistant, FOREIGN)
    assert events_of(stream) == [
        "question_asked", "model_failed", "answer_finished", "question_asked", "answer_finished",
    ]  # fmt: skip
    assert lines_of(stream)[1]["error"] in {"ModelFailed", "ModelUnreachable"}


def test_a_limit_that_is_reached_is_told_with_its_name(assistant, tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'l.sqlite'}")
    limited = replace(assistant, limits=Limits(engine, {"questions_a_day": 1}))
    with logged() as stream:
        asked(limited, LEAVE)
        with pytest.raises(Exception, match="your 1 question of today"):
            asked(limited, LEAVE)
    assert (lines_of(stream)[-1]["event"], lines_of(stream)[-1]["limit"]) == ("limit_reached", "questions_a_day")
    engine.dispose()


def test_a_pseudonym_is_always_the_same_and_tells_neither_name_nor_cookie():
    assert pseudonym(ANNA) == pseudonym(ANNA) != pseudonym(BELA)
    assert CANARY not in pseudonym(visitor(CANARY))
