"""`citewell keys`: what lets programs use the API."""

from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import Engine

from assistant.access import LOCAL_USER, Role
from assistant.api_keys import (
    CALLS_A_MINUTE,
    DAYS,
    SCOPES,
    SERVICE_ROLES,
    ApiKeys,
    KeyScope,
    MadeKey,
    Service,
    Wanted,
)
from assistant.as_json import key_json
from assistant.audit import Action
from assistant.cli.output import HomeDir, Json, WrongUsage, database, print_json, print_text, record, say
from assistant.settings import Settings
from retrieval.dates import utc_now

keys = typer.Typer(help="See, make and revoke the keys of the API.", no_args_is_help=True)


@keys.command("list")
def list_keys(as_json: Json = False, home: HomeDir = None) -> None:
    """Everybody's keys, the newest first."""
    with database(home) as engine:
        found = _of(engine, home).all(LOCAL_USER)
    if as_json:
        print_json({"keys": [key_json(key) for key in found]})
        return
    for key in found:
        used = f"last used {_day(key.used_at)}" if key.used_at else "never used"
        until = "expired" if key.is_expired(utc_now()) else f"until {_day(key.expires_at)}"
        print_text(
            f"{key.id:>6}  {key.hint}…  {key.name}  of {key.owner_name}  {', '.join(key.scopes)}  {until}  {used}"
        )


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What it is for, in a word or two.")],
    scopes: Annotated[list[str], typer.Option("--scope", help="What it may be used for; repeat it for several.")],
    service: Annotated[str | None, typer.Option("--service", help="The program it is for, made if it is new.")] = None,
    role: Annotated[Role, typer.Option("--role", help="The role of a new program.")] = Role.MEMBER,
    days: Annotated[int, typer.Option("--days", help="For how many days it is good.")] = DAYS,
    calls: Annotated[int, typer.Option("--calls-a-minute", help="How often it may be used.")] = CALLS_A_MINUTE,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Make a key, and show it once. Where people sign in, they make their own under Settings."""
    wanted = Wanted(name, tuple(_scope(each) for each in scopes), days, calls)
    with database(home) as engine:
        api_keys = _of(engine, home)
        made = _own(engine, api_keys, wanted) if service is None else _its(engine, api_keys, wanted, service, role)
    if as_json:
        print_json({**key_json(made.key), "key": made.secret})
    else:
        print_text(made.secret)
        say(f"This is shown once. The key is good until {_day(made.key.expires_at)}.")


@keys.command("revoke")
def revoke_key(
    number: Annotated[int, typer.Argument(metavar="ID", help="As `citewell keys list` shows it.")],
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """End a key for good, from the next call on."""
    with database(home) as engine:
        key = _of(engine, home).revoke(number, LOCAL_USER)
        record(engine, Action.API_KEY_REVOKED, key.name, **key.as_recorded)
    if as_json:
        print_json({"revoked": key.id})
    else:
        print_text(f"The key “{key.name}” lets nobody in any more.")


def _of(engine: Engine, home: HomeDir) -> ApiKeys:
    settings = Settings.read(home=home)
    return ApiKeys(engine, is_open=settings.sign_in == "none")


def _own(engine: Engine, api_keys: ApiKeys, wanted: Wanted) -> MadeKey:
    made = api_keys.create(wanted, LOCAL_USER)
    record(engine, Action.API_KEY_MADE, made.key.name, **made.key.as_recorded)
    return made


def _its(engine: Engine, api_keys: ApiKeys, wanted: Wanted, service: str, role: Role) -> MadeKey:
    known = _service(engine, api_keys, service, role)
    made = api_keys.create_for_service(known.id, wanted, LOCAL_USER)
    record(engine, Action.API_KEY_MADE, made.key.name, **made.key.as_recorded)
    return made


def _service(engine: Engine, api_keys: ApiKeys, name: str, role: Role) -> Service:
    for known in api_keys.services(LOCAL_USER):
        if known.name == name:
            return known
    if role not in SERVICE_ROLES:
        raise WrongUsage(f"A program is one of {', '.join(each.value for each in SERVICE_ROLES)}.")
    service = api_keys.create_service(name, role, LOCAL_USER)
    record(engine, Action.SERVICE_MADE, service.principal.key, role=role.value)
    return service


def _scope(word: str) -> KeyScope:
    for scope in SCOPES:
        if scope == word:
            return scope
    raise WrongUsage(f"{word!r} is nothing that a key is made for; choose among {', '.join(SCOPES)}.")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
