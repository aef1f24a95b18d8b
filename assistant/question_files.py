"""Question sets as files: CSV with the names of its columns in the first row, or JSON lines as `citewell eval answers`
reads them. What cannot be meant is named with its line and reason, and then nothing of the file is taken."""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError
from assistant.evaluation import LabelledQuestion, labelled
from assistant.safe_cells import safe_cell
from assistant.turn import MOST_QUESTION_CHARS
from retrieval.errors import DatasetError, ParseError
from retrieval.parsing.text import decode

MOST_QUESTIONS = 10_000
_MOST_BYTES = 50_000_000
_MOST_NAMED = 5
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "text", "frage"),
    "documents": ("documents", "document", "dokumente", "dokument"),
    "answers": ("answers", "answer", "antworten", "antwort"),
    "answerable": ("answerable", "beantwortbar"),
    "kind": ("kind", "art"),
}
"""What a column of a table may be called."""
_YES, _NO = frozenset(("yes", "true", "1", "y", "ja")), frozenset(("no", "false", "0", "n", "nein"))
_BETWEEN = "|"
"""Between several documents or answers in one cell."""
_Row = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that is no question, and why."""

    line: int
    reason: str


class QuestionFileRefused(AssistantError):
    """A file of questions of which nothing was taken; `broken` has every line that is at fault."""

    def __init__(self, hint: str, broken: Sequence[Broken] = ()) -> None:
        super().__init__(hint)
        self.broken = tuple(broken)


def text_of(path: Path) -> str:
    """A file of questions as text. Raises QuestionFileRefused."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise QuestionFileRefused(_too_large(path.name))
        return decode(path.read_bytes(), path.name)[0]
    except OSError as error:
        raise QuestionFileRefused(f"{path} could not be read ({error.strerror or error}); check the path.") from error
    except ParseError as error:
        raise QuestionFileRefused(error.hint) from error


def _too_large(name: str) -> str:
    return f"{name} has more than {_MOST_BYTES // 1_000_000} MB; divide it."


def questions_in_file(data: bytes, name: str, known: Collection[str]) -> tuple[LabelledQuestion, ...]:
    """The questions of a file; `known` are the documents that they may name. Raises QuestionFileRefused."""
    if len(data) > _MOST_BYTES:
        raise QuestionFileRefused(_too_large(name))
    try:
        text, _ = decode(data, name)
    except ParseError as error:
        raise QuestionFileRefused(error.hint) from error
    found: list[LabelledQuestion] = []
    broken: list[Broken] = []
    for line, row in _json_rows(text) if text.lstrip().startswith("{") else _table_rows(text, name):
        read = _read(line, row, known)
        (broken if isinstance(read, Broken) else found).append(read)  # type: ignore[arg-type]
        if len(found) + len(broken) > MOST_QUESTIONS:
            raise QuestionFileRefused(f"{name} has more than {MOST_QUESTIONS:,} questions; divide it.")
    if broken:
        raise QuestionFileRefused(_refusal(name, broken), broken)
    if not found:
        raise QuestionFileRefused(f"{name} holds no question.")
    return tuple(found)


def as_csv(questions: Sequence[LabelledQuestion]) -> Iterator[str]:
    """The same questions as lines of a table that `questions_in_file` reads; no cell is calculated."""
    for cells in ((*COLUMNS,), *map(_cells, questions)):
        line = io.StringIO()
        csv.writer(line).writerow(cells)
        yield line.getvalue()


def _cells(question: LabelledQuestion) -> tuple[str, ...]:
    answerable = "yes" if question.answerable else "no"
    lists = (_BETWEEN.join(question.documents), _BETWEEN.join(question.answers))
    return tuple(map(safe_cell, (question.text, *lists, answerable, question.kind or "")))


def _refusal(name: str, broken: Sequence[Broken]) -> str:
    named = "; ".join(f"line {each.line}: {each.reason}" for each in broken[:_MOST_NAMED])
    more = f"; and {len(broken) - _MOST_NAMED:,} more" if len(broken) > _MOST_NAMED else ""
    return f"Nothing was taken from {name}. {named[:1].upper()}{named[1:]}{more}."


def _read(line: int, row: Mapping[str, Any] | str, known: Collection[str]) -> LabelledQuestion | Broken:
    if isinstance(row, str):
        return Broken(line, row)
    try:
        question = labelled(row, "")
    except DatasetError as error:
        return Broken(line, error.hint.lstrip(": ").rstrip("."))
    problem = problem_of(question, known)
    return Broken(line, problem) if problem else replace(question, text=question.text.strip(), id="")


def problem_of(question: LabelledQuestion, known: Collection[str]) -> str | None:
    """Why this is no question for documents that are called so; None where it is one."""
    if not question.text.strip():
        return "there is no question"
    if len(question.text) > MOST_QUESTION_CHARS:
        return f"the question has more than {MOST_QUESTION_CHARS:,} characters"
    if unknown := [path for path in question.documents if path not in known]:
        return f"the collection has no document {', '.join(unknown)}"
    return None


def _json_rows(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
            yield number, value if isinstance(value, dict) else "this is no JSON object"


def _table_rows(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """Each row as such an object, with the line on which it begins."""
    csv.field_size_limit(10 * MOST_QUESTION_CHARS)
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    columns: dict[str, int] | None = None
    begins = 1
    try:
        for cells in reader:
            if columns is None:
                columns = _columns(cells, name)
            elif any(cell.strip() for cell in cells):
                yield begins, _object(cells, columns)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise QuestionFileRefused(
            f"Nothing was taken from {name}. Line {reader.line_num} cannot be read ({error}); check its quotation marks."
        ) from error


def _columns(head: Sequence[str], name: str) -> dict[str, int]:
    plain = [cell.strip(" \ufeff").casefold() for cell in head]
    columns = {
        field: plain.index(called) for field, names in COLUMNS.items() for called in names[::-1] if called in plain
    }
    if "question" not in columns:
        raise QuestionFileRefused(f"{name} has no column called question; its first row names the columns.")
    return columns


def _object(cells: Sequence[str], columns: Mapping[str, int]) -> dict[str, Any] | str:
    values = {field: cells[at].strip() if at < len(cells) else "" for field, at in columns.items()}
    documents, answers = (_parts(values.get(field, "")) for field in ("documents", "answers"))
    said = values.get("answerable", "").casefold()
    if said and said not in _YES | _NO:
        return f"answerable is yes or no, not {said!r}"
    if not said and not (documents or answers or values.get("kind")):
        return "it says neither which document answers it nor that none does (answerable: no)"
    row = {"question": values["question"], "documents": documents, "answers": answers, "kind": values.get("kind")}
    is_known = bool(said) or bool(documents or answers)
    return row | ({"answerable": said in _YES if said else True} if is_known else {})


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(_BETWEEN) if part.strip()]
