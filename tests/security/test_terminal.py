"""What a document holds cannot steer the terminal of whoever reads it there, and reaches programs as it is."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from assistant.settings import environment
from tests.assistant.test_cli import citewell
from tests.homes import new_home

ROOT = Path(__file__).resolve().parents[2]
TEXT = "Badges are lost\x1b]0;owned\x07 at the \x1b[2Jreception \u202eevil\u202c, and reported there."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, home = tmp_path_factory.mktemp("folder"), new_home(tmp_path_factory.mktemp("terminal") / "home")
    (folder / "badges.txt").write_text(TEXT + " Nobody walks alone." * 30, "utf-8")
    assert citewell(home, "ingest", str(folder)).code == 0
    return home


def on_a_terminal(home: Path, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "assistant", *arguments, "--home", str(home)]
    clean = environment(OPENAI_API_KEY="", OPENAI_BASE_URL="", OMP_NUM_THREADS="2")
    process = subprocess.Popen(command, cwd=ROOT, env=clean, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    written = bytearray()
    with suppress(OSError):  # how a terminal whose other side is closed ends
        while piece := os.read(ours, 65_536):
            written += piece
    os.close(ours)
    assert process.wait(120) == 0
    return written.decode()


def test_nothing_steers_the_terminal(home: Path) -> None:
    written = on_a_terminal(home, "search", "Where are lost badges reported?")
    assert "Badges are lost\ufffd]0;owned\ufffd at the \ufffd[2Jreception \ufffdevil\ufffd," in written
    assert not {"\x1b", "\x07", "\u202e"} & set(written)


def test_programs_get_the_text_as_it_is(home: Path) -> None:
    assert json.loads(citewell(home, "documents", "show", "1", "--json").out)["text"].startswith(TEXT)
