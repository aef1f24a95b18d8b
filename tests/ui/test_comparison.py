"""A sentence in doubt and its source side by side: what differs is marked in both, and nothing else."""

import json
from dataclasses import replace
from typing import Any

import pytest

from assistant.check_text import CheckedText
from assistant.conversations import Work
from assistant.events import CheckedSentence, Comparison, Difference
from tests.ui.values import answer, citation, message, passage, sentence
from ui.answer_view import answer_data
from ui.check_view import checked_data, checked_message
from ui.comparison import comparison_data, in_words, marked
from ui.source_view import Span, find_source, source_data
from ui.state import OpenSource
from ui.verdict import text_verdict

CLAIM = "Leave is **27 days**."
FIGURE = Difference("number", "27 days", "26 days")


def wrong(text: str = CLAIM, whole: str = CLAIM, *differences: Difference) -> CheckedSentence:
    """A sentence that its source contradicts."""
    compared = Comparison(1, 100, 117, "Leave is 26 days.", differences or (FIGURE,))
    return replace(sentence(text, whole, "contradicted", 1), compared=compared)


def differing(nodes: list[Any]) -> list[str]:
    return [node["c"][0] for node in nodes if not isinstance(node, str)]


def words(nodes: list[Any]) -> str:
    return "".join(node if isinstance(node, str) else node["c"][0] for node in nodes)


def test_what_differs_is_marked_on_both_sides() -> None:
    data = comparison_data(wrong(), (passage(),))
    assert data is not None
    assert (differing(data["claimed"]), differing(data["stated"])) == (["27 days"], ["26 days"])
    assert (words(data["claimed"]), words(data["stated"])) == ("Leave is 27 days.", "Leave is 26 days.")
    assert data["differences"] == ["“27 days” here, “26 days” in the source"]
    assert (data["title"], data["where"]) == ("Leave policy", "Annual leave · page 2 · 1 January 2026")


@pytest.mark.parametrize(
    ("text", "phrases", "found"),
    [
        ("It is 2 of 22 days.", ["2"], ["2"]),
        ("£58 and £58", ["£58", "£58"], ["£58", "£58"]),
        ("not paid out", ["Not", "paid out"], ["not", "paid out"]),
        ("It costs $5 (net).", ["$5", "(net)", "absent"], ["$5", "(net)"]),
        ("two\nlines", ["two lines"], ["two lines"]),
        ("nothing", [], []),
    ],
)
def test_a_phrase_is_marked_where_it_stands_as_a_whole(text: str, phrases: list[str], found: list[str]) -> None:
    nodes = marked(text, phrases)
    assert differing(nodes) == found
    assert words(nodes) == " ".join(text.split())


def test_words_that_are_apart_are_marked_apart() -> None:
    missing = Difference("wording", "cafeteria … from noon")
    data = comparison_data(
        wrong("The cafeteria opens from noon.", "The cafeteria opens from noon.", missing), (passage(),)
    )
    assert data is not None
    assert sorted(differing(data["claimed"])) == ["cafeteria", "from noon"]
    assert in_words(missing) == "“cafeteria … from noon” does not stand there"


def test_a_passage_that_is_not_there_leaves_the_sentence_alone() -> None:
    assert comparison_data(wrong(), ()) is None
    assert comparison_data(sentence(CLAIM, CLAIM, "unsupported"), (passage(),)) is None


def test_a_doubtful_answer_has_its_comparison_and_an_old_one_draws_without() -> None:
    given = answer(CLAIM, wrong(), citations=(citation(1),))
    (detail,) = answer_data(message(given, passage()), can_ask_again=False)["verdict"]["details"]
    assert differing(detail["why"]["stated"]) == ["26 days"]
    old = answer(CLAIM, replace(wrong(), compared=None), citations=(citation(1),))
    (detail,) = answer_data(message(old, passage()), can_ask_again=False)["verdict"]["details"]
    assert detail["why"] is None


def test_what_a_sentence_was_held_against_opens_with_its_words_marked() -> None:
    stored = message(answer(CLAIM, wrong(), citations=(citation(1),)), passage())
    opened = OpenSource(1, "compared", 1)
    source = find_source(stored, opened)
    assert source is not None
    assert source.cited == Span(100, 117)
    data = source_data(stored, opened, source)
    assert (data["previous"], data["next"]) == (None, None)
    assert '"mark"' in json.dumps(data["blocks"])
    assert find_source(stored, OpenSource(1, "compared", 2)) is None
    assert find_source(replace(stored, work=Work()), opened) is None


def checked(text: str, *sentences: CheckedSentence) -> CheckedText:
    return CheckedText(text, sentences, (citation(1),), (passage(), passage("Leave is 25 days.")), {"total": 1234.0})


def test_a_checked_text_comes_back_with_numbers_and_marks() -> None:
    text = "Hi,\n\nLeave is 27 days. It is so.\n(Really.)"
    ok = sentence("It is so.", text, "supported", 1)
    data = checked_data(checked(text, sentence("Hi,", text, "not_a_claim"), wrong("Leave is 27 days.", text), ok))
    assert json.dumps(data["blocks"]).count('"chip"') == 2
    assert '"k": "sentence"' in json.dumps(data["blocks"])
    assert data["verdict"]["text"] == "1 of 2 statements supported, 1 contradicted · 1 source · 1.2 s"
    assert data["verdict"]["tone"] == "red"
    assert data["opened"] == ["verdict", "why-1"]


def test_numbers_stay_inside_the_cell_of_a_row_and_make_no_link() -> None:
    text = "| a | b |\n|---|---|\n| one | 26 days |\n\nIt is so.(x)"
    row, so = sentence("| one | 26 days |", text, "supported", 1), sentence("It is so.", text, "supported", 1)
    stored = checked_message(checked(text, row, so))
    assert "| 26 days [1] |" in stored.text
    assert "It is so. [1] (x)" in stored.text
    assert [stored.text[s.start : s.end][:9] for s in stored.work.answer.sentences] == ["| one | 2", "It is so."]  # type: ignore[union-attr]


def test_html_markdown_and_formulas_of_a_text_stay_words() -> None:
    text = "<script>x</script> costs $5$ ![i](https://evil.example/x.png) :red[now]"
    data = checked_data(checked(text, sentence(text, text, "unsupported")))
    drawn = json.dumps(data["blocks"])
    assert "<script>" in drawn
    assert "evil.example" not in drawn
    assert "$5$" in drawn


def test_a_text_that_claims_nothing_says_so_and_one_that_is_right_is_quiet() -> None:
    assert "nothing here is a statement" in text_verdict(checked("Hi,", sentence("Hi,", "Hi,", "not_a_claim"))).text
    right = text_verdict(checked("It is so.", sentence("It is so.", "It is so.", "supported", 1)))
    assert (right.tone, right.text) == ("quiet", "supported · 1 source · 1.2 s")


def test_a_statement_that_a_newer_document_contradicts_is_in_doubt() -> None:
    text = "Leave is 26 days."
    support, other = Comparison(1, 100, 117, text), Comparison(2, 100, 117, "Leave is 25 days.", (FIGURE,))
    given = replace(sentence(text, text, "supported", 1), compared=support, opposed=other)
    verdict = text_verdict(checked(text, given))
    assert (verdict.tone, [doubt.label for doubt in verdict.doubts]) == ("amber", ["Another document says otherwise"])
    assert "1 contradicted by another document" in verdict.text
    why = checked_data(checked(text, given))["verdict"]["details"][0]["why"]
    assert words(why["stated"]) == "Leave is 25 days."


def test_what_cannot_be_seen_is_replaced() -> None:
    assert "\u202e" not in json.dumps(marked("a\u202eb", ["a\u202eb"]), ensure_ascii=False)
