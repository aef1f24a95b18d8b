"""What processes share on PostgreSQL and a Chroma server: turns, order of changes, vectors, files and MLflow."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from assistant.access import LOCAL_USER
from assistant.bootstrap import open_citewell
from assistant.mlflow_client import open_tracking
from assistant.settings import Settings
from assistant.worker import Worker
from retrieval.database import open_database
from retrieval.follower import Onlooker, SharedFollower
from retrieval.library import Library
from retrieval.marks import SharedTurns
from tests.chroma_server import ChromaServer, chroma_server
from tests.postgres import Cluster

WITHIN_S = 120.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    with chroma_server(tmp_path_factory.mktemp("server") / "chroma") as running:
        yield running


@pytest.fixture(scope="module")
def database(postgres: Cluster) -> Iterator[str]:
    yield postgres.url("parts")
    postgres.drop("parts")


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    opened = open_database(database)
    yield opened
    opened.dispose()


@pytest.fixture
def settings(
    database: str, server: ChromaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Settings]:
    """The settings of a process with a home of this name."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("CHROMA_URL", server.url)
    monkeypatch.setenv("CITEWELL_FILES", str(tmp_path / "files"))
    return lambda name: Settings.read(home=tmp_path / name, sample=False)


def eventually(holds: Callable[[], object]) -> None:
    until = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_two_processes_take_turns_with_one_collection_and_not_with_another(engine, database):
    other = open_database(database)
    mine, theirs, came = SharedTurns(engine, "dense-1"), SharedTurns(other, "dense-1"), []

    def wait() -> None:
        with theirs.taken("one"):
            came.append("one")

    with mine.taken("one"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        with theirs.taken("two"):
            came.append("two")
        assert came == ["two"]
        came.append("released")
    waiting.join()
    other.dispose()
    assert came == ["two", "released", "one"]


def test_a_turn_is_waited_for_however_long_the_one_before_takes(engine, database):
    other = open_database(database)

    @event.listens_for(other, "checkout")
    def impatient(connection, *_: object) -> None:
        connection.execute("SELECT set_config('lock_timeout', '100ms', false)")
        connection.commit()

    came = []

    def wait() -> None:
        with SharedTurns(other, "dense-1").taken("one"):
            came.append("theirs")

    with SharedTurns(engine, "dense-1").taken("one"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(0.5)
        came.append("mine")
    waiting.join()
    other.dispose()
    assert came == ["mine", "theirs"]


def test_whoever_adds_to_a_collection_waits_for_whoever_does_already_so_that_ids_are_seen_in_order(engine):
    library = Library(engine)
    collection = library.create_collection("in order").id
    before = library.version(collection)
    with engine.begin() as connection:
        raised = text("UPDATE collections SET version = version + 1 WHERE id = :id")
        connection.execute(raised, {"id": collection})
        removing = threading.Thread(target=library.remove_paths, args=(collection, ["absent"]))
        removing.start()
        waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'parts'")
        with engine.connect() as looking:
            eventually(lambda: looking.execute(waits).scalar() or looking.rollback())
        assert library.version(collection) == before
    removing.join()
    assert library.version(collection) == (before or 0) + 2


def test_what_is_uploaded_at_an_app_is_read_in_by_a_worker_and_found_at_the_app(settings, tmp_path):
    with (
        closing(open_citewell(settings("worker"), kind="worker")) as worker,
        closing(open_citewell(settings("app"))) as app,
    ):
        assert isinstance(worker.indexes._dense, SharedFollower)
        assert isinstance(app.indexes._dense, Onlooker)
        Worker(worker).start()
        collection = app.holdings.create("Uploads", LOCAL_USER)
        sha256 = app.originals.keep_data(b"Annual leave is 26 working days.")
        job = app.holdings.read_uploads(collection.id, [("leave.txt", sha256)], LOCAL_USER)
        eventually(lambda: (found := app.jobs.get(job)) is not None and not found.is_open)

        def asked() -> list[str]:
            found = app.search.passages("How many days of annual leave?", scope=frozenset({collection.id}))
            return [passage.source.path for passage in found.passages]

        eventually(lambda: asked() == ["leave.txt"] and app.indexes.lexical.count(collection.id) == 1)
        eventually(lambda: app.indexes.dense_scope(frozenset({collection.id})))
        assert app.originals.path_of(sha256) == tmp_path / "files" / "originals" / sha256[:2] / sha256
        assert not (tmp_path / "app" / "indexes" / "dense").exists()
        worker.library.delete_collection(collection.id)
        eventually(lambda: collection.id not in app.indexes.lexical.held())


def test_mlflow_keeps_its_tables_in_a_schema_of_its_own_and_its_files_with_the_others(settings, engine, tmp_path):
    run_ids = []
    for name in ("one", "two"):
        tracking = open_tracking(settings(name))
        run_ids.append(tracking.keep_run("shared", "a run", {"fact": "x"}, {"ndcg@10": 0.5}))
    with tracking.client() as client:
        assert {run.info.run_id for run in client.search_runs([tracking.experiment(client, "shared")])} == set(run_ids)
        where = client.get_experiment_by_name("shared").artifact_location
    assert where.startswith((tmp_path / "files" / "mlflow").as_uri())
    with engine.connect() as connection:
        schemas = connection.execute(text("SELECT schemaname FROM pg_tables WHERE tablename = 'experiments'")).scalars()
        assert list(schemas) == ["mlflow"]
        versions = connection.execute(text("SELECT count(*) FROM public.alembic_version")).scalar()
    assert versions == 1
    open_database(str(engine.url.render_as_string(hide_password=False))).dispose()
