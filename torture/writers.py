"""A home whose answers take their time, a process that writes many of them, and what it leaves in the database."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from assistant.home import DATABASE_FILE
from assistant.settings import environment
from benchmarks.paced import paced_endpoint
from torture.backups import opened
from torture.victim import COLLECTION

ROOT = Path(__file__).resolve().parent.parent
ANSWER = "Unused days of leave hold until 31 March of the following year [1]. " * 200
_DOCUMENT = "# Leave\n\nUnused days of leave hold until 31 March of the following year. The team lead is to be asked.\n"
_NEWEST = "SELECT state, text FROM messages WHERE role = ? ORDER BY id DESC LIMIT ?"
IS_WRITING = "streaming"
"""The line that the process begins with, once every answer has words."""


def leave_home(directory: Path) -> Path:
    """A home with the document that answers the question about leave."""
    home = directory / "home"
    (directory / "leave.md").write_text(_DOCUMENT, "utf-8")
    with closing(opened(home)) as citewell:
        citewell.intake.read_paths([directory / "leave.md"], collection=COLLECTION)
    return home


@contextmanager
def slow_home(directory: Path) -> Iterator[tuple[Path, str]]:
    """Such a home, and the address of a model that writes ANSWER slowly."""
    home = leave_home(directory)
    with paced_endpoint() as endpoint:
        endpoint.text = ANSWER
        yield home, endpoint.url


@contextmanager
def writing(home: Path, url: str, answers: int) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The process that writes so many answers at once, and its first line. It is killed where it is left running."""
    command = [sys.executable, "-m", "torture.answering", str(home), url, str(answers)]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def stored_chars(home: Path) -> dict[int, int]:
    """How long the text of each message is, by its id."""
    with closing(_reading(home)) as connection:
        return dict(connection.execute("SELECT id, length(text) FROM messages"))


def newest(home: Path, role: Literal["user", "assistant"], count: int) -> list[tuple[str, str]]:
    """State and text of the newest messages, read without opening the home."""
    with closing(_reading(home)) as connection:
        return connection.execute(_NEWEST, (role, count)).fetchall()


def _reading(home: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{(home / DATABASE_FILE).as_uri()}?mode=ro", uri=True)
