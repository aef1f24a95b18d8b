"""What `citewell doctor` says of the parts that several processes share."""

from pathlib import Path

from assistant.doctor_shared import look_at_shared_files, look_at_vectors
from assistant.settings import Settings


def settings(tmp_path: Path, **shared: object) -> Settings:
    return Settings(home=tmp_path / "home", sample=False, **shared)  # type: ignore[arg-type]


def shared(tmp_path: Path, files: Path) -> Settings:
    given = {"database_url": "postgresql://nobody@127.0.0.1:9/x", "chroma_url": "http://127.0.0.1:9", "files": files}
    return settings(tmp_path, **given)


def test_one_process_shares_nothing_and_lacks_nothing(tmp_path: Path) -> None:
    assert look_at_vectors(settings(tmp_path)).ok
    assert look_at_shared_files(settings(tmp_path)).ok


def test_a_server_of_vectors_that_is_away_and_a_directory_that_is_missing_have_a_remedy(tmp_path: Path) -> None:
    given = shared(tmp_path, tmp_path / "nowhere")
    for finding in (look_at_vectors(given), look_at_shared_files(given)):
        assert not finding.ok
        assert finding.remedy


def test_a_directory_that_can_be_written_is_well_and_stays_empty(tmp_path: Path) -> None:
    assert look_at_shared_files(shared(tmp_path, tmp_path)).ok
    assert list(tmp_path.iterdir()) == []
