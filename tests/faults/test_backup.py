"""F29: what was backed up while the app worked is restored elsewhere as it was; whatever is not whole changes nothing."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER, scope_of
from assistant.archive import Kept, Manifest, as_json, check_archive
from assistant.backup import back_up
from assistant.errors import ArchiveRefused
from assistant.home import DATABASE_FILE, Home
from assistant.restore import restore
from assistant.settings import Settings
from assistant.triage.registry import open_registry
from assistant.triage.tables import read_tickets
from assistant.triage.training import train_model
from retrieval.errors import HomeBusy, HomeDamaged, HomeTooNew
from tests.assistant.test_cli import ROOT, citewell
from torture.backups import WAYS, Restoring, files_of, opened, rows_of
from torture.folder import marker


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Restoring:
    """A home of twenty documents and a conversation, and a backup that was made while half of them were read in."""
    return Restoring(tmp_path_factory.mktemp("backup"), documents=10, seed=20260403)


@pytest.fixture
def archive(made: Restoring, tmp_path: Path) -> Path:
    """A backup of the home at rest."""
    back_up(made.home, tmp_path / "rest.citewell")
    return tmp_path / "rest.citewell"


def manifest_of(archive: Path) -> Manifest:
    return check_archive(archive)


def rewritten(archive: Path, change: dict[str, bytes | None], manifest: Manifest) -> Path:
    """The archive with other files in it, and that manifest."""
    other = archive.with_name("other.citewell")
    with zipfile.ZipFile(archive) as reading, zipfile.ZipFile(other, "w") as writing:
        files = (
            {name: reading.read(name) for name in reading.namelist()} | change | {"manifest.json": as_json(manifest)}
        )
        for name, data in files.items():
            if data is not None:
                writing.writestr(name, data)
    return other


def test_an_empty_place_has_everything_again_and_its_indexes_are_built_anew(made, archive, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "home"
    restored = restore(archive, elsewhere)
    assert restored.put_aside is None
    assert rows_of(elsewhere) == rows_of(made.home)
    assert files_of(elsewhere) == files_of(made.home)
    assert len(files_of(elsewhere)) == 20
    assert list((elsewhere / "indexes").iterdir()) == []
    with closing(opened(elsewhere)) as again:
        again.background.wait()
        scope = scope_of(LOCAL_USER, again.library)
        found = again.search.passages(f"What says {marker(1, 0)}?", scope=scope, limit=3).passages
        assert any(marker(1, 0) in passage.text for passage in found)
        assert all({"dense", "lexical"} >= passage.found_by for passage in found)


def test_a_backup_made_while_documents_were_read_in_is_one_whole_moment(made, tmp_path):
    restore(made.archive, tmp_path / "home")
    tables = rows_of(tmp_path / "home")
    documents = {row[0] for row in tables["documents"]}
    assert 10 <= len(documents) <= 20
    assert {row[1] for row in tables["chunks"]} == documents
    with closing(sqlite3.connect(tmp_path / "home" / DATABASE_FILE)) as connection:
        wanted = {sha256 for (sha256,) in connection.execute("SELECT sha256 FROM documents")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert wanted <= files_of(tmp_path / "home").keys()


def test_damaged_archives_are_refused_before_anything_is_changed_or_do_no_harm(made):
    attempts = tuple(made.attempts(6 * len(WAYS)))
    assert [attempt.problem for attempt in attempts if attempt.problem] == []
    assert sum(attempt.refused for attempt in attempts) > len(attempts) / 2


def test_the_backup_is_for_its_owner_alone_and_takes_the_place_of_an_older_one(made, tmp_path):
    target = tmp_path / "backup"
    target.write_bytes(b"older")
    back_up(made.home, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert check_archive(target).files
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup"]


def test_a_damaged_database_is_not_backed_up_and_the_older_backup_stays(made, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    with (home / DATABASE_FILE).open("r+b") as file:
        file.seek(8 * 4096)
        file.write(os.urandom(40 * 4096))
    (tmp_path / "backup").write_bytes(b"older")
    with pytest.raises(HomeDamaged, match="nothing was changed"):
        back_up(home, tmp_path / "backup")
    assert (tmp_path / "backup").read_bytes() == b"older"


def test_nothing_is_backed_up_where_there_is_nothing(tmp_path):
    with pytest.raises(ArchiveRefused, match="nothing to back up"):
        back_up(tmp_path, tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


# Where it may be restored.


def test_a_home_in_use_is_refused(archive, tmp_path):
    with closing(Home(tmp_path / "home")), pytest.raises(HomeBusy):
        restore(archive, tmp_path / "home")


def test_a_home_with_data_is_refused_and_left_as_it_is(archive, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "letters.txt").write_text("mine")
    with pytest.raises(ArchiveRefused, match="not empty"):
        restore(archive, home)
    assert [path.name for path in home.iterdir()] == ["letters.txt"]


def test_what_was_there_is_put_aside_where_that_is_wanted(made, archive, tmp_path):
    home = tmp_path / "home"
    with closing(opened(home)) as before:
        before.library.create_collection("Before")
    (home / "letters.txt").write_text("mine")
    aside = restore(archive, home, replace=True).put_aside
    assert aside is not None
    assert [row[1] for row in rows_of(aside)["collections"]] == ["Before"]
    assert rows_of(home) == rows_of(made.home)
    assert (home / "letters.txt").read_text() == "mine"


def test_a_restore_that_was_killed_is_no_hindrance_to_the_next(made, archive, tmp_path):
    left = tmp_path / "home" / ".restoring-killed"
    left.mkdir(parents=True)
    (left / DATABASE_FILE).write_bytes(b"half")
    restore(archive, tmp_path / "home")
    assert not left.exists()
    assert rows_of(tmp_path / "home") == rows_of(made.home)


# What an archive may not do.


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/evil",
        "originals/../../evil",
        "originals/aa/../../../evil",
        "mlflow/../evil",
        "mlflow/a/../../evil",
        "mlflow\\..\\evil",
        "mlflow/C:evil",
        "mlflow/a\nb",
        "lock",
        "indexes/dense/0/chroma.sqlite3",
        "citewell.sqlite-wal",
    ],
)
def test_no_file_of_another_name_gets_in(name, archive, tmp_path):
    manifest = manifest_of(archive)
    kept = Kept("2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", 3)
    forged = rewritten(archive, {name: b"foo"}, replace(manifest, files={**manifest.files, name: kept}))
    with pytest.raises(ArchiveRefused):
        restore(forged, tmp_path / "home")
    assert not (tmp_path / "home").exists()
    assert not list(tmp_path.rglob("evil"))


def test_a_file_that_is_longer_than_its_manifest_says_is_not_unpacked(archive, tmp_path):
    manifest = manifest_of(archive)
    name = next(name for name in manifest.files if name.startswith("originals/"))
    with pytest.raises(ArchiveRefused):
        restore(rewritten(archive, {name: bytes(50_000_000)}, manifest), tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_an_archive_that_lacks_a_file_or_has_one_more_is_refused(archive, tmp_path):
    manifest = manifest_of(archive)
    name = next(name for name in manifest.files if name.startswith("originals/"))
    more = f"originals/aa/{'a' * 64}"
    for change in ({name: None}, {more: b"foo"}):
        with pytest.raises(ArchiveRefused):
            restore(rewritten(archive, change, manifest), tmp_path / "home")


def test_a_newer_schema_is_refused_and_nothing_is_there(made, tmp_path):
    home = tmp_path / "newer"
    shutil.copytree(made.home, home)
    with closing(sqlite3.connect(home / DATABASE_FILE)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    back_up(home, tmp_path / "backup")
    with pytest.raises(HomeTooNew):
        restore(tmp_path / "backup", tmp_path / "home")
    assert not (tmp_path / "home" / DATABASE_FILE).exists()
    assert not list((tmp_path / "home").glob(".restoring-*"))


def test_sign_ins_invitations_and_api_keys_of_the_day_of_the_backup_hold_no_longer(made, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    with closing(sqlite3.connect(home / DATABASE_FILE)) as connection, connection:
        day = "2026-11-27 10:00:00.000000"
        person = (1, "issuer", "anna", "Anna", "", "member", 0, day, day)
        connection.execute("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", person)
        connection.execute("INSERT INTO sign_ins VALUES ('key', 1, ?, ?, NULL)", (day, day))
        connection.execute("INSERT INTO invitations VALUES ('key', 'admin', ?, ?)", (day, "2999-11-27 10:00:00.000000"))
        columns = "hash, hint, name, owner, person_id, scopes, created_at, expires_at, calls_a_minute, minute_calls"
        key = ("hash", "cwk_", "Mine", "issuer|anna", 1, '["ask"]', day, "2999-11-27 10:00:00.000000", 60, 0)
        connection.execute(f"INSERT INTO api_keys ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", key)
    back_up(home, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "again")
    with closing(sqlite3.connect(tmp_path / "again" / DATABASE_FILE)) as connection:
        assert connection.execute("SELECT count(*) FROM sign_ins WHERE ended_at IS NULL").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM sign_ins").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM invitations").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM api_keys").fetchone() == (0,)


def test_triage_models_are_found_where_the_home_is_now(made, embedder, tmp_path):
    home = tmp_path / "old place"
    shutil.copytree(made.home, home)
    tickets = read_tickets(ROOT / "examples/tickets/resolved.csv").tickets
    version = open_registry(Settings.read(home=home)).add(train_model(tickets, embedder), {})
    back_up(home, tmp_path / "backup")
    shutil.rmtree(home)
    restore(tmp_path / "backup", tmp_path / "new place")
    champion = open_registry(Settings.read(home=tmp_path / "new place")).champion()
    assert champion is not None
    assert champion.number == version.number
    assert len(champion.model.tickets) > 0


# As commands, the app running.


def test_the_commands_work_beside_a_running_app_and_say_what_the_archive_holds(made, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    file = tmp_path / "backup"
    with closing(opened(home)) as running:
        running.home.offer_hand_over()
        done = citewell(home, "backup", str(file))
        refused = citewell(home, "restore", str(file))
        (entry,) = running.audit.entries(limit=1)
    assert done.code == 0, done.err
    assert "key" in done.err
    assert "secrets.toml" in done.err
    assert (entry.action, entry.target) == ("backed up", "backup")
    assert refused.is_one_sentence()
    restored = citewell(tmp_path / "again", "restore", str(file), "--json")
    assert restored.json["home"] == str(tmp_path / "again")
    assert restored.json["schema"] == manifest_of(file).schema
    assert rows_of(tmp_path / "again") == rows_of(home)


def test_a_process_killed_while_it_writes_leaves_the_older_backup(made, tmp_path):
    (tmp_path / "backup").write_bytes(b"older")
    program = (
        "import os, sys, assistant.backup as b\nfrom pathlib import Path\n"
        "def killed(*_): os.kill(os.getpid(), 9)\nb.check_archive = killed\n"
        "b.back_up(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", program, str(made.home), str(tmp_path / "backup")]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -9
    assert (tmp_path / "backup").read_bytes() == b"older"
    back_up(made.home, tmp_path / "backup")
    assert json.loads(zipfile.ZipFile(tmp_path / "backup").read("manifest.json"))["format"] == 1
