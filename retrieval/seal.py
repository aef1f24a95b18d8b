"""Tells whether an index's files are as they were left: a damaged one may answer wrongly, or end its reader.

When an index is closed, the size and time of each of its files are written beside it. Files that differ at the next
start are not opened at all, for SQL can fill new ones. A process that was killed leaves no seal; its files are
opened, and if that ends the process, the next one finds the trial unfinished and starts with new files.
"""

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

log = logging.getLogger(__name__)


def clear(directory: Path) -> None:
    """Remove whatever is at a path; what may not be removed is moved out of the way."""
    try:
        if directory.is_dir() and not directory.is_symlink():
            shutil.rmtree(directory)
        else:
            directory.unlink(missing_ok=True)
    except OSError:
        aside = (directory.with_name(f"{directory.name}.damaged-{number}") for number in count())
        directory.rename(next(path for path in aside if not path.exists()))


class Seal:
    """The seal of one directory, kept in files beside it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._sealed = directory.with_name(f"{directory.name}.seal")
        self._trial = directory.with_name(f"{directory.name}.trial")

    def breaks(self) -> bool:
        """Take the seal off; whether the files are not those that were sealed, or ended whoever read them last."""
        sealed = self._read()
        died = self._trial.exists()
        with suppress(OSError):
            self._sealed.unlink(missing_ok=True)
            self._trial.unlink(missing_ok=True)
        if died or (sealed is not None and sealed != self._files()):
            log.warning("The files of %s are not as they were left; they are built again.", self._directory.name)
            return True
        return False

    def close(self) -> None:
        """Seal the files as they are; nothing may write them afterwards."""
        try:
            self._sealed.write_text(json.dumps(self._files()), encoding="utf-8")
        except OSError:  # Half a seal would be a broken one; without any, the files are looked at more closely.
            with suppress(OSError):
                self._sealed.unlink(missing_ok=True)

    @contextmanager
    def on_trial(self) -> Iterator[None]:
        """Within it, files are read for the first time. If the process ends meanwhile, they are not opened again."""
        with suppress(OSError):
            self._trial.touch()
        try:
            yield
        finally:
            with suppress(OSError):
                self._trial.unlink(missing_ok=True)

    def _read(self) -> dict[str, list[int]] | None:
        try:
            return dict(json.loads(self._sealed.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            return {"an unreadable seal": []}

    def _files(self) -> dict[str, list[int]]:
        found = {}
        for path in sorted(self._directory.rglob("*")):
            status = path.lstat()
            # Of a directory, what matters is that it is one: its time changes with the locks within.
            facts = [0, 0] if path.is_dir() else [status.st_size, status.st_mtime_ns]
            found[path.relative_to(self._directory).as_posix()] = [status.st_mode & 0o777, *facts]
        return found
