"""F15: a database that is cut short, overwritten or robbed of its log is refused and left as it is."""

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from retrieval.database import open_database
from retrieval.errors import HomeDamaged
from retrieval.library import Library

ROOT = Path(__file__).resolve().parents[2]
ROWS = 2000


def filled(file: Path) -> Path:
    """A database with some pages, closed in order."""
    engine = open_database(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE filling (id INTEGER PRIMARY KEY, words TEXT)"))
        connection.execute(text("CREATE INDEX filled ON filling (words)"))
        rows = [{"words": f"words {number} " * 20} for number in range(ROWS)]
        connection.execute(text("INSERT INTO filling (words) VALUES (:words)"), rows)
    engine.dispose()
    return file


def contents(directory: Path) -> dict[str, bytes]:
    """What every file holds; empty ones hold nothing, and SQLite's shared memory is no data."""
    found = {path.name: path.read_bytes() for path in directory.iterdir() if not path.name.endswith("-shm")}
    return {name: data for name, data in found.items() if data}


def refusal(file: Path) -> str:
    """Why the database is refused; every file is as it was afterwards."""
    before = contents(file.parent)
    with pytest.raises(HomeDamaged) as refused:
        open_database(f"sqlite:///{file}")
    assert contents(file.parent) == before
    assert "backup" in refused.value.hint
    assert "\n" not in refused.value.hint
    return refused.value.hint


def killed_with_a_log(file: Path) -> None:
    """A process that stores a collection and is killed, so that it lies in the log alone."""
    program = (
        "import os, sys\nfrom retrieval.database import open_database\nfrom retrieval.library import Library\n"
        "Library(open_database(sys.argv[1])).create_collection('kept')\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, f"sqlite:///{file}"], cwd=ROOT, check=False)
    assert done.returncode == -9


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.7, 0.99])
def test_a_database_that_was_cut_short_is_refused(share: float, tmp_path: Path) -> None:
    file = filled(tmp_path / "a.sqlite")
    os.truncate(file, int(file.stat().st_size * share))
    assert "nothing was changed" in refusal(file)


@pytest.mark.parametrize("seed", range(6))
def test_a_database_with_pages_of_rubbish_is_refused(seed: int, tmp_path: Path) -> None:
    file = filled(tmp_path / "a.sqlite")
    chance = random.Random(seed)
    pages = file.stat().st_size // 4096
    with file.open("r+b") as opened:
        for page in chance.sample(range(pages), pages // 4):
            opened.seek(page * 4096)
            opened.write(chance.randbytes(4096))
    assert "nothing was changed" in refusal(file)


def test_a_database_that_is_gone_is_not_begun_anew(tmp_path: Path) -> None:
    file = filled(tmp_path / "a.sqlite")
    file.unlink()
    assert "gone" in refusal(file)


def test_a_lost_log_is_noticed_and_the_way_on_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    killed_with_a_log(file)
    (tmp_path / "a.sqlite-wal").unlink()
    assert "a.sqlite-state" in refusal(file)
    (tmp_path / "a.sqlite-state").unlink()
    open_database(f"sqlite:///{file}").dispose()


def test_a_killed_process_with_its_log_is_no_damage(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    killed_with_a_log(file)
    with closing(Library(open_database(f"sqlite:///{file}"))) as library:
        assert [collection.name for collection in library.collections()] == ["kept"]


def test_a_new_place_and_a_database_closed_in_order_are_no_damage(tmp_path: Path) -> None:
    for _ in range(3):
        engine: Engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
        engine.dispose()
    assert not (tmp_path / "a.sqlite-wal").exists()


def test_an_engine_that_is_forgotten_leaves_no_false_alarm(tmp_path: Path) -> None:
    program = "import sys\nfrom retrieval.database import open_database\nengine = open_database(sys.argv[1])\n"
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    subprocess.run([sys.executable, "-c", program, url], cwd=ROOT, check=True)
    assert (tmp_path / "a.sqlite-state").read_bytes() == b"closed"
    open_database(url).dispose()


def test_two_processes_may_open_it_one_after_the_other_in_any_order(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    first, second = open_database(url), open_database(url)
    first.dispose()
    open_database(url).dispose()
    second.dispose()
    assert (tmp_path / "a.sqlite-state").read_bytes() == b"closed"
    open_database(url).dispose()


def test_a_migration_that_is_interrupted_leaves_no_table_behind(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE removals (id INTEGER)")  # The migration stumbles over it half-way.
    with pytest.raises(HomeDamaged, match="removals"):
        open_database(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert tables == ["removals"]
        connection.execute("DROP TABLE removals")
    open_database(f"sqlite:///{file}").dispose()
