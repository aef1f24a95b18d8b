"""`citewell admin export` and `erase`, as scripts call them."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import pytest

from assistant.access import LOCAL_USER
from assistant.worker import Worker
from tests.assistant.canaries import files_with
from tests.assistant.people import CANARY, anna, boss, opened
from tests.assistant.test_cli import citewell

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(fresh_home: Path) -> Path:
    """A home with an administrator, who is number 1, and Anna, who is number 2; closed."""
    with closing(opened(fresh_home)) as made:
        boss(made)
        anna(made)
    return fresh_home


def test_a_person_is_taken_out_to_a_file_that_its_owner_alone_may_read(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "anna.zip"
    told = citewell(home, "admin", "export", "2", "-o", str(file), "--json").json
    assert told == {"file": str(file), "conversations": 2, "files": 1, "bytes": file.stat().st_size}
    assert file.stat().st_mode & 0o777 == 0o600
    assert "about.json" in ZipFile(file).namelist()
    assert f"{CANARY}name" in ZipFile(file).read("about.json").decode()


def test_a_disk_that_is_full_is_one_sentence_and_leaves_no_part_of_a_file(home: Path, tmp_path: Path) -> None:
    with closing(opened(home)) as held:
        conversation_id = held.conversations.create(boss(held))
        held.attached.attach(conversation_id, boss(held), [("large.bin", os.urandom(6 << 20))])
    file = tmp_path / "boss.zip"
    limited = ["bash", "-c", 'ulimit -f 4096; exec "$@"', "limited", sys.executable, "-m", "assistant"]
    done = subprocess.run(
        [*limited, "admin", "export", "1", "-o", str(file), "--home", str(home)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_nobody_is_erased_before_it_was_confirmed_and_nothing_is_left_afterwards(home: Path) -> None:
    asked = citewell(home, "admin", "erase", "2")
    assert asked.code == 1
    assert "What stays: rows of the audit log" in asked.err
    assert files_with(home, CANARY)
    told = citewell(home, "admin", "erase", "2", "--yes", "--json").json
    assert told == {"erased": True, "conversations": 2, "files": 1}
    assert files_with(home, CANARY) == []
    assert "person erased" in citewell(home, "audit").out
    again = citewell(home, "admin", "erase", "2", "--yes")
    assert (again.code, "nobody of this number" in again.err) == (1, True)


@pytest.mark.parametrize("who", ["99", "anna", "²", "1.5", "9" * 30])
def test_an_unknown_person_is_one_sentence(tmp_path: Path, who: str) -> None:
    for arguments in (("erase", who, "--yes"), ("export", who, "-o", str(tmp_path / "x.zip"))):
        done = citewell(tmp_path / "home", "admin", *arguments)
        assert done.code in {1, 2}
        assert "citewell admin people" in done.err
        assert not (tmp_path / "x.zip").exists()


def test_the_last_administrator_is_one_sentence(home: Path) -> None:
    done = citewell(home, "admin", "erase", "1", "--yes", "--json")
    assert (done.code, "last administrator" in done.json["error"]) == (1, True)


def test_while_the_app_runs_it_does_the_work(home: Path) -> None:
    with closing(opened(home)) as held:
        Worker(held).start()
        told = citewell(home, "admin", "erase", "2", "--yes", "--json").json
        assert told == {"erased": True, "conversations": 2, "files": 1}
        assert [person.name for person in held.accounts.list(LOCAL_USER)] == ["Boss"]
    assert files_with(home, CANARY) == []


def test_whoever_sits_at_the_machine_is_called_local(home: Path, tmp_path: Path) -> None:
    with closing(opened(home)) as held:
        held.conversations.begin(held.conversations.create(LOCAL_USER), LOCAL_USER, "Hm?")
    told = citewell(home, "admin", "export", "local", "-o", str(tmp_path / "me.zip"), "--json").json
    assert told["conversations"] == 1
    assert citewell(home, "admin", "erase", "local", "--yes", "--json").json["conversations"] == 1
    with closing(opened(home)) as held:
        assert held.threads.list(LOCAL_USER) == ()
