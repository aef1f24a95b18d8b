"""`citewell admin`: the first administrator, and the way back in where the provider or the last administrator is gone.

Whoever can run a command on the machine that holds the home may do all of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy import Engine

from assistant.access import LOCAL_USER, Role
from assistant.accounts import Accounts, Person
from assistant.audit import Action
from assistant.cli.output import HomeDir, Json, database, print_json, print_text, record, say
from assistant.errors import AssistantError

admin = typer.Typer(help="People, their roles, and invitations.", no_args_is_help=True)
Who = Annotated[int, typer.Argument(help="The number of a person, as `citewell admin people` lists it.")]


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
