"""First questions come from the documents, are always the same, and can be answered."""

from assistant.conversations import Conversations
from assistant.events import AnswerFinished
from assistant.starters import MOST, starters
from assistant.turn import Assistant
from retrieval.catalogue import Outline
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.retriever import CitewellRetriever
from retrieval.values import ParsedDocument, Section
from tests.conftest import Shelf

LONG = 200


def outline(
    title: str, *headings: str, collection: str = "a", language: str | None = "en", length: int = LONG
) -> Outline:
    """A document with a section of this length under each heading."""
    sections = tuple(Section((title, heading), n * length, (n + 1) * length) for n, heading in enumerate(headings))
    return Outline(collection, title, language, sections)


def test_a_heading_becomes_a_question_about_its_document() -> None:
    assert starters([outline("Leave policy", "2.1 Annual leave")]) == (
        "What does “Leave policy” say about “Annual leave”?",
    )


def test_a_heading_that_is_a_question_is_asked_as_it_stands() -> None:
    assert starters([outline("Help", "Passwords", "How do I reset my password?")]) == ("How do I reset my password?",)


def test_headings_that_promise_nothing_are_passed_over() -> None:
    headings = ("Introduction", "1. Scope", "Leave policy", "See also: the other | table", "A", "Carrying days over")
    assert starters([outline("Leave policy", *headings)]) == (
        "What does “Leave policy” say about “Carrying days over”?",
    )


def test_a_heading_with_nothing_below_it_is_not_asked_about() -> None:
    assert starters([outline("Leave policy", "Annual leave", length=20)]) == ()


def test_every_collection_has_its_turn_and_a_document_one_question() -> None:
    first = [outline(f"Handbook {n}", "Parental leave", "Sick leave") for n in range(5)]
    second = [outline("Network guide", "Remote access", collection="b")]
    questions = starters([*first, *second])
    assert len(questions) == MOST
    assert "Network guide" in questions[1]
    assert len({question.split("”")[0] for question in questions}) == MOST


def test_a_document_in_german_is_asked_in_german_and_one_in_an_unknown_language_not_at_all() -> None:
    assert starters([outline("Urlaubsordnung", "Resturlaub", language="de")]) == (
        "Was sagt „Urlaubsordnung“ zu „Resturlaub“?",
    )
    assert starters([outline("X", "Resturlaub", language=None)]) == ()


def test_what_is_offered_can_be_answered(shelf: Shelf, embedder: Embedder) -> None:
    text = (
        "Annual leave\n\nEveryone who works full time has 26 days of paid annual leave in a calendar year, "
        "on top of the public holidays of the place where they work.\n\n"
        "Carrying days over\n\nUp to five days of annual leave may be carried over into the next year; "
        "they lapse at the end of March unless illness kept somebody from taking them.\n"
    )
    at = text.index("Carrying")
    sections = (
        Section(("Leave policy", "Annual leave"), 0, at),
        Section(("Leave policy", "Carrying days over"), at, len(text)),
    )
    collection_id = shelf.library.create_collection("Handbook").id
    shelf.intake.add_parsed(collection_id, [("leave.md", ParsedDocument("Leave policy", text, sections))])
    scope = frozenset({collection_id})
    (question,) = starters(shelf.catalogue.outlines(scope))
    engine = open_database(f"sqlite:///{shelf.directory / 'library.sqlite'}")
    retriever = CitewellRetriever(engine=shelf.search, catalogue=shelf.catalogue)
    assistant = Assistant(shelf.library, retriever, Conversations(engine), embedder, None, 800)
    last = list(assistant.answer(question, scope=scope))[-1]
    engine.dispose()
    assert isinstance(last, AnswerFinished)
    assert last.answer.status == "answered"
    assert "26 days" in last.answer.text
