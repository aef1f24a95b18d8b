"""What is recorded of work, by whoever began it and wherever it ran; and the audit log on the command line."""

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER
from assistant.audit import Action, Audit, Entry, Sought
from assistant.bootstrap import Citewell, open_citewell
from assistant.handover import perform
from assistant.operations import Reporter
from assistant.settings import Settings
from assistant.worker import Worker
from retrieval.database import open_database
from tests.assistant.test_cli import citewell as run
from tests.assistant.test_worker import ended
from tests.assistant.turns import ANNA
from tests.homes import new_home


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Citewell]:
    """An open home with its worker, as the app holds it."""
    settings = Settings.read(home=new_home(tmp_path / "home")).model_copy(update={"sample": False})
    with closing(open_citewell(settings)) as citewell:
        Worker(citewell).start()
        yield citewell


def carry_through(citewell: Citewell, kind: str, work: Mapping[str, object]) -> None:
    job_id = citewell.jobs.add(kind, work, owner=ANNA.key)
    citewell.wake.set()
    ended(citewell, job_id)


def carried_out(citewell: Citewell, kind: str, **work: object) -> tuple[Entry, ...]:
    """The entries of a job of Anna's."""
    before = citewell.audit.entries(limit=1)
    carry_through(citewell, kind, work)
    entries = citewell.audit.entries()
    return tuple(entry for entry in entries if not before or entry.id > before[0].id)


def test_files_that_are_read_in_and_deleted_are_recorded_with_who_asked_for_it(app):
    collection_id = app.library.create_collection("Pets").id
    uploads = [
        ["Cats.md", app.originals.keep_data(b"# Cats\n\nCats sleep.\n")],
        ["none.md", app.originals.keep_data(b"")],
    ]
    (read,) = carried_out(app, "read_uploads", collection_id=collection_id, uploads=uploads)
    assert (read.actor, read.action, read.target, read.outcome) == (ANNA.key, "documents read in", "Pets", "done")
    assert (read.detail["added"], read.detail["failed"], read.detail["files"]) == (1, 1, ["Cats.md", "none.md"])
    document_id = app.library.document_at("Cats.md", frozenset({collection_id}))
    (deleted,) = carried_out(app, "delete_documents", ids=[document_id])
    assert (deleted.action, deleted.detail["files"]) == ("documents deleted", ["Pets: Cats.md"])
    (gone,) = carried_out(app, "delete_collection", collection_id=collection_id)
    assert (gone.action, gone.target, gone.detail["deleted"]) == ("collection deleted", "Pets", 0)


def test_what_fails_is_recorded_as_failed_and_what_changes_nothing_is_not_recorded(app, tmp_path):
    (failed,) = carried_out(app, "sync", collection="Nowhere", folder=str(tmp_path / "absent"))
    assert (failed.target, failed.outcome) == ("Nowhere", "failed")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nA thing.\n")
    work = {"collection": "Things", "folder": str(folder)}
    assert carried_out(app, "sync", dry_run=True, **work) == ()
    assert len(carried_out(app, "sync", **work)) == 1
    assert carried_out(app, "sync", **work) == ()
    (folder / "a.md").unlink()
    (folder / "b.md").write_text("# B\n\nB thing.\n")
    (synced,) = carried_out(app, "sync", **work)
    assert synced.detail["removed_files"] == ["a.md"]


def test_files_of_a_conversation_and_questions_are_their_owners_affair(app):
    conversation = app.conversations.create(ANNA)
    app.conversations.begin(conversation, ANNA, "What?")
    app.attached.attach(conversation, ANNA, [("secret plan.md", b"# Plan\n\nA plan.\n")])
    for job in app.jobs.open():
        ended(app, job.id)
    carry_through(app, "search", {"text": "plan", "limit": 3})
    assert app.audit.entries() == ()


# On the command line.


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which commands have done something of each kind."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("files")
    (folder / "leave.md").write_text("# Leave\n\nEverybody has 30 days of paid leave a year.\n", "utf-8")
    (folder / "rules.txt").write_text("Say colleague.", "utf-8")
    settings = Settings.read(home=home)
    perform(settings, "ingest", {"paths": [str(folder / "leave.md")], "collection": "People"}, Reporter())
    commands = (
        ("collections", "create", "=SUM(A1:A9)"),
        ("collections", "rename", "=SUM(A1:A9)", "+Renamed"),
        ("rules", "set", str(folder / "rules.txt")),
        ("rules", "restore", "1"),
        ("admin", "invite", "--role", "editor"),
    )
    for command in commands:
        done = run(home, *command)
        assert done.code == 0, done.err
    perform(settings, "delete_documents", {"ids": [1]}, Reporter())
    perform(settings, "rebuild", {}, Reporter())
    return home


def entries(home: Path, *options: str) -> list[dict[str, object]]:
    return run(home, "audit", "--json", *options).json["entries"]


def test_what_commands_did_is_recorded_and_told_the_newest_first(home):
    found = entries(home)
    assert [entry["action"] for entry in found] == [
        "indexes rebuilt",
        "documents deleted",
        "invitation made",
        "house rules changed",
        "house rules changed",
        "collection changed",
        "collection created",
        "documents read in",
    ]
    assert {(entry["actor"], entry["address"], entry["outcome"]) for entry in found} == {
        (LOCAL_USER.key, "command line", "done")
    }


def test_options_narrow_it_down(home):
    among = ("--actor", LOCAL_USER.key, "--since", "2020-01-01T00:00+02:00", "--before", "4", "--limit", "2")
    assert [entry["action"] for entry in entries(home, *among)] == ["collection changed", "collection created"]
    assert [entry["id"] for entry in entries(home, "--action", "documents deleted")] == [7]


@pytest.mark.parametrize("option", [("--action", "nothing"), ("--since", "yesterday")])
def test_an_action_or_a_day_that_is_none_is_wrong_usage(home, option):
    assert run(home, "audit", *option).code == 2


def test_for_people_it_is_a_line_each_and_says_that_there_is_more(home):
    shown = run(home, "audit", "--limit", "2")
    assert len(shown.out.splitlines()) == 2
    assert "citewell audit --before" in shown.err
    assert "documents deleted" in shown.out


def test_the_whole_log_is_written_to_files_with_no_formula_in_the_table(home, tmp_path):
    table, lines = tmp_path / "log.csv", tmp_path / "log.jsonl"
    done = run(home, "audit", "--csv", str(table), "--jsonl", str(lines), "--json")
    assert done.json == {"files": [str(table), str(lines)]}
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    read = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    assert len(rows) == len(read) == 8
    assert {"'=SUM(A1:A9)"} <= {row["target"] for row in rows}
    assert [row["target"] for row in read].count("=SUM(A1:A9)") == 2
    assert [row["at"] for row in rows] == [row["at"] for row in read]


def test_a_file_that_cannot_be_written_is_said_in_one_sentence(home, tmp_path):
    assert run(home, "audit", "--csv", str(tmp_path / "none" / "log.csv")).is_one_sentence()


def test_what_is_recorded_in_a_running_app_is_read_beside_it(home):
    engine = open_database(f"sqlite:///{home / 'citewell.sqlite'}")
    assert len(Audit(engine).entries(Sought(action=Action.HOUSE_RULES_CHANGED))) == 2
    engine.dispose()
