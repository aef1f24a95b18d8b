"""Questions about the collection itself, answered whole: the number is complete, each document opens, it is a turn."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.access import LOCAL_USER
from assistant.conversations import Conversations
from assistant.events import Answer, AnswerFinished, Event, PassagesFound, SentenceChecked, TextDelta
from assistant.inventory import SHOWN, Inventory
from assistant.llm import Message
from assistant.turn import Assistant
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.filters import NO_FILTERS, Filters
from retrieval.mentions import Mentions, words_of
from retrieval.retriever import CitewellRetriever
from retrieval.values import ParsedDocument, Scope, Section
from tests.conftest import Shelf, open_shelf

TODAY = datetime.now(UTC).date()
MANY = 23


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Shelf]:
    """25 documents on trips, one of them a PDF of 2024, and two others."""
    shelf = open_shelf(tmp_path_factory.mktemp("inventory"), embedder)
    hr = shelf.library.create_collection("HR").id
    shelf.intake.add_parsed(
        hr,
        [
            *(
                (f"trip-{n:02}.md", parsed(f"Report {n}", f"Opening words. On the trip {n} we travelled by train."))
                for n in range(MANY)
            ),
            ("policy.pdf", parsed("Travel policy [2]", "Travelling by train is preferred.", "PDF", date(2024, 3, 1))),
            ("leave.md", parsed("Leave policy", "Everybody has 30 days of paid holiday a year.")),
        ],
    )
    shelf.add("IT", vpn="The VPN is needed on the train as well.")
    yield shelf
    shelf.indexes.close()
    shelf.library.close()


@pytest.fixture
def assistant(stocked: Shelf, embedder: Embedder) -> Iterator[Assistant]:
    engine = open_database(f"sqlite:///{stocked.directory / 'library.sqlite'}")
    retriever = CitewellRetriever(engine=stocked.search, catalogue=stocked.catalogue, limit=8)
    yield Assistant(
        stocked.library, retriever, Conversations(engine), embedder, None, 200, inventory=inventory_of(stocked)
    )
    engine.dispose()


def inventory_of(shelf: Shelf) -> Inventory:
    return Inventory(shelf.catalogue, Mentions(shelf.library, shelf.indexes.lexical), shelf.search)


def parsed(title: str, text: str, format_: str = "Markdown", day: date | None = None) -> ParsedDocument:
    return ParsedDocument(title, text, (Section((), 0, len(text)),), dated=day, format=format_)


def scope_of(shelf: Shelf, *names: str) -> Scope:
    return frozenset(c.id for c in shelf.library.collections() if c.name in names or not names)


def events_of(assistant: Assistant, question: str, scope: Scope, filters: Filters = NO_FILTERS) -> tuple[Event, ...]:
    return tuple(assistant.answer(question, scope=scope, filters=filters))


def answer_of(events: Sequence[Event]) -> Answer:
    last = events[-1]
    assert isinstance(last, AnswerFinished)
    return last.answer


def test_the_number_is_complete_and_the_first_documents_are_named(assistant, stocked):
    events = events_of(assistant, "Which documents mention trains?", scope_of(stocked))
    answer = answer_of(events)
    first, *lines = answer.text.split("\n")
    assert first == f"{MANY + 2} of {MANY + 3} documents mention “trains”:"
    assert len([line for line in lines if line.startswith("- ")]) == len(answer.citations) == SHOWN
    assert lines[-1] == f"And {MANY + 2 - SHOWN} more."
    assert answer.listed is not None
    assert (answer.listed.total, answer.listed.shown) == (MANY + 2, SHOWN)
    assert len(inventory_of(stocked).entries(answer.listed, scope_of(stocked))) == MANY + 2


def test_it_is_an_ordinary_turn_of_honest_sentences(assistant, stocked):
    events = events_of(assistant, "Which documents mention trains?", scope_of(stocked))
    answer = answer_of(events)
    assert isinstance(events[0], PassagesFound)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == answer.text
    assert [event.sentence for event in events if isinstance(event, SentenceChecked)] == list(answer.sentences[1:-1])
    assert {sentence.support for sentence in answer.sentences} == {"not_a_claim"}
    assert all(sentence.text in answer.text[sentence.start : sentence.end] for sentence in answer.sentences)
    assert [sentence.citations for sentence in answer.sentences[1:-1]] == [(n,) for n in range(1, SHOWN + 1)]
    assert answer.status == "answered"


def test_each_document_opens_where_the_words_stand(assistant, stocked):
    answer = answer_of(events_of(assistant, "Which documents mention the trip?", scope_of(stocked, "HR")))
    for citation in answer.citations:
        _, document = stocked.library.document(citation.passage.source.id, scope_of(stocked))
        assert document.text[citation.start : citation.end] == citation.quote
        assert "trip" in citation.quote


def test_documents_with_the_words_in_their_title_come_first_and_brackets_in_it_cite_nothing(assistant, stocked):
    answer = answer_of(events_of(assistant, "Which documents do we have about travel?", scope_of(stocked, "HR")))
    assert answer.text.startswith(f"{MANY + 1} of {MANY + 2} documents mention “travel”, 1 of them in the title:")
    assert "\n- “Travel policy (2)” · 1 March 2024 [1]\n" in answer.text


def test_a_collection_in_the_question_and_the_scope_are_kept_to(assistant, stocked):
    both = answer_of(events_of(assistant, "Which documents mention trains in the IT collection?", scope_of(stocked)))
    assert both.text.startswith("1 of 1 document in “IT” mentions “trains”:")
    outside = events_of(assistant, "Which documents mention VPN?", scope_of(stocked, "HR"))
    assert answer_of(outside).text.startswith(f"None of {MANY + 2} documents mention “VPN”.")


def test_filters_hold_for_the_number_and_are_named(assistant, stocked):
    filters = Filters(frozenset({"PDF"}), dated_to=date(2024, 12, 31))
    answer = answer_of(events_of(assistant, "How many documents do we have?", scope_of(stocked), filters))
    assert answer.text.startswith("There is 1 document that fits the filters:\n\n- “Travel policy (2)”")
    other = answer_of(events_of(assistant, "How many Word files are there?", scope_of(stocked), filters))
    assert other.text == "There are no DOCX files that fit the filters."


def test_nothing_found_is_said_plainly_with_what_comes_near(assistant, stocked):
    events = events_of(assistant, "Which documents do we have about vacations?", scope_of(stocked))
    answer = answer_of(events)
    assert answer.text.startswith(f"None of {MANY + 3} documents mention “vacations”. The nearest in meaning ")
    assert "“Leave policy”" in answer.text
    assert (answer.status, answer.citations) == ("unanswerable", ())
    assert isinstance(events[0], PassagesFound)
    assert events[0].passages


def test_an_empty_scope_is_told_nothing(assistant):
    answer = answer_of(events_of(assistant, "How many documents do we have?", frozenset()))
    assert answer.text == "There are no documents."


def test_what_changed_tells_added_from_read_anew_and_deleted(tmp_path, embedder):
    shelf = open_shelf(tmp_path, embedder)
    scope = shelf.add("HR", leave="Leave is 26 days.", trips="Meals are £30.", old="Old rules.")
    shelf.add("HR", leave="Leave is 30 days.")
    shelf.library.remove(shelf.library.document_at("old", scope))
    retriever = CitewellRetriever(engine=shelf.search, catalogue=shelf.catalogue, limit=8)
    conversations = Conversations(open_database(f"sqlite:///{tmp_path / 'library.sqlite'}"))
    assistant = Assistant(shelf.library, retriever, conversations, embedder, None, 200, inventory=inventory_of(shelf))
    answer = answer_of(events_of(assistant, "What changed today?", scope))
    day = f"{TODAY.day} {TODAY:%B %Y}"
    assert answer.text.startswith(f"On {day}, 1 document was added, 1 read in anew and 1 deleted:\n")
    assert f"- “leave” · read in anew {day} [1]" in answer.text
    assert f"- “trips” · added {day}" in answer.text
    deleted = answer_of(events_of(assistant, "Which documents were deleted today?", scope))
    assert deleted.text == f"On {day}, 1 document was deleted."
    later = replace(inventory_of(shelf), today=lambda: TODAY + timedelta(30))
    nothing = answer_of(events_of(replace(assistant, inventory=later), "What's new?", scope))
    assert nothing.text.endswith("no documents were added, read in anew or deleted.")
    shelf.indexes.close()
    shelf.library.close()


def test_a_question_about_the_contents_is_answered_from_passages_as_ever(assistant, stocked):
    answer = answer_of(events_of(assistant, "How many days of paid holiday does everybody have?", scope_of(stocked)))
    assert answer.listed is None
    assert "30 days" in answer.text
    history = (Message("user", "What is the meal allowance?"), Message("assistant", "55 euros."))
    *_, last = assistant.answer("What's new?", scope=scope_of(stocked), history=history)
    assert isinstance(last, AnswerFinished)
    assert last.answer.listed is None


def test_the_turn_is_stored_with_what_it_was_narrowed_to(assistant, stocked):
    conversation = assistant.conversations.create(LOCAL_USER)
    filters = Filters(frozenset({"PDF"}), dated_from=date(2024, 1, 1))
    for question in ("Which documents mention trains?", "Is travelling by train preferred?"):
        tuple(
            assistant.ask(
                question, conversation_id=conversation, principal=LOCAL_USER, collection="HR", filters=filters
            )
        )
    answers = assistant.conversations.messages(conversation, LOCAL_USER)[1::2]
    for stored in answers:
        assert stored.work is not None
        assert stored.work.narrowed is not None
        assert stored.work.narrowed.in_words() == ("in HR", "PDF", "dated from 1 January 2024")
    listed = answers[0].work and answers[0].work.answer and answers[0].work.answer.listed
    assert listed
    assert (listed.total, listed.filters) == (1, filters)


def test_filters_that_fit_nothing_are_another_thing_than_finding_nothing(assistant, stocked):
    answer = answer_of(events_of(assistant, "Who pays for the train?", scope_of(stocked), Filters(title="nowhere")))
    assert answer.text == "No document fits the filters: title has “nowhere”. Take one away, or widen it."


def test_alternatives_are_named_as_such(assistant, stocked):
    answer = answer_of(events_of(assistant, "Which documents mention VPN or holiday?", scope_of(stocked)))
    assert answer.text.startswith(f"2 of {MANY + 3} documents mention “VPN” or “holiday”")


# Words


def test_alternatives_and_all_words(stocked):
    mentions = Mentions(stocked.library, stocked.indexes.lexical)
    scope = scope_of(stocked)
    assert len(mentions.documents("VPN or holiday", scope)) == 2
    assert len(mentions.documents("VPN train", scope)) == 1
    assert mentions.documents("VPN holiday", scope) == {}
    assert mentions.documents("VPN", frozenset()) == {}


@given(st.text(max_size=60))
def test_any_words_can_be_looked_for(words: str) -> None:
    assert all(word in words for word in words_of(words))


def test_operators_and_emoji_are_ordinary_words(stocked):
    mentions = Mentions(stocked.library, stocked.indexes.lexical)
    for words in ('AND NOT "', "*:*", "😀", "a" * 5000, "zebra " * 500, "title:vpn^2"):
        assert mentions.documents(words, scope_of(stocked)) in (
            {},
            mentions.documents("title vpn 2", scope_of(stocked)),
        )
