"""What commands share: options, one JSON object on standard output, sentences on standard error."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from sqlalchemy import Engine

from assistant import handover
from assistant.access import LOCAL_USER
from assistant.audit import AT_THE_MACHINE, Action, Audit
from assistant.errors import AssistantError
from assistant.home import Home, database_of, has_database, home_of
from assistant.markup import visible
from assistant.operations import Reporter
from assistant.settings import Settings
from retrieval.database import open_database
from retrieval.intake import Progress

OnText = Callable[[str], None]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
HomeDir = Annotated[Path | None, typer.Option("--home", help="The data directory; else CITEWELL_HOME.")]
CollectionName = Annotated[str | None, typer.Option("--collection", help="Only this collection.")]

FAILED = 1
"""Exit code: not done."""
WRONG_USAGE = 2
"""Exit code: an option or argument that cannot be meant."""
SOME_FAILED = 3
"""Exit code: done, but some items failed and are listed with reasons."""


class WrongUsage(AssistantError):
    """An option has a value that cannot be meant."""


def silent(_: str) -> None:
    """Shows nothing."""


def perform(kind: str, work: Mapping[str, Any], home: Path | None, *, on_text: OnText = silent) -> dict[str, Any]:
    """Carry out an operation, here or in the app that holds the home, showing how far it is."""
    reporter = Reporter(_show_progress, on_text, say)
    result, notice = handover.perform(Settings.read(home=home), kind, work, reporter)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    if notice:
        say(notice)
    return result


@contextmanager
def database(home: Path | None) -> Iterator[Engine]:
    """The database of a home, for what only reads or changes rows: it may be used while the app runs."""
    settings = Settings.read(home=home)
    if not has_database(settings):
        Home(home_of(settings)).close()
    engine = open_database(database_of(settings))
    try:
        yield engine
    finally:
        engine.dispose()


def record(engine: Engine, action: Action, target: str = "", **detail: Any) -> None:
    """Add to the audit log what was done by a command."""
    Audit(engine).record(LOCAL_USER, action, target, address=AT_THE_MACHINE, **detail)


def _show_progress(progress: Progress) -> None:
    if sys.stderr.isatty():
        path = _on(sys.stderr, progress.path[:60])
        print(f"\r\x1b[K{progress.done} of {progress.total}  {path}", end="", file=sys.stderr)


def say(sentence: str) -> None:
    """A sentence for a person, kept out of what programs read."""
    print(_on(sys.stderr, sentence), file=sys.stderr)


def print_text(text: str = "", *, end: str = "\n") -> None:
    """What was asked for, on standard output."""
    print(_on(sys.stdout, text), end=end, flush=True)


def _on(stream: TextIO, text: str) -> str:
    """The text; for a terminal without what it would obey, for titles and documents are written by others."""
    return visible(text).replace("\r", "\ufffd") if stream.isatty() else text


def print_json(value: dict[str, Any]) -> None:
    """The one object a `--json` command prints."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1, default=str)
    sys.stdout.write("\n")


def counted(count: int, noun: str) -> str:
    """`1 passage`, `3 passages`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
