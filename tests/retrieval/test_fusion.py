import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion import fuse_legs, fuse_queries, ranked

scores = st.dictionaries(st.integers(0, 30), st.floats(0.01, 50), max_size=12)
cosines = st.dictionaries(st.integers(0, 30), st.floats(-1, 1), max_size=12)


@given(cosines, scores)
def test_every_chunk_that_either_index_found_gets_a_score_and_no_other(dense, lexical):
    assert fuse_legs(dense, lexical, {}).keys() == dense.keys() | lexical.keys()


@given(scores, st.floats(0.1, 9))
def test_the_scale_of_bm25_does_not_matter(lexical, factor):
    dense = {1: 0.5, 2: 0.4}
    scaled = {chunk: score * factor for chunk, score in lexical.items()}
    assert fuse_legs(dense, scaled, {}) == pytest.approx(fuse_legs(dense, lexical, {}))


def test_words_alone_rank_when_there_is_no_embedding():
    assert fuse_legs({}, {1: 2.0, 2: 4.0}, {}) == {1: 0.5, 2: 1.0}


def test_cosine_alone_ranks_when_no_word_matches():
    assert fuse_legs({1: 0.4, 2: 0.6}, {}, {}) == pytest.approx({1: 0.4, 2: 0.6})


def test_agreement_of_both_indexes_beats_the_best_of_one():
    fused = fuse_legs({1: 0.80, 2: 0.78, 3: 0.1}, {2: 10.0, 3: 9.0}, {})
    assert ranked(fused)[0][0] == 2


def test_a_chunk_gains_when_its_whole_document_holds_the_words():
    alike = {1: 0.5, 2: 0.5}
    assert ranked(fuse_legs(alike, alike, {2: 7.0}))[0][0] == 2


def test_queries_add_up_by_their_weights():
    assert fuse_queries([(0.6, {1: 1.0}), (0.4, {1: 0.5, 2: 1.0})]) == pytest.approx({1: 0.8, 2: 0.4})


@given(scores)
def test_ranking_falls_and_ties_are_broken_by_id(found):
    order = ranked(found)
    assert list(order) == sorted(order, key=lambda item: (-item[1], item[0]))
