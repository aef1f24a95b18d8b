"""How well follow-up questions are searched: the last question alone, fused with the one before, and as people rewrote it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from retrieval.embedding import Embedder
from retrieval.errors import DatasetError
from retrieval.evaluation.datasets import (
    judged_of,
    questions_in,
    read_by_id,
    read_corpus,
    read_qrels,
    required_text,
)
from retrieval.evaluation.measures import Run, measure_ranking
from retrieval.evaluation.methods import runs_by_method, top_ten
from retrieval.evaluation.outcome import Asked, Evaluation
from retrieval.evaluation.workbench import OnProgress, Workbench, ask_each, unseen, workbench
from retrieval.methods import CITEWELL
from retrieval.values import ParsedDocument

FUSED = "fused"
Form = Mapping[str, tuple[str, tuple[str, ...]]]
"""By task what is searched for: a question and the questions before it."""


@dataclass(frozen=True, slots=True)
class Task:
    """A question, and the questions asked before it, oldest first."""

    question: str
    earlier: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConversationSet:
    """Documents, tasks and people's rewrites by id, and relevance by task and document."""

    corpus: dict[str, ParsedDocument]
    tasks: dict[str, Task]
    qrels: dict[str, dict[str, int]]
    rewrites: dict[str, str]
    unjudged: int


def read_conversation_set(folder: Path) -> ConversationSet:
    """The whole set; raises DatasetError naming file and line of what is malformed."""
    corpus = read_corpus(folder / "corpus.jsonl")
    tasks = {
        name: Task(required_text(row, "question", at), questions_in(row.get("history"), at))
        for name, at, row in read_by_id(folder / "tasks.jsonl", "task_id")
    }
    file = folder / "rewrites.jsonl"
    rewrites = {name: required_text(row, "text", at) for name, at, row in read_by_id(file)} if file.exists() else {}
    if unknown := rewrites.keys() - tasks.keys():
        raise DatasetError(f"{file}: there is no task {min(unknown)!r}; check its ids.")
    qrels = read_qrels(folder)
    judged = judged_of(tasks, qrels, corpus, folder)
    return ConversationSet(corpus, judged, qrels, rewrites, len(tasks) - len(judged))


def evaluate_conversation(
    data: ConversationSet, embedder: Embedder, *, compare: bool = False, on_progress: OnProgress = unseen
) -> Evaluation:
    """`last`, `fused` and, where every task has one, `rewrite`; with `compare` the last question by each part alone."""
    runs: dict[str, Run] = {}
    latency: dict[str, float] = {}
    with workbench(data.corpus, embedder, on_progress) as bench:
        for form, asked in _forms(data).items():
            alone = compare and form == "last"
            found, latency = _search(asked, bench, compare=alone, doing=f"{form}: questions asked", show=on_progress)
            runs |= {form if method == CITEWELL else method: run for method, run in found.items()}
    return Evaluation(
        asked=tuple(Asked(name, task.question, _wanted(name, task, data)) for name, task in data.tasks.items()),
        methods={method: measure_ranking(run, data.qrels, data.tasks) for method, run in runs.items()},
        retrieved={method: top_ten(run) for method, run in runs.items()},
        reference=FUSED,
        latency_ms=latency,
        unjudged=data.unjudged,
    )


def _forms(data: ConversationSet) -> dict[str, Form]:
    """What each form of a task searches for; the product's own is the last, so that its latency is the one kept."""
    forms: dict[str, Form] = {"last": {name: (task.question, ()) for name, task in data.tasks.items()}}
    if data.tasks.keys() <= data.rewrites.keys():
        forms["rewrite"] = {name: (data.rewrites[name], ()) for name in data.tasks}
    forms[FUSED] = {name: (task.question, task.earlier) for name, task in data.tasks.items()}
    return forms


def _search(
    asked: Form, bench: Workbench, *, compare: bool, doing: str, show: OnProgress
) -> tuple[dict[str, Run], dict[str, float]]:
    traces, latency = ask_each(
        asked,
        lambda form: bench.search.rank(form[0], history=form[1], scope=bench.scope),
        show,
        doing,
    )
    return runs_by_method(traces, bench, compare=compare), latency


def _wanted(name: str, task: Task, data: ConversationSet) -> dict[str, object]:
    return {"earlier": task.earlier, "rewrite": data.rewrites.get(name), "relevant": data.qrels[name]}
