"""Reading files in: every file seen ends in exactly one place, and what is read is exact."""

import threading
from pathlib import Path

import pytest

from retrieval.intake import IntakeReport, Progress


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "hr").mkdir(parents=True)
    (folder / "hr" / "leave.md").write_text("# Leave\n\nEmployees have **25 days** of annual leave.\n")
    (folder / "cats.txt").write_text("Cats sleep most of the day.\r\nThey hunt at dusk.\r\n")
    (folder / "program.exe").write_bytes(b"MZ\x90\x00" + bytes(200))
    (folder / "empty.md").write_text("")
    return folder


def counts(report: IntakeReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, len(report.failed)


def test_every_file_ends_as_added_or_failed_with_a_reason(shelf, folder):
    report = shelf.intake.read_paths([folder], collection="c")
    assert counts(report) == (2, 0, 0, 2)
    assert report.chunks == 2
    assert {failed.path for failed in report.failed} == {"program.exe", "empty.md"}
    assert all(failed.reason for failed in report.failed)


def test_documents_are_named_by_their_path_below_the_folder_given(shelf, folder):
    shelf.intake.read_paths([folder], collection="c")
    scope = frozenset(c.id for c in shelf.library.collections())
    assert [document.path for document in shelf.catalogue.documents(scope)] == ["cats.txt", "hr/leave.md"]


def test_reading_again_changes_nothing_and_lists_the_failures_again(shelf, folder):
    shelf.intake.read_paths([folder], collection="c")
    again = shelf.intake.read_paths([folder], collection="c")
    assert counts(again) == (0, 0, 2, 2)
    assert again.chunks == 0


def test_a_changed_file_replaces_what_was_there(shelf, folder):
    shelf.intake.read_paths([folder], collection="c")
    (folder / "hr" / "leave.md").write_text("# Leave\n\nEmployees have 27 days of annual leave.\n")
    assert counts(shelf.intake.read_paths([folder], collection="c")) == (0, 1, 1, 2)
    scope = frozenset(c.id for c in shelf.library.collections())
    texts = [p.text for p in shelf.search.passages("annual leave", scope=scope).passages]
    assert any("27 days" in text for text in texts)
    assert not any("25 days" in text for text in texts)


def test_a_file_that_breaks_keeps_its_last_readable_text(shelf, folder):
    shelf.intake.read_paths([folder], collection="c")
    (folder / "cats.txt").write_bytes(b"")
    assert counts(shelf.intake.read_paths([folder], collection="c")) == (0, 0, 1, 3)
    scope = frozenset(c.id for c in shelf.library.collections())
    assert shelf.library.document_at("cats.txt", scope)


def test_a_quotation_is_the_files_own_text_with_its_line_ends(shelf, folder):
    shelf.intake.read_paths([folder], collection="c")
    scope = frozenset(c.id for c in shelf.library.collections())
    raw = (folder / "cats.txt").read_bytes().decode()
    passage = next(p for p in shelf.search.passages("cats", scope=scope).passages if p.source.path == "cats.txt")
    assert raw[passage.start : passage.end] == passage.text


def test_the_same_text_in_two_files_is_embedded_once(shelf, folder, embedder):
    (folder / "copy.txt").write_bytes((folder / "cats.txt").read_bytes())
    shelf.intake.read_paths([folder], collection="c")
    scope = frozenset(c.id for c in shelf.library.collections())
    assert len(shelf.catalogue.documents(scope)) == 3


def test_links_and_missing_files_are_listed_with_a_reason(shelf, folder):
    (folder / "link.txt").symlink_to(folder / "cats.txt")
    report = shelf.intake.read_paths([folder, folder / "nowhere.md"], collection="c")
    reasons = {failed.path: failed.reason for failed in report.failed}
    assert "link" in reasons["link.txt"]
    assert "no file" in reasons["nowhere.md"]


def test_two_files_of_one_name_in_one_run_are_not_mixed_up(shelf, folder):
    other = folder.parent / "other"
    other.mkdir()
    (other / "cats.txt").write_text("Other cats.")
    report = shelf.intake.read_paths([folder, other], collection="c")
    assert any(failed.path == "cats.txt" and "same name" in failed.reason for failed in report.failed)


def test_progress_ends_with_every_file_done(shelf, folder):
    seen: list[Progress] = []
    shelf.intake.read_paths([folder], collection="c", on_progress=seen.append)
    assert [p.done for p in seen] == [1, 2, 3, 4]
    assert {p.total for p in seen} == {4}


def test_a_retry_parses_again_what_failed_before(shelf, folder):
    shelf.intake.read_paths([folder], collection="c")
    assert shelf.library.failures(next(iter(shelf.library.collections())).id).keys() == {"program.exe", "empty.md"}
    assert len(shelf.intake.read_paths([folder], collection="c", retry=True).failed) == 2


def test_reading_stops_when_it_is_told_to_and_goes_on_another_time(shelf, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number:03}.md").write_text(f"# Rule {number}\n\nRule {number} is about subject {number}.\n")
    stopping = threading.Event()

    def stop_early(progress: Progress) -> None:
        if progress.done >= 2:
            stopping.set()

    report = shelf.intake.read_paths([folder], collection="c", on_progress=stop_early, stopping=stopping)
    assert 2 <= report.added < 200
    again = shelf.intake.read_paths([folder], collection="c")
    assert (again.added, again.unchanged) == (200 - report.added, report.added)
