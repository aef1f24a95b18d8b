"""Every way an endpoint can fail ends soon, in the right error, in one sentence, with what came before kept."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest

from assistant import errors
from assistant.llm import Deadlines, Finished, Message, OpenAIModel, Piece, TextPiece, Waiting
from tests.assistant.scripted_endpoint import (
    DONE,
    END,
    HANG,
    HEAD,
    RESET,
    Script,
    ScriptedEndpoint,
    answer,
    chunk,
    error,
    event,
    reply,
)

USUAL = Deadlines()
KEY = "sk-canary-8f3a"
CUT = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Outcome:
    """What came of a question: the pieces, then the error if there was one."""

    pieces: list[Piece] = field(default_factory=list)
    error: Exception | None = None
    seconds: float = 0.0
    requests: int = 0

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces if isinstance(piece, TextPiece))

    @property
    def hint(self) -> str:
        assert isinstance(self.error, errors.AssistantError)
        return self.error.hint


def ask(url: str, timeouts: Deadlines, cancelled: Callable[[], bool] = lambda: False) -> Outcome:
    outcome, start = Outcome(), time.monotonic()
    model = OpenAIModel(url, KEY, "m", timeouts=timeouts, first_pause_s=0.05)
    try:
        for piece in model.stream([Message("user", "Hello")], max_tokens=9, cancelled=cancelled):
            outcome.pieces.append(piece)
    except errors.ModelError as failure:
        outcome.error = failure
    outcome.seconds = time.monotonic() - start
    return outcome


def outcome_of(*scripts: Script, timeouts: Deadlines = USUAL) -> Outcome:
    """Deadlines are shortened by the tests of deadlines alone: elsewhere a pause of the machine would meet them."""
    with ScriptedEndpoint(scripts) as endpoint:
        outcome = ask(endpoint.url, timeouts)
    outcome.requests = len(endpoint.requests)
    return outcome


@pytest.fixture(scope="module", autouse=True)
def _first_request() -> None:
    """The first of a process takes half a second more, for what it imports."""
    assert outcome_of((HEAD, chunk("a"), chunk(finish="stop"), DONE)).text == "a"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (error(401, f"Incorrect API key provided: {KEY}"), errors.ModelRejectedKey),
        (error(403, "Not allowed"), errors.ModelRejectedKey),
        (error(404, "The model `m` does not exist", code="model_not_found"), errors.ModelNotFound),
        (answer(404, "<html>Not here</html>"), errors.ModelNotFound),
        (error(400, "No such model", code="model_not_found"), errors.ModelNotFound),
        (error(400, "This model's maximum context length is 4096 tokens."), errors.ContextTooLong),
        (error(400, "Too long", code="context_length_exceeded"), errors.ContextTooLong),
        (error(400, "the request exceeds the available context size"), errors.ContextTooLong),
        (error(400, f"Something else about {KEY}"), errors.ModelFailed),
        (error(429, "You exceeded your current quota", code="insufficient_quota"), errors.ModelFailed),
        (answer(302, "", Location="http://192.0.2.1/v1"), errors.ModelFailed),
        (answer(200, "<html><body>Log in</body></html>"), errors.ModelFailed),
        (answer(200, {"object": "chat.completion"}), errors.ModelFailed),
        ((HEAD, DONE), errors.ModelFailed),
        ((HEAD, event("{broken")), errors.ModelFailed),
        ((HEAD, event(5)), errors.ModelFailed),
        ((HEAD, event("null")), errors.ModelFailed),
        ((HEAD, event([])), errors.ModelFailed),
        ((HEAD, event({"choices": "none"})), errors.ModelFailed),
        ((HEAD, chunk(content=[1, 2])), errors.ModelFailed),
        ((HEAD, b"data: \xff\xfe\n\n"), errors.ModelFailed),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), errors.ModelFailed),
    ],
    ids=range(22),
)
def test_what_asking_again_would_not_mend_fails_at_once_with_its_own_error(
    script: Script, kind: type[errors.ModelError]
) -> None:
    outcome = outcome_of(script)
    assert type(outcome.error) is kind
    assert not outcome.pieces
    assert outcome.seconds < 8
    assert KEY not in outcome.hint
    assert "\n" not in outcome.hint
    assert outcome.hint.endswith(".")


def test_nobody_listening_is_said_within_five_seconds() -> None:
    with ScriptedEndpoint([()]) as endpoint:
        url = endpoint.url
    outcome = ask(url, Deadlines())
    assert type(outcome.error) is errors.ModelUnreachable
    assert outcome.seconds < 8


def test_a_name_without_a_host_is_said_within_five_seconds() -> None:
    start = time.monotonic()
    with pytest.raises(errors.ModelUnreachable):
        list(OpenAIModel("https://no-such-host.invalid/v1", KEY, "m").stream([], max_tokens=9, cancelled=bool))
    assert time.monotonic() - start < 15


@pytest.mark.parametrize("status", [500, 502, 503, 529])
def test_a_server_that_recovers_at_the_third_try_is_forgiven(status: int) -> None:
    failing = error(status, "Try later")
    outcome = outcome_of(failing, failing, reply("well"))
    assert (outcome.text, outcome.error, outcome.requests) == ("well", None, 3)


def test_a_server_that_does_not_recover_is_asked_three_times() -> None:
    outcome = outcome_of(error(503, "Overloaded"))
    assert type(outcome.error) is errors.ModelFailed
    assert "503" in outcome.hint
    assert outcome.requests == 3


def test_a_connection_cut_before_the_answer_is_tried_again() -> None:
    outcome = outcome_of((RESET,), (END,), reply("well"))
    assert (outcome.text, outcome.requests) == ("well", 3)


def test_retry_after_is_waited_for_and_said() -> None:
    outcome = outcome_of(error(429, "Slow down", Retry_After="1"), reply("well"))
    assert outcome.pieces[0] == Waiting(1.0)
    assert outcome.text == "well"
    assert 1.0 <= outcome.seconds < 8


@pytest.mark.parametrize("as_date", [False, True])
def test_a_wait_beyond_twenty_seconds_is_told_instead(as_date: bool) -> None:
    after = formatdate(time.time() + 600, usegmt=True) if as_date else "600"
    outcome = outcome_of(error(429, "Slow down", Retry_After=after))
    assert isinstance(outcome.error, errors.ModelBusy)
    assert outcome.error.retry_after_s == pytest.approx(600, abs=10)
    assert "10 minutes" in outcome.hint
    assert (outcome.seconds < 6, outcome.requests) == (True, 1)


def test_a_wait_that_would_outlast_the_answer_s_deadline_is_not_begun() -> None:
    outcome = outcome_of(error(429, "Slow down", Retry_After="15"), timeouts=Deadlines(total_s=10.0))
    assert isinstance(outcome.error, errors.ModelBusy)
    assert outcome.seconds < 8


def test_waits_add_up_to_twenty_seconds_at_most() -> None:
    outcome = outcome_of(error(429, "Slow", Retry_After="1"), error(429, "Slow", Retry_After="19.5"))
    assert isinstance(outcome.error, errors.ModelBusy)
    assert outcome.seconds < 10


def test_a_busy_endpoint_that_names_no_time_is_tried_three_times() -> None:
    outcome = outcome_of(error(429, "Slow down"))
    assert isinstance(outcome.error, errors.ModelBusy)
    assert (outcome.error.retry_after_s, outcome.requests) == (None, 3)


@pytest.mark.parametrize(
    ("rest", "kind"),
    [
        ((event({"error": {"message": "The server had an error", "code": "server_error"}}),), errors.ModelFailed),
        ((event({"error": {"message": "context window exceeded"}}),), errors.ContextTooLong),
        ((event("{broken"),), errors.ModelFailed),
        ((event("null"),), errors.ModelFailed),
        ((RESET,), errors.ReplyIncomplete),
        ((END,), errors.ReplyIncomplete),
        ((DONE,), errors.ReplyIncomplete),
        ((HANG,), errors.ModelTooSlow),
    ],
    ids=range(8),
)
def test_after_the_first_word_nothing_is_asked_again_and_what_came_is_kept(
    rest: Script, kind: type[errors.ModelError]
) -> None:
    outcome = outcome_of((HEAD, chunk("The limit "), chunk("is 15"), 0.05, *rest), timeouts=Deadlines(idle_s=2.0))
    assert (outcome.text, type(outcome.error), outcome.requests) == ("The limit is 15", kind, 1)


def test_a_chunked_body_cut_in_the_middle_is_an_incomplete_reply() -> None:
    part = chunk("half")
    outcome = outcome_of((CUT, f"{len(part):x}\r\n".encode() + part + b"\r\n", 0.05, END))
    assert (outcome.text, type(outcome.error)) == ("half", errors.ReplyIncomplete)


def test_an_error_among_the_chunks_before_the_first_word_is_tried_again() -> None:
    failing = (HEAD, event({"error": {"message": "Overloaded"}}))
    outcome = outcome_of(failing, reply("well"))
    assert (outcome.text, outcome.requests) == ("well", 2)


@pytest.mark.parametrize("script", [(HANG,), (HEAD, HANG), (HEAD, chunk(role="assistant"), HANG)], ids=range(3))
def test_silence_before_the_first_token_ends_at_its_deadline(script: Script) -> None:
    timeouts = Deadlines(first_token_s=2.0)
    outcome = outcome_of(script, timeouts=timeouts)
    assert type(outcome.error) is errors.ModelTooSlow
    assert timeouts.first_token_s <= outcome.seconds < timeouts.first_token_s + 5
    assert outcome.requests == 1


def test_comments_and_empty_chunks_do_not_count_as_tokens() -> None:
    outcome = outcome_of(
        (HEAD, *(step for _ in range(20) for step in (b": ping\n\n", chunk(), 0.1))),
        timeouts=Deadlines(first_token_s=0.6),
    )
    assert type(outcome.error) is errors.ModelTooSlow
    assert outcome.seconds < 8


def test_silence_after_a_token_ends_at_the_idle_deadline() -> None:
    timeouts = Deadlines(idle_s=0.4)
    outcome = outcome_of((HEAD, chunk("a"), HANG), timeouts=timeouts)
    assert (outcome.text, type(outcome.error)) == ("a", errors.ModelTooSlow)
    assert outcome.seconds < timeouts.idle_s + 5


def test_tokens_that_come_slowly_for_ever_end_at_the_total_deadline() -> None:
    timeouts = Deadlines(total_s=3.0)
    outcome = outcome_of((HEAD, *(step for _ in range(40) for step in (chunk("x"), 0.3))), timeouts=timeouts)
    assert type(outcome.error) is errors.ModelTooSlow
    assert timeouts.total_s <= outcome.seconds < timeouts.total_s + 5
    assert 4 < len(outcome.text) < 12


def test_thinking_aloud_keeps_the_first_token_s_deadline_at_bay() -> None:
    thinking = [step for _ in range(8) for step in (chunk(reasoning_content="hm"), 0.25)]
    timeouts = Deadlines(first_token_s=1.5)
    outcome = outcome_of((HEAD, *thinking, chunk("a"), chunk(finish="stop"), DONE), timeouts=timeouts)
    assert (outcome.text, outcome.error) == ("a", None)


@pytest.mark.parametrize(
    "scripts",
    [
        [(HANG,)],
        [(HEAD, HANG)],
        [(HEAD, chunk("a"), HANG)],
        [(HEAD, *(step for _ in range(99) for step in (chunk("x"), 0.05)))],
        [error(429, "Slow down", Retry_After="15")],
    ],
    ids=["no answer yet", "no token yet", "between tokens", "amid tokens", "while waiting"],
)
def test_cancelling_takes_effect_within_half_a_second_and_leaves_nothing_behind(scripts: Sequence[Script]) -> None:
    with ScriptedEndpoint(scripts) as endpoint:
        before = set(threading.enumerate())
        stop_at = time.monotonic() + 0.4
        outcome = ask(endpoint.url, Deadlines(), cancelled=lambda: time.monotonic() > stop_at)
        late = time.monotonic() - stop_at
        assert endpoint.left.wait(1) or "429" in str(scripts[0][0])
        for thread in set(threading.enumerate()) - before:
            thread.join(1)
            assert not thread.is_alive()
    assert late < 3
    assert outcome.error is None
    assert not any(isinstance(piece, Finished) for piece in outcome.pieces)


def test_leaving_the_stream_closes_its_connection() -> None:
    with ScriptedEndpoint([(HEAD, chunk("a"), HANG)]) as endpoint:
        stream = OpenAIModel(endpoint.url, KEY, "m").stream([], max_tokens=9, cancelled=lambda: False)
        assert next(stream) == TextPiece("a")
        del stream
        assert endpoint.left.wait(1)


def test_a_question_cancelled_before_it_is_asked_asks_nothing() -> None:
    with ScriptedEndpoint([reply("a")]) as endpoint:
        assert ask(endpoint.url, Deadlines(), cancelled=lambda: True).pieces == []
    assert endpoint.requests == []
