from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.evidence import Signals, assess, inverse_document_frequency, measure_signals

STRONG = Signals(0.75, 0.35, coverage=0.9, unknown=0.0, title_cosine=0.5, document_cosine=0.7)
WEAK = Signals(0.2, 0.02, coverage=0.1, unknown=0.6, title_cosine=0.1, document_cosine=0.15)
share = st.floats(0, 1)


def test_a_search_that_found_nothing_is_unanswerable():
    assert assess(None).status == "unanswerable"


def test_close_passages_with_the_questions_words_are_answerable():
    assert assess(STRONG).status == "answerable"


def test_distant_passages_without_them_are_not():
    assert assess(WEAK).status == "unanswerable"


@given(share, share, share, share, share, share)
def test_the_probability_is_one_and_a_better_cosine_never_lowers_it(top, gap, coverage, unknown, document, title):
    signals = Signals(top, gap, coverage, unknown, document, title)
    probability = assess(signals).probability
    assert 0 <= probability <= 1
    assert assess(replace(signals, top_cosine=top + 0.1)).probability >= probability


def test_one_answered_part_is_enough_and_none_changes_nothing():
    assert assess(WEAK, [0.1, 0.6]).status == "answerable"
    assert assess(STRONG, [0.1]) == assess(STRONG, []) == assess(STRONG)


def test_a_document_about_the_subject_that_does_not_answer_counts_for_less():
    """The title comes as close to the question as the chunk does: its subject, and nothing on what is asked."""
    assert assess(replace(STRONG, title_cosine=0.75)).probability < assess(STRONG).probability


def test_coverage_is_the_best_chunks_share_of_the_questions_word_weight():
    signals = measure_signals((0.5, 0.6), (0.6, 0.4, 0.2), {"leav": 3.0, "day": 1.0}, {"leav"}, set())
    assert signals.coverage == pytest.approx(0.75)
    assert (signals.top_cosine, signals.cosine_gap) == pytest.approx((0.6, 0.1))
    assert signals.document_cosine == pytest.approx(0.5)


def test_words_that_no_document_has_are_counted_as_unknown():
    assert measure_signals((0.6,), (0.6,), {"pension": 4.0, "pay": 1.0}, {"pay"}, {"pension"}).unknown == pytest.approx(
        0.8
    )


def test_a_word_that_stands_everywhere_weighs_nothing():
    assert inverse_document_frequency(100, 100) == 0
    assert inverse_document_frequency(100, 1) > inverse_document_frequency(100, 50) > 0


def test_a_question_foreign_to_the_documents_is_refused(shelf):
    scope = shelf.add("c", leave="Employees have 25 days of annual leave.", vpn="The VPN needs a certificate.")
    trace = shelf.search.passages("how is glue made from horses", scope=scope).trace
    assert assess(trace.signals).status == "unanswerable"


def test_without_an_embedding_the_words_decide():
    words = measure_signals((), (), {"leav": 3.0, "day": 1.0}, {"leav", "day"}, set())
    assert words.top_cosine is None
    assert assess(words).status == "answerable"
