"""Makes a backup of a home while documents are read into it, damages copies of it, and restores all of them.

A damaged archive is refused with one sentence and nothing is changed, or it was harmless and all of it is there.
"""

import random
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.access import LOCAL_USER
from assistant.backup import back_up
from assistant.bootstrap import Citewell, open_citewell
from assistant.errors import ArchiveRefused
from assistant.home import DATABASE_FILE
from assistant.restore import restore
from assistant.settings import Settings
from torture.folder import marker, write_folder
from torture.victim import COLLECTION

NOT_THE_SAME = frozenset(("sign_ins", "invitations", "jobs", "audit"))
"""Tables in which a restored home differs: nobody is signed in, it tidies up, and it says that it was restored."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One archive, how it was damaged, whether it was refused, and what was wrong with that."""

    number: int
    way: str
    refused: bool
    problem: str | None


def opened(home: Path) -> Citewell:
    """A home without the sample company and without a model."""
    settings = Settings.read(home=home, sample=False)
    return open_citewell(settings.model_copy(update={"openai_base_url": None, "openai_api_key": None}))


def rows_of(home: Path) -> dict[str, list[Any]]:
    """All that a home's database says, table by table."""
    with closing(sqlite3.connect(f"{(home / DATABASE_FILE).as_uri()}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = sorted(name for name in names if name not in NOT_THE_SAME and not name.startswith("sqlite_"))
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in kept}


def files_of(home: Path) -> dict[str, bytes]:
    """Every original."""
    found = sorted((home / "originals").glob("??/*"))
    return {path.name: path.read_bytes() for path in found}


class Restoring:
    """Archives below a directory, of one home into which more is read while the backup is made."""

    def __init__(self, directory: Path, *, documents: int, seed: int) -> None:
        """Reads half of the documents in, and makes the backup while the other half is read."""
        self._directory = directory
        self._chance = random.Random(seed)
        self.archive = directory / "whole.citewell"
        self.home = directory / "home"
        write_folder(directory / "first", documents=documents, version=0)
        write_folder(directory / "second", documents=documents, version=1)
        with closing(opened(self.home)) as citewell:
            citewell.intake.read_paths([directory / "first"], collection=COLLECTION)
            conversation = citewell.conversations.create(LOCAL_USER)
            tuple(
                citewell.assistant.ask(f"What says {marker(1, 0)}?", conversation_id=conversation, principal=LOCAL_USER)
            )
            self._while_reading(citewell)

    def _while_reading(self, citewell: Citewell) -> None:
        problems: list[BaseException] = []

        def read() -> None:
            try:
                citewell.intake.read_paths([self._directory / "second"], collection=f"{COLLECTION} 2")
            except BaseException as error:  # noqa: BLE001 - it is raised below
                problems.append(error)

        reading = threading.Thread(target=read)
        reading.start()
        back_up(self.home, self.archive)
        reading.join()
        if problems:
            raise problems[0]

    def attempts(self, count: int) -> Iterator[Attempt]:
        """Restore the whole archive, then that many damaged ones."""
        whole = self._directory / "restored"
        restore(self.archive, whole)
        expected = rows_of(whole), files_of(whole)
        for number in range(count):
            way = WAYS[number % len(WAYS)]
            damaged = self._directory / "damaged.citewell"
            shutil.copy(self.archive, damaged)
            said = way(damaged, self._chance)
            yield self._attempt(number, said, damaged, expected)

    def _attempt(self, number: int, said: str, archive: Path, expected: Any) -> Attempt:
        home = self._directory / f"of-{number}"
        try:
            restore(archive, home)
        except ArchiveRefused as refused:
            problem = "it changed something" if home.exists() else None
            problem = "it was not one sentence" if not _is_sentence(refused.hint) else problem
            return Attempt(number, said, True, problem)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            return Attempt(number, said, False, f"{said}: not a sentence: {type(error).__name__}: {error}")
        problem = None if (rows_of(home), files_of(home)) == expected else f"{said}: restored something else"
        shutil.rmtree(home)
        return Attempt(number, said, False, problem)


def _is_sentence(hint: str) -> bool:
    return "\n" not in hint and "nothing was changed" in hint


# Ways of damaging.


def _cut(archive: Path, chance: random.Random) -> str:
    size = chance.randrange(archive.stat().st_size)
    with archive.open("r+b") as file:
        file.truncate(size)
    return f"cut off after {size} bytes"


def _flip(archive: Path, chance: random.Random) -> str:
    data = bytearray(archive.read_bytes())
    places = [chance.randrange(len(data)) for _ in range(chance.choice((1, 1, 8)))]
    for place in places:
        data[place] ^= 1 << chance.randrange(8)
    archive.write_bytes(data)
    return f"flipped a bit at {places}"


def _flip_at_the_end(archive: Path, chance: random.Random) -> str:
    """Where the names of all files stand once more."""
    data = bytearray(archive.read_bytes())
    place = len(data) - 1 - chance.randrange(min(4_000, len(data)))
    data[place] ^= 1 << chance.randrange(8)
    archive.write_bytes(data)
    return f"flipped a bit at {place}, near the end"


def _zero(archive: Path, chance: random.Random) -> str:
    data = bytearray(archive.read_bytes())
    start = chance.randrange(len(data))
    data[start : start + 4096] = bytes(len(data[start : start + 4096]))
    archive.write_bytes(data)
    return f"zeroed 4 kB from {start}"


def _drop_middle(archive: Path, chance: random.Random) -> str:
    data = archive.read_bytes()
    start = chance.randrange(len(data))
    archive.write_bytes(data[:start] + data[start + chance.randrange(1, 10_000) :])
    return f"took something out at {start}"


WAYS: tuple[Callable[[Path, random.Random], str], ...] = (_cut, _flip, _flip_at_the_end, _zero, _drop_middle)
