"""The app behind a real OpenID provider on loopback, with four people."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from assistant.access import LOCAL_USER
from assistant.accounts import Accounts, Person
from assistant.groups import Grant, Groups
from retrieval.database import open_database
from retrieval.library import Library
from tests.browser.serving import App, free_port, served

PEOPLE = (
    {"sub": "anna", "name": "Anna", "email": "anna@staff.example", "email_verified": True, "groups": ["Sales"]},
    {"sub": "bela", "name": "Bela", "email": "bela@staff.example", "email_verified": True, "groups": ["Workshop"]},
    {"sub": "chief", "name": "Chief", "email": "chief@elsewhere.example", "email_verified": True},
    {"sub": "liar", "name": "Liar", "email": "liar@staff.example", "email_verified": False},
)


@contextmanager
def provider(port: int) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """An OpenID provider on loopback with these people: the address of its metadata, and its process."""
    users = [part for person in PEOPLE for part in ("--user-claims", json.dumps(person))]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        str(port),
        "--require-nonce",
        "true",
    ]
    process = subprocess.Popen([*command, *users], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(url, timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        yield url, process
    finally:
        process.terminate()
        process.wait(10)


@dataclass(frozen=True, slots=True)
class Office:
    """The app behind a provider, with its database."""

    app: App
    engine: Engine
    provider: "subprocess.Popen[bytes]"

    @property
    def accounts(self) -> Accounts:
        return Accounts(self.engine)

    @property
    def groups(self) -> Groups:
        return Groups(self.engine)

    def person(self, name: str) -> Person:
        return next(person for person in self.accounts.list(LOCAL_USER) if person.name == name)

    def open_to(self, *group_names: str) -> None:
        """Let exactly these groups read the sample company."""
        ids = [group.id for group in self.groups.list(LOCAL_USER) if group.name in group_names]
        (collection,) = Library(self.engine).collections()
        self.groups.grant(collection.id, tuple(Grant(id_, None, may_edit=False) for id_ in ids), LOCAL_USER)


@contextmanager
def opened_office(home: Path, **settings: str) -> Iterator[Office]:
    """This home behind a sign-in that admits whoever has a verified address at staff.example."""
    directory = home.parent
    (directory / ".streamlit").mkdir()
    with provider(free_port()) as (metadata, process):
        (directory / ".streamlit" / "secrets.toml").write_text(
            "[auth]\n"
            'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            f'cookie_secret = "{os.urandom(32).hex()}"\n'
            'client_id = "citewell"\nclient_secret = "of no worth"\n'
            f'server_metadata_url = "{metadata}"\n'
        )
        behind = {"HOME": str(directory), "CITEWELL_SIGN_IN": "oidc", "CITEWELL_ADMIT": "staff.example"}
        with served(home, **behind, **settings) as app:
            engine = open_database(f"sqlite:///{home / 'citewell.sqlite'}")
            try:
                yield Office(app, engine, process)
            finally:
                engine.dispose()
