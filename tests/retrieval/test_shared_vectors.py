"""Vectors on Chroma's own server: found as in the process, and left out while it is away (F11)."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
from sqlalchemy import Engine

from retrieval.context import IndexedText
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.errors import VectorsUnreachable
from retrieval.follower import Changing, ChunkIndex, Follower, Onlooker, SharedFollower
from retrieval.following import FollowingOthers
from retrieval.index_feed import IndexedChunk
from retrieval.indexes import Indexes
from retrieval.intake import Intake
from retrieval.lexical import LexicalIndex
from retrieval.library import Library
from retrieval.marks import OwnTurns, SharedMarks
from retrieval.search import Search
from retrieval.vectors import SharedVectorIndex
from tests.chroma_server import ChromaServer, chroma_server
from tests.conftest import document

WITHIN_S = 60.0
ONE, OTHER = "a" * 32, "b" * 32


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    with chroma_server(tmp_path_factory.mktemp("server") / "chroma") as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ChromaServer]:
    """One that a test may kill."""
    with chroma_server(tmp_path / "chroma") as running:
        yield running


@pytest.fixture
def shared() -> Iterator[Callable[..., SharedVectorIndex]]:
    """Makes indexes on a server, each as another process would have it."""
    made: list[SharedVectorIndex] = []

    def share(server: ChromaServer, *, model: str = "test-model") -> SharedVectorIndex:
        made.append(SharedVectorIndex(server.url, model=model, dimension=8))
        made[-1].came_back()
        return made[-1]

    yield share
    for index in made:
        index.close()


def chunk(number: int, *, document: int | None = None, model: str = "test-model") -> IndexedChunk:
    vector = np.zeros(8, np.float32)
    vector[number % 8] = 1
    return IndexedChunk(number, document or number, IndexedText("", "", "words"), vector, model)


def nearest(index: SharedVectorIndex, number: int, collection: str = ONE) -> list[int]:
    vector = chunk(number).embedding
    assert vector is not None
    return [found for found, _ in index.search(collection, vector, 3)]


def test_what_one_process_adds_another_finds_and_a_third_model_does_not(server, shared):
    writing, reading, older = shared(server), shared(server), shared(server, model="older")
    writing.add(ONE, [chunk(1), chunk(2), chunk(3, model="older")])
    assert nearest(reading, 2)[0] == 2
    assert reading.count(ONE) == 2
    assert reading.finds(ONE, chunk(1))
    assert nearest(older, 2) == []
    writing.drop(ONE)


def test_reading_makes_no_collection(server, shared):
    reading = shared(server)
    assert nearest(reading, 1, OTHER) == []
    assert reading.count(OTHER) == 0
    assert OTHER not in reading.held()


def test_a_collection_that_another_process_has_replaced_is_asked_anew(server, shared):
    writing, reading = shared(server), shared(server)
    writing.add(ONE, [chunk(1)])
    assert nearest(reading, 1) == [1]
    writing.drop(ONE)
    assert nearest(reading, 1) == []
    writing.add(ONE, [chunk(9)])
    assert nearest(reading, 1) == [9]
    writing.drop(ONE)


def test_removing_a_document_removes_all_its_chunks_and_no_other(server, shared):
    index = shared(server)
    index.add(ONE, [chunk(1, document=7), chunk(2, document=7), chunk(3, document=8)])
    index.remove(ONE, [7, 99])
    assert index.count(ONE) == 1
    index.drop(ONE)
    assert ONE not in index.held()


def test_more_collections_than_a_page_of_the_server_are_all_known(server, shared):
    index = shared(server)
    ids = [f"{number:032x}" for number in range(120)]
    for id_ in ids:
        index.add(id_, [chunk(1)])
    assert index.held().issuperset(ids)
    for id_ in ids:
        index.drop(id_)
    assert not index.held().intersection(ids)


def test_collections_of_others_on_the_server_are_left_alone(server, shared):
    at = f"{server.url}/api/v2/tenants/default_tenant/databases/default_database/collections"
    asked = Request(at, json.dumps({"name": "somebody-else"}).encode(), {"Content-Type": "application/json"})
    with urlopen(asked) as made:
        assert made.status == 200
    assert shared(server).held() == frozenset()
    with urlopen(f"{at}/somebody-else") as kept:
        assert kept.status == 200


def test_whoever_asks_a_server_that_is_away_is_told_so_until_it_is_back(own_server, shared):
    index = shared(own_server)
    index.add(ONE, [chunk(1)])
    own_server.kill()
    for _ in range(2):
        with pytest.raises(VectorsUnreachable):
            nearest(index, 1)
    assert not index.is_reachable
    assert not index.came_back()
    own_server.start()
    with pytest.raises(VectorsUnreachable):
        nearest(index, 1)  # Nobody has looked yet: no question waits to find out.
    assert index.came_back()
    assert nearest(index, 1) == [1]


def test_a_server_that_was_never_there_is_no_error_at_the_start(tmp_path, shared):
    index = shared(ChromaServer(tmp_path / "never started"))
    assert not index.is_reachable
    with pytest.raises(VectorsUnreachable):
        nearest(index, 1)


# Processes that follow SQL and one another


@dataclass(frozen=True, slots=True)
class Process:
    """The parts of one process on a shared database."""

    library: Library
    indexes: Indexes
    intake: Intake
    search: Search
    following: FollowingOthers
    dense: SharedVectorIndex


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_database(f"sqlite:///{tmp_path / 'shared.sqlite'}")
    yield made
    made.dispose()


@pytest.fixture
def opened() -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.indexes.close()


@pytest.fixture
def make(
    engine: Engine, embedder: Embedder, tmp_path: Path, opened: list[Process], own_server: ChromaServer
) -> Callable[[type[Follower]], Process]:
    turns = OwnTurns()

    def made(kind: type[Follower]) -> Process:
        def following(
            index: ChunkIndex, library: Library, directory: Path, stopping: threading.Event, changing: Changing
        ) -> Follower:
            marks = SharedMarks(engine, index.name)
            return kind(index, library, stopping, marks=marks, turns=turns, directory=directory, changing=changing)

        directory = tmp_path / str(len(opened))
        directory.mkdir()
        library = Library(engine)
        dense = SharedVectorIndex(own_server.url, model=embedder.name, dimension=embedder.dimension)
        indexes = Indexes(LexicalIndex(directory / "lexical"), dense, library, directory, following=following)
        intake, search = Intake(library, indexes, embedder), Search(library, indexes, embedder)
        process = Process(library, indexes, intake, search, FollowingOthers(library, indexes), dense)
        process.following.look()
        opened.append(process)
        return process

    return made


def add(process: Process, collection: str, **texts: str) -> str:
    collection_id = process.library.create_collection(collection).id
    process.intake.add_parsed(collection_id, [(name, document(text, title=name)) for name, text in texts.items()])
    return collection_id


def found(process: Process, question: str, *collections: str) -> list[str]:
    return [p.source.path for p in process.search.passages(question, scope=frozenset(collections)).passages]


def vectors_of(process: Process, collection_id: str) -> int:
    return process.dense.count(collection_id)


def test_each_process_finds_what_another_has_read_in_once_it_has_looked(make):
    writer, reader = make(SharedFollower), make(Onlooker)
    collection = add(writer, "one", leave="Annual leave is 26 days.")
    reader.following.look()
    assert found(reader, "How many days of annual leave?", collection) == ["leave"]
    assert reader.indexes.lexical.count(collection) == 1
    assert reader.indexes.held(frozenset({collection}))[collection].ids.size == 1


def test_what_another_removes_or_replaces_is_found_no_more(make):
    writer, reader = make(SharedFollower), make(Onlooker)
    collection = add(writer, "one", leave="Annual leave is 26 days.", canteen="The canteen opens at noon.")
    reader.following.look()
    assert found(reader, "annual leave", collection)
    add(writer, "one", leave="Parental leave is a year.")
    writer.library.remove_paths(collection, ["canteen"])
    writer.indexes.catch_up(collection)
    reader.following.look()
    assert reader.indexes.lexical.search(collection, "annual", 5) == ()
    assert reader.indexes.lexical.search(collection, "canteen", 5) == ()
    assert len(reader.indexes.lexical.search(collection, "parental", 5)) == 1
    assert reader.indexes.held(frozenset({collection}))[collection].ids.size == 1
    assert vectors_of(reader, collection) == 1


def test_a_collection_that_another_deletes_leaves_nothing_here(make, tmp_path):
    writer, reader = make(SharedFollower), make(Onlooker)
    collection = add(writer, "one", leave="Annual leave is 26 days.")
    reader.following.look()
    writer.library.delete_collection(collection)
    writer.indexes.drop(collection)
    reader.following.look()
    assert collection not in reader.indexes.lexical.held()
    assert collection not in reader.dense.held()


def test_words_are_stemmed_here_as_where_the_documents_were_read_in(make):
    writer, reader = make(SharedFollower), make(Onlooker)
    collection = writer.library.create_collection("eins").id
    text = "Die Kündigungsfristen betragen drei Monate zum Ende eines Quartals, und die Häuser stehen allen offen. " * 3
    path = writer.indexes.lexical._directory.parent / "fristen.md"
    path.write_text(text, encoding="utf-8")
    writer.intake.read_paths([path], collection="eins")
    reader.following.look()
    reader.following.look()  # Once nothing more came in.
    assert reader.indexes.lexical.is_stemmed_as(collection, "german")
    assert reader.indexes.lexical.search(collection, "Kündigungsfrist", 5)


def test_an_onlooker_writes_nothing_to_the_server(make):
    reader = make(Onlooker)
    collection = reader.library.create_collection("one").id
    reader.intake.add_parsed(collection, [("leave", document("Annual leave is 26 days."))])
    reader.indexes.rebuild(collection)
    reader.indexes.look_at_vectors()
    assert reader.dense.held() == frozenset()
    worker = make(SharedFollower)
    assert vectors_of(worker, collection) == 1
    reader.indexes.drop(collection)
    assert vectors_of(worker, collection) == 1


def test_f11_while_the_server_is_away_words_answer_and_it_comes_back_by_itself(make, own_server, monkeypatch):
    monkeypatch.setattr("retrieval.held._MOST", 0)  # As if the collection were too large to be held in memory.
    writer, reader = make(SharedFollower), make(Onlooker)
    collection = add(writer, "one", leave="Annual leave is 26 days.", canteen="The canteen opens at noon.")
    reader.following.look()
    scope = frozenset({collection})
    whole = reader.search.passages("annual leave", scope=scope)
    assert whole.trace.queries[0].found["dense"] == 2
    assert whole.trace.notes == ()

    own_server.kill()
    for _ in range(2):
        words = reader.search.passages("annual leave", scope=scope)
        assert [p.source.path for p in words.passages] == ["leave"]
        assert words.trace.queries[0].found["dense"] == 0
        assert "words alone" in words.trace.notes[0]
    assert reader.indexes.dense_scope(scope) == frozenset()
    other = add(writer, "two", parking="Parking costs 20 euros a month.")  # Reading in goes on.
    reader.following.look()
    assert found(reader, "parking", other) == ["parking"]

    own_server.start()
    for process in (writer, reader):
        process.following.look()
    again = reader.search.passages("annual leave", scope=scope)
    assert again.trace.queries[0].found["dense"] == 2
    assert again.trace.notes == ()
    assert vectors_of(reader, other) == 1


def test_a_collection_deleted_while_the_server_is_away_leaves_no_vectors(make, own_server):
    writer = make(SharedFollower)
    collection = add(writer, "one", leave="Annual leave is 26 days.")
    own_server.kill()
    writer.library.delete_collection(collection)
    writer.indexes.drop(collection)
    own_server.start()
    writer.following.look()
    assert writer.dense.held() == frozenset()


def test_a_server_whose_directory_was_emptied_is_filled_again_from_sql(make, own_server):
    writer = make(SharedFollower)
    collection = add(writer, "one", leave="Annual leave is 26 days.", canteen="The canteen opens at noon.")
    own_server.kill()
    writer.following.look()
    shutil.rmtree(own_server.directory)
    own_server.start()
    writer.following.look()
    assert vectors_of(writer, collection) == 2


def test_what_was_cut_off_while_it_was_filled_anew_is_begun_again(make, engine):
    writer, reader = make(SharedFollower), make(Onlooker)
    collection = add(writer, "one", leave="Annual leave is 26 days.")
    SharedMarks(engine, writer.dense.name).begin_anew(collection)
    reader.following.look()
    assert reader.indexes.dense_scope(frozenset({collection})) == frozenset()
    make(SharedFollower)
    reader.following.look()
    assert reader.indexes.dense_scope(frozenset({collection})) == frozenset({collection})


def test_it_looks_by_itself_and_goes_on_after_a_failure(make, engine):
    writer, reader = make(SharedFollower), make(Onlooker)
    stopping = threading.Event()
    thread = threading.Thread(target=reader.following.keep_up, args=(stopping,))
    thread.start()
    try:
        collection = add(writer, "one", leave="Annual leave is 26 days.")
        until = time.monotonic() + WITHIN_S
        while not reader.indexes.lexical.search(collection, "annual", 5):
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        stopping.set()
        thread.join()
