"""Data of the first release come through every migration, and back, and are asked as before."""

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event

from assistant.access import LOCAL_USER, scope_of
from assistant.bootstrap import open_citewell
from assistant.home import DATABASE_FILE
from assistant.settings import Settings
from retrieval.database import MIGRATIONS, open_database
from retrieval.embedding import Embedder

FIRST = "0001"
TEXT = "Everybody has 30 days of paid leave a year. Unused days lapse on 31 March of the following year."
DAY = "2026-04-03 10:00:00.000000"
COLLECTION, CONVERSATION = "c" * 32, "d" * 32


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    return made


def revisions() -> list[str]:
    """The numbers of all schemas, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()]


def bring_to(database: Path, revision: str, *, down: bool = False) -> None:
    """Up or down to a schema, in one transaction, with the checks that the product's own connections have."""
    engine = create_engine(f"sqlite:///{database}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        made = config()
        made.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(made, revision)
    engine.dispose()


def first_rows(embedder: Embedder) -> dict[str, list[dict[str, Any]]]:
    """What the first release stored: a document with its chunk, a file that failed, and an answered question."""
    vector = embedder.embed_documents([f"Leave policy\n{TEXT}"])[0].tobytes()
    facts = {"sha256": "a" * 64, "format": "text", "bytes": len(TEXT), "modified_ns": 7, "folder": "/handbook"}
    document = {
        "id": 5, "collection_id": COLLECTION, "path": "leave.txt", "title": "Leave policy", "markup": "plain",
        "dated": "2026-03-01", "language": "en", **facts, "added_at": DAY, "characters": len(TEXT), "pages": 0,
        "passages": 1, "notes": "[]", "page_starts": "[]",
        "sections": json.dumps([{"path": [], "start": 0, "end": len(TEXT)}]), "text": TEXT,
    }  # fmt: skip
    chunk = {
        "id": 9, "document_id": 5, "position": 0, "start": 0, "end": len(TEXT), "heading": "[]", "page": None,
        "text": TEXT, "embedded_text_sha256": "b" * 64, "embedding_model": embedder.name, "embedding": vector,
    }  # fmt: skip
    said = {"conversation_id": CONVERSATION, "state": "done", "reason": None, "work": None, "created_at": DAY}
    return {
        "collections": [{"id": COLLECTION, "name": "Handbook", "description": "", "created_at": DAY, "folder": None, "watched": 0}],
        "conversations": [{"id": CONVERSATION, "owner": LOCAL_USER.key, "created_at": DAY}],
        "documents": [document],
        "chunks": [chunk],
        "failures": [{"collection_id": COLLECTION, "path": "scan.pdf", **facts, "failed_at": DAY, "deaths": 1, "reason": "No text."}],
        "messages": [
            {"id": 1, "role": "user", "text": "How much leave do I have?", **said},
            {"id": 2, "role": "assistant", "text": "Everybody has 30 days of paid leave a year. [1]", **said},
        ],
        "citations": [{"message_id": 2, "n": 1, "document_id": 5, "start": 0, "end": 43}],
        "removals": [{"id": 3, "collection_id": COLLECTION, "document_id": 4, "successor_id": 5}],
        "jobs": [{"id": 1, "kind": "ingest", "state": "done", "owner": LOCAL_USER.key, "cancelled": 0, "starts": 1,
                  "done": 1, "total": 1, "current": "", "created_at": DAY, "work": "{}"}],
    }  # fmt: skip


def stored(database: Path, rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What the database has now of these columns."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        found = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in rows}
    return {name: [{key: row[key] for key in rows[name][0]} for row in found[name]] for name in rows}


def filled(database: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Make a database of the first release with these rows."""
    bring_to(database, FIRST)
    with closing(sqlite3.connect(database)) as connection, connection:
        for name, table in rows.items():
            for row in table:
                columns = ", ".join(f'"{column}"' for column in row)
                marks = ", ".join("?" * len(row))
                connection.execute(f'INSERT INTO "{name}" ({columns}) VALUES ({marks})', tuple(row.values()))


@pytest.fixture
def first(tmp_path: Path, embedder: Embedder) -> tuple[Path, dict[str, list[dict[str, Any]]]]:
    """A home as the first release left it, and its rows."""
    database, rows = tmp_path / DATABASE_FILE, first_rows(embedder)
    filled(database, rows)
    return database, rows


def test_a_home_of_the_first_release_is_brought_up_to_date_and_answers(first):
    database, rows = first
    with closing(open_citewell(Settings.read(home=database.parent, sample=False))) as citewell:
        citewell.intake.embed_missing(COLLECTION, threading.Event())  # As the app does beside the page: titles.
        scope = scope_of(LOCAL_USER, citewell.library)
        passage = citewell.search.passages("How many days of leave are there?", scope=scope).passages[0]
        before = citewell.conversations.messages(CONVERSATION, LOCAL_USER)
        events = tuple(
            citewell.assistant.ask(
                "How many days of leave are there?", conversation_id=CONVERSATION, principal=LOCAL_USER
            )
        )
        after = citewell.conversations.messages(CONVERSATION, LOCAL_USER)
    assert (passage.source.id, passage.source.title) == (5, "Leave policy")
    assert passage.text == TEXT
    assert passage.found_by == {"dense", "lexical"}
    assert [message.text for message in before] == [row["text"] for row in rows["messages"]]
    assert len(after) == 4
    assert "30 days" in after[-1].text
    assert events
    unchanged = {name: table for name, table in rows.items() if name not in {"messages", "jobs", "citations", "chunks"}}
    assert stored(database, unchanged) == unchanged


def test_every_schema_comes_back_to_the_one_before_and_loses_nothing_of_the_first_release(first):
    database, rows = first
    newest, *older = revisions()
    bring_to(database, newest)
    assert stored(database, rows) == rows
    for revision in older:
        bring_to(database, revision, down=True)
        assert stored(database, rows) == rows
    assert older[-1] == FIRST
    bring_to(database, newest)
    assert stored(database, rows) == rows
    open_database(f"sqlite:///{database}").dispose()


def test_the_newest_schema_can_be_taken_back_to_nothing(tmp_path):
    database = tmp_path / DATABASE_FILE
    bring_to(database, "head")
    bring_to(database, "base", down=True)
    with closing(sqlite3.connect(database)) as connection:
        left = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert sorted(name for name in left if not name.startswith("sqlite_")) == ["alembic_version"]
