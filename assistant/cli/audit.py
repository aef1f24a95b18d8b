"""`citewell audit`: who did what."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from assistant.audit import Action, Audit, Entry, Sought, as_csv, as_json_lines
from assistant.cli.output import HomeDir, Json, WrongUsage, database, print_json, say
from assistant.errors import AssistantError
from assistant.logs import one_line

Lines = Callable[[Iterable[Entry]], Iterator[str]]


def show_audit(
    actor: Annotated[
        str | None, typer.Option("--actor", help="Only what this person did, as the log names them.")
    ] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only this, for example “documents deleted”.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DAY", help="From then on (UTC): 2026-03-31, or 2026-03-31T14:00.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to show at most.")] = 100,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ID", help="Only those older than this one.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write all to a table instead.")] = None,
    jsonl: Annotated[Path | None, typer.Option("--jsonl", metavar="FILE", help="Write all as lines of JSON.")] = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Who did what, when and from where; the newest first."""
    sought = Sought(actor, _action(action), _moment(since))
    wanted: tuple[tuple[Path | None, Lines], ...] = ((csv, as_csv), (jsonl, as_json_lines))
    files = [(path, lines) for path, lines in wanted if path is not None]
    with database(home) as engine:
        audit = Audit(engine)
        for path, lines in files:
            _write(path, lines(audit.all_entries(sought)))
        entries = () if files else audit.entries(sought, before=before, limit=limit)
    if as_json:
        print_json({"files": [str(path) for path, _ in files]} if files else {"entries": [e.as_json for e in entries]})
        return
    for path, _ in files:
        print(f"The audit log is in {path}.")
    for entry in entries:
        print(_line(entry))
    if len(entries) == limit:
        say(f"There may be older ones: citewell audit --before {entries[-1].id}")


def _line(entry: Entry) -> str:
    end = "" if entry.outcome == "done" else f" ({entry.outcome})"
    parts = (f"{entry.id:>6}", f"{entry.at:%Y-%m-%d %H:%M}", entry.actor, f"{entry.action}{end}", entry.target)
    return "  ".join(one_line(part) for part in parts).rstrip()


def _action(name: str | None) -> Action | None:
    if name is None:
        return None
    try:
        return Action(name)
    except ValueError as error:
        known = ", ".join(f"“{action}”" for action in Action)
        raise WrongUsage(f"There is no action “{name}”; there are {known}.") from error


def _moment(given: str | None) -> datetime | None:
    """A day or a time as the log keeps it: UTC, without saying so."""
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise WrongUsage(f"“{given}” is no day and no time; write it like 2026-03-31 or 2026-03-31T14:00.") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _write(path: Path, lines: Iterable[str]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
    except OSError as error:
        raise AssistantError(f"The file {path} could not be written ({error.strerror}); check the path.") from error
