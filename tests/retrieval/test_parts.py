"""A question that asks several things is taken apart, and each part is judged for itself."""

import pytest

from retrieval.evidence import assess
from retrieval.parts import parts_of

LEAVE = "Employees have 25 days of annual leave. Unused days of leave expire on 31 March of the next year."
CATS = "Cats sleep most of the day and hunt at dusk."


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("When is the study due, and when does it go on sale?", ("When is the study due", "when does it go on sale?")),
        ("What is leave? How much is it?", ("What is leave?", "How much is it?")),
        ("How many days of leave and public holidays are there?", ()),
        ("Who is who and what?", ()),
        ("leave", ()),
        ("", ()),
    ],
)
def test_parts_begin_at_question_words(question, parts):
    assert parts_of(question) == parts


def test_a_part_that_nothing_bears_on_is_told_from_one_that_is_answered(shelf):
    scope = shelf.add("handbook", leave=LEAVE, cats=CATS)
    question = "How many days of annual leave do employees have, and what does a new laptop battery cost?"
    answered, missing = shelf.search.passages(question, scope=scope).trace.parts
    assert answered.has_support
    assert not missing.has_support
    assert missing.text == "what does a new laptop battery cost?"


def test_a_part_that_leans_on_the_one_before_is_judged_by_what_it_asks_for(shelf):
    text = (
        "Everyone has 26 days of annual leave. Ask your team lead for leave at least two weeks ahead, in the Logbook."
    )
    scope = shelf.add("handbook", leave=text, cats=CATS)
    question = "How many days of annual leave do I get, and how do I ask for them?"
    assert all(part.has_support for part in shelf.search.passages(question, scope=scope).trace.parts)


def test_a_question_for_one_thing_has_no_parts(shelf):
    scope = shelf.add("handbook", leave=LEAVE)
    assert shelf.search.passages("How many days of annual leave are there?", scope=scope).trace.parts == ()


def test_a_question_is_as_answerable_as_the_best_of_what_it_asks(shelf):
    """Two subjects far apart: no passage is near to the whole, and one is near to a part."""
    scope = shelf.add("handbook", leave=LEAVE, cats=CATS)
    question = "When do cats hunt, and which bank lends a widow the money for a tractor and a barn in Nebraska?"
    trace = shelf.search.passages(question, scope=scope).trace
    assert trace.evidence.probability >= trace.parts[0].probability > assess(trace.signals).probability
    assert trace.evidence.status != "unanswerable"
