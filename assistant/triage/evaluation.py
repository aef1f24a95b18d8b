"""How well tickets are classified, and how well what belongs to none of the labels is told apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.triage.calibration import calibration_error
from assistant.triage.classifier import train
from assistant.triage.values import Verdict
from retrieval.embedding import Embedder
from retrieval.errors import DatasetError
from retrieval.evaluation.datasets import read_jsonl, required_text
from retrieval.evaluation.measures import auroc


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with the label that people gave it; outside every label, it has none that counts."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class TriageResult:
    """`accuracy` never rejects; `in_scope_accuracy` is the share that is right and not rejected."""

    accuracy: float
    macro_f1: float
    in_scope_accuracy: float
    oos_recall: float | None
    oos_auroc: float | None
    ece: float
    train: int
    test: int
    labels: int


@dataclass(frozen=True, slots=True)
class TriageEvaluation:
    """The figures, and every text with its verdict, those out of scope last."""

    result: TriageResult
    told: tuple[tuple[Labelled, Verdict], ...]
    foreign: tuple[tuple[Labelled, Verdict], ...]

    def per_query(self) -> Iterator[dict[str, Any]]:
        """One JSON object per text."""
        for is_foreign, pairs in ((False, self.told), (True, self.foreign)):
            for asked, verdict in pairs:
                yield {
                    "text": asked.text,
                    "label": asked.label,
                    "out_of_scope": is_foreign,
                    "guess": verdict.best.label,
                    "probability": round(verdict.best.probability, 4),
                    "familiarity": round(verdict.familiarity, 4),
                    "rejected": verdict.is_out_of_scope,
                }


def read_labelled(file: Path, *, needs_label: bool = True) -> tuple[Labelled, ...]:
    """JSON lines with `text` and `label`. Raises DatasetError naming file and line of what is malformed."""
    rows = tuple(
        Labelled(required_text(row, "text", at), _label(row, at) if needs_label else "") for at, row in read_jsonl(file)
    )
    if not rows:
        raise DatasetError(f"{file} holds no text.")
    return rows


def _label(row: Mapping[str, Any], at: str) -> str:
    """A name, or a number that stands for one."""
    label = row.get("label")
    return str(label) if isinstance(label, int) else required_text(row, "label", at)


def evaluate_triage(
    known: Sequence[Labelled], asked: Sequence[Labelled], embedder: Embedder, *, foreign: Sequence[Labelled] = ()
) -> TriageEvaluation:
    """Train on what is known, and judge the rest. Raises DatasetError where there is only one label."""
    if len({each.label for each in known}) < 2:
        raise DatasetError("All texts to train on have the same label; at least two labels are needed.")
    texts = [each.text for each in known]
    classifier = train(texts, embedder.embed_documents(texts), [each.label for each in known]).classifier
    judged = {}
    for name, group in (("asked", asked), ("foreign", foreign)):
        words = [each.text for each in group]
        judged[name] = tuple(zip(group, classifier.judge(words, embedder.embed_documents(words)), strict=True))
    return TriageEvaluation(_result(len(known), len(classifier.labels), judged), judged["asked"], judged["foreign"])


def _result(known: int, labels: int, judged: Mapping[str, Sequence[tuple[Labelled, Verdict]]]) -> TriageResult:
    asked, foreign = judged["asked"], judged["foreign"]
    right = np.array([verdict.best.label == each.label for each, verdict in asked])
    near = np.array([verdict.familiarity for _, verdict in asked])
    far = np.array([verdict.familiarity for _, verdict in foreign])
    return TriageResult(
        accuracy=float(right.mean()),
        macro_f1=macro_f1([each.label for each, _ in asked], [verdict.best.label for _, verdict in asked]),
        in_scope_accuracy=float((right & (near >= 0)).mean()),
        oos_recall=float((far < 0).mean()) if foreign else None,
        oos_auroc=auroc(near, far) if foreign else None,
        ece=calibration_error([verdict.best.probability for _, verdict in asked], right),
        train=known,
        test=len(asked),
        labels=labels,
    )


def macro_f1(wanted: Sequence[str], guessed: Sequence[str]) -> float:
    """The mean over labels, of what was wanted and of what was guessed, of the harmonic mean of precision and recall."""
    pairs = list(zip(wanted, guessed, strict=True))
    scores = []
    for label in {*wanted, *guessed}:
        hit = sum(one == other == label for one, other in pairs)
        scores.append(2 * hit / (sum(one == label for one, _ in pairs) + sum(other == label for _, other in pairs)))
    return float(np.mean(scores))
