"""T4: whatever was read, asked, cited and shared before, nothing of it opens once access is withdrawn or the document deleted."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from assistant.access import LOCAL_USER, Principal, readable_by
from assistant.events import AnswerFinished
from assistant.export import export
from assistant.groups import Grant
from assistant.starters import starters
from assistant.transcript import readable_transcript
from assistant.worker import Worker
from retrieval.errors import RetrievalError
from tests.conftest import document
from tests.security.world import NUMBERS, World, opened_world

SECRET = "kanaria"
WAIT_S = 60
QUESTION = "Which word opens the vault of the quokkas?"


@dataclass(slots=True)
class Reader:
    """Somebody of a group who has asked about a document of theirs and shared the answer."""

    world: World
    principal: Principal
    group: int
    collection: str
    document: int
    conversation: str = ""

    def seen(self) -> str:
        """All that the pages would show of it, as one text: found, listed, suggested, taken home, shared, opened."""
        citewell, scope = self.world.citewell, readable_by(self.principal, self.world.citewell.library)
        transcript = readable_transcript(
            citewell.conversations, citewell.catalogue, self.conversation, principal=self.principal, scope=scope
        )
        shared = citewell.snapshots.list(self.conversation, self.principal)
        shown = (
            citewell.retriever.find(QUESTION, scope=scope),
            citewell.catalogue.page(scope),
            starters(citewell.catalogue.outlines(scope)),
            export(transcript, "md", on=date(2026, 11, 2)).content.decode(),
            [citewell.snapshots.open(each.id, scope) for each in shared],
            self.opened(),
        )
        assert shared
        return repr(shown)

    def opened(self) -> str:
        """The document behind the old citation, or why it does not open."""
        library = self.world.citewell.library
        try:
            _, text = library.document(self.document, readable_by(self.principal, library))
        except RetrievalError as error:
            return error.hint
        return repr(text)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened_world(tmp_path_factory.mktemp("withdrawn") / "home") as opened:
        Worker(opened.citewell).start()
        yield opened


@pytest.fixture
def reader(world: World) -> Reader:
    """Everything is warm: searched twice, listed, asked, cited and shared."""
    citewell, principal = world.citewell, world.people["anna"]
    collection = citewell.library.create_collection(f"Vaults {next(NUMBERS)}").id
    group, path = world.group(), f"vault {next(NUMBERS)}"
    citewell.groups.put_in(principal.person_id or 0, frozenset({group}), LOCAL_USER)
    citewell.groups.grant(collection, (Grant(group, None, may_edit=False),), LOCAL_USER)
    text = f"The word that opens the vault of the quokkas is {SECRET}. Nobody else may know it."
    citewell.intake.add_parsed(collection, [(path, document(text, title=f"The vault {SECRET}"))])
    found = citewell.library.document_at(path, frozenset({collection}))
    made = Reader(world, principal, group, collection, found, citewell.conversations.create(principal))
    *_, last = citewell.assistant.ask(QUESTION, conversation_id=made.conversation, principal=principal)
    assert isinstance(last, AnswerFinished)
    citewell.snapshots.share(made.conversation, principal)
    assert SECRET in made.opened()
    assert made.seen().count(SECRET) > 5
    return made


def leave_the_group(reader: Reader) -> None:
    reader.world.citewell.groups.put_in(reader.principal.person_id or 0, frozenset(), LOCAL_USER)


def take_the_grant_back(reader: Reader) -> None:
    reader.world.citewell.groups.grant(reader.collection, (), LOCAL_USER)


def delete_the_document(reader: Reader) -> None:
    reader.world.citewell.holdings.delete_documents([reader.document], [], LOCAL_USER)
    wait_for_the_worker(reader)


def delete_the_collection(reader: Reader) -> None:
    reader.world.citewell.holdings.delete(reader.collection, LOCAL_USER)
    wait_for_the_worker(reader)


def wait_for_the_worker(reader: Reader) -> None:
    """Removals wait in the job table for the one that writes."""
    jobs, since = reader.world.citewell.jobs, time.monotonic()
    while jobs.open():
        assert time.monotonic() - since < WAIT_S, "it was not removed in time"
        time.sleep(0.02)


@pytest.mark.threat("T4", count=6)
@pytest.mark.parametrize("withdraw", [leave_the_group, take_the_grant_back, delete_the_document, delete_the_collection])
def test_nothing_that_was_cited_is_shown_any_more(reader: Reader, withdraw: Callable[[Reader], None]) -> None:
    """Six ways to see it: search, list, suggestions, export, what was shared, the document itself."""
    withdraw(reader)
    assert SECRET not in reader.seen()


@pytest.mark.threat("T4", count=4)
@pytest.mark.parametrize("withdraw", [delete_the_document, delete_the_collection])
def test_what_was_deleted_is_in_no_index_and_no_memory(reader: Reader, withdraw: Callable[[Reader], None]) -> None:
    """By whoever may read everything: SQL, words, vectors and the vectors held in memory."""
    citewell, scope = reader.world.citewell, frozenset({reader.collection})
    withdraw(reader)
    found = citewell.retriever.find(QUESTION, scope=scope)
    dense = citewell.indexes.dense
    assert dense is not None
    assert not citewell.library.chunks_of(reader.document)
    assert not found.passages
    assert not found.trace.candidates
    assert citewell.indexes.lexical.count(reader.collection) == 0
    assert dense.count(reader.collection) == 0
