"""The data directory: what lies where, and the lock that lets one process write it."""

import json
import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.settings import Settings
from retrieval.errors import HomeBusy, HomeNotWritable

DATABASE_FILE = "citewell.sqlite"
_LOOKED_AT_S = 0.2
"""Whoever looks whether a home is held (`takes_work`) holds it himself for a moment."""


class Home:
    """A data directory that this process holds until `close`."""

    def __init__(self, path: Path, files: Path | None = None) -> None:
        """Creates and locks the directory; raises HomeNotWritable or HomeBusy. `files` is shared with other homes."""
        self.path = path
        self.files = files or path
        # Whichever thread closes the home lets go of it, not only the one that opened it.
        self._lock = FileLock(path / "lock", timeout=_LOOKED_AT_S, thread_local=False)
        try:
            for directory in (path, self.indexes, self.cache):
                directory.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._introduce(takes_work=False)
        except Timeout:
            raise HomeBusy(
                f"Citewell is already running on {path}{self._who()}; wait until it is done, stop it, or choose another --home."
            ) from None
        except (FileExistsError, NotADirectoryError) as error:
            raise HomeNotWritable(
                f"The data directory {path} cannot be written, for a file is in its place; choose another --home."
            ) from error
        except OSError as error:
            self._lock.release()
            raise HomeNotWritable(
                f"The data directory {path} cannot be written ({error.strerror or error}); "
                "make it writable, or choose another --home."
            ) from error

    @property
    def database_url(self) -> str:
        """SQLAlchemy's address of the SQLite file."""
        return database_url_of(self.path)

    @property
    def indexes(self) -> Path:
        """What can be built again from the database."""
        return self.path / "indexes"

    @property
    def cache(self) -> Path:
        """What can be computed again."""
        return cache_of(self.path)

    @property
    def originals(self) -> Path:
        """The files as they were given."""
        return originals_of(self.files)

    def offer_hand_over(self) -> None:
        """Tell other processes that this one takes work through the job table."""
        self._introduce(takes_work=True)

    def close(self) -> None:
        """Let another process have it."""
        with suppress(OSError):
            self._holder.unlink(missing_ok=True)
        self._lock.release()

    def _introduce(self, *, takes_work: bool) -> None:
        self._holder.write_text(json.dumps({"pid": os.getpid(), "takes_work": takes_work}), encoding="utf-8")

    @property
    def _holder(self) -> Path:
        return self.path / "lock.json"

    def _who(self) -> str:
        try:
            return f" (process {int(json.loads(self._holder.read_text('utf-8'))['pid'])})"
        except (OSError, ValueError, KeyError, TypeError):
            return ""


def cache_of(home: Path) -> Path:
    """Where a home keeps what can be computed again; usable without holding the home."""
    return home / "cache"


def originals_of(home: Path) -> Path:
    """Where a home keeps files as they were given; usable without holding the home."""
    return home / "originals"


def home_of(settings: Settings) -> Path:
    """The data directory that the settings name."""
    return settings.home.expanduser().absolute()


def files_of(settings: Settings) -> Path:
    """Where files as they were given and MLflow's are: a directory that several processes share, else the home."""
    return settings.files.expanduser().absolute() if settings.files is not None else home_of(settings)


def database_of(settings: Settings) -> str:
    """SQLAlchemy's address of the database that the settings name, with its password."""
    shared = settings.database_url
    return shared.get_secret_value() if shared is not None else database_url_of(home_of(settings))


def has_database(settings: Settings) -> bool:
    """Whether there is a database already, without making one; a shared one always counts."""
    return settings.database_url is not None or (home_of(settings) / DATABASE_FILE).is_file()


def database_url_of(home: Path) -> str:
    """SQLAlchemy's address of a home's SQLite file; usable without holding the home."""
    return f"sqlite:///{home / DATABASE_FILE}"


def takes_work(home: Path) -> bool:
    """Whether a process holds the home now that works off the job table."""
    try:
        with FileLock(home / "lock", timeout=0):
            return False
    except Timeout:
        pass
    try:
        return json.loads((home / "lock.json").read_text("utf-8")).get("takes_work") is True
    except (OSError, ValueError, AttributeError):
        return False
