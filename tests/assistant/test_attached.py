"""The files of one conversation: read in, searched there alone, seen by nobody else, gone with it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER, Principal, readable_by, scope_of, visitor
from assistant.attached import MOST_FILES, AttachedFile
from assistant.bootstrap import Citewell, open_citewell
from assistant.errors import AttachmentRefused, ConversationNotFound
from assistant.events import AnswerFinished, Event, FilesAwaited, PassagesFound, TurnFailed
from assistant.operations import ATTACHED, OPERATIONS, WRITING, Operation, Reporter
from assistant.settings import Settings
from assistant.threads import KEPT, Threads
from assistant.transcript import readable_transcript
from assistant.worker import Worker
from retrieval.database import open_database
from retrieval.dates import utc_now
from retrieval.errors import UnknownDocument
from tests.homes import new_home

SECRET = "# Site survey\n\nThe mast on Farholm is anchored with nine bolts and stands 14 metres above the shore.\n"
SHARED = "# Leave policy\n\nEveryone who works full time has 26 days of paid annual leave in a calendar year.\n"
QUESTION = "How many bolts anchor the mast on Farholm?"
OTHER = visitor("somebody else")


@pytest.fixture
def citewell(tmp_path: Path) -> Iterator[Citewell]:
    """A home with one document of everybody's; no worker runs."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "leave.md").write_text(SHARED, "utf-8")
    opened = open_citewell(Settings.read(home=new_home(tmp_path / "home"), sample=False))
    opened.intake.read_paths([tmp_path / "files"], collection="Handbook")
    yield opened
    opened.close()


def work_off(citewell: Citewell, operations: Mapping[str, Operation] = ATTACHED) -> None:
    """Do what the worker would do with the files of conversations."""
    while (job := citewell.jobs.claim(operations.keys())) is not None:
        result = operations[job.kind](citewell, job.work, Reporter())
        citewell.jobs.finish(job.id, result)


def with_survey(citewell: Citewell, principal: Principal = LOCAL_USER) -> str:
    """A conversation that has the survey."""
    conversation_id = citewell.conversations.create(principal)
    citewell.attached.attach(conversation_id, principal, [("survey.md", SECRET.encode())])
    work_off(citewell)
    return conversation_id


def ask(citewell: Citewell, conversation_id: str, principal: Principal = LOCAL_USER, **options: object) -> list[Event]:
    return list(
        citewell.assistant.ask(QUESTION, conversation_id=conversation_id, principal=principal, **options)  # type: ignore[arg-type]
    )


def found(events: list[Event]) -> str:
    """The words of all passages that a turn found."""
    passages = [p.text for event in events if isinstance(event, PassagesFound) for p in event.passages]
    return "\n".join(passages)


def test_a_file_is_read_in_and_cited_in_its_conversation(citewell: Citewell) -> None:
    conversation_id = with_survey(citewell)
    (file,) = citewell.attached.files(conversation_id, LOCAL_USER)
    assert (file.name, file.state) == ("survey.md", "read")
    answer = ask(citewell, conversation_id)[-1]
    assert isinstance(answer, AnswerFinished)
    assert "nine bolts" in answer.answer.text
    assert answer.answer.citations[0].passage.source.title == "Site survey"


def test_the_chosen_collection_is_searched_together_with_it(citewell: Citewell) -> None:
    conversation_id = with_survey(citewell)
    events = ask(citewell, conversation_id, collection="Handbook")
    assert "nine bolts" in found(events)
    assert scope_of(LOCAL_USER, citewell.library, collection="Handbook", conversation=conversation_id) == scope_of(
        LOCAL_USER, citewell.library, conversation=conversation_id
    )


def test_another_conversation_of_the_same_person_finds_nothing_of_it(citewell: Citewell) -> None:
    with_survey(citewell)
    elsewhere = citewell.conversations.create(LOCAL_USER)
    events = ask(citewell, elsewhere)
    assert "bolts" not in found(events)
    last = events[-1]
    assert isinstance(last, AnswerFinished)
    assert last.answer.status == "unanswerable"


def test_another_person_gets_nothing_by_any_way(citewell: Citewell) -> None:
    """By search, by the conversation's id, by the document's id."""
    conversation_id = with_survey(citewell)
    (file,) = citewell.attached.files(conversation_id, LOCAL_USER)
    assert file.document_id is not None
    assert citewell.library.private(LOCAL_USER.key) & scope_of(OTHER, citewell.library) == frozenset()
    assert scope_of(OTHER, citewell.library, conversation=conversation_id) == scope_of(OTHER, citewell.library)
    with pytest.raises(ConversationNotFound):
        ask(citewell, conversation_id, OTHER)
    theirs = citewell.conversations.create(OTHER)
    assert "bolts" not in found(ask(citewell, theirs, OTHER))
    with pytest.raises(UnknownDocument):
        citewell.library.document(file.document_id, readable_by(OTHER, citewell.library))
    assert citewell.library.document(file.document_id, readable_by(LOCAL_USER, citewell.library))
    assert citewell.attached.files(conversation_id, OTHER) == ()
    with pytest.raises(ConversationNotFound):
        citewell.attached.attach(conversation_id, OTHER, [("x.md", b"# X\n\nText.\n")])
    citewell.attached.remove(conversation_id, OTHER, "survey.md")
    work_off(citewell)
    assert citewell.attached.files(conversation_id, LOCAL_USER) == (file,)


def test_a_shared_conversation_shows_others_nothing_of_its_files_and_its_owner_takes_it_all_home(
    citewell: Citewell,
) -> None:
    conversation_id = with_survey(citewell)
    ask(citewell, conversation_id)
    shared = citewell.snapshots.share(conversation_id, LOCAL_USER)
    seen = citewell.snapshots.open(shared.id, scope_of(OTHER, citewell.library))
    assert "nine bolts" not in repr(seen)
    own = readable_transcript(
        citewell.conversations,
        citewell.catalogue,
        conversation_id,
        principal=LOCAL_USER,
        scope=readable_by(LOCAL_USER, citewell.library),
    )
    assert "nine bolts" in own.entries[-1].text


def test_no_list_of_documents_names_it(citewell: Citewell) -> None:
    """Neither the collections nor what the commands list."""
    with_survey(citewell)
    assert [collection.name for collection in citewell.library.collections()] == ["Handbook"]
    listed = OPERATIONS["list_documents"](citewell, {"mentions": "mast"}, Reporter())
    searched = OPERATIONS["search"](citewell, {"text": QUESTION, "limit": 8}, Reporter())
    counted = OPERATIONS["ask"](citewell, {"text": "How many documents are there?"}, Reporter())
    told = json.dumps([listed, searched, counted])
    assert "urvey" not in told
    assert "bolts" not in told
    assert "1 document" in counted["answer"]


def test_a_question_about_the_collection_counts_it_in_its_own_conversation(citewell: Citewell) -> None:
    conversation_id = with_survey(citewell)
    events = list(
        citewell.assistant.ask("Which documents mention a mast?", conversation_id=conversation_id, principal=LOCAL_USER)
    )
    last = events[-1]
    assert isinstance(last, AnswerFinished)
    assert "Site survey" in last.answer.text
    assert conversation_id not in last.answer.text


def test_a_file_that_is_just_being_read_in_elsewhere_is_kept(citewell: Citewell) -> None:
    """Only the thread that reads files in knows which of those that nothing stands for are on their way."""
    conversation_id = with_survey(citewell)
    on_its_way = citewell.originals.keep_data(b"read, and not stored yet")
    citewell.attached.remove(conversation_id, LOCAL_USER, "survey.md")
    citewell.attached.forget([conversation_id])
    work_off(citewell)
    assert citewell.originals.path_of(on_its_way) is not None


def test_a_file_takes_the_place_of_one_of_its_name_where_there_is_no_more_room(citewell: Citewell) -> None:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    files = [(f"note-{n}.txt", b"one") for n in range(MOST_FILES)]
    citewell.attached.attach(conversation_id, LOCAL_USER, files)
    citewell.attached.attach(conversation_id, LOCAL_USER, [("note-3.txt", b"two")])
    with pytest.raises(AttachmentRefused):
        citewell.attached.attach(conversation_id, LOCAL_USER, [("another.txt", b"three")])


def test_what_is_removed_is_gone_from_database_indexes_and_originals(citewell: Citewell) -> None:
    conversation_id = with_survey(citewell)
    (collection_id,) = citewell.library.private(LOCAL_USER.key)
    (sha256,) = (entry.sha256 for entry in citewell.catalogue.page(frozenset({collection_id})).entries)
    citewell.attached.remove(conversation_id, LOCAL_USER, "survey.md")
    assert citewell.attached.files(conversation_id, LOCAL_USER) == ()
    assert "bolts" not in found(ask(citewell, conversation_id))
    work_off(citewell)
    work_off(citewell, WRITING)
    assert citewell.originals.path_of(sha256) is None
    assert citewell.indexes.lexical.count(collection_id) == 0
    assert citewell.indexes.dense is not None
    assert citewell.indexes.dense.count(collection_id) == 0


def test_a_forgotten_conversation_takes_its_files_with_it(citewell: Citewell) -> None:
    kept, conversation_id = with_survey(citewell), with_survey(citewell)
    (collection_id,) = citewell.library.private(LOCAL_USER.key, conversation_id=conversation_id)
    citewell.attached.forget([conversation_id])
    work_off(citewell)
    assert collection_id not in citewell.library.every_collection()
    assert citewell.jobs.of_collection(collection_id) == ()
    assert [file.name for file in citewell.attached.files(kept, LOCAL_USER)] == ["survey.md"]
    assert "nine bolts" in found(ask(citewell, kept))


def test_a_deleted_conversation_keeps_its_files_while_it_can_be_brought_back(citewell: Citewell) -> None:
    """Once it is removed for good, they go too."""
    conversation_id = with_survey(citewell)
    citewell.threads.delete(conversation_id, LOCAL_USER)
    citewell.threads.purge()
    work_off(citewell)
    assert citewell.attached.files(conversation_id, LOCAL_USER)
    engine = open_database(citewell.home.database_url)
    later = Threads(engine, now=lambda: utc_now() + 2 * KEPT, forget_files=citewell.attached.forget)
    assert later.purge() == (conversation_id,)
    engine.dispose()
    work_off(citewell)
    assert citewell.library.private(LOCAL_USER.key) == frozenset()


def test_a_visit_that_is_reset_takes_all_its_files_with_it(citewell: Citewell) -> None:
    mine, theirs = with_survey(citewell), with_survey(citewell, OTHER)
    citewell.conversations.forget(OTHER)
    citewell.attached.forget_all_of(OTHER)
    work_off(citewell)
    assert citewell.library.private(OTHER.key) == frozenset()
    assert theirs not in citewell.library.private_by_conversation()
    assert citewell.attached.files(mine, LOCAL_USER)


def test_files_of_conversations_that_are_gone_are_swept_away(citewell: Citewell) -> None:
    """Whatever deleted the conversation: at the next start its files go."""
    with_survey(citewell, OTHER)
    kept = with_survey(citewell)
    citewell.conversations.forget(OTHER)
    citewell.attached.sweep()
    work_off(citewell)
    assert set(citewell.library.private_by_conversation()) == {kept}


def test_a_file_that_cannot_be_read_says_why(citewell: Citewell) -> None:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    citewell.attached.attach(conversation_id, LOCAL_USER, [("plan.pdf", b"%PDF-1.7 broken")])
    assert citewell.attached.files(conversation_id, LOCAL_USER) == (AttachedFile("plan.pdf", "reading"),)
    work_off(citewell)
    (file,) = citewell.attached.files(conversation_id, LOCAL_USER)
    assert file.state == "failed"
    assert "plan.pdf is damaged" in file.reason
    last = ask(citewell, conversation_id, files=["plan.pdf"])[-1]
    assert isinstance(last, TurnFailed)
    assert "plan.pdf is damaged" in last.reason
    assert isinstance(ask(citewell, conversation_id)[-1], AnswerFinished)


def test_a_question_waits_for_its_file(citewell: Citewell) -> None:
    """The worker reads it meanwhile; the answer then quotes it."""
    conversation_id = citewell.conversations.create(LOCAL_USER)
    names = citewell.attached.attach(conversation_id, LOCAL_USER, [("survey.md", SECRET.encode())])
    Worker(citewell).start()
    events = ask(citewell, conversation_id, files=names)
    assert [event.names for event in events if isinstance(event, FilesAwaited)] in ([names], [])
    assert "nine bolts" in found(events)


def test_a_question_that_waits_can_be_stopped(citewell: Citewell) -> None:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    citewell.attached.attach(conversation_id, LOCAL_USER, [("survey.md", SECRET.encode())])
    looks = iter((False, False, True, True, True))
    events = ask(citewell, conversation_id, cancelled=lambda: next(looks))
    assert [type(event).__name__ for event in events] == ["TurnStarted", "FilesAwaited", "TurnStopped"]


def test_there_is_a_limit_to_the_files_of_a_conversation(citewell: Citewell) -> None:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    files = [(f"{n}.md", f"# Note {n}\n\nText.\n".encode()) for n in range(MOST_FILES + 1)]
    with pytest.raises(AttachmentRefused, match=str(MOST_FILES)):
        citewell.attached.attach(conversation_id, LOCAL_USER, files)
    assert citewell.attached.files(conversation_id, LOCAL_USER) == ()


def test_everybodys_collections_cannot_take_the_name_of_a_private_one(citewell: Citewell) -> None:
    conversation_id = with_survey(citewell)
    shared = citewell.library.create_collection(f" {conversation_id}")
    assert shared.id not in citewell.library.private(LOCAL_USER.key)
    assert citewell.library.private(LOCAL_USER.key) & {c.id for c in citewell.library.collections()} == frozenset()


def test_rebuilt_indexes_have_the_files_of_conversations_too(citewell: Citewell) -> None:
    conversation_id = with_survey(citewell)
    OPERATIONS["rebuild"](citewell, {}, Reporter())
    assert "nine bolts" in found(ask(citewell, conversation_id))
