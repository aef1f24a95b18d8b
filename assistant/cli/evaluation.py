"""`citewell eval`: measurements in temporary indexes; nobody's collections are touched."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.citation_evaluation import evaluate_citations
from assistant.claim_sets import make_claims, read_claims, write_claims
from assistant.cli.output import HomeDir, Json, print_json, print_text, say
from assistant.connecting import model_of
from assistant.errors import SettingsError
from assistant.evaluation import evaluate_answers, read_answer_set, read_foreign_questions
from assistant.grading import grade_answers
from assistant.home import cache_of, home_of
from assistant.llm import ChatModel
from assistant.models import in_force
from assistant.settings import Settings
from retrieval.embedding import load_embedder
from retrieval.evaluation.conversation import evaluate_conversation, read_conversation_set
from retrieval.evaluation.datasets import read_retrieval_set
from retrieval.evaluation.outcome import Evaluation
from retrieval.evaluation.retrieval import evaluate_retrieval
from retrieval.evaluation.spans import evaluate_spans, read_span_set
from retrieval.evaluation.workbench import RememberingEmbedder

evaluation = typer.Typer(help="Measure the search on labelled data.", no_args_is_help=True)
Compare = Annotated[bool, typer.Option("--compare", help="Beside dense alone, BM25 alone and rank fusion.")]
PerQuery = Annotated[
    typer.FileTextWrite | None,
    typer.Option(
        "--per-query",
        encoding="utf-8",
        errors="replace",
        lazy=False,
        help="Write one JSON line per question here, for error analysis.",
    ),
]
_WORDS = {
    "ndcg@10": "nDCG@10",
    "recall@10": "R@10",
    "mrr@10": "MRR@10",
    "iou": "IoU",
    "dense": "dense alone",
    "bm25": "BM25 alone",
    "rrf": "reciprocal rank fusion",
    "citewell": "Citewell",
    "unjoined": "Citewell, chunks not joined",
    "last": "Citewell, last question alone",
    "rewrite": "Citewell, rewritten by people",
    "fused": "Citewell, fused",
}
"""How tables call what JSON names."""


@evaluation.command("retrieval")
def retrieval(
    folder: Path, compare: Compare = False, per_query: PerQuery = None, as_json: Json = False, home: HomeDir = None
) -> None:
    """Rank documents: a folder in the BEIR layout (corpus.jsonl, queries.jsonl, qrels*.tsv)."""
    data = read_retrieval_set(folder)
    found = evaluate_retrieval(data, _embedder(home), compare=compare, on_progress=_show)
    _write_lines(per_query, found.per_query())
    if not as_json:
        _print_table(found)
        return
    head = {"queries": len(found.asked), "latency_ms": found.latency_ms, "unjudged": found.unjudged}
    methods = {"methods": _methods(found)} if compare else {}
    print_json(_figures(found, found.reference) | head | methods)


@evaluation.command("conversation")
def conversation(
    folder: Path, compare: Compare = False, per_query: PerQuery = None, as_json: Json = False, home: HomeDir = None
) -> None:
    """Search for follow-up questions: corpus.jsonl, tasks.jsonl, qrels*.tsv and perhaps rewrites.jsonl."""
    data = read_conversation_set(folder)
    found = evaluate_conversation(data, _embedder(home), compare=compare, on_progress=_show)
    _write_lines(per_query, found.per_query())
    if not as_json:
        _print_table(found)
        return
    head = {"tasks": len(found.asked), "latency_ms": found.latency_ms, "unjudged": found.unjudged}
    alone = {name: figures for name, figures in _methods(found).items() if name in ("dense", "bm25", "rrf")}
    forms = {name: figures for name, figures in _methods(found).items() if name not in alone}
    methods = {"methods": alone | {"citewell": forms[found.reference]}} if compare else {}
    print_json(forms | head | methods)


@evaluation.command("spans")
def spans(
    folder: Path,
    tokens: Annotated[int, typer.Option("--tokens", min=1, help="The budget of retrieved text.")] = 800,
    compare: Compare = False,
    per_query: PerQuery = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Find answering spans: docs/*.txt and questions.jsonl with references in characters."""
    data = read_span_set(folder)
    found = evaluate_spans(data, _embedder(home), tokens=tokens, compare=compare, on_progress=_show)
    _write_lines(per_query, found.per_query())
    if not as_json:
        _print_table(found, f"within {tokens} tokens")
        return
    head = {"questions": len(found.asked), "tokens": tokens, "latency_ms": found.latency_ms}
    methods = {"methods": _methods(found)} if compare else {}
    print_json(_figures(found, found.reference) | head | methods)


@evaluation.command("answers")
def answers(
    folder: Path,
    documents: Annotated[
        Path | None, typer.Option("--documents", help="A folder of files, in place of corpus.jsonl.")
    ] = None,
    foreign: Annotated[
        Path | None,
        typer.Option("--foreign", help="Questions of another set (JSON lines), counted as unanswerable here."),
    ] = None,
    judged: Annotated[
        bool, typer.Option("--judged", help="Ask the model of the settings whether each answer is right: an opinion.")
    ] = False,
    per_query: PerQuery = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Tell what can be answered from what cannot: corpus.jsonl and questions.jsonl with `answerable` or `kind`."""
    judge = _judge(home) if judged else None
    corpus, questions = read_answer_set(folder, documents)
    strangers = read_foreign_questions(foreign) if foreign else ()
    found = evaluate_answers(corpus, questions, _embedder(home), foreign=strangers, on_progress=_show)
    _write_lines(per_query, found.per_query())
    grades = grade_answers(found.told, judge, on_progress=_show) if judge else None
    figures = {name: rounded(value) for name, value in asdict(found.result).items()}
    if as_json:
        print_json(figures | {"judged": rounded(asdict(grades)) if grades else None})
        return
    kinds = figures.pop("by_kind")
    intervals = {name: value for name, value in figures.items() if name.endswith("_interval")}
    rows = [
        (
            name.replace("_", " ").replace("auroc", "AUROC"),
            _shown(value),
            range_shown(intervals.get(f"{name}_interval")),
        )
        for name, value in figures.items()
        if name not in intervals and (foreign or not name.startswith("foreign"))
    ]
    print_text(table(("measure", "figure", "95 % interval"), rows))
    if kinds:
        measures = next(iter(kinds.values()))
        lines = [(kind, *map(_shown, measured.values())) for kind, measured in kinds.items()]
        print_text("\n" + table(("kind", *(name.replace("_", " ") for name in measures)), lines))
    if grades:
        print_text(
            f"\nIn the opinion of the model {grades.model}: {_percent(grades.right)} of {grades.questions} answers right "
            f"({grades.unclear} replies unclear)."
        )


def _judge(home: Path | None) -> ChatModel:
    """The model of the settings. Raises SettingsError where there is none."""
    model = model_of(in_force(Settings.read(home=home)))
    if model is None:
        raise SettingsError("There is no model to judge answers; set OPENAI_BASE_URL or OPENAI_API_KEY.")
    return model


@evaluation.command("citations")
def citations(file: Path, per_query: PerQuery = None, as_json: Json = False, _home: HomeDir = None) -> None:
    """Tell sentences that their passage supports from those it does not: JSON lines, as `eval claims` writes them."""
    found = evaluate_citations(read_claims(file), on_progress=_show)
    _write_lines(per_query, found.per_claim())
    figures = found.figures()
    if as_json:
        print_json(figures)
        return
    rows = [
        (kind, str(shares["n"]), _percent(shares.get("caught")), _percent(shares.get("flagged")))
        for kind, shares in figures["by_kind"].items()
    ]
    print_text(table(("kind", "claims", "false ones caught", "true ones flagged"), rows))
    latency = figures["latency_ms"]
    print_text(
        f"\nPrecision {_percent(figures['precision'])}, recall {_percent(figures['recall'])} over {figures['claims']} claims "
        f"({figures['unsupported']} false); {latency['p50']} ms p50, {latency['p95']} ms p95 a sentence."
    )


@evaluation.command("claims")
def claims(
    paths: Annotated[list[Path], typer.Argument(help="Folders, corpus.jsonl, text or Markdown files.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write the claims, one JSON object a line.")],
    sentences: Annotated[int, typer.Option("--sentences", min=1, help="Of how many sentences.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Another seed makes other claims.")] = 0,
    as_json: Json = False,
    _home: HomeDir = None,
) -> None:
    """Make true and false claims of documents, for `eval citations`."""
    made = list(make_claims(paths, seed=seed, sentences=sentences))
    counts = write_claims(made, output)
    if as_json:
        print_json({"claims": len(made), "by_kind": counts})
        return
    print_text(table(("kind", "claims"), [(kind, str(n)) for kind, n in counts.items()]))


@evaluation.command("triage")
def triage(
    train: Annotated[Path, typer.Option("--train", help="Texts to learn from: JSON lines with text and label.")],
    test: Annotated[Path, typer.Option("--test", help="Texts to guess the label of.")],
    oos: Annotated[
        Path | None, typer.Option("--oos", help="Texts that belong to none of the labels; they only test.")
    ] = None,
    per_query: PerQuery = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Classify tickets, and tell what is out of scope: JSON lines with text and label."""
    from assistant.triage.evaluation import evaluate_triage, read_labelled

    known, asked = read_labelled(train), read_labelled(test)
    foreign = read_labelled(oos, needs_label=False) if oos else ()
    found = evaluate_triage(known, asked, _embedder(home), foreign=foreign)
    _write_lines(per_query, found.per_query())
    figures = {name: rounded(value) for name, value in asdict(found.result).items()}
    if as_json:
        print_json(figures)
        return
    rows = [(name.replace("_", " ").replace("auroc", "AUROC"), _shown(value)) for name, value in figures.items()]
    print_text(table(("measure", "figure"), rows))


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"


def _embedder(home: Path | None) -> RememberingEmbedder:
    settings = Settings.read(home=home)
    cache = cache_of(home_of(settings))
    return RememberingEmbedder(load_embedder(settings.embedding, cache), cache / "embeddings.sqlite")


def _methods(found: Evaluation) -> dict[str, dict[str, Any]]:
    return {name: _figures(found, name) for name in found.methods}


def _figures(found: Evaluation, method: str) -> dict[str, Any]:
    """Means, the 95 % interval of the first, and how far that is from the product's."""
    measured = found.methods[method]
    figures: dict[str, Any] = {name: rounded(mean) for name, mean in measured.means.items()}
    figures["interval"] = rounded(measured.interval)
    if difference := found.difference(method):
        figures |= {
            "difference": rounded(difference.mean),
            "difference_interval": rounded(difference.interval),
            "p": rounded(difference.p),
        }
    return figures


def _print_table(found: Evaluation, note: str = "") -> None:
    """A Markdown table to paste, with what is needed to read it below."""
    measures = [_WORDS.get(name, name) for name in found.product.values]
    against = ["difference", "95 % interval", "p"] if len(found.methods) > 1 else []
    rows = [_row(found, method, bool(against)) for method in found.methods]
    print_text(table(("method", measures[0], "95 % interval", *measures[1:], *against), rows))
    latency = found.latency_ms
    print_text(
        f"\n{len(found.asked)} questions{f' {note}' if note else ''}; {latency['p50']} ms p50, {latency['p95']} ms p95."
    )
    if against:
        print_text(
            f"Differences of {measures[0]} from {_WORDS[found.reference]}: paired bootstrap and permutation test by question."
        )
    if found.unjudged:
        say(f"{found.unjudged} questions have no judgement and were left out.")


def _row(found: Evaluation, method: str, is_compared: bool) -> tuple[str, ...]:
    first, *rest = (f"{mean:.4f}" for mean in found.methods[method].means.values())
    name, interval = _WORDS.get(method, method), range_shown(found.methods[method].interval)
    if not is_compared:
        return name, first, interval, *rest
    if (difference := found.difference(method)) is None:
        return f"**{name}**", f"**{first}**", interval, *rest, "", "", ""
    return (
        name,
        first,
        interval,
        *rest,
        f"{difference.mean:+.4f}",
        range_shown(difference.interval),
        p_shown(difference.p),
    )


def p_shown(p: float) -> str:
    """A p as tables show it."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table to paste."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def range_shown(interval: Sequence[float] | None) -> str:
    """An interval as tables show it; empty for None."""
    return f"{interval[0]:.4f} to {interval[1]:.4f}" if interval else ""


def _shown(value: object) -> str:
    return "not measured" if value is None else str(value)


def rounded(value: Any) -> Any:
    """JSON with its numbers cut to four digits."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, tuple | list) else value


def _write_lines(file: Any, lines: Iterable[Mapping[str, Any]]) -> None:
    if file is not None:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _show(doing: str, done: int, total: int) -> None:
    """On a terminal one line that is written over; elsewhere nothing."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{done} of {total} {doing}", end="\n" if done == total else "", file=sys.stderr, flush=True)
