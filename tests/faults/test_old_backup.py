"""F29: a backup whose schema is an older one is restored on an empty machine, brought up to date, and asked as before."""

from contextlib import closing
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER, scope_of
from assistant.archive import check_archive
from assistant.backup import back_up
from assistant.home import DATABASE_FILE
from assistant.restore import restore
from tests.retrieval.test_migrations import CONVERSATION, FIRST, TEXT, bring_to, first_release, revisions, stored
from torture.backups import opened

MIDDLE = revisions()[len(revisions()) // 2]


@pytest.mark.parametrize("revision", [FIRST, MIDDLE])
def test_a_backup_of_an_older_schema_has_everything_again_and_its_indexes_are_built_anew(
    revision: str, tmp_path: Path, embedder
) -> None:
    old, new = tmp_path / "old", tmp_path / "elsewhere" / "home"
    old.mkdir()
    address, rows = first_release(f"sqlite:///{old / DATABASE_FILE}", embedder)
    bring_to(address, revision)
    back_up(old, tmp_path / "backup")
    assert check_archive(tmp_path / "backup").schema == revision

    restore(tmp_path / "backup", new)
    kept = {name: table for name, table in rows.items() if name != "jobs"}  # It tidies up once more.
    assert stored(f"sqlite:///{new / DATABASE_FILE}", kept) == kept
    assert list((new / "indexes").iterdir()) == []
    with closing(opened(new)) as citewell:
        citewell.background.wait()
        said = [message.text for message in citewell.conversations.messages(CONVERSATION, LOCAL_USER)]
        found = citewell.search.passages("How many days of leave?", scope=scope_of(LOCAL_USER, citewell.library))
    assert said == [row["text"] for row in rows["messages"]]
    assert [(passage.text, passage.found_by) for passage in found.passages] == [(TEXT, {"dense", "lexical"})]
    assert stored(address, rows) == rows
