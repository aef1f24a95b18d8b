"""What a shared conversation shows to whom. SECRET is what only the first collection's readers may see."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, update

from assistant.access import Principal, Role, readable_by
from assistant.conversations import Conversations, StoredMessage, Work
from assistant.errors import ConversationNotFound, SnapshotNotFound
from assistant.events import Answer, CheckedSentence, Citation, Comparison, DocumentList, Support
from assistant.rewrite import Rewrite
from assistant.schema import conversations as threads
from assistant.schema import snapshots as table
from assistant.snapshots import Snapshots
from assistant.transcript import WITHHELD, Transcript, entries_of
from assistant.usage import Usage
from retrieval.catalogue import Catalogue
from retrieval.database import open_database
from retrieval.library import FileFacts, Library, NewDocument
from retrieval.trace import SearchTrace
from retrieval.values import Passage, Scope, Source
from tests.conftest import document

pytestmark = pytest.mark.threat("T31")

ANNA, BELA = Principal("test", "anna", Role.ADMIN), Principal("test", "bela", Role.ADMIN)
SECRET = "Zebrafinch"
OPEN = "Quokkas sleep in trees."
HIDDEN = f"{SECRET} earns 90,000."


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    opened = open_database(database)
    yield opened
    opened.dispose()


class House:
    """A library with an open and a closed collection, one document in each, and what shares conversations."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.library = Library(engine)
        self.store = Conversations(engine)
        self.snapshots = Snapshots(engine, self.store, Catalogue(engine))
        self.open, self.closed = self.add("Open", "open.md", OPEN), self.add("Closed", f"{SECRET}.md", HIDDEN)

    def add(self, collection: str, path: str, text: str) -> Passage:
        """A document; returns all of it as a passage."""
        id_ = self.library.create_collection(collection).id
        parsed = document(text, title=path)
        document_id = self.library.add(id_, NewDocument(path, FileFacts(text), parsed, (), None, None))
        return Passage(Source(document_id, id_, path, path), 0, len(text), text, (), None, 0.9)

    @property
    def all(self) -> Scope:
        return frozenset({self.open.source.collection, self.closed.source.collection})

    @property
    def only_open(self) -> Scope:
        return frozenset({self.open.source.collection})

    def answered(self, *turns: tuple[str, Work], title: str | None = None) -> str:
        """A conversation of these questions, each with what its answer is made of."""
        conversation = self.store.create(ANNA)
        for question, work in turns:
            message = self.store.begin(conversation, ANNA, question)
            assert work.answer is not None
            self.store.save(message, state="done", text=work.answer.text, work=work)
        if title:
            with self.engine.begin() as connection:
                connection.execute(update(threads).values(title=title))
        return conversation


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine)


def made(passages: tuple[Passage, ...], *parts: tuple[str, Support, tuple[int, ...]], **other: Any) -> Work:
    """An answer of these sentences, each with its verdict and the passages it cites, one line each."""
    text, sentences = "", []
    for words, support, cited in parts:
        marked = words + "".join(f" [{n}]" for n in cited)
        sentences.append(CheckedSentence(words, len(text), len(text) + len(marked), support, cited))
        text += marked + " "
    numbers = sorted({n for _, _, cited in parts for n in cited})
    citations = tuple(Citation(n, passages[n - 1], passages[n - 1].text, 0, passages[n - 1].end) for n in numbers)
    usage = Usage(1000, 50, "a model", cost=1.5, currency="USD")
    values: dict[str, Any] = {"notice": None, "prompt_version": "v7", **other}
    whole = Answer(text.rstrip(), "answered", tuple(sentences), citations, usage, {"total": 1.0}, **values)
    return Work(passages, SearchTrace(notes=(f"note {SECRET}",)), whole, rewrite=Rewrite(f"{SECRET}?", "model"))


def both(house: House) -> Work:
    """An answer that rests on both documents, a sentence on each and one on both."""
    return made(
        (house.open, house.closed),
        (OPEN, "supported", (1,)),
        (HIDDEN, "supported", (2,)),
        (f"So {SECRET} is no quokka.", "supported", (1, 2)),
        (OPEN, "supported", (1,)),
    )


def shown(transcript: Transcript) -> str:
    """Everything that a page is given of it."""
    return repr(transcript)


def test_whoever_may_read_every_source_sees_the_conversation_as_it_was(house: House) -> None:
    shared = house.snapshots.share(house.answered(("What sleeps?", both(house)), title="Sleep"), ANNA)
    opened = house.snapshots.open(shared.id, house.all)
    assert opened.title == "Sleep"
    assert [(entry.role, entry.text) for entry in opened.entries] == [
        ("user", "What sleeps?"),
        ("assistant", both(house).answer.text),  # type: ignore[union-attr]
    ]


def test_what_rests_on_a_document_that_a_reader_may_not_read_is_withheld_sentence_by_sentence(house: House) -> None:
    shared = house.snapshots.share(house.answered(("What sleeps?", both(house))), ANNA)
    opened = house.snapshots.open(shared.id, house.only_open)
    answer = opened.entries[1].answer
    assert answer is not None
    assert answer.text == f"{OPEN} [1] *{WITHHELD}*  {OPEN} [1]"
    assert [sentence.text for sentence in answer.sentences] == [OPEN, WITHHELD, OPEN]
    assert [citation.passage.source.path for citation in answer.citations] == ["open.md"]
    assert SECRET not in shown(opened)


def test_sentences_stand_where_they_say_they_do_after_others_were_withheld(house: House) -> None:
    shared = house.snapshots.share(house.answered(("What sleeps?", both(house))), ANNA)
    answer = house.snapshots.open(shared.id, house.only_open).entries[1].answer
    assert answer is not None
    for sentence in answer.sentences:
        assert sentence.text in answer.text[sentence.start : sentence.end]


@pytest.mark.parametrize("support", ["unsupported", "partly", "contradicted", "not_a_claim"])
def test_a_sentence_without_proof_may_have_come_from_any_document_that_was_found(
    house: House, support: Support
) -> None:
    work = made((house.open, house.closed), (OPEN, "supported", (1,)), (HIDDEN, support, ()))
    opened = house.snapshots.open(house.snapshots.share(house.answered(("?", work)), ANNA).id, house.only_open)
    assert SECRET not in shown(opened)
    assert OPEN in opened.entries[1].text


def test_so_may_one_in_a_later_answer_for_the_model_was_told_of_the_earlier_one(house: House) -> None:
    first = made((house.closed,), (HIDDEN, "supported", (1,)))
    later = made((house.open,), (OPEN, "supported", (1,)), (f"As said, {SECRET}.", "unsupported", ()))
    opened = house.snapshots.open(
        house.snapshots.share(house.answered(("a?", first), ("b?", later)), ANNA).id, house.only_open
    )
    assert SECRET not in shown(opened)
    assert OPEN in opened.entries[3].text


def test_notice_and_title_are_withheld_with_what_they_may_tell(house: House) -> None:
    work = replace_answer(both(house), notice=f"The documents disagree: “{SECRET}.md” gives other figures.")
    conversation = house.answered(("What sleeps?", work), title=f"The wages of {SECRET}")
    opened = house.snapshots.open(house.snapshots.share(conversation, ANNA).id, house.only_open)
    assert opened.title == "What sleeps?"
    assert SECRET not in shown(opened)


def test_a_stretch_that_says_otherwise_counts_as_a_source(house: House) -> None:
    work = made((house.open, house.closed), (OPEN, "supported", (1,)))
    assert work.answer is not None
    opposed = replace(work.answer.sentences[0], opposed=Comparison(2, 0, 5, HIDDEN))
    work = replace_answer(work, sentences=(opposed,))
    opened = house.snapshots.open(house.snapshots.share(house.answered(("?", work)), ANNA).id, house.only_open)
    assert SECRET not in shown(opened)
    assert OPEN not in opened.entries[1].text


def test_words_between_sentences_are_nobodys_and_withheld(house: House) -> None:
    text = f"# {SECRET}\n\n1. {OPEN} [1]\n2. {OPEN} [1]"
    starts = [text.index(OPEN), text.rindex(OPEN)]
    sentences = tuple(CheckedSentence(OPEN, at, at + len(OPEN) + 4, "supported", (1,)) for at in starts)
    work = replace_answer(both(house), text=text, sentences=sentences)
    opened = house.snapshots.open(house.snapshots.share(house.answered(("?", work)), ANNA).id, house.only_open)
    assert SECRET not in shown(opened)
    assert opened.entries[1].text.count(OPEN) == 2
    assert f"2. {OPEN}" in opened.entries[1].text


def test_an_answer_that_broke_off_is_withheld_whole(house: House) -> None:
    conversation = house.store.create(ANNA)
    message = house.store.begin(conversation, ANNA, "Who?")
    work = Work((house.closed,), SearchTrace())
    house.store.save(message, state="failed", text=HIDDEN, work=work, reason=f"The model at {SECRET} broke off.")
    shared = house.snapshots.share(conversation, ANNA)
    for_reader = house.snapshots.open(shared.id, house.only_open)
    assert SECRET not in shown(for_reader)
    assert WITHHELD in for_reader.entries[1].text
    assert house.snapshots.open(shared.id, house.all).entries[1].text == HIDDEN


def test_a_document_that_is_gone_is_read_by_nobody(house: House) -> None:
    shared = house.snapshots.share(house.answered(("What sleeps?", both(house))), ANNA)
    house.library.remove(house.closed.source.id)
    assert SECRET not in shown(house.snapshots.open(shared.id, house.all))


def test_a_document_that_was_read_in_anew_counts_as_the_same(house: House) -> None:
    shared = house.snapshots.share(house.answered(("What sleeps?", both(house))), ANNA)
    again = house.add("Closed", f"{SECRET}.md", HIDDEN + " Newer.")
    assert again.source.id != house.closed.source.id
    assert HIDDEN in house.snapshots.open(shared.id, house.all).entries[1].text
    assert SECRET not in shown(house.snapshots.open(shared.id, house.only_open))


def test_nothing_is_kept_of_search_cost_time_or_what_else_the_model_was_told(house: House) -> None:
    house.snapshots.share(house.answered(("What sleeps?", both(house))), ANNA)
    with house.engine.connect() as connection:
        stored = str(connection.execute(select(table.c.messages)).scalar_one())
    for private in ("note ", "v7", "1.5", "USD", "'total'", "'1000'", "rewrite", "follow_ups"):
        assert private not in stored


def test_a_count_of_documents_is_not_shared(house: House) -> None:
    work = replace_answer(
        both(house), text=f"There are 2 documents, {SECRET}.md among them.", listed=DocumentList(2, 2)
    )
    opened = house.snapshots.open(house.snapshots.share(house.answered(("How many?", work)), ANNA).id, house.all)
    assert SECRET not in shown(opened)
    assert "ask it yourself" in opened.entries[1].text


def test_only_the_owner_shares_lists_and_takes_back(house: House) -> None:
    conversation = house.answered(("What sleeps?", both(house)))
    with pytest.raises(ConversationNotFound):
        house.snapshots.share(conversation, BELA)
    shared = house.snapshots.share(conversation, ANNA)
    assert house.snapshots.list(conversation, ANNA) == (shared,)
    assert house.snapshots.list(conversation, BELA) == ()
    with pytest.raises(SnapshotNotFound):
        house.snapshots.revoke(shared.id, BELA)
    house.snapshots.revoke(shared.id, ANNA)
    assert house.snapshots.list(conversation, ANNA) == ()


def test_a_link_that_was_taken_back_looks_like_one_that_never_was(house: House) -> None:
    shared = house.snapshots.share(house.answered(("What sleeps?", both(house))), ANNA)
    house.snapshots.revoke(shared.id, ANNA)
    hints = set()
    for snapshot_id in (shared.id, "0" * 32, "", "'; --", "x" * 10_000):
        with pytest.raises(SnapshotNotFound) as absent:
            house.snapshots.open(snapshot_id, house.all)
        hints.add(absent.value.hint)
    assert len(hints) == 1


def test_it_is_not_seen_once_its_conversation_is_deleted_and_goes_with_it(house: House) -> None:
    shared = house.snapshots.share(house.answered(("What sleeps?", both(house))), ANNA)
    with house.engine.begin() as connection:
        connection.execute(update(threads).values(deleted_at=datetime(2026, 1, 1)))
    with pytest.raises(SnapshotNotFound):
        house.snapshots.open(shared.id, house.all)
    house.store.forget(ANNA)
    with house.engine.connect() as connection:
        assert connection.execute(select(table.c.id)).all() == []


def test_the_files_of_a_conversation_stay_its_owners(house: House) -> None:
    conversation = house.store.create(ANNA)
    collection = house.library.create_private(conversation, ANNA.key)
    parsed = document(HIDDEN, title="mine.md")
    document_id = house.library.add(collection, NewDocument("mine.md", FileFacts("m"), parsed, (), None, None))
    mine = Passage(Source(document_id, collection, "mine.md", "mine.md"), 0, len(HIDDEN), HIDDEN, (), None, 0.9)
    message = house.store.begin(conversation, ANNA, "What sleeps?")
    work = made((house.open, mine), (OPEN, "supported", (1,)), (HIDDEN, "supported", (2,)))
    assert work.answer is not None
    house.store.save(message, state="done", text=work.answer.text, work=work)
    shared = house.snapshots.share(conversation, ANNA)
    assert SECRET not in shown(house.snapshots.open(shared.id, readable_by(BELA, house.library)))
    assert HIDDEN in house.snapshots.open(shared.id, readable_by(ANNA, house.library)).entries[1].text


def test_what_is_said_later_is_not_in_it(house: House) -> None:
    conversation = house.answered(("What sleeps?", both(house)))
    shared = house.snapshots.share(conversation, ANNA)
    house.store.begin(conversation, ANNA, "And what else?")
    assert len(house.snapshots.open(shared.id, house.all).entries) == 2


def test_two_links_are_two_ids_that_cannot_be_guessed(house: House) -> None:
    conversation = house.answered(("What sleeps?", both(house)))
    ids = {house.snapshots.share(conversation, ANNA).id for _ in range(20)}
    assert len(ids) == 20
    assert all(len(id_) == 32 and int(id_, 16) >= 0 for id_ in ids)


_PIECES = st.lists(
    st.tuples(
        st.text("ab .\n-#[]1*|`", max_size=6),
        st.sampled_from(["open", "closed", "none"]),
        st.sampled_from(["supported", "unsupported", "not_a_claim"]),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(_PIECES)
def test_whatever_an_answer_looks_like_no_word_of_a_hidden_source_comes_out(
    pieces: list[tuple[str, str, Support]],
) -> None:
    """Words from the closed document stand in sentences, and some between them."""
    passages = tuple(Passage(Source(n, "c", f"{n}.md", f"{n}"), 0, 9, "something", (), None, 0.5) for n in (1, 2))
    text, sentences = "", []
    for between, source, support in pieces:
        text += between
        words = {"open": "quokka", "closed": SECRET, "none": SECRET}[source]
        cited = {"open": (1,), "closed": (2,), "none": ()}[source]
        words = words if support == "supported" and cited else SECRET
        sentences.append(CheckedSentence(words, len(text), len(text) + len(words), support, cited))
        text += words
    citations = tuple(Citation(n, passages[n - 1], "something", 0, 9) for n in (1, 2))
    answer = Answer(text, "answered", tuple(sentences), citations, Usage(), {})
    message = StoredMessage(1, "assistant", text, "done", None, Work(passages, None, answer))
    transcript = Transcript("t", datetime(2026, 1, 1), entries_of([message])).for_reader({1})
    kept = transcript.entries[0].answer
    assert SECRET not in transcript.entries[0].text
    assert kept is not None
    assert SECRET not in repr(kept)
    assert transcript.entries[0].text.count("quokka") == sum(s.text == "quokka" for s in sentences)


def replace_answer(work: Work, **values: Any) -> Work:
    """The same with these fields of its answer changed."""
    assert work.answer is not None
    return replace(work, answer=replace(work.answer, **values))
