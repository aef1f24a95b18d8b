"""What the worker, or a command, does with question sets: measure them, compare, make questions of documents."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assistant.access import LOCAL_USER, scope_of
from assistant.asking import Asking, present
from assistant.bootstrap import EXAMPLES, Citewell
from assistant.configuration import Configuration, configuration_of, parsed
from assistant.errors import AssistantError
from assistant.evaluation import LabelledQuestion, labelled
from assistant.generated_questions import questions_of
from assistant.mlflow_client import RegistryFailed, open_tracking
from assistant.question_files import questions_in_file
from assistant.question_sets import QuestionSet, SetRefused
from assistant.set_evaluation import Compared, Evaluated, compare, evaluate_set
from retrieval.evaluation.datasets import read_jsonl
from retrieval.values import Scope

OnDone = Callable[[int, int, str], None]
"""How many of how many, and what."""
SAMPLE_SET = "Sample questions"
_EXPERIMENT = "evaluation"
_MOST_NAMED = 5


class EvaluationStopped(AssistantError):
    """Somebody cancelled it, or the home closes."""


def evaluate(citewell: Citewell, work: Mapping[str, Any], on_done: OnDone, stopping: threading.Event) -> dict[str, Any]:
    """Measure a set, or questions that came with the work, in each configuration; with two, compare them.

    `work` has `set_id`, or `name`, or `questions` with a `collection`, and `configurations` as JSON or `configs` in
    words. A set's runs are kept once all are done.
    """
    chosen, questions, scope = _wanted(citewell, work)
    configurations = _configurations(citewell, work)
    paths = {entry.id: entry.path for entry in citewell.catalogue.documents(scope) if entry.id is not None}
    done: list[tuple[Configuration, Evaluated]] = []
    try:
        for number, configuration in enumerate(configurations):
            tell = _teller(number, len(configurations), configuration, on_done, stopping)
            asking = Asking(citewell, configuration, scope, paths, LOCAL_USER, stopping.is_set)
            done.append((configuration, evaluate_set(questions, asking.see, on_progress=tell)))
    except EvaluationStopped:
        return {}
    notes = _notes(questions, frozenset(paths.values()))
    told = [_kept(citewell, chosen, each, evaluated, notes) for each, evaluated in done]
    compared = compare(done[0][1].outcomes, done[1][1].outcomes) if len(done) > 1 else None
    return {
        "set": chosen.name if chosen else None,
        "questions": len(questions),
        "runs": told,
        "comparison": comparison_json(compared, questions) if compared else None,
    }


def generate(
    citewell: Citewell, work: Mapping[str, Any], on_done: Callable[[int, int], None], stopping: threading.Event
) -> dict[str, Any]:
    """Add questions made of the documents to a set: by the model where there is one, else of headings and sentences."""
    sets = citewell.question_sets
    chosen = sets.get(work["set_id"], LOCAL_USER)
    made = []
    for question in questions_of(citewell, frozenset({chosen.collection_id}), work["count"], stopping.is_set):
        made.append(question)
        on_done(len(made), work["count"])
    return {"made": len(made), "added": sets.add(chosen.id, made, LOCAL_USER) if made else 0}


def bring_in_sample_questions(citewell: Citewell, collection_id: str) -> None:
    """The sample company's questions as a set, where they came along and there is no set of that name yet."""
    file = EXAMPLES / "questions.jsonl"
    named = {each.name for each in citewell.question_sets.list(LOCAL_USER) if each.collection_id == collection_id}
    if not file.is_file() or SAMPLE_SET in named:
        return
    there = {entry.path for entry in citewell.catalogue.documents(frozenset({collection_id}))}
    every = [labelled(row, at) for at, row in read_jsonl(file)]
    # A document that is a picture is not read without tesseract; what it answers cannot be asked then.
    known = [question for question in every if there.issuperset(question.documents)]
    set_id = citewell.question_sets.create(collection_id, SAMPLE_SET, LOCAL_USER)
    citewell.question_sets.add(set_id, known, LOCAL_USER)


def comparison_json(compared: Compared, questions: Mapping[str, LabelledQuestion]) -> dict[str, Any]:
    """A comparison as commands print it."""

    def told(names: Sequence[str]) -> list[dict[str, Any]]:
        return [{"id": name, "text": questions[name].text} for name in names if name in questions]

    gain = {"mean": compared.auroc[0], "interval": list(compared.auroc[1])} if compared.auroc else None
    return {
        "questions": compared.questions,
        "differences": {name: asdict(each) for name, each in compared.differences.items()} | {"auroc": gain},
        "won": told(compared.won),
        "lost": told(compared.lost),
        "moved": told(compared.moved),
    }


def _wanted(
    citewell: Citewell, work: Mapping[str, Any]
) -> tuple[QuestionSet | None, dict[str, LabelledQuestion], Scope]:
    """The set, None for questions of a file; the questions by id; and where they are asked."""
    if "questions" in work:
        scope = scope_of(LOCAL_USER, citewell.library, collection=work["collection"])
        known = {entry.path for entry in citewell.catalogue.documents(scope)}
        questions = questions_in_file(work["questions"].encode(), work["file"], known)
        return None, {str(number): question for number, question in enumerate(questions, start=1)}, scope
    chosen = citewell.question_sets.get(work["set_id"], LOCAL_USER) if "set_id" in work else _named(citewell, work)
    kept = {str(each.id): each.question for each in citewell.question_sets.questions(chosen.id, LOCAL_USER)}
    if not kept:
        raise SetRefused(f"The set {chosen.name} has no question yet; add some first.")
    return chosen, kept, frozenset({chosen.collection_id})


def _named(citewell: Citewell, work: Mapping[str, Any]) -> QuestionSet:
    sets = citewell.question_sets.list(LOCAL_USER)
    found = [s for s in sets if s.name == work["name"] and work.get("collection") in (None, s.collection)]
    if len(found) > 1:
        raise SetRefused(f"Several collections have a set {work['name']!r}; say which with --collection.")
    if not found:
        names = ", ".join(each.name for each in sets) or "none"
        raise SetRefused(f"There is no question set {work['name']!r} (there: {names}), and no file of that name.")
    return found[0]


def _configurations(citewell: Citewell, work: Mapping[str, Any]) -> list[Configuration]:
    if "configurations" in work:
        return [configuration_of(each) for each in work["configurations"]]
    now = present(citewell)
    return [parsed(text, now) for text in work.get("configs") or [""]]


def _teller(
    number: int, of: int, configuration: Configuration, on_done: OnDone, stopping: threading.Event
) -> Callable[[str, int, int], None]:
    def tell(_doing: str, done: int, total: int) -> None:
        if stopping.is_set():
            raise EvaluationStopped("Stopped.")
        on_done(number * total + done, of * total, configuration.words)

    return tell


def _notes(questions: Mapping[str, LabelledQuestion], there: frozenset[str]) -> list[str]:
    """Documents that are expected and not there: they count as not found."""
    gone = sorted({path for question in questions.values() for path in question.documents if path not in there})
    if not gone:
        return []
    more = f" and {len(gone) - _MOST_NAMED} more" if len(gone) > _MOST_NAMED else ""
    return [
        f"Expected, and no longer in the collection: {', '.join(gone[:_MOST_NAMED])}{more}. They count as not found."
    ]


def _kept(
    citewell: Citewell,
    chosen: QuestionSet | None,
    configuration: Configuration,
    evaluated: Evaluated,
    notes: Sequence[str],
) -> dict[str, Any]:
    """Keep one run of a set; returns it as commands print it."""
    told = list(notes)
    if evaluated.fallbacks:
        told.append(
            f"Quoted, or not answered, in place of the model's own words: {evaluated.fallbacks} of the questions."
        )
    run_id = None
    if chosen is not None:
        mlflow_run = None
        try:
            mlflow_run = _logged(citewell, chosen, configuration, evaluated)
        except RegistryFailed as error:
            told.append(f"It is kept here alone. {error.hint}")
        run_id = citewell.runs.keep(chosen.id, configuration, evaluated, notes=told, mlflow_run=mlflow_run)
    intervals = {name: list(interval) for name, interval in evaluated.intervals.items()}
    return {
        "id": run_id,
        "configuration": configuration.as_json,
        "figures": dict(evaluated.figures),
        "intervals": intervals,
        "notes": told,
    }


def _logged(citewell: Citewell, chosen: QuestionSet, configuration: Configuration, evaluated: Evaluated) -> str:
    """Keep the figures in MLflow, without a word of the questions: what is erased here would stay there."""
    facts = {"set": chosen.name, "collection": chosen.collection, "questions": len(evaluated.outcomes)}
    figures = {name: value for name, value in evaluated.figures.items() if value is not None}
    tracking = open_tracking(citewell.settings)
    return tracking.keep_run(_EXPERIMENT, chosen.name, facts | configuration.as_json, figures)
