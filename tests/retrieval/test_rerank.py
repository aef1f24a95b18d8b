"""A reranker puts passages in order; whatever it does wrong, the order of the search stands and a sentence says so."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from retrieval.errors import RerankFailed
from retrieval.rerank import HttpReranker, rerank
from retrieval.search import Search
from retrieval.values import Passage, Source
from tests.assistant.scripted_endpoint import END, HANG, RESET, Script, ScriptedEndpoint, answer
from tests.conftest import Shelf
from tests.retrieval.rerank_server import rerank_server

TEXTS = ("The canteen opens at noon.", "Leave is 26 days.", "Half a day of leave is possible.")


def passages(*texts: str) -> tuple[Passage, ...]:
    return tuple(
        Passage(Source(n, "c", f"{n}.md", f"Title {n}"), 0, len(text), text, (), None, 0.9 - n / 10)
        for n, text in enumerate(texts)
    )


def ranking(*scores: object) -> Script:
    """An answer with these relevances, in the order of the documents."""
    return answer(200, {"results": [{"index": n, "relevance_score": score} for n, score in enumerate(scores)]})


@contextmanager
def opened(url: str, **options: object) -> Iterator[HttpReranker]:
    reranker = HttpReranker(url, **options)  # type: ignore[arg-type]
    try:
        yield reranker
    finally:
        reranker.close()


def test_passages_come_in_the_rerankers_order_with_both_scores() -> None:
    with ScriptedEndpoint([ranking(0.1, 0.9, -2.5)]) as endpoint, opened(endpoint.url, model="m") as reranker:
        result = rerank(reranker, "How much leave?", passages(*TEXTS), limit=2)
    assert [p.text for p in result.passages] == [TEXTS[1], TEXTS[0]]
    assert [(p.score, p.fused_score) for p in result.passages] == [(0.9, 0.8), (0.1, 0.9)]
    assert result.former == (2, 1)
    assert result.notes == ("The reranker m put the best 3 passages in order.",)


def test_it_is_asked_in_the_standard_form_once_with_the_context_of_each_passage() -> None:
    with ScriptedEndpoint([ranking(0, 1, 2)]) as endpoint:
        with opened(endpoint.url, model="m", api_key="key-4711") as reranker:
            rerank(reranker, "q" * 9_000, passages("a" * 9_000, *TEXTS[1:]), limit=3)
        (request,) = endpoint.requests
    assert (request.method, request.path) == ("POST", "/v1/rerank")
    assert request.headers["authorization"] == "Bearer key-4711"
    assert request.body.keys() == {"model", "query", "documents", "top_n"}
    assert request.body["top_n"] == 3
    assert request.body["documents"][1] == "Title 1\nLeave is 26 days."
    assert len(request.body["query"]) == 2_000
    assert len(request.body["documents"][0]) == 4_000


def test_a_key_is_shown_nowhere() -> None:
    reranker = HttpReranker("http://user:secret@127.0.0.1:1/v1", api_key="key-4711")
    assert "key-4711" not in f"{reranker!r}{reranker.name}"
    assert "secret" not in f"{reranker!r}{reranker.name}"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param(answer(401, {"message": "no"}), "refused the API key", id="wrong key"),
        pytest.param(answer(404, "nothing here"), "no reranker, or no such model", id="wrong address"),
        pytest.param(answer(503, "busy"), "error 503", id="server error"),
        pytest.param(answer(302, "", Location="http://127.0.0.1:1/"), "error 302", id="elsewhere"),
        pytest.param(answer(200, "<html>login</html>"), "no ranking", id="a web page"),
        pytest.param(answer(200, {"data": []}), "no ranking", id="another form"),
        pytest.param(answer(200, '{"results": [{"index": 0, "relevance_score": NaN}]}'), "no ranking", id="NaN"),
        pytest.param(ranking(1, 2, "3"), "no ranking", id="text for a number"),
        pytest.param(ranking(1, 2), "did not rank each passage once", id="one too few"),
        pytest.param(ranking(1, 2, 3, 4), "did not rank each passage once", id="one too many"),
        pytest.param(
            answer(200, {"results": [{"index": n, "relevance_score": 1} for n in (0, 1, 1)]}),
            "did not rank each passage once",
            id="one twice",
        ),
        pytest.param(
            answer(200, {"results": [{"index": n, "relevance_score": 1} for n in (-1, 0, 1)]}),
            "did not rank each passage once",
            id="out of range",
        ),
        pytest.param((RESET,), "No reranker answers", id="reset"),
        pytest.param((END,), "No reranker answers", id="closed"),
        pytest.param((b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{", END), "No reranker answers", id="cut short"),
        pytest.param((b"HTTP/1.1 200 OK\r\n\r\n", *(b"x" * 1_000_000,) * 6), "far too much", id="endless"),
    ],
)
def test_a_failure_leaves_the_order_of_the_search_and_one_sentence(script: Script, said: str) -> None:
    with ScriptedEndpoint([script]) as endpoint, opened(endpoint.url) as reranker:
        result = rerank(reranker, "How much leave?", passages(*TEXTS), limit=2)
        assert len(endpoint.requests) == 1
    assert result.passages == passages(*TEXTS)[:2]
    assert result.former == (1, 2)
    (note,) = result.notes
    assert said in note
    assert note.endswith(", so the passages stand in the order of the search.")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param((HANG,), id="says nothing"),
        pytest.param((b"HTTP/1.1 200 OK\r\n", *(b"x", 0.05) * 200), id="head in drops"),
        pytest.param((b"HTTP/1.1 200 OK\r\n\r\n", *(b" ", 0.05) * 200), id="body in drops"),
    ],
)
def test_it_may_take_its_time_and_no_more_and_then_rests(script: Script) -> None:
    with ScriptedEndpoint([script]) as endpoint, opened(endpoint.url, timeout_s=0.3) as reranker:
        began = time.monotonic()
        late = rerank(reranker, "q", passages(*TEXTS), limit=3)
        assert time.monotonic() - began < 1
        assert "did not answer within 0.3 s" in late.notes[0]
        assert endpoint.left.wait(3)
        again = rerank(reranker, "q", passages(*TEXTS), limit=3)
        assert "a moment ago" in again.notes[0]
        assert len(endpoint.requests) == 1


def test_nobody_at_the_address_is_told_with_the_setting() -> None:
    with opened("http://127.0.0.1:9/v1/rerank") as reranker, pytest.raises(RerankFailed) as refused:
        reranker.relevance("q", ("a",))
    assert "http://127.0.0.1:9/v1/rerank; check CITEWELL_RERANK_URL" in refused.value.hint


def test_it_can_be_asked_where_an_event_loop_runs() -> None:
    async def within() -> tuple[float, ...]:
        return reranker.relevance("leave", TEXTS)

    # Apart from whatever loop other tests left running in this thread.
    with rerank_server() as (url, _), opened(url) as reranker, ThreadPoolExecutor(1) as apart:
        assert apart.submit(lambda: asyncio.run(within())).result()[1] > 0


def test_nothing_to_order_asks_nothing() -> None:
    with rerank_server() as (url, asked), opened(url) as reranker:
        assert rerank(reranker, "q", (), limit=3).passages == ()
    assert asked == []


def test_a_search_shows_the_rerankers_best_and_its_trace_says_where_each_chunk_went(shelf: Shelf) -> None:
    scope = shelf.add("c", **{f"doc{n}": f"Report number {n} is about reports and numbers." for n in range(12)})
    with rerank_server(lambda _, text: float("number 7" in text)) as (url, asked), opened(url) as reranker:
        search = Search(shelf.library, shelf.indexes, shelf.search._embedder, reranker)
        found = search.passages("Which report is the best number?", scope=scope, limit=3)
    assert len(asked[0]["documents"]) == 12
    assert "number 7" in found.passages[0].text
    assert len(found.passages) == 3
    assert found.passages[0].fused_score is not None
    assert found.trace.timings_ms["rerank"] > 0
    told = {c.passage: c.outcome for c in found.trace.candidates}
    assert told == {1: "shown", 2: "shown", 3: "shown", None: "below"}
    first = next(c for c in found.trace.candidates if c.passage == 1)
    assert first.document_id == found.passages[0].source.id
    assert first.score == found.passages[0].fused_score


def test_a_search_whose_reranker_fails_finds_what_it_would_without(shelf: Shelf) -> None:
    scope = shelf.add("c", **{f"doc{n}": f"Report number {n} is about reports and numbers." for n in range(12)})
    without = shelf.search.passages("Which report?", scope=scope, limit=3)
    with ScriptedEndpoint([answer(500)]) as endpoint, opened(endpoint.url) as reranker:
        search = Search(shelf.library, shelf.indexes, shelf.search._embedder, reranker)
        found = search.passages("Which report?", scope=scope, limit=3)
    assert found.passages == without.passages
    assert found.trace.notes[0].startswith("The reranker answered with error 500")
