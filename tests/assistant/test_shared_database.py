"""What looks after the data, where they are in PostgreSQL."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from assistant.access import LOCAL_USER
from assistant.backup import check_can_copy
from assistant.bootstrap import Citewell
from assistant.doctor import examine
from assistant.errors import ArchiveRefused
from assistant.schema import metadata
from assistant.settings import Settings
from assistant.support_bundle import write_bundle
from tests.assistant.people import CANARY, anna, boss, erase, opened
from tests.conftest import document
from tests.postgres import Cluster


@pytest.fixture
def settings(tmp_path: Path, sharing: dict[str, Any]) -> Settings:
    """A home with a document and a question, closed again."""
    made = Settings(home=tmp_path / "home", sample=False, **sharing)
    with closing(opened(made.home, **sharing)) as citewell:
        collection = citewell.library.create_collection("HR").id
        citewell.intake.add_parsed(collection, [("leave.md", document("Leave is 26 days."))])
        citewell.conversations.begin(citewell.conversations.create(LOCAL_USER), LOCAL_USER, "How long is leave?")
    return made


def test_doctor_tells_schema_and_size_of_any_database(settings: Settings) -> None:
    found = {finding.name: finding for finding in examine(settings)}
    assert found["Database"].ok
    assert "schema 00" in found["Database"].detail
    assert ("PostgreSQL" in found["Database"].detail) == (settings.database_url is not None)
    assert ("pg_dump" in found["Backup"].detail) == (settings.database_url is not None)
    assert found["Jobs"].ok


def test_the_bundle_counts_rows_of_any_database(settings: Settings, tmp_path: Path) -> None:
    write_bundle(settings, tmp_path / "b.zip")
    with ZipFile(tmp_path / "b.zip") as bundle:
        counts, versions = (json.loads(bundle.read(name)) for name in ("counts.json", "versions.json"))
    assert counts["engine"] == ("sqlite" if settings.database_url is None else "postgresql")
    assert (counts["rows"]["documents"], counts["rows"]["messages"], counts["answers"]) == (
        1,
        2,
        {"done": 1, "pending": 1},
    )
    assert counts["database_bytes"] > 10_000
    assert versions["schema"].startswith("00")


def test_a_backup_of_postgresql_is_left_to_its_own_means(settings: Settings) -> None:
    if settings.database_url is None:
        check_can_copy(settings)
        return
    with pytest.raises(ArchiveRefused, match=r"pg_dump.*files.*docs/operations\.md"):
        check_can_copy(settings)


def test_a_server_that_is_away_is_said_once_and_soon(postgres: Cluster, tmp_path: Path) -> None:
    address = postgres.address("absent")
    away = {"database_url": address, "chroma_url": "http://127.0.0.1:1", "files": tmp_path}
    settings = Settings(home=tmp_path / "home", sample=False, **away)
    found = {finding.name: finding for finding in examine(settings)}
    assert not found["Database"].ok
    assert "does not answer" in found["Database"].detail
    write_bundle(settings, tmp_path / "b.zip")
    with ZipFile(tmp_path / "b.zip") as bundle:
        assert json.loads(bundle.read("counts.json")) == {"problem": "HomeUnreachable"}


def tables_with(citewell: Citewell, word: str) -> set[str]:
    """The tables in which any row has a word."""
    with citewell.erasure.engine.connect() as connection:
        return {
            table.name
            for table in metadata.sorted_tables
            if any(word in str(tuple(row)) for row in connection.execute(select(table)))
        }


def test_everything_of_a_person_goes_from_any_database(tmp_path: Path, sharing: dict[str, Any]) -> None:
    with closing(opened(tmp_path / "home", **sharing)) as citewell:
        who, administrator = anna(citewell), boss(citewell)
        assert tables_with(citewell, CANARY) >= {"messages", "documents", "chunks", "feedback", "snapshots", "choices"}
        erase(citewell, who.person_id, administrator)
        assert tables_with(citewell, CANARY) == set()
