"""How well it is decided whether the documents can answer, and how often the first sentences shown hold the answer.

Runs the turn without a model on questions with and without an answer in a corpus.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.extractive import best_quotes
from retrieval.embedding import Embedder
from retrieval.errors import DatasetError
from retrieval.evaluation.datasets import (
    optional_text,
    questions_in,
    read_corpus,
    read_files,
    read_jsonl,
    required_text,
)
from retrieval.evaluation.measures import Interval, auroc, bootstrap_interval
from retrieval.evaluation.workbench import OnProgress, Workbench, ask_each, unseen, workbench
from retrieval.evidence import Answerability
from retrieval.plain import plain_text
from retrieval.trace import Found
from retrieval.values import ParsedDocument

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question, whether the corpus answers it, and strings of which any is an answer, where they are given.

    `documents` are those in which the answer stands, where they are given; `earlier` was asked before it.
    """

    text: str
    answerable: bool
    answers: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    id: str = ""
    kind: str | None = None
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What the product made of a question; `best_cosine` is None where nothing is embedded."""

    probability: float
    status: Answerability
    sentences: tuple[str, ...]
    documents: tuple[str, ...]
    best_cosine: float | None

    @property
    def is_answered(self) -> bool:
        """Whether it would answer, in whole or in part."""
        return bool(self.sentences) and self.status != "unanswerable"


@dataclass(frozen=True, slots=True)
class KindResult:
    """The questions of one kind: how many, the share refused, and the share whose sentences hold an answer."""

    questions: int
    refused: float
    answer_in_first_sentence: float | None
    answer_in_three_sentences: float | None


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """`f1` is that of calling a question answerable; the rates are shares of the unanswerable and the answerable.

    `cosine_auroc` is what the best cosine alone would reach, `auroc_gain` what Citewell adds to it. Questions
    foreign to the corpus are held against the answerable ones. `by_kind` is empty where no question has a kind.
    """

    auroc: float
    auroc_interval: Interval
    f1: float
    false_answer_rate: float
    false_refusal_rate: float
    answer_in_first_sentence: float | None
    answer_in_three_sentences: float | None
    questions: int
    with_answer_strings: int
    cosine_auroc: float | None
    auroc_gain: float | None
    auroc_gain_interval: Interval | None
    foreign_auroc: float | None = None
    foreign_auroc_interval: Interval | None = None
    foreign_answer_rate: float | None = None
    foreign_questions: int = 0
    by_kind: Mapping[str, KindResult] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerEvaluation:
    """The figures, and for error analysis every question with what was told, foreign ones last."""

    result: AnswerResult
    told: tuple[tuple[LabelledQuestion, Told], ...]
    foreign: tuple[tuple[LabelledQuestion, Told], ...]

    def per_query(self) -> Iterator[dict[str, Any]]:
        """One JSON object per question."""
        number = count(1)
        for is_foreign, pairs in ((False, self.told), (True, self.foreign)):
            for question, told in pairs:
                yield {
                    "id": question.id or str(next(number)),
                    "kind": question.kind,
                    "text": question.text,
                    "earlier": question.earlier,
                    "answerable": question.answerable,
                    "foreign": is_foreign,
                    "answers": question.answers,
                    "probability": round(told.probability, 6),
                    "status": told.status if told.is_answered else "unanswerable",
                    "best_cosine": told.best_cosine,
                    "sentences": told.sentences,
                    "documents": told.documents,
                    "answer_in_first_sentence": holds(told.sentences[:1], question.answers),
                    "answer_in_three_sentences": holds(told.sentences[:3], question.answers),
                }


def read_answer_set(
    folder: Path, documents: Path | None = None
) -> tuple[dict[str, ParsedDocument], tuple[LabelledQuestion, ...]]:
    """`corpus.jsonl`, or the files below `documents`, and `questions.jsonl`.

    Raises DatasetError naming file and line of what is malformed.
    """
    questions = tuple(labelled(row, at) for at, row in read_jsonl(folder / "questions.jsonl"))
    if len({question.answerable for question in questions}) < 2:
        raise DatasetError(f"{folder}/questions.jsonl: both answerable and unanswerable questions are needed.")
    return read_files(documents) if documents else read_corpus(folder / "corpus.jsonl"), questions


def read_foreign_questions(file: Path) -> tuple[LabelledQuestion, ...]:
    """Questions of another set, as unanswerable here: lines with `question`, or `text` as in queries.jsonl."""
    questions = tuple(
        LabelledQuestion(required_text(row, "question" if "question" in row else "text", at), False, id=_id_of(row))
        for at, row in read_jsonl(file)
    )
    if not questions:
        raise DatasetError(f"{file} holds no question.")
    return questions


def labelled(row: Mapping[str, Any], at: str) -> LabelledQuestion:
    """A question from a JSON object; raises DatasetError, which begins with `at`."""
    kind = optional_text(row, "kind", at) or None
    answerable = row.get("answerable", kind != "unanswerable" if kind else None)
    if not isinstance(answerable, bool):
        raise DatasetError(f'{at}: "answerable" is neither true nor false.')
    return LabelledQuestion(
        required_text(row, "question", at),
        answerable,
        _answer_strings(row.get("answers"), at),
        questions_in(row.get("history"), at),
        _id_of(row),
        kind,
        _document_names(row.get("documents"), at),
    )


def _answer_strings(answers: object, at: str) -> tuple[str, ...]:
    """Strings as they are; of ClapNQ's objects the sentences of the passage that people marked as answering."""
    strings: list[object] = []
    for answer in _list_of(answers, at):
        strings += _list_of(answer.get("selected_sentences"), at) if isinstance(answer, dict) else [answer]
    if not all(isinstance(string, str) for string in strings):
        raise DatasetError(f'{at}: "answers" is not a list of texts.')
    return tuple(string for string in strings if isinstance(string, str) and string.strip())


def _document_names(value: object, at: str) -> tuple[str, ...]:
    if not isinstance(value, list | None) or not all(isinstance(name, str) and name for name in value or ()):
        raise DatasetError(f'{at}: "documents" is not a list of names.')
    return tuple(value or ())


def _list_of(value: object, at: str) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise DatasetError(f'{at}: "answers" is not a list.')
    return value or []


def _id_of(row: Mapping[str, Any]) -> str:
    return next((str(row[key]) for key in ("id", "_id") if row.get(key) is not None), "")


def evaluate_answers(
    corpus: Mapping[str, ParsedDocument],
    questions: Sequence[LabelledQuestion],
    embedder: Embedder,
    *,
    foreign: Sequence[LabelledQuestion] = (),
    on_progress: OnProgress = unseen,
) -> AnswerEvaluation:
    """Ask every question of the corpus, and then the foreign ones."""
    everything = {str(at): question for at, question in enumerate((*questions, *foreign))}
    with workbench(corpus, embedder, on_progress) as bench:
        found, _ = ask_each(everything, lambda question: _ask(question, bench, embedder), on_progress)
    pairs = tuple((question, found[name]) for name, question in everything.items())
    own, other = pairs[: len(questions)], pairs[len(questions) :]
    return AnswerEvaluation(_result(own, other), own, other)


def _ask(question: LabelledQuestion, bench: Workbench, embedder: Embedder) -> Told:
    return told_of(
        question, bench.search.passages(question.text, scope=bench.scope, history=question.earlier), embedder
    )


def told_of(question: LabelledQuestion, found: Found, embedder: Embedder | None) -> Told:
    """What the product quotes from what was found, where no model writes."""
    quotes = best_quotes(question.text, found.passages, embedder, asked=found.trace.asked)
    evidence = found.trace.evidence
    return Told(
        evidence.probability,
        evidence.status,
        tuple(quote.exact for quote in quotes),
        tuple(quote.passage.source.path for quote in quotes),
        found.trace.signals.top_cosine if found.trace.signals else None,
    )


def _result(
    pairs: Sequence[tuple[LabelledQuestion, Told]], foreign: Sequence[tuple[LabelledQuestion, Told]]
) -> AnswerResult:
    answerable = [told for question, told in pairs if question.answerable]
    unanswerable = [told for question, told in pairs if not question.answerable]
    strangers = [told for _, told in foreign]
    right, wrong = sum(told.is_answered for told in answerable), sum(told.is_answered for told in unanswerable)
    with_answers = [(question, told) for question, told in pairs if question.answerable and question.answers]
    (by_probability, interval), gain = told_apart(answerable, unanswerable), _cosine_gain(answerable, unanswerable)
    from_foreign = told_apart(answerable, strangers) if strangers else (None, None)
    return AnswerResult(
        auroc=by_probability,
        auroc_interval=interval,
        f1=2 * right / (right + wrong + len(answerable)),
        false_answer_rate=wrong / len(unanswerable),
        false_refusal_rate=1 - right / len(answerable),
        answer_in_first_sentence=_share_within(with_answers, 1),
        answer_in_three_sentences=_share_within(with_answers, 3),
        questions=len(pairs),
        with_answer_strings=len(with_answers),
        cosine_auroc=gain[0],
        auroc_gain=gain[1],
        auroc_gain_interval=gain[2],
        foreign_auroc=from_foreign[0],
        foreign_auroc_interval=from_foreign[1],
        foreign_answer_rate=sum(told.is_answered for told in strangers) / len(strangers) if strangers else None,
        foreign_questions=len(strangers),
        by_kind=_by_kind(pairs),
    )


def _by_kind(pairs: Sequence[tuple[LabelledQuestion, Told]]) -> dict[str, KindResult]:
    kinds = dict.fromkeys(question.kind for question, _ in pairs if question.kind)
    return {kind: _of_kind([pair for pair in pairs if pair[0].kind == kind]) for kind in kinds}


def _of_kind(pairs: Sequence[tuple[LabelledQuestion, Told]]) -> KindResult:
    with_answers = [pair for pair in pairs if pair[0].answers]
    return KindResult(
        questions=len(pairs),
        refused=sum(not told.is_answered for _, told in pairs) / len(pairs),
        answer_in_first_sentence=_share_within(with_answers, 1),
        answer_in_three_sentences=_share_within(with_answers, 3),
    )


def told_apart(answerable: Sequence[Told], others: Sequence[Told]) -> tuple[float, Interval]:
    """The area under the curve of the probabilities, with its interval."""
    positive, negative = (np.array([told.probability for told in group]) for group in (answerable, others))
    return auroc(positive, negative), bootstrap_interval((positive, negative), auroc)


def _cosine_gain(
    answerable: Sequence[Told], others: Sequence[Told]
) -> tuple[float | None, float | None, Interval | None]:
    """The area by the best cosine alone, and how much the probability's is larger, on the same questions."""
    groups = [[(told.probability, told.best_cosine) for told in group] for group in (answerable, others)]
    if any(cosine is None for group in groups for _, cosine in group):
        return None, None, None
    positive, negative = (np.array(group, np.float64) for group in groups)
    return auroc(positive[:, 1], negative[:, 1]), *auroc_gain(positive, negative)


def auroc_gain(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> tuple[float, Interval]:
    """How much larger the area by the first column is than by the second, on the same questions, and its interval."""

    def gain(one: Any, other: Any) -> float:
        chosen, rest = positive[one.astype(int)], negative[other.astype(int)]
        return auroc(chosen[:, 0], rest[:, 0]) - auroc(chosen[:, 1], rest[:, 1])

    everyone = np.arange(len(positive)), np.arange(len(negative))
    return gain(*everyone), bootstrap_interval(everyone, gain)


def _share_within(pairs: Sequence[tuple[LabelledQuestion, Told]], sentences: int) -> float | None:
    if not pairs:
        return None
    return float(np.mean([holds(told.sentences[:sentences], question.answers) for question, told in pairs]))


def holds(sentences: Sequence[str], answers: Sequence[str]) -> bool | None:
    """Whether sentences hold one of the answers; None where there is none to hold."""
    shown = _folded(" ".join(plain_text(sentence, "markdown") for sentence in sentences))
    return any(_folded(answer) in shown for answer in answers) if answers else None


def _folded(text: str) -> str:
    return _SPACES.sub(" ", text).strip().casefold()
