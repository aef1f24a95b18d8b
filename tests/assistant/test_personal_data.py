"""What is kept about a person: taken out as a ZIP, and removed so that no file of the home has a word of it."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import func, select

from assistant.access import LOCAL_USER, Principal, Role, visitor
from assistant.audit import Action
from assistant.bootstrap import Citewell
from assistant.claims import Claims
from assistant.erasure import ASKED
from assistant.errors import ConversationNotFound, NotAllowed, PersonNotFound, SignInRefused
from assistant.evaluation_runs import EVALUATE
from assistant.groups import Grant
from assistant.jobs import JOBS
from assistant.operations import READING
from assistant.schema import choices, conversations, feedback, jobs, messages, people, sign_ins, used
from assistant.settings import environment
from assistant.worker import Worker
from retrieval.database import open_database
from tests.assistant.canaries import files_with, files_with_bytes
from tests.assistant.people import ANNA, BEGAN, BODY, CANARY, QUESTION, STYLE, anna, boss, erase, opened, work_off
from tests.assistant.scripted_endpoint import HANG, HEAD, ScriptedEndpoint, chunk
from tests.assistant.test_logs import logged
from tests.assistant.turns import model_at
from tests.conftest import document

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def citewell(fresh_home: Path) -> Iterator[Citewell]:
    """A home with an administrator; no worker runs."""
    with closing(opened(fresh_home)) as made:
        made.accounts.recognise(Claims("https://login", "b", "Boss", "", None, Role.ADMIN, "boss"))
        yield made


# Erased.


def test_no_file_of_the_home_and_no_line_of_the_log_has_a_word_of_who_was_erased(citewell: Citewell) -> None:
    """Bytes, names, four encodings, unpacked streams and vectors; while the home is open, and after it was closed."""
    home = citewell.home.path
    with logged() as log:
        who = anna(citewell)
        (collection_id,) = citewell.library.private(who.key)
        scope = frozenset({collection_id})
        ids = tuple(entry.id or 0 for entry in citewell.catalogue.page(scope).entries)
        vectors = [
            chunk.embedding.tobytes() for chunk in citewell.library.indexed_chunks(ids) if chunk.embedding is not None
        ]
        assert vectors
        assert {name.split("/")[0] for name in files_with(home, CANARY)} >= {"citewell.sqlite-wal", "originals"}
        assert any("chroma" in name for name in files_with_bytes(home, vectors[0]))
        assert citewell.indexes.lexical.search(collection_id, f"{CANARY}body", 5)
        erase(citewell, who.person_id, boss(citewell))
    assert CANARY not in log.getvalue()
    assert files_with(home, CANARY) == []
    assert [name for vector in vectors for name in files_with_bytes(home, vector)] == []
    assert not (home / "indexes/lexical" / collection_id).exists()
    citewell.close()
    assert files_with(home, CANARY) == []


def test_what_is_left_of_them_is_a_number_the_hash_of_their_sign_ins_and_what_the_audit_log_has(
    citewell: Citewell,
) -> None:
    who, engine = anna(citewell), citewell.erasure.engine
    citewell.groups.grant(
        citewell.library.create_collection("Open").id, (Grant(None, who.person_id, True),), LOCAL_USER
    )
    citewell.jobs.add("read_uploads", {"uploads": [["a.md", "0"]]}, owner=who.key)
    erase(citewell, who.person_id, boss(citewell))
    with engine.connect() as connection:
        for table in (conversations, feedback, choices, used):
            assert connection.execute(select(func.count()).where(table.c.owner == who.key)).scalar() == 0
        assert connection.execute(select(func.count()).select_from(messages)).scalar() == 0
        row = connection.execute(select(people).where(people.c.id == who.person_id)).one()
        assert (row.issuer, row.subject, row.name, row.email) == ("erased", str(who.person_id), "", "")
        owners = set(connection.execute(select(jobs.c.owner).where(jobs.c.kind == "read_uploads")).scalars())
        assert owners == {f"erased|{who.person_id}"}
    assert [person.name for person in citewell.accounts.list(boss(citewell))] == ["Boss"]
    assert next(group.members for group in citewell.groups.list(LOCAL_USER)) == 1
    assert {entry.action for entry in citewell.audit.entries() if entry.actor == who.key} == {"signed in"}


def test_an_old_cookie_does_not_bring_them_back_and_a_new_sign_in_is_somebody_new_who_waits(citewell: Citewell) -> None:
    who = anna(citewell)
    erase(citewell, who.person_id, boss(citewell))
    with pytest.raises(SignInRefused, match="signed out"):
        citewell.accounts.recognise(ANNA)
    assert files_with(citewell.home.path, CANARY) == []
    new = citewell.accounts.recognise(replace(ANNA, role=None, sign_in="twice"))
    assert (new.role, new.id == who.person_id) == (Role.WAITING, False)
    assert citewell.threads.list(new.principal) == ()


def test_what_others_have_is_untouched(citewell: Citewell) -> None:
    bela = citewell.accounts.recognise(replace(ANNA, subject="s2", name="Bela", email="", sign_in="bela")).principal
    conversation_id = citewell.conversations.create(bela)
    citewell.attached.attach(
        conversation_id, bela, [("survey.md", b"# Survey\n\nThe mast stands on nine bolts.\n" * 9)]
    )
    work_off(citewell)
    open_to_all = citewell.library.create_collection("Handbook")
    citewell.intake.add_parsed(open_to_all.id, [("a.md", document("Staff have 26 days of leave.", title="Leave"))])
    erase(citewell, anna(citewell).person_id, boss(citewell))
    events = list(
        citewell.assistant.ask(
            "On how many bolts does the mast stand?", conversation_id=conversation_id, principal=bela
        )
    )
    assert "nine bolts" in citewell.conversations.messages(conversation_id, bela)[-1].text, events[-1]
    assert citewell.indexes.prove(open_to_all.id) == ()


def test_twice_is_once_and_nobody_is_told_from_somebody_elses(citewell: Citewell) -> None:
    who, by = anna(citewell), boss(citewell)
    first = citewell.erasure.begin(who.person_id, by)
    assert citewell.erasure.begin(who.person_id, by) == first
    work_off(citewell)
    for person_id, asker in ((who.person_id, by), (99, by), (by.person_id, who), (None, who)):
        with pytest.raises(PersonNotFound):
            citewell.erasure.begin(person_id, asker)


def test_the_last_administrator_is_not_erased(citewell: Citewell) -> None:
    by = boss(citewell)
    with pytest.raises(NotAllowed, match="last administrator"):
        citewell.erasure.begin(by.person_id, by)
    with pytest.raises(NotAllowed):
        citewell.erasure.erase(by.person_id)
    assert citewell.accounts.person(by.person_id or 0, by).is_disabled is False


def test_oneself_may_be_erased_by_oneself(citewell: Citewell) -> None:
    who = anna(citewell)
    erase(citewell, who.person_id, who)
    assert files_with(citewell.home.path, CANARY) == []


def test_whoever_sits_at_the_machine_loses_all_conversations_and_what_commands_were_told(citewell: Citewell) -> None:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    citewell.conversations.begin(conversation_id, LOCAL_USER, f"{CANARY}question")
    job_id = citewell.jobs.add("ask", {"text": f"{CANARY}asked"}, owner=LOCAL_USER.key)
    citewell.jobs.finish(job_id, {"answer": f"{CANARY}told"})
    citewell.chosen.set(STYLE, f"{CANARY}style", LOCAL_USER)
    erase(citewell, None, LOCAL_USER)
    assert citewell.threads.list(LOCAL_USER) == ()
    assert files_with(citewell.home.path, CANARY) == []
    with pytest.raises(PersonNotFound):
        citewell.erasure.begin(None, visitor("somebody"))


def test_every_kind_of_command_that_holds_a_question_is_known() -> None:
    assert set(ASKED) == {*READING, EVALUATE}


def test_an_answer_that_is_being_written_is_stopped_first(citewell: Citewell) -> None:
    who = anna(citewell)
    conversation_id = citewell.conversations.create(who)
    with ScriptedEndpoint([HEAD, chunk(f"The {CANARY}body sleeps in the tall trees "), HANG]) as endpoint:
        assistant = replace(citewell.assistant, model=model_at(endpoint.url))
        citewell.attached.attach(conversation_id, who, [("t.md", BODY.encode())])
        work_off(citewell)
        job = JOBS.start(
            who,
            conversation_id,
            QUESTION,
            lambda cancelled: assistant.ask(
                QUESTION, conversation_id=conversation_id, principal=who, cancelled=cancelled
            ),
        )
        assert job.wait(0, timeout_s=20)
        erase(citewell, who.person_id, boss(citewell))
        assert job.ended
    assert JOBS.running(who, conversation_id) is None
    with pytest.raises(ConversationNotFound):
        citewell.conversations.count(conversation_id, who)
    assert files_with(citewell.home.path, CANARY) == []


def test_a_file_from_before_deleted_rows_were_overwritten_is_written_anew_once(citewell: Citewell) -> None:
    engine = citewell.erasure.engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA user_version = 0")
        connection.exec_driver_sql("PRAGMA secure_delete = OFF")
        conversation_id = citewell.conversations.create(LOCAL_USER)
        citewell.conversations.begin(conversation_id, LOCAL_USER, f"{CANARY} " * 4_000)
        connection.exec_driver_sql("DELETE FROM conversations")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    assert files_with(citewell.home.path, CANARY) == ["citewell.sqlite"]
    citewell.erasure.scrub()
    assert files_with(citewell.home.path, CANARY) == []


def test_a_thousand_conversations_go_at_once(citewell: Citewell) -> None:
    who = citewell.accounts.recognise(ANNA).principal
    rows = [{"id": f"{n:032x}", "owner": who.key, "created_at": BEGAN} for n in range(1_000)]
    said = [
        {"conversation_id": row["id"], "role": "user", "text": f"{CANARY} {n}", "state": "done", "created_at": BEGAN}
        for n, row in enumerate(rows)
    ]
    with citewell.erasure.engine.begin() as connection:
        connection.execute(conversations.insert(), rows)
        connection.execute(messages.insert(), said)
    out = io.BytesIO()
    exported = citewell.personal_data.export(who.person_id, who, out)
    assert exported.conversations == 1_000
    assert len(ZipFile(out).namelist()) == 1_001
    erase(citewell, who.person_id, boss(citewell))
    assert files_with(citewell.home.path, CANARY) == []


# Killed in the middle.

VICTIM = """
import sys, time
from pathlib import Path
from assistant.worker import Worker
from tests.assistant.people import opened, boss
citewell = opened(Path(sys.argv[1]))
Worker(citewell).start()
citewell.erasure.begin(int(sys.argv[2]), boss(citewell))
print("begun", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("when", ["begun", "gone from the database"])
def test_what_was_killed_in_the_middle_is_finished_at_the_next_start(fresh_home: Path, when: str) -> None:
    with closing(opened(fresh_home)) as citewell:
        boss(citewell)
        person_id = anna(citewell).person_id or 0
    command = [sys.executable, "-c", VICTIM, str(fresh_home), str(person_id)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"begun\n"
        if when != "begun":
            wait_for_grave(fresh_home, person_id)
        os.kill(victim.pid, signal.SIGKILL)
    with closing(opened(fresh_home)) as citewell:
        Worker(citewell).start()
        wait_until_done(citewell)
        assert files_with(fresh_home, CANARY) == []
        with pytest.raises(PersonNotFound):
            citewell.accounts.person(person_id, LOCAL_USER)


def test_what_an_index_has_of_a_collection_that_is_gone_goes_at_the_next_start(fresh_home: Path) -> None:
    """Whatever kept it: the embedding's weights were missing when its collection went, or a kill."""
    with closing(opened(fresh_home)) as citewell:
        (collection_id,) = citewell.library.private(anna(citewell).key)
        scope = frozenset({collection_id})
        ids = tuple(entry.id or 0 for entry in citewell.catalogue.page(scope).entries)
        embeddings = [one.embedding for one in citewell.library.indexed_chunks(ids)]
        vector = next(embedding.tobytes() for embedding in embeddings if embedding is not None)
        citewell.library.delete_collection(collection_id)
    assert files_with_bytes(fresh_home / "indexes", vector)
    with closing(opened(fresh_home)) as citewell:
        Worker(citewell).start()
        wait_until_done(citewell)
        assert files_with_bytes(fresh_home / "indexes", vector) == []
        assert not (fresh_home / "indexes/lexical" / collection_id).exists()


def wait_until_done(citewell: Citewell) -> None:
    """Until the worker has nothing left to do."""
    until = time.monotonic() + 60
    while time.monotonic() < until and citewell.jobs.open():
        time.sleep(0.1)
    assert citewell.jobs.open() == ()


def wait_for_grave(home: Path, person_id: int) -> None:
    engine = open_database(f"sqlite:///{home / 'citewell.sqlite'}")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with engine.connect() as connection:
            if connection.execute(select(people.c.issuer).where(people.c.id == person_id)).scalar() == "erased":
                break
        time.sleep(0.001)
    engine.dispose()


# Exported.


def test_the_zip_has_all_that_is_theirs_under_names_made_of_ids(citewell: Citewell) -> None:
    who, out = anna(citewell), io.BytesIO()
    exported = citewell.personal_data.export(who.person_id, who, out)
    archive = ZipFile(out)
    about, told = json.loads(archive.read("about.json")), whole_text(archive)
    assert (exported.conversations, exported.files) == (2, 1)
    assert about["person"]["email"] == f"{CANARY}mail@x.example"
    assert [group["name"] for group in about["groups"]] == ["Crew"]
    assert len(about["sign_ins"]) == 1
    assert [entry["action"] for entry in about["audit_log"]] == ["signed in"]
    for word in ("name", "question", "body", "comment", "title", "style", "filter", "put away", "file.md"):
        assert f"{CANARY}{word}" in told, word
    assert not [name for name in archive.namelist() if CANARY in name or ".." in name]
    (file,) = [name for name in archive.namelist() if name.startswith("files/")]
    assert f"{CANARY}body".encode() in archive.read(file)
    with citewell.erasure.engine.connect() as connection:
        assert connection.execute(select(sign_ins.c.key)).scalars().first() not in told


def test_what_rests_on_documents_that_they_may_not_read_any_more_is_withheld(citewell: Citewell) -> None:
    who = citewell.accounts.recognise(ANNA).principal
    handbook = citewell.library.create_collection("Handbook").id
    citewell.intake.add_parsed(handbook, [("a.md", document("The vault opens at 7 with two keys.", title="Vault"))])
    citewell.groups.grant(handbook, (Grant(None, who.person_id, False),), LOCAL_USER)
    conversation_id = citewell.conversations.create(who)
    list(citewell.assistant.ask("When does the vault open?", conversation_id=conversation_id, principal=who))
    citewell.snapshots.share(conversation_id, who)
    assert "two keys" in exported_text(citewell, who, who)
    citewell.groups.grant(handbook, (), LOCAL_USER)
    assert "two keys" not in exported_text(citewell, who, who)
    assert "two keys" not in exported_text(citewell, who, boss(citewell))
    assert "When does the vault open?" in exported_text(citewell, who, who)


def test_others_are_not_named_in_it(citewell: Citewell) -> None:
    who, by = citewell.accounts.recognise(ANNA).principal, boss(citewell)
    citewell.audit.record(by, Action.ROLE_CHANGED, who.key, role="member", address="192.0.2.1")
    citewell.audit.record(who, Action.ROLE_CHANGED, by.key, role="member")
    about = exported_text(citewell, who, who)
    assert by.key not in about
    assert "192.0.2.1" not in about
    assert "somebody else" in about


def test_only_oneself_and_administrators_are_given_it(citewell: Citewell) -> None:
    who, by = citewell.accounts.recognise(ANNA).principal, boss(citewell)
    for person_id, asker in ((by.person_id, who), (None, who), (99, by), (None, visitor("somebody"))):
        with pytest.raises(PersonNotFound):
            citewell.personal_data.export(person_id, asker, io.BytesIO())
    assert exported_text(citewell, who, by)


def exported_text(citewell: Citewell, whose: Principal, asker: Principal) -> str:
    out = io.BytesIO()
    citewell.personal_data.export(whose.person_id, asker, out)
    return whole_text(ZipFile(out))


def whole_text(archive: ZipFile) -> str:
    return "\n".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".json"))
