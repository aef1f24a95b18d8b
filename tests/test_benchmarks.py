"""`python -m benchmarks` runs as a whole at small sizes; its figures mean nothing here."""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import SUBJECTS
from benchmarks.corpus import make_corpus
from benchmarks.folder import write_folder
from benchmarks.report import Report, Row, Target, library_versions, machine_facts, now
from benchmarks.timing import latency_of

ROOT = Path(__file__).resolve().parent.parent


pytestmark = pytest.mark.timeout(1_000)
"""The first test waits for the whole run, which takes minutes beside other tests."""


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory: pytest.TempPathFactory) -> dict:
    out = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "benchmarks", "--quick", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert (out / "latest.md").read_text("utf-8").strip() == done.stdout.strip()
    return json.loads((out / "latest.json").read_text("utf-8"))


def test_every_subject_gives_figures_or_says_why_not(quick_run):
    assert all(row["figure"] is not None or "not" in row["note"] for row in quick_run["rows"])
    said = " ".join(row["what"] for row in quick_run["rows"])
    for words in (
        "search p50",
        "authorisation of a search p50",
        "ingest",
        "submit → model asked p95",
        "healthz",
        "memory",
        "drawn again",
        "first paint of a thread",
        "traffic of a streamed answer",
        "Stop →",
        "unchanged files",
        "rebuild",
        "first words p95",
        "visits one after the other",
        "readyz",
    ):
        assert words in said


def test_a_run_says_on_what_it_was_measured(quick_run):
    assert quick_run["quick"] is True
    assert {"processor", "cores", "memory"} <= quick_run["machine"].keys()
    assert quick_run["versions"]["streamlit"]


def test_there_is_something_to_measure():
    assert set(SUBJECTS) >= {
        "search",
        "access",
        "ingest",
        "library",
        "turns",
        "startup",
        "page",
        "stream",
        "crowd",
        "load",
    }


def test_a_missing_figure_misses_its_target_and_a_row_without_target_misses_nothing():
    assert Row("a", 6.0, "s", Target(6)).is_met is True
    assert Row("a", 6.1, "s", Target(6)).is_met is False
    assert Row("a", 89.0, "%", Target(90, at_least=True)).is_met is False
    assert Row("a", None, "s", Target(6)).is_met is False
    assert Row("a", 6.0, "s").is_met is None


def test_the_table_shows_figure_target_and_whether_it_is_met():
    rows = (Row("start", 7.0, "s", Target(6), "slow"), Row("size", 1234.5, "MB"))
    table = Report("make bench", now(), 60, False, machine_facts(), library_versions(), rows).as_markdown()
    assert "| start | 7.00 s | ≤ 6 | **no** | slow |" in table
    assert "| size | 1,234 MB |  |  |  |" in table


def test_percentiles_are_those_of_what_was_measured():
    assert latency_of([1, 2, 3]).p50 == 2
    assert latency_of(np.arange(101.0)).p95 == pytest.approx(95)


def test_a_corpus_has_as_many_chunks_as_were_asked_for_and_is_the_same_every_time(embedder):
    first, second = (list(make_corpus(60, embedder).documents()) for _ in range(2))
    assert sum(len(document.chunks) for document in first) == 60
    for one, other in zip(first, second, strict=True):
        assert one.chunks == other.chunks
        assert np.array_equal(one.embeddings, other.embeddings)


def test_a_chunk_of_the_corpus_stands_where_it_says_and_has_a_vector_of_length_one(embedder):
    (document,) = islice(make_corpus(60, embedder).documents(), 1)
    assert all(document.parsed.text[c.start : c.end] == c.text for c in document.chunks)
    assert np.linalg.norm(document.embeddings, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_folder_is_the_same_every_time(tmp_path):
    write_folder(tmp_path / "a", 2, first=3)
    write_folder(tmp_path / "b", 2, first=3)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["00003.md", "00004.md"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)
