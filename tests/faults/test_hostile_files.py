"""T8-T13, T21: files made to hurt are read by the product's own sandbox; each ends as text or as one clear line."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from retrieval.errors import ParseError
from retrieval.sandbox import Limits, Sandbox, sandbox_limits_available
from torture.bombs import HOSTILE_NAMES, Bomb, archive_of_names, bombs, wrong_types, xml_attacks
from torture.reading import read_hostile

MB = 1024 * 1024
SHORT = Limits(page_s=6.0)
CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SHORT) as opened:
        yield opened


@contextmanager
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback: its address, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        over = threading.Event()

        def answer() -> None:
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(1)
                    asked.append(connection.recv(1000))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        finally:
            over.set()
            thread.join()


@pytest.mark.threat("T10")
@pytest.mark.skipif(not sandbox_limits_available(), reason="this platform does not limit a process's memory")
@pytest.mark.parametrize("bomb", bombs(), ids=[bomb.name for bomb in bombs()])
def test_a_bomb_is_stopped_within_its_limits_and_the_parent_does_not_feel_it(
    bomb: Bomb, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / bomb.name
    path.write_bytes(bomb.make())
    reading = read_hostile(sandbox, path)
    assert reading.problems == ()
    assert reading.seconds < SHORT.page_s + 10
    assert reading.longest_pause_ms < 500
    assert reading.refusal is None or reading.refusal.startswith(bomb.name)


@pytest.mark.threat("T12")
def test_no_document_type_reaches_a_server(sandbox: Sandbox) -> None:
    with listener() as (address, asked):
        for name, data in xml_attacks(address):
            assert "canary" not in _text_or_hint(sandbox, data, name)
        time.sleep(0.2)
    assert asked == []


@pytest.mark.threat("T12")
def test_no_document_type_reads_a_file(sandbox: Sandbox, tmp_path: Path) -> None:
    for name in ("entity", "parameter", "subset", "include", "template"):
        (tmp_path / name).write_text("canary-4711")
    for name, data in xml_attacks(tmp_path.as_uri()):
        assert "canary-4711" not in _text_or_hint(sandbox, data, name)


def test_the_listener_of_these_tests_would_notice() -> None:
    with listener() as (address, asked):
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET /")
            connection.recv(100)
    assert asked == [b"GET /"]


@pytest.mark.threat("T9")
@pytest.mark.parametrize(("name", "data"), wrong_types(), ids=[name for name, _ in wrong_types()])
def test_a_file_that_is_not_its_type_is_refused_in_one_line(name: str, data: bytes, sandbox: Sandbox) -> None:
    with pytest.raises(ParseError) as refused:
        sandbox.parse_data(data, name)
    assert refused.value.hint.startswith(name)
    assert "\n" not in refused.value.hint


@pytest.mark.threat("T8")
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_a_hostile_name_is_shown_without_what_deceives(name: str, sandbox: Sandbox) -> None:
    with pytest.raises(ParseError) as refused:
        sandbox.parse_data(b"", name)
    assert not CONTROL.search(refused.value.hint)
    assert len(refused.value.hint) < 300


@pytest.mark.threat("T8")
def test_an_archive_of_hostile_names_writes_nothing_anywhere(sandbox: Sandbox, tmp_path: Path) -> None:
    archive = tmp_path / "deep" / "er" / "names.zip"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(archive_of_names())
    before = sorted(tmp_path.rglob("*"))
    document = sandbox.parse(archive)
    shown = " ".join([document.title, *(part for section in document.sections for part in section.heading)])
    assert not CONTROL.search(shown + " ".join(document.notes))
    assert "root:" not in document.text
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/escape.txt").exists()


@pytest.mark.threat("T13")
def test_markup_that_runs_comes_out_as_text_alone(sandbox: Sandbox) -> None:
    page = (
        b"<html><head><base href='//evil'><meta http-equiv=refresh content='0;url=//evil'></head><body onload=alert(1)>"
        b"<script>stolen()</script><style>p{background:url(//evil)}</style><p onclick=alert(2)>A plain word.</p></body>"
    )
    document = sandbox.parse_data(page, "page.html")
    assert document.text.strip() == "A plain word."


@pytest.mark.threat("T21")
def test_a_file_that_is_too_large_is_refused_politely_and_at_once(shelf, tmp_path: Path) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    with (folder / "huge.pdf").open("wb") as file:
        file.truncate(201 * MB)
    started = time.perf_counter()
    (failed,) = shelf.intake.read_paths([folder], collection="c").failed
    assert "larger than 200 MB" in failed.reason
    assert time.perf_counter() - started < 5


@pytest.mark.skipif(not sandbox_limits_available(), reason="this platform does not limit a process's memory")
def test_a_file_that_kills_its_parser_is_set_aside_after_two_tries_and_the_others_are_read(
    shelf, tmp_path: Path
) -> None:
    folder = tmp_path / "deadly"
    folder.mkdir()
    (folder / "bomb.html").write_bytes(b"<p>word " * (5 * MB))
    (folder / "good.txt").write_text("The annual leave is 25 days.")
    for _ in range(3):
        report = shelf.intake.read_paths([folder], collection="c")
        assert [failed.path for failed in report.failed] == ["bomb.html"]
        assert report.added + report.unchanged == 1
    (failure,) = shelf.library.failures(shelf.library.collections()[0].id).values()
    assert failure.deaths == 2


def _text_or_hint(sandbox: Sandbox, data: bytes, name: str) -> str:
    try:
        return sandbox.parse_data(data, name).text
    except ParseError as refused:
        return refused.hint
