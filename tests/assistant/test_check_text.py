"""Any text, held against the documents of a scope: verdicts, proof and what is said instead."""

from collections.abc import Iterator
from datetime import date

import pytest

from assistant.check_text import (
    MOST_CHARS,
    MOST_STATEMENTS,
    CheckedText,
    Searched,
    check_text,
    checking,
)
from assistant.errors import TextRefused
from assistant.events import CheckedSentence, SentenceChecked
from retrieval.embedding import Embedder
from retrieval.retriever import CitewellRetriever
from retrieval.values import ParsedDocument, Scope, Section
from tests.conftest import Shelf, open_shelf

TRAVEL = (
    "The daily meal allowance is £56 for a full day in the country and £72 abroad. No receipts are needed.\n\n"
    "A hotel night may cost up to £145. Driving your own car is paid at 45p a mile.\n\n"
    "Claims are handed in within 30 days of the end of the trip. After that they lapse."
)
OLD_TRAVEL = "The daily meal allowance is £42 for a full day in the country and £55 abroad."
LEAVE = "Everyone who works full time has 26 days of paid annual leave. Leave is not paid out."
SECRET = "The secret bonus is £9,000 a year."


def dated(title: str, text: str, year: int) -> tuple[str, ParsedDocument]:
    return f"{title} {year}", ParsedDocument(title, text, (Section((), 0, len(text)),), dated=date(year, 1, 1))


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Shelf]:
    """A collection for everybody with two travel policies, and another one."""
    shelf = open_shelf(tmp_path_factory.mktemp("check"), embedder)
    company = shelf.library.create_collection("company").id
    documents = [
        dated("Travel policy", TRAVEL, 2026),
        dated("Travel policy", OLD_TRAVEL, 2024),
        dated("Leave", LEAVE, 2026),
    ]
    shelf.intake.add_parsed(company, documents)
    shelf.add("board", bonus=SECRET)
    shelf.library.create_collection("empty")
    yield shelf
    shelf.indexes.close()
    shelf.library.close()


@pytest.fixture
def retriever(stocked: Shelf) -> CitewellRetriever:
    return CitewellRetriever(engine=stocked.search, catalogue=stocked.catalogue)


def scope(stocked: Shelf, name: str = "company") -> Scope:
    return frozenset({stocked.library.collection_named(name).id})


@pytest.fixture
def check(stocked: Shelf, retriever: CitewellRetriever):
    """Check a text against the company's documents."""
    return lambda text: check_text(text, scope=scope(stocked), retriever=retriever)


def only(checked: CheckedText) -> CheckedSentence:
    (sentence,) = checked.sentences
    return sentence


def test_what_the_documents_say_is_supported_with_its_exact_place(check, stocked):
    checked = check("A hotel night may cost up to £145.")
    assert only(checked).support == "supported"
    (citation,) = checked.citations
    _, document = stocked.library.document(citation.passage.source.id, scope(stocked))
    assert document.text[citation.start : citation.end] == citation.quote
    assert "£145" in citation.quote


def test_a_wrong_figure_is_contradicted_with_the_newest_right_one_beside_it(check):
    sentence = only(checked := check("The daily meal allowance is £58 for a full day in the country."))
    assert sentence.support == "contradicted"
    assert sentence.compared is not None
    (difference,) = sentence.compared.differences
    assert ("£58" in difference.claimed, "£56" in difference.stated) == (True, True)
    assert checked.passages[sentence.compared.passage - 1].source.dated == date(2026, 1, 1)
    assert sentence.citations == (1,)
    assert "£56" in checked.citations[0].quote


def test_a_denied_statement_is_contradicted(check):
    assert only(check("Leave is paid out.")).support == "contradicted"


def test_what_no_document_speaks_of_is_unsupported_and_cites_nothing(check):
    checked = check("The cafeteria opens its terrace in spring.")
    assert only(checked).support == "unsupported"
    assert (only(checked).citations, checked.citations) == ((), ())


def test_figures_in_which_two_documents_differ_are_supported_and_told(check):
    sentence = only(checked := check("The daily meal allowance is £42 for a full day in the country and £55 abroad."))
    assert sentence.support == "supported"
    assert sentence.compared is not None
    assert sentence.opposed is not None
    support, other = (checked.passages[c.passage - 1].source.dated for c in (sentence.compared, sentence.opposed))
    assert (support, other) == (date(2024, 1, 1), date(2026, 1, 1))
    assert "£56" in sentence.opposed.quote


def test_a_mail_s_frame_claims_nothing_and_its_text_is_checked(check):
    checked = check(
        "Subject: leave of 99 days\nFrom: a@b.example\n\nHi Tom,\n\nEveryone who works full time has 26 days of paid "
        "annual leave.\n\nDoes that help?\n\nKind regards,\nAnna, extension 2410\n\n> Leave is 99 days."
    )
    assert checked.counts == {"not_a_claim": len(checked.sentences) - 1, "supported": 1}


def test_a_sentence_that_leans_on_the_one_before_is_found_with_it(check):
    checked = check("Claims are handed in within 30 days of the end of the trip. After that they lapse.")
    assert [sentence.support for sentence in checked.sentences] == ["supported", "supported"]


def test_sentences_that_rest_on_the_same_words_share_their_number(check):
    checked = check(
        "A hotel night may cost up to £145.\n\nDriving your own car is paid at 45p a mile.\n\nA hotel night may cost up to £145."
    )
    assert [sentence.citations for sentence in checked.sentences] == [(1,), (2,), (1,)]
    assert [citation.n for citation in checked.citations] == [1, 2]


def test_the_sentences_stand_where_they_say_and_foreign_markers_are_gone(check):
    checked = check(
        "A hotel night may cost up to £145 [7].\n\n- Leave is *not* paid out【3†source】.\n- <b>26</b> days & $5 [x](y)"
    )
    assert "[7]" not in checked.text
    assert "†" not in checked.text
    assert "[x](y)" in checked.text
    assert all(checked.text[s.start : s.end].endswith(s.text[-8:]) for s in checked.sentences)


def test_another_s_collection_is_not_read(check, stocked, retriever):
    assert only(check(SECRET)).support in {"unsupported", "contradicted"}
    assert all(passage.source.collection != "board" for passage in check(SECRET).passages)
    board = check_text(SECRET, scope=scope(stocked, "board"), retriever=retriever)
    assert only(board).support == "supported"
    assert "bonus" not in " ".join(passage.text for passage in check(SECRET).passages)


def test_it_tells_how_far_it_is_and_ends_with_the_whole(stocked, retriever):
    events = list(
        checking("Hi,\nLeave is not paid out. A hotel night costs £145.", scope=scope(stocked), retriever=retriever)
    )
    assert [event for event in events if isinstance(event, Searched)] == [Searched(1, 2), Searched(2, 2)]
    assert isinstance(events[-1], CheckedText)
    told = [event.sentence for event in events if isinstance(event, SentenceChecked)]
    assert tuple(told) == events[-1].sentences


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no text"),
        (" \n\t ", "no text"),
        ("[1][2]", "no text"),
        ("x" * (MOST_CHARS + 1), "20,001 characters"),
        ("It is 1 day. " * (MOST_STATEMENTS + 1), "201 statements"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_a_sentence(text, words, check):
    with pytest.raises(TextRefused) as refused:
        check(text)
    assert words in refused.value.hint


def test_a_text_at_the_limit_is_checked(check):
    assert check(f"Leave is not paid out. {'x' * (MOST_CHARS - 24)}").sentences[0].support == "supported"


@pytest.mark.parametrize("name", ["empty", None])
def test_without_documents_it_says_so(name, stocked, retriever):
    nothing = scope(stocked, name) if name else frozenset[str]()
    with pytest.raises(TextRefused) as refused:
        check_text("Leave is 26 days.", scope=nothing, retriever=retriever)
    assert "no documents" in refused.value.hint
