"""A question set measured in one configuration, and two such runs side by side.

The measures are those of `citewell eval`: rankings by `measure_ranking`, answers as `evaluate_answers` judges them,
intervals and tests as `Measured` makes them. What is added here is only that one search serves them all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.evaluation import LabelledQuestion, Told, auroc_gain, holds, told_apart
from assistant.verify import check_sentence
from retrieval.evaluation.measures import Difference, Interval, Measured, measure_ranking
from retrieval.evaluation.workbench import OnProgress, ask_each, unseen
from retrieval.plain import plain_text
from retrieval.values import Passage

RIGHT = "right"
MEASURES = (
    "ndcg@10",
    "recall@10",
    "mrr@10",
    "recall_shown",
    "answer_in_first_sentence",
    "answer_in_three_sentences",
    "supported",
    RIGHT,
)
"""What a single question has a value of, in the order in which they are told."""
RATES = ("auroc", "false_answer_rate", "false_refusal_rate", "p50_ms", "p95_ms")
"""What only a whole set has."""
_MOST_DOCUMENTS = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a question: what was told, and how it was found.

    `is_fallback`: a model was to write, and sentences were quoted instead, or nothing came.
    """

    told: Told
    ranked: Mapping[str, float]
    """The scores of documents by their best chunk."""
    passages: tuple[Passage, ...]
    """What the answer could draw on, best first."""
    verdicts: tuple[bool, ...] | None = None
    """Whether the documents support each statement; None where sentences were quoted, which is looked at afterwards."""
    is_fallback: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        """The documents of the passages, best first."""
        return tuple(dict.fromkeys(passage.source.path for passage in self.passages))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question's part in a run. A measure that says nothing of it, such as recall where nothing is to be found, is
    absent from `values`."""

    probability: float
    is_answered: bool
    is_answerable: bool
    documents: tuple[str, ...]
    """The ten best, best first."""
    sentences: tuple[str, ...]
    values: Mapping[str, float]

    @property
    def is_right(self) -> bool:
        """Whether it was answered as it should be."""
        return self.values[RIGHT] == 1.0


@dataclass(frozen=True, slots=True)
class Evaluated:
    """By question what came of it, and the figures of all; `figures` is None where a measure says nothing."""

    outcomes: Mapping[str, Outcome]
    figures: Mapping[str, float | None]
    intervals: Mapping[str, Interval]
    """95 % bootstrap intervals."""
    fallbacks: int = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """A run less another, over the questions that both have.

    `differences` by measure; `auroc` with its interval. The questions that one answers rightly and the other does not
    come first; `moved` are those whose ranking alone changed.
    """

    questions: int
    differences: Mapping[str, Difference]
    auroc: tuple[float, Interval] | None
    won: tuple[str, ...]
    lost: tuple[str, ...]
    moved: tuple[str, ...]


def evaluate_set(
    questions: Mapping[str, LabelledQuestion],
    ask: Callable[[LabelledQuestion], Seen],
    *,
    on_progress: OnProgress = unseen,
) -> Evaluated:
    """Ask every question, and measure."""
    seen, latency = ask_each(questions, ask, on_progress)
    values = _ranking(questions, {name: each.ranked for name, each in seen.items()})
    outcomes = {name: _outcome(question, seen[name], values.get(name, {})) for name, question in questions.items()}
    figures, intervals = _figures(questions, seen, outcomes)
    timed = {f"{name}_ms": ms for name, ms in latency.items()}
    fallbacks = sum(each.is_fallback for each in seen.values())
    return Evaluated(outcomes, figures | timed, intervals, fallbacks)


def compare(one: Mapping[str, Outcome], other: Mapping[str, Outcome]) -> Compared:
    """How far the second is from the first, question by question."""
    common = [name for name in one if name in other]
    differences = {}
    for measure in MEASURES:
        both = [name for name in common if measure in one[name].values and measure in other[name].values]
        if both:
            before, after = (Measured({measure: [run[name].values[measure] for name in both]}) for run in (one, other))
            differences[measure] = after.minus(before)
    moved = [name for name in common if one[name].values.get("ndcg@10") != other[name].values.get("ndcg@10")]
    won = [name for name in common if other[name].is_right and not one[name].is_right]
    lost = [name for name in common if one[name].is_right and not other[name].is_right]
    changed = {*won, *lost}
    rest = tuple(name for name in moved if name not in changed)
    return Compared(len(common), differences, _auroc(common, one, other), tuple(won), tuple(lost), rest)


def _auroc(
    common: Sequence[str], one: Mapping[str, Outcome], other: Mapping[str, Outcome]
) -> tuple[float, Interval] | None:
    groups = [
        np.array(
            [(other[name].probability, one[name].probability) for name in common if one[name].is_answerable is wanted],
            np.float64,
        )
        for wanted in (True, False)
    ]
    return auroc_gain(groups[0], groups[1]) if all(map(len, groups)) else None


def _ranking(
    questions: Mapping[str, LabelledQuestion], ranked: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """The ranking measures of the questions that say where their answer stands."""
    qrels = {name: dict.fromkeys(question.documents, 1) for name, question in questions.items() if question.documents}
    if not qrels:
        return {}
    measured = measure_ranking(ranked, qrels, qrels)
    return {
        name: {measure: float(values[at]) for measure, values in measured.values.items()}
        for at, name in enumerate(qrels)
    }


def _outcome(question: LabelledQuestion, seen: Seen, ranking: Mapping[str, float]) -> Outcome:
    told, values = seen.told, dict(ranking)
    if question.documents:
        values["recall_shown"] = float(np.mean([path in seen.shown for path in question.documents]))
    if question.answerable and question.answers:
        values["answer_in_first_sentence"] = float(bool(holds(told.sentences[:1], question.answers)))
        values["answer_in_three_sentences"] = float(bool(holds(told.sentences[:3], question.answers)))
    if told.is_answered and (verdicts := _verdicts(seen)):
        values["supported"] = sum(verdicts) / len(verdicts)
    values[RIGHT] = float(_is_right(question, seen))
    best = sorted(seen.ranked, key=lambda path: (-seen.ranked[path], path))[:_MOST_DOCUMENTS]
    return Outcome(
        round(told.probability, 6), told.is_answered, question.answerable, tuple(best), told.sentences, values
    )


def _verdicts(seen: Seen) -> tuple[bool, ...]:
    """Whether the documents support each statement, by the check that every answer passes."""
    if seen.verdicts is not None:
        return seen.verdicts
    texts = [passage.text for passage in seen.passages]
    sentences = (plain_text(each, "markdown") for each in seen.told.sentences)
    return tuple(check_sentence(each, texts).support == "supported" for each in sentences)


def _is_right(question: LabelledQuestion, seen: Seen) -> bool:
    """Refused where it cannot be answered; else answered, with the answer or at least from where it stands, as known."""
    if not question.answerable or not seen.told.is_answered:
        return question.answerable == seen.told.is_answered
    if question.answers:
        return bool(holds(seen.told.sentences, question.answers))
    return not question.documents or any(path in seen.shown for path in question.documents)


def _figures(
    questions: Mapping[str, LabelledQuestion], seen: Mapping[str, Seen], outcomes: Mapping[str, Outcome]
) -> tuple[dict[str, float | None], dict[str, Interval]]:
    figures: dict[str, float | None] = {}
    intervals: dict[str, Interval] = {}
    for measure in MEASURES:
        values = [each.values[measure] for each in outcomes.values() if measure in each.values]
        measured = Measured({measure: values}) if values else None
        figures[measure] = measured.means[measure] if measured else None
        if measured:
            intervals[measure] = measured.interval
    answerable = [seen[name].told for name, question in questions.items() if question.answerable]
    others = [seen[name].told for name, question in questions.items() if not question.answerable]
    figures["false_answer_rate"] = _share(told.is_answered for told in others)
    figures["false_refusal_rate"] = _share(not told.is_answered for told in answerable)
    figures["auroc"] = None
    if answerable and others:
        figures["auroc"], intervals["auroc"] = told_apart(answerable, others)
    return figures, intervals


def _share(flags: Iterable[bool]) -> float | None:
    known = list(flags)
    return sum(known) / len(known) if known else None
