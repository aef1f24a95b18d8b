"""The sandbox: what no file may do to the app, and what comes through unharmed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import psutil
import pytest
from fpdf import FPDF

from retrieval.errors import ParseCancelled, ParseError, ParserDied
from retrieval.parsing import parse_bytes
from retrieval.sandbox import Limits, Sandbox, parse_file, sandbox_limits_available

MB = 1024 * 1024
SLOW_PAGE = b"<div>" * 60_000 + b"deep"
"""HTML whose nesting costs quadratic time: many seconds."""


def long_pdf(pages: int) -> bytes:
    """Pages that each take a moment to read."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=6)
    for _ in range(pages):
        pdf.add_page()
        for _ in range(85):
            pdf.cell(0, 3, "Words and more words that stand in a row. " * 4, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


linux_only = pytest.mark.skipif(not sandbox_limits_available(), reason="this platform does not limit memory")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def child_of_this_process() -> psutil.Process:
    """The one sandbox child that runs on behalf of these tests."""
    children = [child for child in psutil.Process().children(recursive=True) if "retrieval.sandbox" in child.cmdline()]
    return children[-1]


def refusal(sandbox: Sandbox, data: bytes, name: str) -> str:
    with pytest.raises(ParseError) as caught:
        sandbox.parse_data(data, name)
    assert caught.value.hint.startswith(name)
    assert "\n" not in caught.value.hint
    return caught.value.hint


def test_a_document_comes_through_unchanged(sandbox: Sandbox, tmp_path: Path) -> None:
    source = "---\ntitle: Grüße 😀\ndate: 2026-03-01\n---\r\n# A\n\ntext\u2028 more\n## B\nend\U000e0041"
    path = tmp_path / "note.md"
    path.write_bytes(source.encode())
    document = sandbox.parse(path)
    assert document == parse_bytes(source.encode(), "note.md")
    assert document.dated == date(2026, 3, 1)
    assert document.notes


def test_pages_come_through(sandbox: Sandbox) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    for number in range(3):
        pdf.add_page()
        pdf.cell(0, 6, f"Words on page {number}.")
    data = bytes(pdf.output())
    assert sandbox.parse_data(data, "a.pdf") == parse_bytes(data, "a.pdf")


def test_a_refusal_comes_through_in_its_words(sandbox: Sandbox) -> None:
    assert refusal(sandbox, b"", "a.txt") == "a.txt is empty; add it again once it has text."


def test_one_child_reads_many_files(sandbox: Sandbox) -> None:
    pids = set()
    for number in range(5):
        assert sandbox.parse_data(f"text {number}".encode(), "a.txt").text == f"text {number}"
        pids.add(child_of_this_process().pid)
    assert len(pids) == 1


def test_the_child_is_replaced_after_so_many_files() -> None:
    with Sandbox(Limits(files_per_child=2)) as sandbox:
        pids = []
        for _ in range(3):
            sandbox.parse_data(b"text", "a.txt")
            pids += [child.pid for child in psutil.Process().children() if "retrieval.sandbox" in child.cmdline()][-1:]
        assert sandbox.parse_data(b"text", "a.txt").text == "text"
    assert len(set(pids)) >= 2


@linux_only
def test_a_file_that_wants_too_much_memory_is_refused_and_the_next_one_read() -> None:
    with Sandbox(Limits(memory_bytes=128 * MB)) as sandbox:
        assert "more than 128 MB of memory" in refusal(sandbox, b"<p>word " * (2 * MB), "big.html")
        assert sandbox.parse_data(b"small", "a.txt").text == "small"


@linux_only
def test_a_child_at_its_limit_stays_within_512_mb() -> None:
    peak = 0
    with Sandbox() as sandbox, ThreadPoolExecutor() as pool:
        reading = pool.submit(refusal, sandbox, b"<p>word " * (5 * MB), "big.html")
        while not reading.done():
            for child in psutil.Process().children():
                if "retrieval.sandbox" in child.cmdline():
                    peak = max(peak, child.memory_info().rss)
            time.sleep(0.01)
        assert "memory" in reading.result()
    assert 0 < peak <= 512 * MB


def test_a_file_that_takes_too_long_is_given_up_and_the_next_one_read() -> None:
    with Sandbox(Limits(page_s=1.0)) as sandbox:
        started = time.perf_counter()
        assert "took longer than 1 s" in refusal(sandbox, SLOW_PAGE, "deep.html")
        assert time.perf_counter() - started < 30
        assert sandbox.parse_data(b"small", "a.txt").text == "small"


def test_a_long_file_may_take_longer_than_a_page_as_long_as_pages_get_done() -> None:
    data = long_pdf(100)
    with Sandbox(Limits(page_s=1.5)) as sandbox:
        sandbox.parse_data(long_pdf(1), "warm.pdf")
        started = time.perf_counter()
        assert len(sandbox.parse_data(data, "long.pdf").page_starts) == 100
        assert time.perf_counter() - started > 1.6


def test_a_file_that_goes_forward_for_ever_is_given_up_in_the_end() -> None:
    data = long_pdf(100)
    with Sandbox(Limits(page_s=1.5, total_s=2.0)) as sandbox:
        sandbox.parse_data(long_pdf(1), "warm.pdf")
        assert "took longer than 2 s to read" in refusal(sandbox, data, "long.pdf")


def test_a_text_longer_than_agreed_is_refused() -> None:
    with Sandbox(Limits(output_chars=1000)) as sandbox:
        assert "more than 1,000 characters" in refusal(sandbox, b"x" * 1001, "a.txt")
        assert len(sandbox.parse_data(b"x" * 1000, "a.txt").text) == 1000


def test_a_file_beyond_the_size_is_refused_before_it_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "huge.pdf"
    with path.open("wb") as file:
        file.truncate(201 * MB)
    started = time.perf_counter()
    with pytest.raises(ParseError, match=r"huge\.pdf is larger than 200 MB"):
        sandbox.parse(path)
    assert time.perf_counter() - started < 20


def test_a_file_that_cannot_be_opened_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ParseError, match=r"absent\.txt cannot be opened"):
        sandbox.parse(tmp_path / "absent.txt")


@linux_only
def test_what_is_no_ordinary_file_is_refused_and_nobody_waits_for_it(sandbox: Sandbox, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", tmp_path, Path("/dev/zero")):
        with pytest.raises(ParseError, match="is not an ordinary file"):
            sandbox.parse(path)


@linux_only
def test_a_child_that_is_killed_in_the_middle_is_one_failed_file() -> None:
    with Sandbox() as sandbox, ThreadPoolExecutor() as pool:
        reading = pool.submit(refusal, sandbox, SLOW_PAGE, "deep.html")
        time.sleep(1)
        child_of_this_process().send_signal(signal.SIGSEGV)
        assert "its reader crashed" in reading.result()
        assert sandbox.parse_data(b"small", "a.txt").text == "small"


@linux_only
@pytest.mark.parametrize(
    ("limits", "data"),
    [(Limits(page_s=1.0), SLOW_PAGE), (Limits(memory_bytes=128 * MB), b"<p>word " * (2 * MB))],
    ids=["time", "memory"],
)
def test_a_file_that_exhausts_its_parser_is_told_from_one_that_is_merely_wrong(limits: Limits, data: bytes) -> None:
    with Sandbox(limits) as sandbox:
        with pytest.raises(ParserDied):
            sandbox.parse_data(data, "bad.html")
        with pytest.raises(ParseError) as caught:
            sandbox.parse_data(b"", "empty.html")
        assert not isinstance(caught.value, ParserDied)


def test_cancelling_ends_the_file_under_way_at_once_and_reads_no_more() -> None:
    with Sandbox() as sandbox, ThreadPoolExecutor() as pool:
        readings = [pool.submit(sandbox.parse_data, SLOW_PAGE, "deep.html") for _ in range(3)]
        time.sleep(1)
        child = child_of_this_process()
        started = time.perf_counter()
        sandbox.cancel()
        for reading in readings:
            with pytest.raises(ParseCancelled):
                reading.result()
        assert time.perf_counter() - started < 2
        assert not child.is_running()
        with pytest.raises(ParseCancelled):
            sandbox.parse_data(b"text", "a.txt")


def test_cancelling_before_anything_is_read_leaves_no_child() -> None:
    before = psutil.Process().children()
    with Sandbox() as sandbox:
        sandbox.cancel()
        sandbox.cancel()
        with pytest.raises(ParseCancelled):
            sandbox.parse_data(b"text", "a.txt")
        assert psutil.Process().children() == before


def test_a_child_that_talks_nonsense_is_one_failed_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for nonsense in ("not a frame at all, and long enough", "\0" * 16, "\0" * 7 + "\2" + "\0" * 8 + "[]"):
        program = f"import sys; sys.stdout.write({nonsense!r}); sys.stdout.flush(); sys.stdin.read(); "
        monkeypatch.setattr("retrieval.sandbox._command", lambda _, program=program: [sys.executable, "-c", program])
        with Sandbox(Limits(page_s=5)) as sandbox, pytest.raises(ParserDied):
            sandbox.parse_data(b"text", "a.txt")


def test_thousands_of_headings_come_through_and_more_than_can_be_kept_are_refused(sandbox: Sandbox) -> None:
    source = b"".join(b"# Heading %d\nwords\n" % number for number in range(3_000))
    assert sandbox.parse_data(source, "a.md") == parse_bytes(source, "a.md")
    long = b"# " + b"word " * 1_000 + b"\n" + b"".join(b"## h %d\nb\n" % number for number in range(4_000))
    assert "more headings than can be kept" in refusal(sandbox, long, "b.md")


def test_a_child_that_died_between_two_files_is_replaced_unnoticed(sandbox: Sandbox) -> None:
    sandbox.parse_data(b"first", "a.txt")
    child = child_of_this_process()
    child.kill()
    child.wait()
    assert sandbox.parse_data(b"second", "a.txt").text == "second"


def test_the_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-4711")
    with Sandbox() as sandbox:
        sandbox.parse_data(b"text", "a.txt")
        child = child_of_this_process()
        assert set(child.environ()) <= {"PYTHONPATH", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "SYSTEMROOT", "LC_CTYPE"}
        assert "canary-4711" not in " ".join([*child.environ().values(), *child.cmdline()])


@linux_only
def test_the_child_can_write_no_file_and_dump_no_core(sandbox: Sandbox) -> None:
    sandbox.parse_data(b"text", "a.txt")
    child = child_of_this_process()
    assert child.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert child.rlimit(psutil.RLIMIT_DATA) == (464 * MB, 464 * MB)


def test_the_child_has_no_connections_and_only_its_pipes(sandbox: Sandbox) -> None:
    sandbox.parse_data(b"<img src='http://127.0.0.1:9/x'><p>text", "a.html")
    child = child_of_this_process()
    assert child.net_connections() == []
    assert child.open_files() == []


def test_closing_ends_the_child_and_a_later_file_starts_another() -> None:
    sandbox = Sandbox()
    sandbox.parse_data(b"text", "a.txt")
    child = child_of_this_process()
    sandbox.close()
    assert not child.is_running()
    sandbox.close()
    assert sandbox.parse_data(b"text", "a.txt").text == "text"
    sandbox.close()


def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import time\nfrom retrieval.sandbox import Sandbox\n"
        "sandbox = Sandbox()\nsandbox.parse_data(b'text', 'a.txt')\n"
        "print(sandbox._child._process.pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert parent.stdout is not None
    with parent.stdout as output:
        child = psutil.Process(int(output.readline()))
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_calls_from_several_threads_each_get_their_own_answer(sandbox: Sandbox) -> None:
    def read(number: int) -> str:
        return sandbox.parse_data(f"text {number}".encode(), f"{number}.txt").title

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(40))) == [str(number) for number in range(40)]
    assert threading.active_count() < 20


def test_a_file_that_shrinks_while_it_is_sent_is_one_failed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 100)
    whole = os.stat(path)
    monkeypatch.setattr(Path, "stat", lambda self, **_: whole)
    path.write_bytes(b"x" * 50)
    with Sandbox() as sandbox, pytest.raises(ParseError, match=r"a\.txt changed while it was read") as caught:
        sandbox.parse(path)
    assert not isinstance(caught.value, ParserDied)


def test_a_single_file_can_be_read_without_keeping_a_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("text")
    assert parse_file(path).text == "text"
    slow = tmp_path / "deep.html"
    slow.write_bytes(SLOW_PAGE)
    with pytest.raises(ParseError, match="took longer"):
        parse_file(slow, limits=Limits(page_s=0.5))
