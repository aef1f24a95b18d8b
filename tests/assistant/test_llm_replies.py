"""What a healthy endpoint says arrives whole, and what it is asked is what it can understand."""

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from assistant.errors import ModelFailed, ModelNotFound, SettingsError
from assistant.llm import OPENAI_MODEL, Deadlines, Finished, Message, OpenAIModel, Piece, TextPiece, list_models
from tests.assistant.scripted_endpoint import (
    DONE,
    HANG,
    HEAD,
    Script,
    ScriptedEndpoint,
    answer,
    chunk,
    error,
    event,
    models,
    reply,
    usage,
)

QUESTION = (Message("system", "Be brief."), Message("user", "What is the limit?"))


def ask(model: OpenAIModel, *, cancelled: Callable[[], bool] = lambda: False) -> list[Piece]:
    return list(model.stream(QUESTION, max_tokens=50, cancelled=cancelled))


def text_of(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


def played(*script: bytes | float) -> str:
    """The text that a model reads out of such a stream, which must end in the ordinary way."""
    with ScriptedEndpoint([(HEAD, *script, chunk(finish="stop"), DONE)]) as endpoint:
        pieces = ask(OpenAIModel(endpoint.url, "key", "m"))
    assert isinstance(pieces[-1], Finished)
    return text_of(pieces)


def test_the_text_comes_as_it_was_sent_and_the_tokens_as_they_were_counted() -> None:
    with ScriptedEndpoint([reply("The limit ", "is 150 EUR ", "[1].")]) as endpoint:
        pieces = ask(OpenAIModel(endpoint.url, "key", "m"))
    assert text_of(pieces) == "The limit is 150 EUR [1]."
    assert pieces[-1] == Finished("stop", prompt_tokens=7, completion_tokens=3)


def test_the_request_carries_the_messages_the_model_the_limit_and_the_key() -> None:
    with ScriptedEndpoint([reply("ok")]) as endpoint:
        ask(OpenAIModel(endpoint.url, "secret-key", "small-model"))
    (request,) = endpoint.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer secret-key"
    assert request.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is the limit?"},
    ]
    assert (request.body["model"], request.body["max_tokens"]) == ("small-model", 50)
    assert request.body["stream_options"] == {"include_usage": True}


def test_without_a_key_no_authorization_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-somebody-else")
    with ScriptedEndpoint([reply("ok")]) as endpoint:
        ask(OpenAIModel(endpoint.url, None, "m"))
    assert "authorization" not in endpoint.requests[0].headers


def test_a_proxy_is_not_asked_for_a_model_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with ScriptedEndpoint([reply("ok")]) as endpoint:
        assert text_of(ask(OpenAIModel(endpoint.url, "key", "m"))) == "ok"


def test_the_first_listed_model_is_used_where_none_is_named_and_listed_only_once() -> None:
    with ScriptedEndpoint([reply("ok")], listed=models("first", "second")) as endpoint:
        model = OpenAIModel(endpoint.url, "key")
        ask(model)
        ask(model)
    assert [request.path for request in endpoint.requests].count("/v1/models") == 1
    assert endpoint.requests[-1].body["model"] == model.name == "first"


def test_openai_itself_has_a_default_model_that_needs_no_listing() -> None:
    assert OpenAIModel(None, "key").name == OPENAI_MODEL
    assert OpenAIModel(None, "key", "another").name == "another"


@pytest.mark.parametrize("listed", [models(), answer(404, {"error": {"message": "no such route"}})])
def test_an_endpoint_without_a_list_asks_for_the_model_to_be_named(listed: Script) -> None:
    with ScriptedEndpoint([reply("ok")], listed=listed) as endpoint, pytest.raises(ModelNotFound) as caught:
        ask(OpenAIModel(endpoint.url, "key"))
    assert "CITEWELL_MODEL" in caught.value.hint


def test_models_are_listed_in_the_endpoint_s_order() -> None:
    with ScriptedEndpoint([], listed=models("b", "a")) as endpoint:
        assert list_models(endpoint.url, "key") == ("b", "a")


@pytest.mark.parametrize("option", ["stream_options", "temperature"])
def test_an_option_the_endpoint_refuses_is_left_out_from_then_on(option: str) -> None:
    with ScriptedEndpoint([error(400, f"Unknown field: {option}"), reply("ok")]) as endpoint:
        model = OpenAIModel(endpoint.url, "key", "m")
        assert text_of(ask(model)) == text_of(ask(model)) == "ok"
    assert [option in request.body for request in endpoint.requests] == [True, False, False]


def test_an_endpoint_that_knows_the_limit_by_its_newer_name_gets_that() -> None:
    refusal = error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", param="max_tokens")
    with ScriptedEndpoint([refusal, reply("ok")]) as endpoint:
        assert text_of(ask(OpenAIModel(endpoint.url, "key", "m"))) == "ok"
    assert endpoint.requests[1].body["max_completion_tokens"] == 50
    assert "max_tokens" not in endpoint.requests[1].body


def test_an_endpoint_that_goes_on_refusing_is_not_asked_for_ever() -> None:
    with ScriptedEndpoint([error(400, "stream_options are not taken")]) as endpoint, pytest.raises(ModelFailed):
        ask(OpenAIModel(endpoint.url, "key", "m"))
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        ((chunk(role="assistant"), chunk("a")), "a"),
        ((event({"choices": []}), chunk("a")), "a"),
        ((event({"choices": None}), chunk("a")), "a"),
        ((event({"choices": [{"index": 0, "delta": None, "finish_reason": None}]}), chunk("a")), "a"),
        ((chunk(content=None), chunk("a"), chunk("")), "a"),
        ((chunk("a"), usage(3, 1)), "a"),
        ((b": still here\n\n", chunk("a")), "a"),
        ((chunk(refusal="I cannot "), chunk(refusal="say.")), "I cannot say."),
        ((chunk(reasoning_content="Let me see"), chunk("a")), "a"),
        ((chunk("<think>Let me see.</think>\n\na"), chunk("b")), "ab"),
        ((chunk("<thi"), chunk("nk>Hm [1]"), chunk("</th"), chunk("ink>"), chunk("\na")), "a"),
        ((chunk("<thanks>a"),), "<thanks>a"),
        ((chunk("a <think>b</think>"),), "a <think>b</think>"),
        ((chunk("ä€😀")[:40], 0.02, chunk("ä€😀")[40:]), "ä€😀"),
    ],
    ids=range(14),
)
def test_only_the_answer_s_own_words_come_out(stream: Sequence[bytes | float], text: str) -> None:
    assert played(*stream) == text


@pytest.mark.parametrize(
    ("given", "reason"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "content_filter"), ("tool_calls", "stop")],
)
def test_the_reason_for_the_end_is_told(given: str, reason: str) -> None:
    with ScriptedEndpoint([reply("a", finish=given)]) as endpoint:
        assert ask(OpenAIModel(endpoint.url, "key", "m"))[-1] == Finished(reason, 7, 1)  # type: ignore[arg-type]


def test_an_endpoint_that_never_closes_its_finished_reply_is_left_soon() -> None:
    with ScriptedEndpoint([(HEAD, chunk("a"), chunk(finish="stop"), HANG)]) as endpoint:
        pieces = ask(OpenAIModel(endpoint.url, "key", "m", timeouts=Deadlines(5, 5, 10)))
        assert endpoint.left.wait(1)
    assert pieces == [TextPiece("a"), Finished("stop")]


def test_thinking_that_uses_up_the_reply_says_which_setting_to_raise() -> None:
    script = reply("<think>and on", " and on", finish="length")
    with ScriptedEndpoint([script]) as endpoint, pytest.raises(ModelFailed) as caught:
        ask(OpenAIModel(endpoint.url, "key", "m"))
    assert "CITEWELL_REPLY_TOKENS" in caught.value.hint


def test_one_model_serves_many_threads_at_once() -> None:
    with ScriptedEndpoint([reply("a", "b")]) as endpoint:
        model, texts = OpenAIModel(endpoint.url, "key"), list[str]()
        threads = [threading.Thread(target=lambda: texts.append(text_of(ask(model)))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert texts == ["ab"] * 8


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(OpenAIModel("http://127.0.0.1:1/v1", "secret"))


@pytest.mark.parametrize(
    "url", ["http://models.example.org/v1", "http://10.0.0.5:8080/v1", "http://localhost.example.org"]
)
def test_a_key_does_not_travel_unencrypted_to_another_machine(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        OpenAIModel(url, "key")
    assert "https" in caught.value.hint
    assert OpenAIModel(url, None, "m").name == "m"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/v1", "http://localhost:1", "http://[::1]:1/v1", "https://a.example"]
)
def test_a_key_may_travel_on_this_machine_or_encrypted(url: str) -> None:
    assert OpenAIModel(url, "key", "m").base_url == url


@pytest.mark.parametrize(
    "url", ["models.example.org", "ftp://models.example.org", "http://", "/v1", "http://[::1", "http://a:b/v1"]
)
def test_an_address_that_is_none_is_refused_before_any_question(url: str) -> None:
    with pytest.raises(SettingsError):
        OpenAIModel(url, None)


def test_pieces_are_left_to_gather_after_the_first_one_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    sleep = time.sleep
    monkeypatch.setattr("assistant.patience.time.sleep", lambda seconds: (rests.append(seconds), sleep(seconds)))
    script = [part for n in range(40) for part in (chunk(f"{n} "), 0.01)]
    assert played(*script) == "".join(f"{n} " for n in range(40))
    assert 0 < len(rests) < 40
    assert max(rests) <= 0.06


def test_what_has_gathered_is_one_piece_and_stands_though_what_comes_with_it_is_no_answer() -> None:
    together = b"".join(chunk(f"{n} ") for n in range(20))
    with ScriptedEndpoint([(HEAD, chunk("first "), 0.3, together + b"data: 7\n\n", DONE)]) as endpoint:
        pieces: list[Piece] = []
        with pytest.raises(ModelFailed, match="not an answer"):
            pieces.extend(
                OpenAIModel(endpoint.url, "key", "m").stream(QUESTION, max_tokens=50, cancelled=lambda: False)
            )
    assert pieces == [TextPiece("first "), TextPiece("".join(f"{n} " for n in range(20)))]
