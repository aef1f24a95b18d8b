"""What a classifier sees of a text: its meaning as an embedding, and its words and parts of words.

scikit-learn counts the words; it is imported where that is done, for it takes a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
_MOST_WORDS, _MOST_PARTS = 15_000, 15_000
_PART_LENGTHS = (2, 5)
_WORD_CHARS, _PART_CHARS = 4_000, 1_000
"""So much of a text is counted: a ticket says at its beginning what it is about, and one may have a megabyte."""
_TOPICS = 300
_ROWS_FOR_TOPICS = 5_000
_SEED = 0
_WORD_PATTERN = r"(?u)\b\w+\b"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Terms with their weights: the rarer, the heavier (inverse document frequency)."""

    terms: tuple[str, ...]
    weights: NDArray[np.float64]


class WordCounts:
    """Words and pairs of words, and parts of words, weighed; a row has length 1 where a text has any known term."""

    def __init__(self, words: Vocabulary, parts: Vocabulary) -> None:
        self.words, self.parts = words, parts
        self._words = _restored(words) if words.terms else _NoTerms()
        self._parts = _Parts(parts) if parts.terms else _NoTerms()

    @classmethod
    def learn(cls, texts: Sequence[str]) -> "WordCounts":
        """The vocabulary of these texts. What stands in one of many only is left out, for it teaches nothing."""
        fewest = 1 if len(texts) < 200 else 2
        return cls(
            _learned(_word_counter(fewest), [text[:_WORD_CHARS] for text in texts]),
            _learned(_part_counter(fewest), [text[:_PART_CHARS] for text in texts]),
        )

    def of(self, texts: Sequence[str]) -> Any:
        """A sparse row for each text: (n, terms), words first."""
        from scipy.sparse import hstack

        words = self._words.transform([text[:_WORD_CHARS] for text in texts])
        parts = self._parts.transform([text[:_PART_CHARS] for text in texts])
        return (hstack([words, parts]) * np.float32(np.sqrt(0.5))).tocsr()

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms in the order of the columns."""
        return (*self.words.terms, *self.parts.terms)


def topics(counts: Any) -> Matrix:
    """The directions in which the rows differ most, as columns: (terms, topics); few where there are few rows."""
    from sklearn.decomposition import TruncatedSVD

    rows, terms = counts.shape
    most = min(_TOPICS, rows - 1, terms - 1)
    if most < 1:
        return np.zeros((terms, 0), np.float32)
    chosen = np.random.default_rng(_SEED).permutation(rows)[:_ROWS_FOR_TOPICS]
    svd = TruncatedSVD(most, n_iter=2, random_state=_SEED).fit(counts[np.sort(chosen)])
    return np.asarray(svd.components_.T, np.float32)


def _word_counter(fewest: int = 1) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, min_df=fewest, max_features=_MOST_WORDS,
        token_pattern=_WORD_PATTERN, dtype=np.float32,
    )  # fmt: skip


def _part_counter(fewest: int = 1) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        analyzer="char_wb", ngram_range=_PART_LENGTHS, sublinear_tf=True, min_df=fewest, max_features=_MOST_PARTS,
        dtype=np.float32,
    )  # fmt: skip


def _learned(counter: Any, texts: Sequence[str]) -> Vocabulary:
    try:
        counter.fit(texts)
    except ValueError:  # no text has a word
        return Vocabulary((), np.zeros(0))
    return Vocabulary(tuple(str(term) for term in counter.get_feature_names_out()), np.asarray(counter.idf_))


def _restored(vocabulary: Vocabulary) -> Any:
    counter = _word_counter()
    counter.vocabulary = list(vocabulary.terms)
    counter.idf_ = vocabulary.weights
    return counter


class _Parts:
    """Counts parts of words by way of the words: each word is cut up once, however often it stands in the texts."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

        self._cutting = CountVectorizer(
            analyzer="char_wb", ngram_range=_PART_LENGTHS, vocabulary=list(vocabulary.terms), dtype=np.float32
        )
        self._weighing = TfidfTransformer(sublinear_tf=True)
        self._weighing.idf_ = vocabulary.weights

    def transform(self, texts: Sequence[str]) -> Any:
        """What `_part_counter` makes of these texts."""
        from sklearn.feature_extraction.text import CountVectorizer

        splitting = CountVectorizer(tokenizer=str.split, token_pattern=None, dtype=np.float32)
        try:
            standing = splitting.fit_transform(texts)
        except ValueError:  # no text has a word
            return _NoTerms().transform(texts, terms=len(self._cutting.vocabulary))
        return self._weighing.transform(standing @ self._cutting.transform(splitting.get_feature_names_out()))


class _NoTerms:
    def transform(self, texts: Sequence[str], *, terms: int = 0) -> Any:
        from scipy.sparse import csr_matrix

        return csr_matrix((len(texts), terms), dtype=np.float32)
