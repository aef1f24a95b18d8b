"""`citewell triage`: learn from resolved tickets, and guess what new ones are."""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.audit import Action
from assistant.cli.output import (
    SOME_FAILED,
    HomeDir,
    Json,
    WrongUsage,
    counted,
    database,
    print_json,
    print_text,
    record,
    say,
)
from assistant.connecting import embedder_of
from assistant.errors import AssistantError
from assistant.home import cache_of, home_of
from assistant.settings import Settings
from retrieval.evaluation.workbench import RememberingEmbedder

if TYPE_CHECKING:
    from assistant.triage.registry import Version
    from assistant.triage.tables import Rejected

triage = typer.Typer(help="Learn from resolved tickets, and guess what new ones are.", no_args_is_help=True)
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="Which column is what, where its name does not say it: severity=Urgency."),
]
_MOST_LISTED = 20


@triage.command("train")
def train(
    file: Annotated[Path, typer.Argument(help="Resolved tickets: CSV, XLSX or JSON lines.")],
    column: Columns = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Learn from resolved tickets; the model waits to be promoted, the first one is used at once."""
    from assistant.triage.registry import as_json as version_as_json
    from assistant.triage.registry import open_registry
    from assistant.triage.tables import read_tickets
    from assistant.triage.teaching import compared
    from assistant.triage.training import train_model

    began = time.monotonic()
    settings = Settings.read(home=home)
    table = read_tickets(file, _columns(column), needs=("category",))
    embedder = _embedder(settings)
    training = train_model(table.tickets, embedder)
    registry = open_registry(settings)
    comparison = compared(registry, training, embedder)
    version = registry.add(training, comparison)
    with database(home) as engine:
        record(engine, Action.TRIAGE_TRAINED, f"model {version.number}", tickets=len(training.model.tickets))
    told: dict[str, Any] = {
        "version": version.number,
        "is_champion": version.is_champion,
        "tickets": len(training.model.tickets),
        "held_back": len(training.held_back),
        "figures": {name: _without_confusion(asdict(each)) for name, each in training.figures.items()},
        "comparison": comparison,
        "columns": dict(table.columns),
        "contradictions": [
            {"label": each.label, "lines": each.lines, "said": each.said} for each in training.contradictions
        ],
        "rejected": [asdict(each) for each in table.rejected],
        "notes": [*table.notes, *training.notes],
        "fingerprint": version_as_json(version)["fingerprint"],
        "seconds": round(time.monotonic() - began, 2),
    }
    if as_json:
        print_json(told)
    else:
        _print_training(told)
    _end(table.rejected)


@triage.command("run")
def run(
    file: Annotated[Path, typer.Argument(help="New tickets: CSV, XLSX or JSON lines.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write them: .csv or .xlsx.")],
    column: Columns = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Guess what new tickets are; nothing is done with them, a person decides."""
    from assistant.triage.batch import head_of, row_of, triage_all
    from assistant.triage.registry import open_registry
    from assistant.triage.sheets import write_sheet
    from assistant.triage.tables import read_tickets

    began = time.monotonic()
    settings = Settings.read(home=home)
    table = read_tickets(file, _columns(column))
    loaded = open_registry(settings).champion()
    if loaded is None:
        raise AssistantError("Nothing was learned yet; give resolved tickets to `citewell triage train` first.")
    counts = {"out_of_scope": 0, "needs_person": 0}

    def rows() -> Iterable[Sequence[str]]:
        for triaged in triage_all(table.tickets, loaded.model, _embedder(settings), on_done=_show):
            counts["out_of_scope"] += triaged.is_out_of_scope
            counts["needs_person"] += bool(triaged.needs_person)
            yield row_of(triaged, loaded.model)

    write_sheet(output, head_of(loaded.model), rows())
    told = {
        "tickets": len(table.tickets),
        **counts,
        "version": loaded.number,
        "output": str(output),
        "columns": dict(table.columns),
        "rejected": [asdict(each) for each in table.rejected],
        "seconds": round(time.monotonic() - began, 2),
    }
    if as_json:
        print_json(told)
    else:
        print_text(
            f"{counted(len(table.tickets), 'ticket')} triaged by model {loaded.number}: {counts['out_of_scope']} out of "
            f"scope, {counts['needs_person']} for a person to look at first. Written to {output}."
        )
        _list_rejected([asdict(each) for each in table.rejected])
    _end(table.rejected)


@triage.command("models")
def models(as_json: Json = False, home: HomeDir = None) -> None:
    """List the models, the newest first, and which one is used."""
    from assistant.triage.registry import as_json as version_as_json
    from assistant.triage.registry import open_registry

    versions = open_registry(Settings.read(home=home)).versions()
    if as_json:
        print_json({"models": [version_as_json(version) for version in versions]})
        return
    if not versions:
        print_text("No model was trained yet.")
    for version in versions:
        print_text(_line(version))


@triage.command("promote")
def promote(
    version: Annotated[int, typer.Argument(min=1, help="The number that `citewell triage models` shows.")],
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Use another model from now on; nothing needs to be started again."""
    from assistant.triage.registry import open_registry

    registry = open_registry(Settings.read(home=home))
    registry.promote(version)
    with database(home) as engine:
        record(engine, Action.TRIAGE_PROMOTED, f"model {version}")
    if as_json:
        print_json({"champion": version})
    else:
        print_text(f"Model {version} is used from now on.")


def _columns(given: list[str] | None) -> dict[str, str]:
    pairs = [each.partition("=") for each in given or ()]
    if any(not field or not name for field, _, name in pairs):
        raise WrongUsage("--column needs a field and the name of a column, such as --column category=Queue.")
    return {field.strip(): name.strip() for field, _, name in pairs}


def _embedder(settings: Settings) -> RememberingEmbedder:
    cache = cache_of(home_of(settings))
    return RememberingEmbedder(embedder_of(settings, cache), cache / "embeddings.sqlite")


def _without_confusion(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in figures.items()
        if name != "confusion"
    }


def _print_training(told: Mapping[str, Any]) -> None:
    state = "in use" if told["is_champion"] else f"`citewell triage promote {told['version']}` puts it to use"
    print_text(f"Model {told['version']} has learned from {counted(told['tickets'], 'ticket')}; {state}.")
    for name, figures in told["figures"].items():
        share, tickets = f"{figures['accuracy']:.1%}", counted(figures["tickets"], "ticket")
        print_text(
            f"  {name}: {share} of {tickets} right, each judged by the others; {counted(figures['labels'], 'label')}"
        )
    for name, share in told["comparison"].items():
        print_text(f"  {name.replace('.', ' ').replace('_', ' ')}: {share:.1%}")
    for note in told["notes"]:
        print_text(f"  {note}")
    for each in told["contradictions"]:
        lines = ", ".join(map(str, each["lines"]))
        print_text(f"  Lines {lines} say the same and have different labels ({', '.join(each['said'])}); left out.")
    _list_rejected(told["rejected"])


def _list_rejected(rejected: Sequence[Mapping[str, Any]]) -> None:
    for each in rejected[:_MOST_LISTED]:
        say(f"Line {each['line']} was left out: {each['reason']}.")
    if len(rejected) > _MOST_LISTED:
        say(f"{len(rejected) - _MOST_LISTED} more lines were left out; --json lists them all.")


def _line(version: "Version") -> str:
    accuracy = version.figures.get("category.accuracy")
    shown = "" if accuracy is None else f", {accuracy:.1%} of categories right"
    mark = " (in use)" if version.is_champion else ""
    return f"{version.number}{mark}: trained {version.trained_at:%Y-%m-%d %H:%M} UTC{shown}"


def _end(rejected: Sequence["Rejected"]) -> None:
    if rejected:
        raise typer.Exit(SOME_FAILED)


def _show(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{done} of {total} tickets", end="\n" if done == total else "", file=sys.stderr, flush=True)
