"""The pure parts of the library page: what became of files, names of uploads, what is marked in a document."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.job_table import Job
from assistant.places import page_of
from retrieval.listing import distinct
from retrieval.values import Chunk, Source
from ui.document_view import passage_pieces, quoted_stretches
from ui.library_document import excerpt, media_type, nearness
from ui.library_jobs import FileStatus, file_statuses, outcome, shown_rows
from ui.source_view import Quoted, Span, marked_text
from ui.words import local_time, size

NOON = datetime(2026, 4, 3, 12)
JOB = Job(
    1, "read_uploads", "running", "local|user", False, 1, 1, 3, "a.md", NOON, NOON, None,
    {"collection_id": "c", "uploads": [["dir/a.md", "1"], ["b.md", "2"], ["c.md", "3"]]}, None, None,
)  # fmt: skip
TEXT = "# Leave\n\nEveryone has 26 days. Half days are fine.\n\n- Ask *early*.\n- Wait.\n"


def over(**changes: Any) -> Job:
    return replace(JOB, **{"state": "done", "done": 3, "ended_at": NOON, **changes})


# Files of a job.


def test_files_before_the_count_are_finished_the_next_is_read_the_rest_waits() -> None:
    assert file_statuses(JOB, {"a.md": "Empty.", "c.md": "From an earlier time."}) == (
        FileStatus("a.md", "failed", "Empty."),
        FileStatus("b.md", "reading"),
        FileStatus("c.md", "waiting"),
    )


def test_of_a_waiting_job_every_file_waits() -> None:
    waiting = replace(JOB, state="waiting", done=0)
    assert {status.state for status in file_statuses(waiting, {})} == {"waiting"}


def test_of_an_ended_job_the_result_tells() -> None:
    ended = over(result={"failed": [{"path": "b.md", "reason": "Empty."}]})
    assert [status.state for status in file_statuses(ended, {})] == ["read", "failed", "read"]


def test_what_a_cancelled_job_did_not_come_to_was_not_begun() -> None:
    assert [s.state for s in file_statuses(over(state="cancelled", done=1), {})] == ["read", "skipped", "skipped"]


def test_of_a_long_list_failures_and_what_is_under_way_are_shown() -> None:
    statuses = [FileStatus(f"{n}", "read") for n in range(300)]
    statuses[7] = FileStatus("7", "failed", "Empty.")
    statuses += [FileStatus("300", "reading"), *(FileStatus(f"{n}", "waiting") for n in range(301, 900))]
    shown = shown_rows(statuses)
    assert len(shown) <= 40
    assert shown[0].name == "7"
    assert any(status.state == "reading" for status in shown)


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (over(result={"added": 2, "updated": 1, "failed": []}), "3 files read into HR."),
        (over(result={"added": 0, "unchanged": 1, "failed": []}), "1 file was there already."),
        (over(result={"added": 1, "failed": [{"path": "b", "reason": "r"}]}), "1 file read into HR. 1 file was not read in."),
        (over(kind="sync", result={"updated": 2, "moved": 2, "removed": 1, "failed": []}), "2 files moved. 1 file removed."),
        (over(kind="sync", result={"unchanged": 9, "failed": []}), "HR is in step with its folder."),
        (over(state="failed", problem="The disk is full."), "The disk is full."),
        (over(state="cancelled", done=0), "Cancelled."),
        (over(state="cancelled", done=2), "Cancelled after 2 files of 3; what was read in is kept."),
        (over(kind="delete_documents", work={"ids": [1, 2]}, result={"deleted": 2}), "Deleted 2 documents."),
        (over(kind="delete_collection", result={"deleted": 4}), "Deleted the collection with 4 documents."),
    ],
)  # fmt: skip
def test_an_outcome_is_one_plain_line(job: Job, words: str) -> None:
    assert outcome(job, "HR") == words


# Uploads.


def test_two_files_of_one_name_are_both_kept_and_the_same_file_once() -> None:
    uploads = [("a.txt", "1"), ("x/a.txt", "2"), ("a.txt", "1"), ("a.txt", "3"), ("Makefile", "4"), ("Makefile", "5")]
    assert list(distinct(uploads)) == [
        ("a.txt", "1"),
        ("a (2).txt", "2"),
        ("a (3).txt", "3"),
        ("Makefile", "4"),
        ("Makefile (2)", "5"),
    ]


# What is marked.


def quoted_text(nodes: Any, kind: str = "quoted") -> str:
    """All words under elements of a kind."""
    found = ""
    for node in nodes:
        if not isinstance(node, str):
            inner = "".join(child if isinstance(child, str) else quoted_text([child], kind) for child in node.children)
            found += inner if node.kind == kind else quoted_text(node.children, kind)
    return found


def kinds(nodes: Any) -> set[str]:
    return {kind for n in nodes if not isinstance(n, str) for kind in ({n.kind} | kinds(n.children))}


def test_overlapping_quotations_become_stretches_with_the_higher_count() -> None:
    stretches = quoted_stretches([(0, 10, 1), (5, 15, 3), (20, 30, 2)], Span(22, 24))
    assert stretches == (Quoted(0, 5, 1), Quoted(5, 15, 3), Quoted(20, 22, 2), Quoted(24, 30, 2))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20), st.integers(1, 9)), max_size=8), st.integers(0, 40))
def test_stretches_never_overlap_and_never_cover_what_is_opened(spans: list[tuple[int, int, int]], at: int) -> None:
    stretches = quoted_stretches([(start, start + length, n) for start, length, n in spans], Span(at, at + 5))
    ends = [0, *(s.end for s in stretches)]
    assert all(end <= stretch.start < stretch.end for end, stretch in zip(ends, stretches, strict=False))
    assert all(stretch.end <= at or stretch.start >= at + 5 for stretch in stretches)


@pytest.mark.parametrize("markup", ["markdown", "plain"])
def test_what_was_quoted_is_marked_lightly_beside_what_is_opened(markup: Any) -> None:
    start, half = TEXT.index("Everyone"), TEXT.index("Half")
    nodes = marked_text(TEXT, markup, Span(start, half - 1), [Quoted(half, half + len("Half days are fine."), 2)])
    assert quoted_text(nodes, "mark") == "Everyone has 26 days."
    assert quoted_text(nodes) == "Half days are fine."
    assert "times" in kinds(nodes)


def test_a_quotation_that_would_tear_markup_is_left_out_and_the_rest_stays_laid_out() -> None:
    torn = TEXT.index("early") - 1
    nodes = marked_text(TEXT, "markdown", None, [Quoted(torn, torn + 3, 1)])
    assert "em" in kinds(nodes)


@given(st.integers(0, len(TEXT)), st.integers(0, 20), st.sampled_from(["markdown", "plain"]))
def test_any_quotation_leaves_the_words_of_a_text_as_they_are(start: int, length: int, markup: Any) -> None:
    words = "".join(_words(marked_text(TEXT, markup, None, [Quoted(start, min(len(TEXT), start + length), 1)])))
    assert words.replace(" ", "").replace("\n", "") == "".join(_words(marked_text(TEXT, markup, None))).replace(
        " ", ""
    ).replace("\n", "")


def _words(nodes: Any) -> list[str]:
    return [word for n in nodes for word in ([n] if isinstance(n, str) else _words(n.children))]


def test_passages_carry_their_number_heading_slide_and_length() -> None:
    source = Source(1, "c", "a/deck.pptx", "Deck")
    chunks = (Chunk(0, 5, "Hello", ("Start", ""), 1), Chunk(6, 11, "World", (), None))
    pieces = passage_pieces(source, chunks, Span(0, 0), Span(0, 11))
    assert [piece["label"] for piece in pieces] == [
        "Passage 1 · Start · slide 1 · 5 characters",
        "Passage 2 · 5 characters",
    ]


def test_an_excerpt_is_the_paragraph_that_holds_the_span() -> None:
    half = TEXT.index("Half")
    found = excerpt(TEXT, Span(half, half + 4))
    assert TEXT[found.start : found.end] == "Everyone has 26 days. Half days are fine."
    assert excerpt("", None) == Span(0, 0)


# Words.


def test_only_pdf_and_plain_text_are_named_to_the_browser() -> None:
    assert media_type("PDF") == "application/pdf"
    assert media_type("text") == "text/plain"
    assert {media_type(name) for name in ("HTML", "DOCX", "picture", "", "unknown")} == {"application/octet-stream"}


@pytest.mark.parametrize(("score", "words"), [(1.0, "The nearest"), (0.8, "A close match"), (0.6, "A fair match"), (0.1, "A distant match")])  # fmt: skip
def test_nearness_is_said_in_words(score: float, words: str) -> None:
    assert nearness(score, 1.0) == words


def test_pages_of_slides_are_slides() -> None:
    assert page_of("a/Deck.PPTX", 3) == "slide 3"
    assert page_of("report.pdf", 3) == "page 3"
    assert page_of("report.pdf", None) == ""


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 byte"), (999, "999 bytes"), (12_345, "12 kB"), (999_700, "1.0 MB")]
)
def test_sizes_have_units(count: int, words: str) -> None:
    assert size(count) == words


def test_a_time_is_told_on_the_readers_clock_and_any_name_of_a_zone_is_borne() -> None:
    assert local_time(NOON, "Asia/Tokyo").hour == 21
    assert {local_time(NOON, zone) for zone in (None, "", "No/Where", "../../etc/passwd", "\0")} == {NOON}
