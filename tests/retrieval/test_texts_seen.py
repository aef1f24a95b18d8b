"""Texts that were embedded lately are not embedded again, and no other vector comes of it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Embedder
from retrieval.texts_seen import TextsSeen, embed_seen

A, B, C = "Everyone has 26 days of leave.", "Unused days lapse on 31 March.", "Half a surrogate \ud83d stays one."


class Counting:
    """The product's own embedding, which counts what it is given."""

    name = "counting"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.dimension = embedder.dimension
        self.given: list[str] = []

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.given += texts
        return self._embedder.embed_documents(texts)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return self._embedder.embed_query(text)


def test_only_what_is_new_is_embedded_and_rows_stand_in_the_order_given(embedder: Embedder) -> None:
    counting, seen = Counting(embedder), TextsSeen()
    first = seen.embed([A, B, A], counting)
    again = seen.embed([C, B, A], counting)
    assert counting.given == [A, B, C]
    assert np.array_equal(first[0], first[2])
    assert np.allclose(again, embedder.embed_documents([C, B, A]), atol=1e-5)


def test_what_was_used_longest_ago_makes_room(embedder: Embedder) -> None:
    counting, seen = Counting(embedder), TextsSeen(room=2)
    for texts in ([A, B], [A], [C], [A], [B]):
        seen.embed(texts, counting)
    assert counting.given == [A, B, C, B]


def test_no_text_gives_no_row(embedder: Embedder) -> None:
    assert embed_seen([], embedder).shape == (0, embedder.dimension)


def test_two_embedders_do_not_share_what_they_gave(embedder: Embedder) -> None:
    one, other = Counting(embedder), Counting(embedder)
    embed_seen([A], one)
    embed_seen([A], other)
    embed_seen([A], one)
    assert (one.given, other.given) == ([A], [A])
