"""Data of the first release come through every migration, and back, and are asked as before."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, create_engine, event, insert, select

from assistant.access import LOCAL_USER, scope_of
from assistant.bootstrap import open_citewell
from assistant.home import DATABASE_FILE
from assistant.settings import Settings
from retrieval.database import MIGRATIONS, open_database
from retrieval.embedding import Embedder
from tests.postgres import KINDS, Cluster

FIRST = "0001"
TEXT = "Everybody has 30 days of paid leave a year. Unused days lapse on 31 March of the following year."
DAY = datetime(2026, 4, 3, 10)
COLLECTION, CONVERSATION = "c" * 32, "d" * 32


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    return made


def revisions() -> list[str]:
    """The numbers of all schemas, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()]


def bring_to(address: str, revision: str, *, down: bool = False) -> None:
    """Up or down to a schema, in one transaction, with the checks that the product's own connections have."""
    engine = create_engine(address)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        made = config()
        made.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(made, revision)
    engine.dispose()


@contextmanager
def tables_of(address: str) -> Iterator[tuple[Connection, dict[str, Table]]]:
    """A transaction, and the tables as the database describes them."""
    engine, found = create_engine(address), MetaData()
    with engine.begin() as connection:
        found.reflect(connection)
        yield connection, dict(found.tables)
    engine.dispose()


def first_rows(embedder: Embedder) -> dict[str, list[dict[str, Any]]]:
    """What the first release stored: a document with its chunk, a file that failed, and an answered question."""
    vector = embedder.embed_documents([f"Leave policy\n{TEXT}"])[0].tobytes()
    facts = {"sha256": "a" * 64, "format": "text", "bytes": len(TEXT), "modified_ns": 7, "folder": "/handbook"}
    document = {
        "id": 5, "collection_id": COLLECTION, "path": "leave.txt", "title": "Leave policy", "markup": "plain",
        "dated": date(2026, 3, 1), "language": "en", **facts, "added_at": DAY, "characters": len(TEXT), "pages": 0,
        "passages": 1, "notes": [], "page_starts": [],
        "sections": [{"path": [], "start": 0, "end": len(TEXT)}], "text": TEXT,
    }  # fmt: skip
    chunk = {
        "id": 9, "document_id": 5, "position": 0, "start": 0, "end": len(TEXT), "heading": [], "page": None,
        "text": TEXT, "embedded_text_sha256": "b" * 64, "embedding_model": embedder.name, "embedding": vector,
    }  # fmt: skip
    said = {"conversation_id": CONVERSATION, "state": "done", "reason": None, "work": None, "created_at": DAY}
    return {
        "collections": [{"id": COLLECTION, "name": "Handbook", "description": "", "created_at": DAY, "folder": None, "watched": False}],
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
        "jobs": [{"id": 1, "kind": "ingest", "state": "done", "owner": LOCAL_USER.key, "cancelled": False, "starts": 1,
                  "done": 1, "total": 1, "current": "", "created_at": DAY, "work": {}}],
    }  # fmt: skip


def stored(address: str, rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What the database has now of these columns."""
    with tables_of(address) as (connection, tables):
        return {
            name: [dict(row) for row in connection.execute(select(*(tables[name].c[c] for c in some[0]))).mappings()]
            for name, some in rows.items()
        }


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database, of each kind, in which nothing was made yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / DATABASE_FILE}"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    yield cluster.url("migrated")
    cluster.drop("migrated")


Home = tuple[str, dict[str, list[dict[str, Any]]]]


def first_release(address: str, embedder: Embedder) -> Home:
    """A database as the first release left it, and its rows."""
    rows = first_rows(embedder)
    bring_to(address, FIRST)
    with tables_of(address) as (connection, tables):
        for name, some in rows.items():
            connection.execute(insert(tables[name]), some)
    return address, rows


@pytest.fixture
def first(empty: str, embedder: Embedder) -> Home:
    return first_release(empty, embedder)


def test_a_home_of_the_first_release_is_brought_up_to_date_and_answers(tmp_path, embedder):
    database, rows = first_release(f"sqlite:///{tmp_path / DATABASE_FILE}", embedder)
    with closing(open_citewell(Settings.read(home=tmp_path, sample=False))) as citewell:
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
    open_database(database).dispose()


def test_the_newest_schema_can_be_taken_back_to_nothing(empty):
    bring_to(empty, "head")
    bring_to(empty, "base", down=True)
    with tables_of(empty) as (_, left):
        assert sorted(left) == ["alembic_version"]
