"""`citewell admin`: the first administrator, and the way back in where the provider or the last administrator is gone;
what is kept about a person, taken out or removed.

Whoever can run a command on the machine that holds the home may do all of it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from assistant.access import LOCAL_USER, Role
from assistant.accounts import Accounts, Person
from assistant.audit import Action
from assistant.bootstrap import personal_data_of
from assistant.cli.output import (
    HomeDir,
    Json,
    WrongUsage,
    counted,
    database,
    perform,
    print_json,
    print_text,
    record,
    say,
)
from assistant.erasure import ERASE, LOCAL, called, consequences
from assistant.errors import AssistantError
from assistant.markup import visible
from assistant.personal_data import Exported, PersonalData
from assistant.settings import Settings

admin = typer.Typer(help="People, their roles, and invitations.", no_args_is_help=True)
Who = Annotated[int, typer.Argument(help="The number of a person, as `citewell admin people` lists it.")]

Whose = Annotated[
    str,
    typer.Argument(
        help="The number of a person, as `citewell admin people` lists it; `local`: who sits at the machine."
    ),
]
_MOST_DIGITS = 18
"""SQLite's integers have 64 bits."""


@contextmanager
def _accounts(home: HomeDir) -> Iterator[tuple[Engine, Accounts]]:
    with database(home) as engine:
        yield engine, Accounts(engine)


@admin.command()
def invite(
    role: Annotated[Role, typer.Option("--role", help="What whoever enters the code becomes.")] = Role.ADMIN,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Make a code that gives a role once, within 24 hours: sign in, and enter it on the page."""
    with _accounts(home) as (engine, accounts):
        code = accounts.invite(role, LOCAL_USER)
        record(engine, Action.INVITATION_MADE, role=role.value)
    if as_json:
        print_json({"code": code, "role": role.value})
    else:
        print_text(code)
        say(f"Whoever signs in and enters this code within 24 hours becomes {role.value}; it works once.")


@admin.command()
def people(as_json: Json = False, home: HomeDir = None) -> None:
    """List everybody who signed in once."""
    with _accounts(home) as (_, accounts):
        found = accounts.list(LOCAL_USER)
    if as_json:
        print_json({"people": [_row(person) for person in found]})
        return
    for person in found:
        state = "disabled" if person.is_disabled else person.role.value
        print_text(f"{person.id}  {state}  {person.name}  {person.email or 'no verified address'}  {person.issuer}")


@admin.command()
def role(person: Who, role: Role, as_json: Json = False, home: HomeDir = None) -> None:
    """Give a person a role."""
    with _accounts(home) as (engine, accounts):
        known = _known(accounts, person)
        accounts.set_role(person, role, LOCAL_USER)
        record(engine, Action.ROLE_CHANGED, known.principal.key, role=role.value)
        _told(accounts, person, as_json=as_json)


@admin.command()
def disable(person: Who, as_json: Json = False, home: HomeDir = None) -> None:
    """Shut a person out and end their sign-ins."""
    _set_disabled(person, home, disabled=True, as_json=as_json)


@admin.command()
def enable(person: Who, as_json: Json = False, home: HomeDir = None) -> None:
    """Let a person in again."""
    _set_disabled(person, home, disabled=False, as_json=as_json)


@admin.command("export")
def export_person(
    who: Whose,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The ZIP to write.")],
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Write all that is kept about a person to a ZIP: JSON, and the files of their chats."""
    person_id = _number(who)
    with database(home) as engine:
        written = _written(engine, personal_data_of(engine, Settings.read(home=home)), person_id, output)
    if as_json:
        print_json({"file": str(output), **asdict(written), "bytes": output.stat().st_size})
    else:
        chats, files = counted(written.conversations, "conversation"), counted(written.files, "file")
        print_text(f"{chats} and {files} are in {output}.")


@admin.command("erase")
def erase_person(
    who: Whose,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Remove all that is kept about a person, for good."""
    person_id = _number(who)
    with _accounts(home) as (_, accounts):
        name = accounts.person(person_id, LOCAL_USER).name if person_id is not None else "whoever sits at the machine"
    if not yes:
        say(" ".join(consequences(person_id)))
        if not typer.confirm(f"Erase {visible(name)} for good?", err=True):
            raise typer.Exit(1)
    result = perform(ERASE, {"person_id": person_id}, home)
    with database(home) as engine:
        record(engine, Action.PERSON_ERASED, called(person_id))
    if as_json:
        print_json(result)
    else:
        chats = counted(result["conversations"], "conversation")
        print_text(f"Erased, with {chats}. Nothing of it is left in {Settings.read(home=home).home}.")


def _number(who: str) -> int | None:
    """The number of a person; None for whoever sits at the machine."""
    if who == LOCAL:
        return None
    if not (who.isascii() and who.isdigit() and len(who) <= _MOST_DIGITS):
        raise WrongUsage(f"{who!r} is nobody's number; see: citewell admin people.")
    return int(who)


def _written(engine: Engine, personal_data: PersonalData, person_id: int | None, output: Path) -> Exported:
    """Write the ZIP, which only its owner may read and which is there whole or not at all."""
    new = output.with_name(f".{output.name}.new")
    try:
        with os.fdopen(os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            written = personal_data.export(person_id, LOCAL_USER, file)
        os.replace(new, output)
        record(engine, Action.DATA_EXPORTED, called(person_id))
        return written
    except OSError as error:
        reason = error.strerror or error
        raise AssistantError(f"The file {output} could not be written ({reason}); check path and room.") from error
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def _set_disabled(person: int, home: HomeDir, *, disabled: bool, as_json: bool) -> None:
    with _accounts(home) as (engine, accounts):
        known = _known(accounts, person)
        accounts.set_disabled(person, LOCAL_USER, disabled=disabled)
        record(engine, Action.PERSON_DISABLED if disabled else Action.PERSON_ENABLED, known.principal.key)
        _told(accounts, person, as_json=as_json)


def _known(accounts: Accounts, number: int) -> Person:
    for person in accounts.list(LOCAL_USER):
        if person.id == number:
            return person
    raise AssistantError(f"There is no person {number}; see: citewell admin people.")


def _told(accounts: Accounts, number: int, *, as_json: bool) -> None:
    person = _known(accounts, number)
    if as_json:
        print_json(_row(person))
    else:
        state = "disabled" if person.is_disabled else person.role.value
        print_text(f"{person.name}: {state}")


def _row(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "issuer": person.issuer,
        "subject": person.subject,
        "name": person.name,
        "email": person.email,
        "role": person.role.value,
        "disabled": person.is_disabled,
    }
