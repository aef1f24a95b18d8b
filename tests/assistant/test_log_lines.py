"""Logs and terminals: what others wrote forges no line, hides nothing and steers no terminal."""

import io
import json
import logging
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from assistant.cli import output
from assistant.logs import Lines, one_line
from retrieval.database import open_database

pytestmark = pytest.mark.threat("T34")

ROOT = Path(__file__).resolve().parents[2]
FORGERIES = (
    "a\nERROR assistant: the key is wrong",
    "a\r\nERROR x",
    "a\rERROR x",
    "a\x0bb\x0cc\x1cd\x1de\x1ef\x85g",
    "a\u2028b\u2029c",
    "\x1b[2K\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07",
    "\x9b31m",
    "a\x08\x08\x7fb\x00",
    "\u202egnp.exe\u2066",
    "a\u200bb\ufeff\u2060",
    "tag \U000e0041\U000e007f",
    "lone \ud800 surrogate",
    "%s %(x)s {x} %",
)


class Terminal(io.StringIO):
    """Text that goes to a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the server's log writes for programs."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines("json"))
    log = logging.getLogger("citewell-lines")
    log.addHandler(handler)
    log.propagate = False
    yield stream
    log.removeHandler(handler)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_an_event_is_one_line_whatever_a_name_in_it_says(logged: io.StringIO, forgery: str) -> None:
    log = logging.getLogger("citewell-lines")
    log.warning("%s could not be read", forgery)
    try:
        raise ValueError(forgery)
    except ValueError:
        log.exception("%s failed", forgery)
    lines = logged.getvalue().splitlines()
    assert len(lines) == 2
    assert all(is_plain(line) for line in lines)
    said = [json.loads(line) for line in lines]
    assert [one["level"] for one in said] == ["warning", "error"]
    assert said[1]["error"] == "ValueError"
    assert "Traceback" in said[1]["traceback"]


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_one_line_is_one_line_and_leaves_nothing_out(words: str) -> None:
    written = one_line(words)
    assert is_plain(written)
    assert len(written) >= len(words)


def test_ordinary_words_stay_as_they_are() -> None:
    for words in ("naïve café 😀 日本語 עברית", "C:\\temp\\new", "50 % of {x}"):
        assert one_line(words) == words


def is_plain(line: str) -> bool:
    """Whether it has no letter that ends a line, steers a terminal or stands for none."""
    return not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} or c in "\u200b\u202e\u2066\ufeff" for c in line)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_terminal_obeys_nothing_that_is_shown_on_it(monkeypatch: pytest.MonkeyPatch, forgery: str) -> None:
    screen, errors = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", errors)
    output.print_text(forgery)
    output.say(forgery)
    for shown in (screen.getvalue(), errors.getvalue()):
        assert not set(shown) & set("\x1b\x07\x08\x00\r\x7f\x85\x9b\u202e\u2066")


def test_a_file_or_a_program_gets_the_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_text("a\x1b[31m\u202eb")
    assert capsys.readouterr().out == "a\x1b[31m\u202eb\n"


def test_an_error_of_the_database_does_not_tell_what_people_asked(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'c.sqlite'}")
    with engine.connect() as connection, pytest.raises(Exception, match="absent") as failed:
        connection.execute(text("SELECT * FROM absent WHERE asked = :asked"), {"asked": "canary question"})
    assert "canary" not in f"{failed.value} {failed.value!r}"
    engine.dispose()


def test_a_command_that_fails_on_an_odd_name_says_so_in_one_plain_line(tmp_path: Path) -> None:
    """A file's name with a line and a colour in it, told by the command line's log."""
    code = "import logging; from assistant.cli import main; import sys; sys.argv = ['citewell', 'doctor', '--nothing']"
    code += "\ntry: main()\nexcept SystemExit: logging.getLogger('x').warning('%s', 'a\\nb\\x1b[31m')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith(r" x: a\nb\x1b[31m")
