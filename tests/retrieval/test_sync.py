"""A collection follows a folder: what was added, changed, moved and removed, and what it costs when nothing was."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from retrieval.errors import SyncRefused
from retrieval.library import FileFacts
from retrieval.listing import ListedFile
from retrieval.sync import gone_from, plan_sync

ROOT = Path(__file__).resolve().parents[2]
LONG_AGO_NS = 1_700_000_000_000_000_000


def write(path: Path, text: str, *, modified_ns: int = LONG_AGO_NS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(modified_ns, modified_ns))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "followed"
    write(folder / "hr" / "leave.md", "# Leave\n\nEmployees have 25 days of annual leave.\n")
    write(folder / "cats.txt", "Cats sleep most of the day.\n")
    write(folder / "it" / "passwords.txt", "A password has at least fourteen characters.\n")
    write(folder / "broken.pdf", "this is no PDF")
    return folder


def synced(shelf, folder):
    collection_id = shelf.library.create_collection("c").id
    return shelf.intake.sync(collection_id, shelf.intake.plan(collection_id, folder))


def paths(shelf) -> list[str]:
    scope = frozenset(c.id for c in shelf.library.collections())
    return [document.path for document in shelf.catalogue.documents(scope)]


def test_the_first_sync_reads_everything_and_names_what_it_cannot(shelf, folder):
    report = synced(shelf, folder)
    assert (report.added, report.updated, report.unchanged, report.removed) == (3, 0, 0, 0)
    assert [failed.path for failed in report.failed] == ["broken.pdf"]
    assert paths(shelf) == ["cats.txt", "hr/leave.md", "it/passwords.txt"]


def test_a_second_sync_finds_nothing_to_do_and_opens_no_unchanged_file(shelf, folder):
    synced(shelf, folder)
    collection_id = shelf.library.collection_named("c").id
    for path in folder.rglob("*.*"):
        if path.name != "broken.pdf":
            path.chmod(0)  # Whoever opened it would be refused, but for root, who is not told.
    plan = shelf.intake.plan(collection_id, folder)
    assert plan.is_empty
    assert plan.unchanged == 3
    assert plan.confirmed == ()
    assert [file.name for file in plan.failed] == ["broken.pdf"]


def test_added_changed_moved_and_removed_files_are_told_apart(shelf, folder):
    synced(shelf, folder)
    write(folder / "new.md", "# New\n\nThis is new.\n")
    write(folder / "cats.txt", "Cats sleep all night as well.\n", modified_ns=LONG_AGO_NS + 1)
    (folder / "archive").mkdir()
    (folder / "hr" / "leave.md").rename(folder / "archive" / "leave.md")
    (folder / "it" / "passwords.txt").unlink()
    plan = shelf.intake.plan(shelf.library.collection_named("c").id, folder)
    assert [file.name for file in plan.added] == ["new.md"]
    assert [file.name for file in plan.changed] == ["cats.txt"]
    assert [(old, file.name) for old, file, _ in plan.moved] == [("hr/leave.md", "archive/leave.md")]
    assert plan.removed == ("it/passwords.txt",)

    report = synced(shelf, folder)
    assert (report.added, report.updated, report.moved, report.removed, report.unchanged) == (1, 2, 1, 1, 0)
    assert paths(shelf) == ["archive/leave.md", "cats.txt", "new.md"]
    scope = frozenset(c.id for c in shelf.library.collections())
    found = shelf.search.passages("How many days of annual leave?", scope=scope).passages
    assert found[0].source.path == "archive/leave.md"
    assert not [p for p in found if "password" in p.text]


def test_a_moved_document_keeps_its_id_so_that_old_citations_still_open(shelf, folder):
    synced(shelf, folder)
    scope = frozenset(c.id for c in shelf.library.collections())
    before = shelf.library.document_at("hr/leave.md", scope)
    (folder / "archive").mkdir()
    (folder / "hr" / "leave.md").rename(folder / "archive" / "leave.md")
    synced(shelf, folder)
    assert shelf.library.document_at("archive/leave.md", scope) == before


def test_a_file_that_was_only_touched_is_confirmed_not_read_again(shelf, folder):
    synced(shelf, folder)
    os.utime(folder / "cats.txt", ns=(LONG_AGO_NS + 5, LONG_AGO_NS + 5))
    plan = shelf.intake.plan(shelf.library.collection_named("c").id, folder)
    assert plan.is_empty
    assert [path for path, _ in plan.confirmed] == ["cats.txt"]
    synced(shelf, folder)
    assert shelf.intake.plan(shelf.library.collection_named("c").id, folder).confirmed == ()


def test_a_change_within_the_same_moment_and_of_the_same_size_is_still_seen(shelf, folder):
    """A file changed just before it was read may change again without its time telling."""
    now = time.time_ns()
    write(folder / "cats.txt", "Cats sleep most of the day.\n", modified_ns=now)
    synced(shelf, folder)
    write(folder / "cats.txt", "Dogs sleep most of the day.\n", modified_ns=now)
    assert [file.name for file in shelf.intake.plan(shelf.library.collection_named("c").id, folder).changed] == [
        "cats.txt"
    ]


def test_documents_added_by_hand_are_not_removed_by_a_sync(shelf, folder, tmp_path):
    by_hand = write(tmp_path / "byhand.md", "# By hand\n\nThis was added by hand.\n")
    shelf.intake.read_paths([by_hand], collection="c")
    synced(shelf, folder)
    assert "byhand.md" in paths(shelf)


def test_a_document_read_in_before_its_folder_was_followed_is_adopted(shelf, folder):
    shelf.intake.read_paths([folder], collection="c")
    report = synced(shelf, folder)
    assert (report.added, report.updated, report.unchanged) == (0, 0, 3)
    (folder / "cats.txt").unlink()
    assert synced(shelf, folder).removed == 1


@pytest.mark.parametrize("loss", ["gone", "empty"])
def test_a_lost_folder_removes_nothing_and_says_so(shelf, folder, loss):
    synced(shelf, folder)
    folder.rename(folder.with_name("elsewhere"))
    if loss == "empty":
        folder.mkdir()
    with pytest.raises(SyncRefused, match="nothing was removed"):
        synced(shelf, folder)
    assert len(paths(shelf)) == 3


def test_what_lies_in_a_folder_that_cannot_be_opened_does_not_count_as_gone():
    closed = ListedFile("hr", Path("hr"), "The folder cannot be opened.", is_folder=True)
    here = ListedFile("it/vpn.md", Path("it/vpn.md"))
    known = ["hr/leave.md", "hr/old/leave.md", "hr-archive/leave.md", "it/vpn.md", "it/gone.md"]
    assert gone_from({"hr": closed, "it/vpn.md": here}, known) == ("hr-archive/leave.md", "it/gone.md")


def test_a_sync_of_a_folder_that_is_closed_to_us_removes_nothing(shelf, folder, tmp_path):
    """As a user who may not open it: root may open everything, so another process asks."""
    if os.geteuid() != 0:
        pytest.skip("needs the right to become another user")
    synced(shelf, folder)
    known = shelf.library.files(shelf.library.collection_named("c").id)
    (folder / "hr").chmod(0)
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom retrieval.library import FileFacts\n"
        "from retrieval.sync import plan_sync\nfolder = Path(sys.argv[1])\n"
        "known = {path: FileFacts('', folder=str(folder)) for path in sys.argv[2:]}\n"
        "for path in (folder, *folder.parents):\n    os.chmod(path, 0o755) if path.stat().st_uid == 0 and str(path).startswith('/tmp/pytest') else None\n"
        "os.setuid(65534)\nprint(plan_sync(folder, documents=known, failures={}).removed)\n"
    )
    command = [sys.executable, "-c", program, str(folder), *known, "it/gone.md"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "('it/gone.md',)\n", done.stderr
    (folder / "hr").chmod(0o755)


def test_the_failure_of_a_file_that_is_gone_is_forgotten(shelf, folder):
    synced(shelf, folder)
    (folder / "broken.pdf").unlink()
    report = synced(shelf, folder)
    assert (report.failed, report.removed) == ((), 0)
    assert shelf.library.failures(shelf.library.collection_named("c").id) == {}


def test_known_files_are_passed_over_without_reading(tmp_path):
    """The plan of an unchanged folder needs no hash: these facts have none that could be right."""
    folder = tmp_path / "many"
    documents = {}
    for number in range(300):
        file = write(folder / f"{number % 20}" / f"{number}.txt", "x")
        documents[file.relative_to(folder).as_posix()] = FileFacts("", "text", 1, LONG_AGO_NS, str(folder))
    plan = plan_sync(folder, documents=documents, failures={})
    assert plan.is_empty
    assert plan.unchanged == 300
