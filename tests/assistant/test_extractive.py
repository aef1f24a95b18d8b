"""The sentences quoted where no model writes: exact, to the point, and in an order that reads."""

from datetime import date

import pytest

from assistant.extractive import Quote, best_quotes, disagreement
from retrieval.embedding import Embedder
from retrieval.values import Passage, Source

STORM = (
    "Two or three times a winter the harbour authority closes the coast road. When the road is closed and your work "
    "cannot be done from home, you are on storm leave. Storm leave is paid and does not count as annual leave. "
    "Do you have to come in when the ferry runs? Your team lead decides."
)
CLAMPS = (
    "- Stainless steel clamps corrode on an aluminium mast near salt water.\n- Put a strip of EPDM rubber between "
    "them.\n- Paint does not help."
)


def passage(text: str, *, title: str = "Handbook", dated: date | None = None, id: int = 1) -> Passage:
    """A passage that begins at offset 100 of its document."""
    source = Source(id, "Company", f"{title}.md", title, "markdown", dated)
    return Passage(source, 100, 100 + len(text), text, (), None, 1.0)


def quoted(question: str, *passages: Passage, embedder: Embedder | None) -> list[str]:
    return [quote.text for quote in best_quotes(question, passages, embedder)]


def test_a_quote_is_the_documents_text_at_its_offsets(embedder: Embedder) -> None:
    found = best_quotes("What is storm leave?", [passage(STORM)], embedder)
    assert found
    assert all(STORM[quote.start - 100 : quote.end - 100] == quote.exact for quote in found)


def test_the_sentence_after_the_best_one_is_quoted_with_it(embedder: Embedder) -> None:
    said = quoted("What belongs between a steel clamp and an aluminium mast?", passage(CLAMPS), embedder=embedder)
    assert said[:2] == [
        "Stainless steel clamps corrode on an aluminium mast near salt water.",
        "Put a strip of EPDM rubber between them.",
    ]


def test_where_a_document_asks_the_same_question_its_answer_is_quoted(embedder: Embedder) -> None:
    said = quoted("Do I have to come in when the ferry runs?", passage(STORM), embedder=embedder)
    assert said[0] == "Your team lead decides."
    assert not any(text.endswith("?") for text in said)


@pytest.mark.parametrize("with_meaning", [True, False])
def test_where_a_figure_is_asked_for_the_sentence_with_one_comes_first(embedder: Embedder, with_meaning: bool) -> None:
    text = (
        "The portal shows a station as offline for some time. The portal shows a station as offline after 30 minutes."
    )
    said = quoted(
        "When does the portal show a station as offline?", passage(text), embedder=embedder if with_meaning else None
    )
    assert said[0] == "The portal shows a station as offline after 30 minutes."


def test_a_pointer_to_another_page_comes_after_what_is_said_itself(embedder: Embedder) -> None:
    text = "See the page on parental leave for the parental leave policy. Parents have 26 weeks of leave at full pay."
    said = quoted("What is the parental leave policy?", passage(text), embedder=embedder)
    assert said[0] == "Parents have 26 weeks of leave at full pay."


@pytest.mark.parametrize(
    "debris", ["booking]({% page x %}), head into the travel tool to book:", "[travel]: {% page /travel"]
)
def test_the_rest_of_a_link_that_was_cut_in_two_is_not_quoted(embedder: Embedder, debris: str) -> None:
    said = quoted("How do I book travel?", passage(f"{debris}\n\nBook travel in the travel tool."), embedder=embedder)
    assert said == ["Book travel in the travel tool."]


def test_what_two_passages_say_alike_is_quoted_once(embedder: Embedder) -> None:
    same = "Leave is 26 days a year for everyone."
    said = quoted("How much leave is there?", passage(same), passage(f"{same}", title="Notes", id=2), embedder=embedder)
    assert said == [same]


def test_no_more_than_three_sentences_are_quoted(embedder: Embedder) -> None:
    text = " ".join(f"Rule {n} says that leave has to be asked for {n} weeks ahead." for n in range(2, 9))
    assert len(quoted("How far ahead must I ask for leave?", passage(text), embedder=embedder)) == 3


def test_nothing_is_quoted_of_passages_without_a_sentence(embedder: Embedder) -> None:
    assert best_quotes("What?", [], embedder) == ()
    assert best_quotes("What?", [passage("# Title\n\nOk.")], embedder) == ()


def test_two_documents_with_other_figures_disagree_and_the_newer_comes_first() -> None:
    old = passage("The meal allowance is £35 a day.", title="Old", dated=date(2023, 1, 1), id=1)
    new = passage("The meal allowance is £42 a day.", title="New", dated=date(2026, 1, 1), id=2)
    quotes = [Quote(p, p.start, p.end, p.text, p.text) for p in (old, new)]
    pair = disagreement(quotes)
    assert pair is not None
    assert [quote.passage.source.title for quote in pair] == ["New", "Old"]
    assert disagreement(quotes[:1]) is None
