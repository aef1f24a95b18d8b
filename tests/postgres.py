"""A PostgreSQL of the tests' own: a cluster in a temporary directory, which takes a moment to make and nothing to lose.

Its order of texts is a language's and its time zone is far from UTC, so that whatever rests on either comes to light.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from retrieval.database import open_database
from torture.stack.postgres import server_programs

KINDS = ("sqlite", "postgresql")
"""What the product can keep its data in; a test that asks for `database` runs with each."""
_ENOUGH_S = 60
_CURRENT = "of_today"
_NUMBERS = itertools.count()
_QUICK = ("fsync=off", "full_page_writes=off", "max_connections=200", "timezone=Asia/Kolkata")


class Cluster:
    """A server with any number of databases, reached by a socket in its own directory."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._user = None if os.geteuid() else "postgres"  # The server refuses to run as root.
        self._directory = Path(tempfile.mkdtemp(prefix="citewell-pg-"))
        if self._user:
            os.chown(self._directory, pwd.getpwnam(self._user).pw_uid, -1)
            self._directory.chmod(0o755)
        self._data = self._directory / "data"
        self._server: subprocess.Popen[bytes] | None = None
        self._has_current = False
        options = ("--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8")
        order = ("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")
        subprocess.run(
            [programs / "initdb", "-D", self._data, *options, *order],
            user=self._user, cwd=self._directory, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self.start()

    def url(self, name: str, *, template: str = "template1") -> str:
        """The address of a new database of this name, a copy of another; one that was there before is gone."""
        with self._administration() as connection:
            names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {name} WITH (FORCE)").format(**names))
            connection.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**names))
        return self.address(name)

    def current(self, name: str) -> str:
        """The address of a new database of this name with the schema of today."""
        if not self._has_current:
            open_database(self.url(_CURRENT)).dispose()
            self._has_current = True
        return self.url(name, template=_CURRENT)

    def address(self, name: str) -> str:
        """The address of a database that may be there."""
        return f"postgresql+psycopg://postgres@/{name}?host={self._directory}"

    def run(self, statement: LiteralString) -> None:
        """Carry out a statement as the administrator, outside any of our databases."""
        with self._administration() as connection:
            connection.execute(statement)

    def drop(self, name: str) -> None:
        """Remove a database with whoever is connected to it."""
        with self._administration() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Returns once it answers."""
        command = [self._programs / "postgres", "-D", self._data, "-k", self._directory, "-h", ""]
        with (self._directory / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [*command, *(part for option in _QUICK for part in ("-c", option))],
                user=self._user, cwd=self._directory, stdout=log, stderr=log,
            )  # fmt: skip
        until = time.monotonic() + _ENOUGH_S
        while True:
            try:
                self._administration().close()
                return
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self._directory / "log").read_text("utf-8", "replace")) from None
                time.sleep(0.02)

    def stop(self, *, immediately: bool = False) -> None:
        """End every connection and the server; `immediately`, as if it had been killed."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT if immediately else signal.SIGINT)
            self._server.wait(_ENOUGH_S)
            self._server = None

    def restart(self, *, immediately: bool = False) -> None:
        """Stop and start."""
        self.stop(immediately=immediately)
        self.start()

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        with suppress(ProcessLookupError):
            self.stop(immediately=True)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _administration(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host=str(self._directory), user="postgres", dbname="postgres", autocommit=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running server without databases of ours."""
    where = server_programs()
    if where is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    cluster = Cluster(where)
    yield cluster
    cluster.remove()


@contextmanager
def new_database(kind: str, directory: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database of this kind, which is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{directory / 'library.sqlite'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = f"of_a_test_{next(_NUMBERS)}"
    yield cluster.current(name)
    cluster.drop(name)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new database, of each kind."""
    with new_database(request.param, tmp_path, request) as address:
        yield address


@pytest.fixture(scope="module", params=KINDS)
def shared_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same for all tests of a module."""
    with new_database(request.param, tmp_path_factory.mktemp("database"), request) as address:
        yield address
