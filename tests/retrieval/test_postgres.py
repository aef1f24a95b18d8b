"""PostgreSQL in place of SQLite: who is let in, what is kept as it was, and what becomes of work when it goes away."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from assistant.access import LOCAL_USER, Role
from assistant.accounts import Accounts, Person
from assistant.claims import Claims
from assistant.conversations import Conversations, StoredMessage, Work
from assistant.draft import Draft
from assistant.errors import NotAllowed
from assistant.events import AnswerFinished, TextDelta
from assistant.job_table import JobTable
from assistant.record import Record
from assistant.request_ids import at_work_for
from assistant.schema import document_use, people
from assistant.storing import begin
from retrieval.database import open_database
from retrieval.errors import HomeError, HomeInUse, HomeRefused, HomeTooNew, HomeUnreachable
from retrieval.library import FileFacts, Library, NewDocument
from retrieval.outage import begun, through_outage
from retrieval.putting import put
from retrieval.schema import collections, documents
from retrieval.values import Chunk
from tests.conftest import document
from tests.postgres import Cluster

CHUNK = (Chunk(0, 4, "Leav", (), None),)


@pytest.fixture
def address(postgres: Cluster) -> Iterator[str]:
    """A database with the schema of today; the server runs again afterwards, whatever a test did."""
    yield postgres.current("postgres_test")
    postgres.restart()
    postgres.drop("postgres_test")


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    opened = open_database(address)
    yield opened
    opened.dispose()


def new(path: str, words: str = "Leave is 26 days.") -> NewDocument:
    return NewDocument(path, FileFacts("0" * 64), document(words), CHUNK, None, None)


# Opening.


def test_two_processes_that_start_together_make_one_schema(postgres: Cluster) -> None:
    fresh = postgres.url("started_together")
    with ThreadPoolExecutor(4) as starting:
        engines = list(starting.map(open_database, [fresh] * 4))
    with engines[0].connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    for each in engines:
        each.dispose()
    postgres.drop("started_together")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_says_postgresql_in_any_of_its_usual_words(address: str, scheme: str) -> None:
    opened = open_database(address.replace("postgresql+psycopg", scheme))
    assert opened.dialect.name == "postgresql"
    opened.dispose()


def test_a_database_of_a_newer_version_is_refused(address: str) -> None:
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from-the-future'"))
    engine.dispose()
    with pytest.raises(HomeTooNew, match="newer Citewell"):
        open_database(address)


@pytest.mark.parametrize("address", ["mysql://u:secret@h/d", "no address with secret", "oracle://u:secret@h/d"])
def test_an_address_of_something_else_is_refused_without_repeating_its_password(address: str) -> None:
    with pytest.raises(HomeRefused, match=r"PostgreSQL|postgresql") as refused:
        open_database(address)
    assert "secret" not in refused.value.hint


def test_a_database_that_is_not_there_is_said_at_once(postgres: Cluster) -> None:
    with pytest.raises(HomeUnreachable, match=r'"nowhere" does not exist.*DATABASE_URL'):
        open_database(postgres.address("nowhere"))


def test_a_database_of_another_encoding_is_refused(postgres: Cluster) -> None:
    postgres.run("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'")
    with pytest.raises(HomeRefused, match=r"LATIN1.*UTF8"):
        open_database(postgres.address("latin"))
    postgres.drop("latin")


def test_a_user_without_rights_is_told_so(postgres: Cluster) -> None:
    fresh = postgres.url("without_rights")
    postgres.run("DROP ROLE IF EXISTS nobody_here")
    postgres.run("CREATE ROLE nobody_here LOGIN")
    with pytest.raises(HomeError, match=r"permission denied.*rights"):
        open_database(fresh.replace("//postgres@", "//nobody_here@"))
    postgres.drop("without_rights")


# What is kept.


def test_the_server_keeps_texts_in_the_order_of_code_points(engine: Engine) -> None:
    library, names = Library(engine), ["b", "Z", "é", "a", "Ä", "_", "10", "9", "z"]
    for name in names:
        library.create_collection(name)
    assert [each.name for each in library.collections()] == sorted(names)
    with engine.connect() as connection:
        others = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
                " AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C'"
            )
        ).all()
    assert {tuple(row) for row in others} == {("alembic_version", "version_num")}


@pytest.mark.parametrize("awkward", ["a\0b", "\0", "a\\u0000b", "\\\0", "😀\0é"])
def test_nul_becomes_a_sign_that_can_be_kept_and_every_place_stays(engine: Engine, awkward: str) -> None:
    library = Library(engine)
    home = library.create_collection("c").id
    kept = library.add(home, new("a.txt", awkward))
    assert library.document(kept, frozenset({home}))[1].text == awkward.replace("\0", "\ufffd")


@pytest.mark.parametrize("awkward", ["\0", "\ud800", "a\\u0000b", "\\\\\0", "\udfff\ud800"])
def test_what_stands_in_json_neither_fails_nor_keeps_other_rows_from_being_read(engine: Engine, awkward: str) -> None:
    jobs = JobTable(engine)
    job = jobs.add("sync", {"collection_id": "c", "folder": awkward}, owner="o")
    (found,) = jobs.of_collection("c")
    kept = "".join("\ufffd" if c == "\0" or 0xD800 <= ord(c) < 0xE000 else c for c in awkward)
    assert (found.id, found.work["folder"]) == (job, kept)


def test_ids_only_grow_whatever_is_deleted_and_however_the_server_ends(engine: Engine, postgres: Cluster) -> None:
    library = Library(engine)
    home = library.create_collection("c").id
    first = library.add(home, new("a.txt"))
    library.remove(first)
    postgres.restart(immediately=True)
    assert library.add(home, new("a.txt")) > first


# Several writers.


def test_whoever_follows_a_collection_misses_no_document_of_two_writers(engine: Engine) -> None:
    library = Library(engine)
    home = library.create_collection("c").id
    seen: list[int] = []
    over = threading.Event()

    def follow() -> None:
        while True:
            was_over = over.is_set()
            seen.extend(library.documents_after(home, seen[-1] if seen else 0, 1_000))
            if was_over:
                return

    def write(name: str) -> list[int]:
        return [library.add(home, new(f"{name}-{n}.txt")) for n in range(60)]

    follower = threading.Thread(target=follow)
    follower.start()
    with ThreadPoolExecutor(3) as writers:
        written = [id_ for ids in writers.map(write, "abc") for id_ in ids]
    over.set()
    follower.join()
    assert seen == sorted(written)


def test_an_id_is_drawn_only_once_the_writer_before_has_stored_its_own(engine: Engine) -> None:
    library = Library(engine)
    home = library.create_collection("c").id
    other = library.create_collection("d").id
    with engine.begin() as connection:
        row = select(collections.c.id).where(collections.c.id == home)
        connection.execute(row.with_for_update(key_share=True))
        second = threading.Thread(target=library.add, args=(home, new("second.txt")))
        second.start()
        library.add(other, new("beside.txt"))  # Another collection's writer does not wait.
        values = {**dict.fromkeys(("path", "title", "markup", "text"), "first.txt"), "collection_id": home}
        facts = {"sha256": "0" * 64, "format": "", "bytes": 0, "added_at": text("now()"), "characters": 0}
        counts = {"pages": 0, "passages": 0, "notes": [], "page_starts": [], "sections": []}
        connection.execute(insert(documents).values(**values, **facts, **counts))
    second.join()
    with engine.connect() as connection:
        stored = connection.execute(
            select(documents.c.path).where(documents.c.collection_id == home).order_by(documents.c.id)
        ).scalars()
        assert list(stored) == ["first.txt", "second.txt"]


def test_the_same_document_from_two_writers_is_stored_once(engine: Engine) -> None:
    library = Library(engine)
    home = library.create_collection("c").id
    with ThreadPoolExecutor(4) as writers:
        ids = list(writers.map(lambda _: library.add(home, new("same.txt")), range(12)))
    assert library.document_at("same.txt", frozenset({home})) == max(ids)
    assert len(library.removals_after(home, 0)) == 11


def test_of_many_who_count_the_same_at_once_none_is_lost(engine: Engine) -> None:
    home = Library(engine).create_collection("c").id
    row = {"collection_id": home, "path": "a.md", "found": 1, "cited": 0, "found_at_s": 1}

    def count(_: int) -> None:
        with engine.begin() as connection:
            put(connection, document_use, row, {document_use.c.found: document_use.c.found + 1})

    with ThreadPoolExecutor(6) as counting:
        list(counting.map(count, range(60)))
    with engine.connect() as connection:
        assert connection.execute(select(document_use.c.found)).scalar_one() == 60


def test_of_many_who_make_the_same_collection_at_once_all_have_the_one(engine: Engine) -> None:
    library = Library(engine)
    with ThreadPoolExecutor(6) as making:
        made = set(making.map(lambda _: library.create_collection("same"), range(12)))
    assert made == set(library.collections())
    assert len(made) == 1


def test_of_two_administrators_who_step_down_together_one_stays(engine: Engine) -> None:
    accounts = Accounts(engine)
    for n in range(5):
        both = [
            accounts.recognise(Claims("https://login", f"{n}{name}", name, "", None, Role.ADMIN, f"{n}{name}"))
            for name in "ab"
        ]

        def step_down(person: Person) -> bool:
            try:
                accounts.set_role(person.id, Role.MEMBER, person.principal)
            except NotAllowed:
                return False
            return True

        with ThreadPoolExecutor(2) as leaving:
            done = list(leaving.map(step_down, both))
        assert sorted(done) == [False, True]
        with engine.begin() as connection:
            connection.execute(update(people).values(role=Role.MEMBER.value))


def test_whoever_waits_too_long_for_others_is_told_to_try_again(engine: Engine) -> None:
    home = Library(engine).create_collection("c").id
    change = text("UPDATE collections SET description = '' WHERE id = :id")
    with engine.begin() as first, engine.connect() as second:
        first.execute(change, {"id": home})
        second.exec_driver_sql("SET lock_timeout = '10ms'")
        with pytest.raises(HomeInUse, match="try again"):
            second.execute(change, {"id": home})


# A server that goes away.


def stop_for_a_moment(postgres: Cluster) -> threading.Timer:
    """Stops it at once; it is there again a second later."""
    postgres.stop(immediately=True)
    again = threading.Timer(1.0, postgres.start)
    again.start()
    return again


def test_a_connection_that_the_server_ended_is_replaced_and_a_server_that_starts_is_waited_for(
    engine: Engine, postgres: Cluster
) -> None:
    library = Library(engine)
    library.create_collection("kept")
    again = stop_for_a_moment(postgres)
    assert [each.name for each in library.collections()] == ["kept"]
    again.join()


def test_a_statement_that_the_server_broke_off_says_what_to_do(engine: Engine, postgres: Cluster) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        postgres.restart(immediately=True)
        with pytest.raises(HomeUnreachable, match=r"what was stored is safe. Try again"):
            connection.execute(text("SELECT 1"))


def test_other_errors_stay_what_they_are(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(insert(collections).values(id="x", name=None, created_at=text("now()")))


class Away:
    """Does something, for which the server is away the first few times."""

    def __init__(self, does: Callable[[], object], times: int) -> None:
        self._does = does
        self._left = times

    def __call__(self) -> object:
        if self._left:
            self._left -= 1
            raise HomeUnreachable("away")
        return self._does()


def test_what_may_be_done_twice_is_tried_until_the_server_is_back() -> None:
    assert through_outage(Away(lambda: "done", 2))() == "done"


def test_events_begin_anew_before_the_first_and_not_after_it() -> None:
    away = Away(lambda: None, 1)

    def events() -> Iterator[int]:
        away()
        yield 1
        yield 2
        raise HomeUnreachable("away")

    told = begun(events)
    assert [next(told), next(told)] == [1, 2]
    with pytest.raises(HomeUnreachable):
        next(told)
    assert list(begun(lambda: iter(()))) == []


def asked(engine: Engine) -> tuple[Conversations, str]:
    conversations = Conversations(engine)
    return conversations, conversations.create(LOCAL_USER)


def texts(messages: Sequence[StoredMessage]) -> list[tuple[str, str]]:
    return [(message.text, message.state) for message in messages]


def test_an_answer_that_ends_while_the_server_is_away_is_stored_when_it_is_back(
    engine: Engine, postgres: Cluster
) -> None:
    conversations, conversation = asked(engine)
    record = Record(conversations, begin(conversations, conversation, LOCAL_USER, "Why?", instead_of=None), Work())
    again = stop_for_a_moment(postgres)
    record.keep(TextDelta("Because."))
    record.keep(AnswerFinished(Draft().answer("answered")))
    again.join()
    assert texts(conversations.messages(conversation, LOCAL_USER)) == [("Why?", "done"), ("Because.", "done")]


def test_questions_of_a_server_that_is_restarted_again_and_again_are_each_stored_once(
    engine: Engine, postgres: Cluster
) -> None:
    conversations = Conversations(engine)
    over = threading.Event()

    def restart() -> None:
        while not over.wait(0.15):
            postgres.restart(immediately=True)

    def ask(number: int) -> str:
        conversation = through_outage(conversations.create)(LOCAL_USER)
        for n in range(10):
            with at_work_for(f"request-{number}-{n}"):
                answer = begin(conversations, conversation, LOCAL_USER, f"Question {n}", instead_of=None)
                through_outage(conversations.save)(answer, state="done", text=f"Answer {n}")
        return conversation

    restarting = threading.Thread(target=restart)
    restarting.start()
    with ThreadPoolExecutor(4) as people:
        told = list(people.map(ask, range(4)))
    over.set()
    restarting.join()
    for conversation in told:
        kept = conversations.messages(conversation, LOCAL_USER)
        assert [message.text for message in kept] == [f"{w} {n}" for n in range(10) for w in ("Question", "Answer")]
        assert {message.state for message in kept} == {"done"}
