"""A PostgreSQL cluster in a directory of its own, reached over loopback."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from torture.stack.part import Part, StackError

_USER = "citewell"
_PASSWORD_BYTES = 18


class Postgres:
    """The cluster: `part` runs it, `url` reaches its database."""

    def __init__(self, logs: Path, *, port: int) -> None:
        if (programs := server_programs()) is None:
            raise StackError("PostgreSQL's server is not installed (apt install postgresql)")
        # The server refuses to run as root, and whoever it runs as may not enter a directory of root's.
        self._user = None if os.geteuid() else "postgres"
        self._directory = Path(tempfile.mkdtemp(prefix="citewell-postgres-"))
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        self._make(programs, password)
        self.url = f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres"
        places = ("-D", self._directory / "data", "-h", "127.0.0.1", "-p", str(port), "-k", self._directory)
        self.part = Part(
            "PostgreSQL",
            (programs / "postgres", *places, "-c", "max_connections=200"),
            logs / "postgres.log",
            self._takes_connections,
            directory=self._directory,
            user=self._user,
        )

    def remove(self) -> None:
        """Leave nothing behind, once the server has ended."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _make(self, programs: Path, password: str) -> None:
        secret = self._directory / "password"
        secret.write_text(password, "utf-8")
        if self._user:
            owner = pwd.getpwnam(self._user)
            for path in (self._directory, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        options = ("--auth=scram-sha-256", f"--username={_USER}", f"--pwfile={secret}", "--encoding=UTF8")
        command = (programs / "initdb", "-D", self._directory / "data", "--locale=C.UTF-8", "--no-sync", *options)
        done = subprocess.run(
            command, user=self._user, cwd=self._directory, capture_output=True, text=True, check=False
        )
        secret.unlink()
        if done.returncode:
            raise StackError(f"PostgreSQL's cluster could not be made:\n{done.stderr}")

    def _takes_connections(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def server_programs() -> Path | None:
    """Where PostgreSQL's server is: in the path, or where Debian keeps the newest of its versions."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None
