"""`citewell check`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.cli.output import (
    SOME_FAILED,
    CollectionName,
    HomeDir,
    Json,
    counted,
    perform,
    print_json,
    print_text,
    say,
)
from assistant.cli.questions import where
from assistant.errors import AssistantError
from retrieval.errors import ParseError
from retrieval.sandbox import Sandbox

_STANDARD_INPUT = "-"
_MOST_BYTES = 50_000_000
_SIGNS = {"supported": "✓", "partly": "~", "unsupported": "?", "contradicted": "≠", "not_a_claim": " "}
_SAID = {
    "supported": "supported",
    "contradicted": "contradicted",
    "partly": "only partly supported",
    "unsupported": "not supported",
}
_FAULTS = ("contradicted", "partly", "unsupported")


def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A text, a mail or a document; - is standard input.")],
    collection: CollectionName = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Hold every sentence of a text against the documents; no model takes part."""
    checked = perform("check", {"text": _read(file), "collection": collection}, home)
    if as_json:
        print_json(checked)
    else:
        _print(checked)
    if checked["counts"]["contradicted"]:
        raise typer.Exit(SOME_FAILED)


def _read(file: str) -> str:
    """The file's text, read as any other document; standard input is text."""
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES) if file == _STANDARD_INPUT else _data(Path(file))
        name = "standard input.txt" if file == _STANDARD_INPUT else Path(file).name
        with Sandbox() as sandbox:
            return sandbox.parse_data(data, name).text
    except OSError as error:
        raise AssistantError(f"{file} could not be read ({error.strerror or error}); check the path.") from error
    except ParseError as error:
        raise AssistantError(error.hint) from error


def _data(path: Path) -> bytes:
    if path.stat().st_size > _MOST_BYTES:
        raise AssistantError(f"{path.name} is too large to be checked; check it in parts.")
    return path.read_bytes()


def _print(checked: dict[str, Any]) -> None:
    citations = {citation["n"]: citation for citation in checked["citations"]}
    for sentence in checked["sentences"]:
        numbers = "".join(f" [{n}]" for n in sentence["citations"])
        print_text(f"{_SIGNS[sentence['support']]} {' '.join(sentence['text'].split())}{numbers}")
        for line in _reasons(sentence) if sentence["support"] in _FAULTS else _opposed(sentence):
            print_text(f"    {line}")
    for citation in citations.values():
        print_text(f"\n[{citation['n']}] {where(citation)}\n    “{' '.join(citation['quote'].split())}”")
    say(f"\n{_summary(checked['counts'])}")


def _reasons(sentence: dict[str, Any]) -> Iterator[str]:
    """What the source says instead; where nothing says it, what comes nearest."""
    yield _SAID[sentence["support"]]
    for difference in sentence["differences"]:
        claimed, stated = difference["claimed"], difference["stated"]
        yield f"“{claimed}” here, “{stated}” in the source" if stated else f"“{claimed}” does not stand there"
    if (compared := sentence["compared"]) and not sentence["citations"]:
        yield f"The nearest is in {compared['document']}: “{' '.join(compared['quote'].split())}”"


def _opposed(sentence: dict[str, Any]) -> Iterator[str]:
    """What another document says of a sentence that one supports."""
    if opposed := sentence["opposed"]:
        yield f"Otherwise in {opposed['document']}: “{' '.join(opposed['quote'].split())}”"


def _summary(counts: dict[str, int]) -> str:
    total = sum(counts[support] for support in _SAID)
    if not total:
        return "Nothing here is a statement that documents could bear out."
    parts = [f"{counts[support]} {said}" for support, said in _SAID.items() if counts[support]]
    return f"{counted(total, 'statement')}: {', '.join(parts)}."
