"""A PostgreSQL cluster in a directory of its own, reached over loopback."""

import os
import pwd
import secrets
import shutil
import socket
import struct
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from torture.stack.part import Part, StackError

_USER, _DATABASE = "citewell", "citewell"
_LONG = 12


class Postgres:
    """The cluster: `part` runs it, `url` reaches its database."""

    def __init__(self, logs: Path, *, port: int) -> None:
        self._programs = _programs()
        # The server refuses to run as root, and whoever it runs as may not enter a directory of root's.
        self._user = None if os.geteuid() else "postgres"
        self._directory = Path(tempfile.mkdtemp(prefix="citewell-postgres-"))
        password = secrets.token_urlsafe(_LONG)
        self.url = f"postgresql://{_USER}:{password}@127.0.0.1:{port}/{_DATABASE}"
        self._make(password)
        command = (self._programs / "postgres", "-D", self._data, "-h", "127.0.0.1", "-p", str(port))
        options = ("-c", f"unix_socket_directories={self._directory}", "-c", "max_connections=200")
        self.part = Part(
            "PostgreSQL",
            (*command, *options),
            logs / "postgres.log",
            lambda: _speaks(port),
            directory=self._directory,
            user=self._user,
        )

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    def _make(self, password: str) -> None:
        secret = self._directory / "password"
        secret.write_text(password, "utf-8")
        if self._user:
            owner = pwd.getpwnam(self._user)
            for path in (self._directory, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        options = ("--no-sync", "--auth=scram-sha-256", f"--username={_USER}", f"--pwfile={secret}", "--encoding=UTF8")
        self._run(self._programs / "initdb", "-D", self._data, "--locale=C.UTF-8", *options)
        secret.unlink()
        # Single-user mode, before anything listens.
        create = (self._programs / "postgres", "--single", "-D", self._data, "postgres")
        self._run(*create, said=f"CREATE DATABASE {_DATABASE}\n")

    def _run(self, *command: str | Path, said: str | None = None) -> None:
        done = subprocess.run(
            command, input=said, user=self._user, cwd=self._directory, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StackError(done.stderr)

    def remove(self) -> None:
        """Leave nothing behind; the server has ended."""
        shutil.rmtree(self._directory, ignore_errors=True)


def _programs() -> Path:
    """In the path, or where Debian keeps the newest of its versions."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not versions:
        raise StackError("PostgreSQL's server is not installed (apt install postgresql)")
    return versions[-1].parent


def _speaks(port: int) -> bool:
    """Whether it takes connections: while it recovers, it listens and sends people away."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        startup = struct.pack("!ii", 0, 196608) + f"user\0{_USER}\0database\0{_DATABASE}\0\0".encode()
        connection.sendall(struct.pack("!i", len(startup)) + startup[4:])
        # R: it asks for the password. E: it is starting, or at its end.
        return connection.recv(1) == b"R"
    return False
