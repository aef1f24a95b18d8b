"""Reads evaluation data, and names file and line of what is malformed.

The BEIR layout: corpus.jsonl, queries.jsonl and qrels*.tsv in one folder. The other layouts share its parts.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from retrieval.errors import DatasetError, ParseError
from retrieval.parsing import parse_bytes
from retrieval.values import ParsedDocument, Section

Row = Mapping[str, Any]
Qrels = dict[str, dict[str, int]]
"""Relevance above zero by query and document."""
_Query = TypeVar("_Query")


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Documents by id, queries by id, and relevance by query and document; `unjudged` queries are left out."""

    corpus: dict[str, ParsedDocument]
    queries: dict[str, str]
    qrels: Qrels
    unjudged: int


def read_retrieval_set(folder: Path) -> RetrievalSet:
    """The whole set; raises DatasetError naming file and line of what is malformed."""
    corpus = read_corpus(folder / "corpus.jsonl")
    qrels = read_qrels(folder)
    queries = {name: required_text(row, "text", at) for name, at, row in read_by_id(folder / "queries.jsonl")}
    judged = judged_of(queries, qrels, corpus, folder)
    return RetrievalSet(corpus, judged, qrels, len(queries) - len(judged))


def read_corpus(file: Path) -> dict[str, ParsedDocument]:
    """Documents by id; one without text is known by its title, one without either is left out."""
    corpus: dict[str, ParsedDocument] = {}
    for name, at, row in read_by_id(file):
        title = optional_text(row, "title", at).strip()
        text = optional_text(row, "text", at).strip() or title
        if text:
            corpus[name] = ParsedDocument(title, text, (Section((), 0, len(text)),))
    if not corpus:
        raise DatasetError(f"{file} holds no document with a text or a title.")
    return corpus


def read_files(folder: Path) -> dict[str, ParsedDocument]:
    """The files below a folder, by path, as Citewell reads them; what it cannot read, such as a scan, is left out."""
    corpus: dict[str, ParsedDocument] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        with suppress(ParseError):
            corpus[file.relative_to(folder).as_posix()] = parse_bytes(file.read_bytes(), file.name)
    if not corpus:
        raise DatasetError(f"{folder} holds no document that can be read.")
    return corpus


def read_qrels(folder: Path) -> Qrels:
    """Relevance above zero by query and document, from qrels*.tsv in the folder or in its qrels/."""
    files = sorted([*folder.glob("qrels*.tsv"), *folder.glob("qrels/*.tsv")])
    if not files:
        raise DatasetError(f"{folder}: there is no qrels*.tsv.")
    qrels: Qrels = {}
    for file in files:
        for number, (query, document, score) in _tsv(file):
            try:
                relevance = int(float(score))
            except (ValueError, OverflowError):
                if number == 1:  # the header
                    continue
                raise DatasetError(f"{file}, line {number}: the score {score!r} is not a number.") from None
            if relevance > 0:
                qrels.setdefault(query, {})[document] = relevance
    return qrels


def judged_of(
    queries: Mapping[str, _Query], qrels: Qrels, corpus: Mapping[str, object], folder: Path
) -> dict[str, _Query]:
    """The queries that have a judgement; raises DatasetError where the ids of the files do not fit together."""
    judged = {name: query for name, query in queries.items() if qrels.get(name)}
    if not judged:
        raise DatasetError(f"{folder}: no query has a relevance judgement; check the ids in qrels.")
    if not any(document in corpus for name in judged for document in qrels[name]):
        raise DatasetError(f"{folder}: no judged document is in corpus.jsonl; check the ids in qrels.")
    return judged


def read_by_id(file: Path, key: str = "_id") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(id, where, object) for every line; raises DatasetError where an id is missing, empty or used twice."""
    seen: dict[str, str] = {}
    for at, row in read_jsonl(file):
        name = str(row[key]) if is_whole_number(row.get(key)) else required_text(row, key, at)
        if not name:
            raise DatasetError(f"{at}: {key!r} is empty.")
        if name in seen:
            raise DatasetError(f"{at}: the {key} {name!r} is already that of {seen[name]}.")
        seen[name] = at.rpartition(", ")[2]
        yield name, at, row


def read_jsonl(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, object) for every line that is not empty."""
    for number, line in read_lines(file):
        if line.strip():
            yield f"{file}, line {number}", _object(line, f"{file}, line {number}")


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """The numbered lines of a UTF-8 file without its byte order mark; DatasetError where it cannot be read."""
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
    except OSError as error:
        raise DatasetError(f"{file} could not be read ({error.strerror}); check the folder.") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}, line {number}: not UTF-8; save the file as UTF-8.") from error


def _object(line: str, at: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise DatasetError(f"{at}: not JSON ({error}).") from error
    if not isinstance(row, dict):
        raise DatasetError(f"{at}: not a JSON object.")
    return row


def required_text(row: Row, key: str, at: str) -> str:
    """A text field of a row; raises DatasetError where it is missing or something else."""
    if row.get(key) is None:
        raise DatasetError(f"{at}: {key!r} is missing.")
    if not isinstance(row[key], str):
        raise DatasetError(f"{at}: {key!r} is not a text.")
    return str(row[key])


def optional_text(row: Row, key: str, at: str) -> str:
    """A text field of a row, empty where it is missing; raises DatasetError where it is something else."""
    return "" if row.get(key) is None else required_text(row, key, at)


def is_whole_number(value: object) -> TypeGuard[int]:
    """Whether a JSON value is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def questions_in(history: object, at: str) -> tuple[str, ...]:
    """What the person said in a history of {"role", "text"}, oldest first; raises DatasetError."""
    rows = [] if history is None else history
    if not isinstance(rows, list) or not all(_is_turn(row) for row in rows):
        raise DatasetError(f'{at}: "history" is not a list of {{"role", "text"}}.')
    return tuple(row["text"] for row in rows if row["role"] == "user")


def _is_turn(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("role"), str) and isinstance(row.get("text"), str)


def _tsv(file: Path) -> Iterator[tuple[int, tuple[str, str, str]]]:
    rows = csv.reader((line for _, line in read_lines(file)), delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        for row in rows:
            if row and len(row) not in (3, 4):
                raise DatasetError(f"{file}, line {rows.line_num}: not query, document and score between tabs.")
            if row:
                yield rows.line_num, (row[0], row[-2], row[-1])
    except csv.Error as error:
        raise DatasetError(f"{file}, line {rows.line_num}: {error}.") from error
