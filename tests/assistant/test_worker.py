"""The worker: what is put on the table is done, survives an end of the process, and can be handed over by a command."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell, open_citewell
from assistant.job_table import Job
from assistant.settings import Settings
from assistant.worker import Worker
from tests.assistant.test_cli import citewell as run
from tests.homes import new_home

WAIT_S = 60


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read(home=new_home(tmp_path / "home")).model_copy(update={"sample": False})


@pytest.fixture
def app(settings: Settings) -> Iterator[Citewell]:
    """An open home with its worker, as the app holds it."""
    with closing(open_citewell(settings)) as citewell:
        Worker(citewell).start()
        yield citewell


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(12):
        (folder / f"rule{number:02}.md").write_text(f"# Rule {number}\n\nRule {number} is about subject {number}.\n")
    (folder / "empty.md").write_text("")
    return folder


def start(citewell: Citewell, kind: str, work: Mapping[str, Any]) -> int:
    """Puts work on the table for the worker."""
    job_id = citewell.jobs.add(kind, work, owner=LOCAL_USER.key)
    citewell.wake.set()
    return job_id


def until(condition: Callable[[], bool]) -> None:
    since = time.monotonic()
    while not condition():
        assert time.monotonic() - since < WAIT_S, "it did not come about in time"
        time.sleep(0.02)


def ended(citewell: Citewell, job_id: int) -> Job:
    until(lambda: not citewell.jobs.get(job_id).is_open)
    return citewell.jobs.get(job_id)


def test_files_are_read_in_beside_and_the_job_says_what_became_of_them(app, folder):
    job_id = start(app, "ingest", {"paths": [str(folder)], "collection": "rules"})
    job = ended(app, job_id)
    assert job.state == "done"
    assert (job.result["added"], len(job.result["failed"])) == (12, 1)
    assert (job.done, job.total) == (13, 13)


def test_uploads_are_kept_as_they_came_and_read_in_under_their_names(app):
    sha256 = app.originals.keep_data(b"# Cats\n\nCats sleep most of the day.\n")
    collection = app.library.create_collection("pets")
    work = {"collection_id": collection.id, "uploads": [["../../Cats.md", sha256]]}
    assert ended(app, start(app, "read_uploads", work)).result["added"] == 1
    (entry,) = app.catalogue.documents(frozenset({collection.id}))
    assert (entry.path, entry.title, entry.format) == ("Cats.md", "Cats", "Markdown")
    assert app.originals.path_of(entry.sha256).read_bytes() == b"# Cats\n\nCats sleep most of the day.\n"


def test_a_document_is_read_again_from_the_kept_file_after_its_source_is_gone(app, folder):
    ended(app, start(app, "ingest", {"paths": [str(folder)], "collection": "rules"}))
    (folder / "rule03.md").unlink()
    collection = app.library.collection_named("rules")
    work = {"collection_id": collection.id, "paths": ["rule03.md"]}
    result = ended(app, start(app, "read_again", work)).result
    assert (result["updated"], result["failed"]) == (1, [])


def test_deleting_a_document_deletes_its_kept_file_and_what_search_finds(app, folder):
    ended(app, start(app, "ingest", {"paths": [str(folder)], "collection": "rules"}))
    scope = frozenset({app.library.collection_named("rules").id})
    entry = next(e for e in app.catalogue.documents(scope) if e.path == "rule05.md")
    ended(app, start(app, "delete_documents", {"ids": [entry.id]}))
    assert app.originals.path_of(entry.sha256) is None
    found = app.search.passages("What is rule 5 about?", scope=scope).passages
    assert found
    assert "rule05.md" not in {passage.source.path for passage in found}


def test_a_deleted_collection_leaves_neither_rows_nor_files_nor_indexes(app, folder, tmp_path):
    ended(app, start(app, "ingest", {"paths": [str(folder)], "collection": "rules"}))
    collection = app.library.collection_named("rules")
    assert ended(app, start(app, "delete_collection", {"collection_id": collection.id})).result == {"deleted": 12}
    until(lambda: not app.jobs.open())  # Its files go by a job of their own.
    assert app.library.collections() == ()
    assert [path for path in app.home.originals.rglob("*") if path.is_file()] == []
    assert not (app.home.indexes / "lexical" / collection.id).exists()


def test_a_cancelled_job_ends_and_keeps_what_it_has_read(app, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(1500):
        (folder / f"{number:04}.md").write_text(f"# Rule {number}\n\nRule {number} is about subject {number}.\n")
    job_id = start(app, "ingest", {"paths": [str(folder)], "collection": "rules"})
    until(lambda: app.jobs.get(job_id).done > 0)
    app.jobs.cancel(job_id)
    job = ended(app, job_id)
    assert job.state == "cancelled"
    assert 0 < job.result["added"] < 1500
    assert app.library.document_count(frozenset({app.library.collection_named("rules").id})) == job.result["added"]


def test_work_cut_off_by_the_end_of_the_app_goes_on_at_its_next_start(settings, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number:04}.md").write_text(f"# Rule {number}\n\nRule {number} is about subject {number}.\n")
    with closing(open_citewell(settings)) as first:
        Worker(first).start()
        job_id = start(first, "ingest", {"paths": [str(folder)], "collection": "rules"})
        until(lambda: first.jobs.get(job_id).done > 0)
    with closing(open_citewell(settings)) as second:
        assert second.jobs.get(job_id).state == "waiting"
        Worker(second).start()
        result = ended(second, job_id).result
        assert result["added"] + result["unchanged"] == 300
        assert result["unchanged"] > 0


def test_a_watched_folder_is_brought_in_step_by_itself(app, folder):
    work = {"folder": str(folder), "collection": "rules"}
    ended(app, start(app, "sync", work))
    collection = app.library.collection_named("rules")
    app.library.change_collection(collection.id, watched=True)
    (folder / "rule12.md").write_text("# Rule 12\n\nRule 12 is new.\n")
    (folder / "rule00.md").unlink()
    until(
        lambda: (
            app.library.document_count(frozenset({collection.id})) == 12
            and "rule12.md" in app.library.files(collection.id)
        )
    )
    assert "rule00.md" not in app.library.files(collection.id)


def test_what_fails_unexpectedly_is_told_in_a_sentence_and_the_worker_goes_on(app, folder):
    broken = ended(app, start(app, "ingest", {"collection": "no paths"}))
    assert broken.state == "failed"
    assert broken.problem.endswith(".")
    assert "Traceback" not in broken.problem
    assert ended(app, start(app, "ingest", {"paths": [str(folder)], "collection": "rules"})).result["added"] == 12


def test_a_command_beside_the_running_app_hands_its_work_over(app, folder):
    home = app.home.path
    done = run(home, "ingest", str(folder), "--collection", "rules", "--json")
    assert (done.code, done.json["added"], done.err) == (3, 12, "")
    assert len(run(home, "documents", "list", "--json").json["documents"]) == 12
    found = run(home, "search", "What is rule 7 about?", "--json").json
    assert found["passages"][0]["document"] == "rule07.md"
    answer = run(home, "ask", "What is rule 7 about?", "--json").json
    assert answer["citations"][0]["document"] == "rule07.md"
    assert "Rule 7 is about subject 7." in run(home, "ask", "What is rule 7 about?").out
    shown = run(home, "documents", "show", "rule07.md", "--json").json
    assert shown["text"].startswith("# Rule 7")
    assert run(home, "documents", "delete", "rule07.md", "--json").json == {"deleted": 1}
    assert run(home, "collections", "delete", "rules", "--yes", "--json").json == {"deleted": 11}


def test_a_command_whose_work_fails_in_the_app_says_why(app):
    refused = run(app.home.path, "sync", str(app.home.path / "nowhere"), "--collection", "x")
    assert refused.is_one_sentence()
    assert "is not there" in refused.err


def test_a_command_is_not_handed_over_to_a_process_that_takes_no_work(settings, folder):
    with closing(open_citewell(settings)) as holder:
        refused = run(holder.home.path, "ingest", str(folder))
        assert refused.is_one_sentence()
        assert "already running" in refused.err
        assert json.loads((holder.home.path / "lock.json").read_text())["takes_work"] is False
