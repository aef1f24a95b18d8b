"""`citewell search` and `citewell ask`."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from assistant.cli.filtering import From, Title, To, Types, filters_from
from assistant.cli.output import FAILED, CollectionName, HomeDir, Json, perform, print_json, print_text, say, silent
from assistant.errors import AssistantError
from assistant.llm import Message
from assistant.narrowed import filters_json
from assistant.turn import checked_question
from prompts import Style
from retrieval.dates import full_date

HistoryFile = Annotated[
    Path | None,
    typer.Option("--history", help='A JSON list of {"role": "user"|"assistant", "text": …}, oldest first.'),
]
Trace = Annotated[bool, typer.Option("--trace", help="Tell how it was found: every candidate and what became of it.")]
_HISTORY: TypeAdapter[list[Message]] = TypeAdapter(list[Message])


def search(
    text: str,
    limit: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 8,
    collection: CollectionName = None,
    types: Types = None,
    first: From = None,
    last: To = None,
    title: Title = None,
    history: HistoryFile = None,
    trace: Trace = False,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Find the passages nearest to a text."""
    filters = filters_json(filters_from(types, first, last, title))
    work: dict[str, Any] = {"text": text, "limit": limit, "collection": collection, "filters": filters}
    work |= {"history": _read_history(history), "trace": trace}
    found = perform("search", work, home)
    if as_json:
        print_json(found)
        return
    if not found["passages"]:
        say(found.get("notice") or "Nothing was found.")
    for n, passage in enumerate(found["passages"], 1):
        print_text(f"[{n}] {where(passage)}\n{passage['text']}\n")
    _print_trace(found)


def ask(
    text: str,
    collection: CollectionName = None,
    types: Types = None,
    first: From = None,
    last: To = None,
    title: Title = None,
    history: HistoryFile = None,
    style: Annotated[Style, typer.Option("--style", help="How the answer is written.")] = "standard",
    trace: Trace = False,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Answer a question from the documents, with the proof for every sentence."""
    filters = filters_json(filters_from(types, first, last, title))
    work: dict[str, Any] = {"text": checked_question(text), "collection": collection, "filters": filters}
    work |= {"history": _read_history(history), "trace": trace, "style": style}
    told: list[str] = []

    def tell(delta: str) -> None:
        told.append(delta)
        print_text(delta, end="")

    answer = perform("ask", work, home, on_text=silent if as_json else tell)
    if as_json:
        print_json(answer)
    else:
        if not told:  # The app that holds the home has answered.
            print_text(answer["answer"], end="")
        _print_sources(answer)
        if (listed := answer.get("inventory")) and listed["total"] > listed["shown"]:
            say(f"\nAll of them: {listed['command']}")
        _print_trace(answer)
    if failure := answer.get("error"):
        _fail(failure, is_told=as_json)


def _fail(reason: str, *, is_told: bool) -> None:
    """End as failed; where the one JSON object is out already, it holds the reason."""
    if not is_told:
        raise AssistantError(reason)
    say(reason)
    raise typer.Exit(FAILED)


def _read_history(file: Path | None) -> list[dict[str, Any]]:
    if file is None:
        return []
    try:
        return [asdict(message) for message in _HISTORY.validate_json(file.read_bytes())]
    except OSError as error:
        raise AssistantError(f"The history {file} could not be read ({error.strerror}); check the path.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise AssistantError(
            f'The history {file} is not a list of {{"role", "text"}}: {place}: {first["msg"]}.'
        ) from error


def _print_sources(answer: dict[str, Any]) -> None:
    print_text()
    if answer["notice"]:
        say(answer["notice"])
    if (hand_over := answer["hand_over"]) and hand_over["contact"]:
        say(f"To ask a person: {hand_over['contact']}")
    for citation in answer["citations"]:
        print_text(f"\n[{citation['n']}] {where(citation)}\n    “{' '.join(citation['quote'].split())}”")


def _print_trace(result: dict[str, Any]) -> None:
    """The trace as lines; scores from high to low, each with cosine, BM25 of the piece and BM25 of its document."""
    if (trace := result.get("trace")) is None:
        return
    print_text("\nSearched for")
    for query in trace["queries"]:
        found = ", ".join(f"{count} {leg}" for leg, count in query["found"].items())
        print_text(f"  {query['weight']:.3f}  {query['kind']}  {' '.join(query['text'].split())}  ({found})")
    print_text("\nFound")
    for candidate in trace["candidates"]:
        parts = "  ".join("/".join(_figure(part[name]) for name in trace["weights"]) for part in candidate["parts"])
        passage = f" [{candidate['passage']}]" if candidate["passage"] else ""
        place = f"{candidate['document'] or 'deleted'}:{candidate['start']}"
        print_text(f"  {candidate['score']:.3f}  {candidate['outcome']}{passage}  {place}  {parts}")
    evidence = trace["evidence"]
    print_text(
        f"\n{evidence['status']}: {evidence['probability']:.2f} (answerable from {evidence['answerable_from']:.2f})"
    )
    for note in trace["notes"]:
        print_text(note)


def _figure(score: float | None) -> str:
    return "-" if score is None else f"{score:.2f}"


def where(place: dict[str, Any]) -> str:
    """Where a passage or quotation stands, in one line."""
    dated = date.fromisoformat(place["dated"]) if place["dated"] else None
    parts = [
        place["title"],
        place["heading"].split(" > ")[-1],
        f"page {place['page']}" if place["page"] else "",
        full_date(dated) if dated else "",
    ]
    return " · ".join(part for part in dict.fromkeys(parts) if part) + f" ({place['document']})"
