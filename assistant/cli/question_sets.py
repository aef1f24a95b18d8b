"""`citewell eval set` and `citewell eval sets`: an organisation's own questions, in one configuration or two."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.access import LOCAL_USER
from assistant.cli.evaluation import p_shown, range_shown, rounded, table
from assistant.cli.output import (
    SOME_FAILED,
    CollectionName,
    HomeDir,
    Json,
    database,
    perform,
    print_json,
    print_text,
    say,
)
from assistant.configuration import configuration_of
from assistant.errors import AssistantError
from assistant.evaluation_runs import EVALUATE
from assistant.question_sets import QuestionSets
from assistant.set_evaluation import MEASURES, RATES
from assistant.thresholds import missed, read_thresholds
from retrieval.catalogue import Catalogue
from retrieval.library import Library

_FILES = (".csv", ".jsonl", ".tsv")
_MOST_LISTED = 20
_CHANGES = {"won": "Answered rightly now", "lost": "No longer answered rightly"}


def measure_set(
    name: Annotated[str, typer.Argument(help="A question set's name, or a file of questions: CSV or JSON lines.")],
    config: Annotated[
        list[str] | None,
        typer.Option(
            "--config",
            help="What is varied: method=bm25,passages=4,reranker=off,model=none; `present` is what answers now. "
            "Given twice, the second is compared with the first.",
        ),
    ] = None,
    thresholds: Annotated[
        Path | None,
        typer.Option(
            "--thresholds", help="TOML or JSON: measures with their min and max, which the last run must keep."
        ),
    ] = None,
    collection: CollectionName = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Measure a question set on the documents of its collection; ends with 3 where a threshold is not kept."""
    bounds = read_thresholds(thresholds) if thresholds else {}
    told = rounded(perform(EVALUATE, _work(name, config or [], collection), home))
    if "runs" not in told:
        raise AssistantError("The measuring was cancelled in the app; start it again.")
    told["missed"] = list(missed(bounds, told["runs"][-1]["figures"]))
    if as_json:
        print_json(told)
    else:
        _print(told)
    if told["missed"]:
        raise typer.Exit(SOME_FAILED)


def list_sets(as_json: Json = False, home: HomeDir = None) -> None:
    """List the question sets."""
    with database(home) as engine:
        sets = QuestionSets(engine, Library(engine), Catalogue(engine)).list(LOCAL_USER)
    if as_json:
        told = [{"name": s.name, "collection": s.collection, "questions": s.questions} for s in sets]
        print_json({"sets": told})
        return
    rows = [(each.name, each.collection, str(each.questions)) for each in sets]
    print_text(table(("set", "collection", "questions"), rows) if rows else "There is no question set yet.")


def _work(name: str, configs: Sequence[str], collection: str | None) -> dict[str, Any]:
    file = Path(name)
    if file.suffix.lower() not in _FILES and not file.is_file():
        return {"name": name, "collection": collection, "configs": list(configs)}
    from assistant.question_files import text_of

    return {"questions": text_of(file), "file": file.name, "collection": collection, "configs": list(configs)}


def _print(told: Mapping[str, Any]) -> None:
    runs = told["runs"]
    for number, run in enumerate(runs, start=1):
        print_text(f"{number}. {configuration_of(run['configuration']).words}")
    print_text("\n" + table(_head(runs), _rows(told)))
    print_text(f"\n{told['questions']} questions.")
    if told["comparison"]:
        _print_changes(told["comparison"])
    for note in dict.fromkeys(note for run in runs for note in run["notes"]):
        say(note)
    for each in told["missed"]:
        side = "below the least" if each["bound"] == "min" else "above the most"
        measured = (
            "not measured" if each["measured"] is None else f"{each['measured']}, {side} allowed, {each['limit']}"
        )
        say(f"Threshold not kept: {each['measure']} is {measured}.")


def _head(runs: Sequence[Any]) -> tuple[str, ...]:
    if len(runs) == 1:
        return ("measure", "figure", "95 % interval")
    return ("measure", *(str(number) for number in range(1, len(runs) + 1)), "difference", "95 % interval", "p")


def _rows(told: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    runs = told["runs"]
    for measure in (*MEASURES, *RATES):
        values = ["not measured" if run["figures"][measure] is None else str(run["figures"][measure]) for run in runs]
        name = measure.replace("_", " ").replace("auroc", "AUROC")
        if len(runs) == 1:
            yield name, values[0], range_shown(runs[0]["intervals"].get(measure))
            continue
        difference = (told["comparison"]["differences"].get(measure) if told["comparison"] else None) or {}
        mean = f"{difference['mean']:+.4f}" if difference else ""
        p = p_shown(difference["p"]) if "p" in difference else ""
        yield name, *values, mean, range_shown(difference.get("interval")), p


def _print_changes(comparison: Mapping[str, Any]) -> None:
    for change, words in _CHANGES.items():
        listed = comparison[change]
        print_text(f"\n{words}: {len(listed)}")
        for question in listed[:_MOST_LISTED]:
            print_text(f"- {question['text']}")
        if len(listed) > _MOST_LISTED:
            print_text(f"- and {len(listed) - _MOST_LISTED} more")
    print_text(f"\nRanked otherwise, to no other end: {len(comparison['moved'])}")
