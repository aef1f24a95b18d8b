"""`citewell settings`, `trace` and `support-bundle`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.output import HomeDir, Json, database, print_json, print_text, say
from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.settings_table import setting_rows, value_of
from assistant.story import in_words, lines_of, story_of
from assistant.support_bundle import write_bundle

_STANDARD_INPUT = "-"
LogFile = Annotated[
    str | None, typer.Option("--log", metavar="FILE", help="A log of the server, in JSON; - is standard input.")
]


def settings(as_json: Json = False, home: HomeDir = None) -> None:
    """List every setting with the value in force; of secrets, only that they are set."""
    read = Settings.read(home=home)
    rows = [(row, value_of(read, row.name)) for row in setting_rows()]
    if as_json:
        names = ("variable", "value", "default", "bounds", "meaning")
        print_json(
            {
                "settings": [
                    dict(zip(names, (r.variable, v, r.default, r.bounds, r.meaning), strict=True)) for r, v in rows
                ]
            }
        )
        return
    for row, value in rows:
        print_text(f"{row.variable}={value}")
        bounds = f"; {row.bounds}" if row.bounds else ""
        print_text(f"    {row.meaning} (default: {row.default}{bounds})")


def trace(
    request: Annotated[
        str, typer.Argument(metavar="ID", help="The request that a person names, or an answer's number.")
    ],
    log: LogFile = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Tell what became of a request: from the data, and from the server's log where that is given."""
    with database(home) as engine:
        story = story_of(engine, request)
    with _lines(log) as lines:
        logged = list(lines_of(lines, request, story["answer"] if story else None))
    if story is None and not logged:
        where = "nor in the log" if log else "perhaps it is in the server's log: --log FILE"
        raise AssistantError(f"No answer has the request {request!r}, {where}.")
    if as_json:
        print_json({"story": story, "log": logged})
        return
    for line in in_words(story) if story else ():
        print_text(line)
    for facts in logged:
        told = " ".join(f"{key}={value}" for key, value in facts.items() if key not in {"at", "traceback"})
        print_text(f"  {facts.get('at', '')} {told}")


def support_bundle(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The ZIP to write.")],
    log: LogFile = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Write what whoever helps needs to know to a ZIP: nothing that anybody wrote, no name and no key is in it."""
    with _lines(log) as lines:
        names = write_bundle(Settings.read(home=home), file, lines)
    if as_json:
        print_json({"file": str(file), "parts": list(names)})
    else:
        print_text(f"{file} has {', '.join(names)}.")
        say("Nothing that anybody wrote is in it. Look at it before you give it away.")


@contextmanager
def _lines(log: str | None) -> Iterator[Iterator[str]]:
    """The lines of a log; none where none is given."""
    if log is None:
        yield iter(())
    elif log == _STANDARD_INPUT:
        yield iter(sys.stdin)
    else:
        try:
            with Path(log).open(encoding="utf-8", errors="replace") as file:
                yield iter(file)
        except OSError as error:
            raise AssistantError(f"The log {log} could not be read ({error.strerror}); check the path.") from error
