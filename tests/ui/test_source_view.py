"""The mark in an opened source covers the cited words, exactly, whatever the text."""

import re
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.markup import text_of
from retrieval.catalogue import Fate
from retrieval.values import Markup, Passage
from retrieval.values import Source as Document
from tests.ui.values import answer, citation, message, passage
from ui.source_view import Source, Span, document_query, find_source, marked_text, quotation, source_data
from ui.state import OpenSource


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


MARKDOWN = "# Leave\n\nEveryone has **26 days** of *paid* leave. Ask [HR](https://hr.example).\n\n- One day more\n- `code`\n\n| a | b |\n|---|---|\n| c | d |\n"


@pytest.mark.parametrize(
    "cited",
    [
        "Everyone has **26 days** of *paid* leave.",
        "Ask [HR](https://hr.example).",
        "One day more",
        "26 days",
        "Leave",
        "c",
    ],
)
@pytest.mark.parametrize("markup", ["markdown", "plain"])
def test_the_mark_covers_the_cited_words(cited: str, markup: Markup) -> None:
    start = MARKDOWN.rindex(cited) if cited == "c" else MARKDOWN.index(cited)
    nodes = marked_text(MARKDOWN, markup, Span(start, start + len(cited)))
    shown = letters(text_of(nodes, marked_only=True))
    assert shown in {letters(cited), letters(re.sub(r"\(http[^)]*\)", "", cited))}


def test_markdown_is_laid_out() -> None:
    start = MARKDOWN.index("Everyone")
    nodes = marked_text(MARKDOWN, "markdown", Span(start, start + 8))
    assert "kind='table'" in repr(nodes)
    assert "kind='strong'" in repr(nodes)


def test_a_span_over_several_blocks_is_marked_in_each() -> None:
    text = "First.\n\n- Second\n- Third\n\nFourth."
    for markup in ("markdown", "plain"):
        nodes = marked_text(text, markup, Span(0, text.index("Fourth") - 1))
        assert letters(text_of(nodes, marked_only=True)) == "FirstSecondThird"


@given(
    st.text(alphabet="ab c\n*_`#|->.[]()1 ", max_size=80),
    st.integers(0, 80),
    st.integers(0, 80),
    st.sampled_from(["markdown", "plain"]),
)
@settings(max_examples=400, deadline=None)
def test_the_mark_is_exact_for_any_text_and_span(text: str, start: int, length: int, markup: Markup) -> None:
    cited = text[start : start + length]
    nodes = marked_text(text, markup, Span(start, start + length))
    marked = letters(text_of(nodes, marked_only=True))
    assert marked == letters(cited) or (markup == "markdown" and set(marked) <= set(cited))


@given(st.text(max_size=120), st.sampled_from(["markdown", "plain"]))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_it(text: str, markup: Markup) -> None:
    assert marked_text(text, markup, None) is not None
    assert marked_text(text, markup, Span(3, 900)) is not None


def test_the_facts_at_the_head_of_a_file_are_not_shown_unless_cited() -> None:
    text = "---\ntitle: Leave\n---\n\n# Leave\n\nYou have 26 days.\n"
    start = text.index("26")
    shown = marked_text(text, "markdown", Span(start, start + 7))
    assert "title" not in text_of(shown)
    assert text_of(shown, marked_only=True).strip() == "26 days"
    assert "title" in text_of(marked_text(text, "markdown", Span(4, 16)))


def test_a_table_row_of_a_document_is_a_row() -> None:
    text = "Rates\n\nmeal | home | abroad\nbreakfast | £11 | £14\n\nEnd of the table."
    start = text.index("breakfast")
    nodes = marked_text(text, "plain", Span(start, start + len("breakfast | £11 | £14")))
    assert repr(nodes).count("kind='tr'") == 2
    assert letters(text_of(nodes, marked_only=True)) == "breakfast1114"


def test_a_citation_is_opened_by_its_number() -> None:
    given_message = message(answer("a [1] b [2]", citations=(citation(1), citation(2))))
    source = find_source(given_message, OpenSource(7, "citation", 2))
    assert source is not None
    assert source.cited == Span(100, 117)
    data = source_data(given_message, OpenSource(7, "citation", 2), source)
    assert data["label"] == "Source 2 of 2"
    assert data["previous"] == {"kind": "citation", "n": 1}
    assert data["next"] is None
    assert data["address"] == "document?id=1&start=100&end=117"


def test_a_passage_is_opened_unmarked_and_leads_to_its_place() -> None:
    given_message = message(answer("x"), passage())
    source = find_source(given_message, OpenSource(7, "passage", 1))
    assert source is not None
    assert source.cited is None
    assert document_query(source) == {"id": "1", "start": "100", "end": "117"}
    assert "mark" not in repr(source_data(given_message, OpenSource(7, "passage", 1), source)["blocks"])


@pytest.mark.parametrize("kind", ["citation", "passage", "nonsense"])
@pytest.mark.parametrize("n", [0, -1, 99])
def test_a_number_that_is_not_there_opens_nothing(kind: str, n: int) -> None:
    assert find_source(message(answer("x")), OpenSource(7, kind, n)) is None


def opened(fate: Fate | None) -> dict[str, object]:
    """Source 1 of an answer, whose document this became of."""
    given_message = message(answer("a [1]", citations=(citation(1),)))
    target = OpenSource(7, "citation", 1)
    source = find_source(given_message, target)
    assert source is not None
    return source_data(given_message, target, source, fate=fate, timezone="Europe/Berlin", can_narrow=True)


def test_a_document_that_is_there_can_be_opened_and_asked_alone() -> None:
    data = opened(None)
    assert data["notice"] is None
    assert data["narrows"]
    assert data["address"]


def test_a_deleted_document_says_so_and_leads_nowhere() -> None:
    data = opened(Fate(is_renewed=False, at=datetime(2026, 3, 3, 23, 30)))
    assert data["notice"] == "This document was deleted on 4 March 2026; what was quoted is kept here."
    assert data["address"] is None
    assert not data["narrows"]
    assert '"mark"' in repr(data["blocks"]).replace("'", '"')


def test_where_the_day_of_deletion_is_not_known_none_is_named() -> None:
    assert opened(Fate(is_renewed=False, at=None))["notice"] == (
        "This document was deleted; what was quoted is kept here."
    )


def test_a_document_read_in_anew_says_so_and_can_still_be_opened() -> None:
    data = opened(Fate(is_renewed=True, at=datetime(2026, 3, 4, 9)))
    assert data["notice"] == "This document was read in anew on 4 March 2026; what was quoted is kept here."
    assert data["address"]


def test_a_quotation_is_copied_with_its_reference() -> None:
    source = find_source(message(answer("a [1]", citations=(citation(1),))), OpenSource(7, "citation", 1))
    assert source is not None
    assert quotation(source) == "“Leave is 26 days.” \N{EM DASH} Leave policy, Annual leave, p. 2, 1 January 2026"


def test_a_quotation_names_the_place_of_its_own_words() -> None:
    """Where a passage goes over a page and a heading, the words decide, not where the passage begins."""
    text = "Meals are £30.\n\nTrains are **booked**\nearly."
    document = Document(1, "c", "talk.pptx", "Trips", "markdown", date(2026, 3, 4))
    passage = Passage(
        document,
        0,
        len(text),
        text,
        ("Meals",),
        2,
        0.5,
        page_breaks=(16,),
        headings=((0, ("Meals",)), (16, ("Trains",))),
    )
    source = Source(passage, Span(16, len(text)))
    assert quotation(source) == "“Trains are booked early.” \N{EM DASH} Trips, Trains, slide 3, 4 March 2026"
