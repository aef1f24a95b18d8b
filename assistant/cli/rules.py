"""`citewell rules`: the organisation's own rules for answers."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assistant.access import LOCAL_USER
from assistant.audit import Action
from assistant.cli.output import HomeDir, Json, database, print_json, print_text, record
from assistant.errors import AssistantError
from assistant.house_rules import HouseRules, Rules

rules = typer.Typer(help="See and change the organisation's own rules for answers.", no_args_is_help=True)
_SHOWN_CHARS = 60


@rules.command("show")
def show_rules(as_json: Json = False, home: HomeDir = None) -> None:
    """The rules in force."""
    with database(home) as engine:
        current = HouseRules(engine).current()
    if as_json:
        print_json({"rules": asdict(current) if current else None})
    else:
        print_text(
            current.text
            if current
            else "There are no house rules; write them to a file, then: citewell rules set FILE."
        )


@rules.command("set")
def set_rules(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A text; an empty one takes the rules away.")],
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Put the text of a file in force, from the next question on."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AssistantError(f"The file {file} could not be read as text ({error}); check the path.") from error
    with database(home) as engine:
        version = HouseRules(engine).change(text, LOCAL_USER)
        record(engine, Action.HOUSE_RULES_CHANGED, f"version {version.id}")
    _tell(version, as_json=as_json)


@rules.command("history")
def list_rules(as_json: Json = False, home: HomeDir = None) -> None:
    """Every version that was ever in force, the newest first."""
    with database(home) as engine:
        versions = HouseRules(engine).history()
    if as_json:
        print_json({"history": [asdict(version) for version in versions]})
        return
    for version in versions:
        words = " ".join(version.text.split())[:_SHOWN_CHARS] or "(no rules)"
        print_text(f"{version.id:>6}  {version.created_at:%Y-%m-%d %H:%M}  {words}")


@rules.command("restore")
def restore_rules(
    number: Annotated[int, typer.Argument(metavar="N", help="The version's number in the history.")],
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Put an earlier version in force again."""
    with database(home) as engine:
        version = HouseRules(engine).restore(number, LOCAL_USER)
        record(engine, Action.HOUSE_RULES_CHANGED, f"version {version.id}", restored=number)
    _tell(version, as_json=as_json)


def _tell(version: Rules, *, as_json: bool) -> None:
    if as_json:
        print_json({"rules": asdict(version)})
    else:
        print_text(f"Version {version.id} is in force from the next question on.")
