"""The audit log: rows that are only ever added, found again, and taken out without a formula among them."""

import ast
import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import Engine

from assistant.audit import Action, Audit, Entry, Sought, as_csv, as_json_lines
from assistant.safe_cells import safe_cell
from retrieval.database import open_database
from tests.assistant.turns import ANNA, BELA

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for package in ("api", "assistant", "retrieval", "ui", "views", "prompts")
    for path in sorted((ROOT / package).rglob("*.py"))
] + [ROOT / "chat_app.py"]
FORMULAS = [
    lead + text
    for lead in ("", " ", "\t", "\r", "\n", "a;", "a;\t", "\0")
    for text in (
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\uff1d1+1",
        "\uff0b1",
        "\uff0d1",
        "\uff20SUM(A1)",
        '=HYPERLINK("http://example.org","x")',
        "=cmd|' /C calc'!A0",
        "\t=1",
        "\r=1",
    )
]


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    opened = open_database(database)
    yield opened
    opened.dispose()


@pytest.fixture
def audit(engine: Engine) -> Audit:
    return Audit(engine)


def test_an_entry_says_who_what_on_what_from_where_and_how_it_ended(audit):
    began = datetime.now(UTC).replace(tzinfo=None)
    audit.record(ANNA, Action.COLLECTION_CHANGED, "Handbook", "refused", address="192.0.2.7", name="Manual")
    (entry,) = audit.entries()
    assert (entry.actor, entry.action, entry.target) == ("test|anna", "collection changed", "Handbook")
    assert (entry.outcome, entry.address, entry.detail) == ("refused", "192.0.2.7", {"name": "Manual"})
    assert began - timedelta(seconds=1) <= entry.at <= datetime.now(UTC).replace(tzinfo=None)


def test_entries_are_found_by_actor_action_and_time_the_newest_first(audit):
    audit.record(ANNA, Action.COLLECTION_CREATED, "one")
    audit.record(BELA, Action.COLLECTION_CREATED, "two")
    audit.record(ANNA, Action.DOCUMENTS_READ, "three")

    def targets(sought: Sought) -> list[str]:
        return [entry.target for entry in audit.entries(sought)]

    assert targets(Sought()) == ["three", "two", "one"]
    assert targets(Sought(actor=ANNA.key)) == ["three", "one"]
    assert targets(Sought(action=Action.COLLECTION_CREATED)) == ["two", "one"]
    assert targets(Sought(actor=ANNA.key, action=Action.COLLECTION_CREATED)) == ["one"]
    now = datetime.now(UTC).replace(tzinfo=None)
    assert len(targets(Sought(since=now - timedelta(minutes=1), until=now + timedelta(minutes=1)))) == 3
    assert targets(Sought(since=now + timedelta(minutes=1))) == targets(Sought(until=now - timedelta(minutes=1))) == []


def test_pages_follow_each_other_without_a_gap_even_while_entries_are_added(audit):
    for number in range(7):
        audit.record(ANNA, Action.DOCUMENTS_READ, str(number))
    first = audit.entries(limit=3)
    audit.record(ANNA, Action.DOCUMENTS_READ, "meanwhile")
    second = audit.entries(before=first[-1].id, limit=3)
    assert [entry.target for entry in (*first, *second)] == ["6", "5", "4", "3", "2", "1"]


def test_all_entries_are_all_of_them_however_many(audit, monkeypatch):
    monkeypatch.setattr("assistant.audit._AT_ONCE", 10)
    for number in range(25):
        audit.record(ANNA, Action.DOCUMENTS_READ, str(number))
    assert [entry.target for entry in audit.all_entries()] == [str(n) for n in reversed(range(25))]


# Taken out.


def entry(target: str) -> Entry:
    return Entry(
        1, datetime(2026, 11, 27, 9, 5), "test|anna", "documents read in", target, "", "done", {"files": [target]}
    )


def reopened(targets: list[str]) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(as_csv(map(entry, targets))), newline="")))


def formulas_in(rows: list[list[str]]) -> list[str]:
    """The cells that a spreadsheet would take for formulas: by openpyxl's own reading, and by their first sign."""
    sheet = Workbook().active
    assert sheet is not None
    found = []
    for row in rows:
        for column, value in enumerate(row, 1):
            cell = sheet.cell(1, column)
            cell.value = value.replace("\x00", "")
            if cell.data_type == "f" or value.lstrip()[:1] in set("=+-@\uff1d\uff0b\uff0d\uff20") - {""}:
                found.append(value)
    return found


def test_no_cell_of_the_table_is_a_formula_when_it_is_opened_again():
    rows = reopened(FORMULAS)
    assert len(rows) == len(FORMULAS) + 1
    assert formulas_in(rows) == []
    assert formulas_in([["=1+1"], [" -1"]]) == ["=1+1", " -1"], "the check itself finds what it is for"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_program_that_divides_cells_otherwise_finds_no_formula_either(delimiter):
    text = "".join(as_csv(map(entry, FORMULAS)))
    assert formulas_in(list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))) == []


@given(st.text(alphabet=st.sampled_from("=+-@\t\r\n \uff1d;,\"'a1\0"), max_size=12))
def test_whatever_a_cell_holds_it_begins_no_formula_and_loses_no_letter(text):
    safe = safe_cell(text)
    assert formulas_in([[part] for part in safe.split(";")]) == []
    assert safe.replace("'", "") == text.replace("'", "").replace("\0", "")


def test_ordinary_words_stay_as_they_are():
    for text in ("Handbook", "a - b", "mail@example.org", "1-2", "it’s 5 = 5", "x, -y", ""):
        assert safe_cell(text) == text


def test_lines_of_json_are_one_a_row_whatever_is_in_them():
    hostile = ["a\nb", "\u2028c", "\x1b[31mred", '"}\n{"actor":"x"}']
    lines = "".join(as_json_lines(map(entry, hostile)))
    assert len(lines.splitlines()) == lines.count("\n") == len(hostile)
    read = [json.loads(line) for line in lines.splitlines()]
    assert [row["target"] for row in read] == hostile
    assert read[0]["at"] == "2026-11-27T09:05:00Z"


# Only ever added.


def changes_rows(tree: ast.AST) -> Iterator[str]:
    """Statements that could change or delete rows of the audit table, or the table itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            on = [*node.args[:1], *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
            names = {part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "") for part in on}
            if name in {"update", "delete", "drop", "truncate", "upsert"} and "audit" in names:
                yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.casefold().split()
            if "audit" in words and {"update", "delete", "drop", "truncate", "replace"} & set(words):
                yield node.value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_code_changes_what_was_recorded_and_one_function_alone_removes_what_is_old(path: Path) -> None:
    in_time = ["delete(audit)"] if path == ROOT / "assistant/audit.py" else []
    assert list(changes_rows(ast.parse(path.read_text("utf-8")))) == in_time


@pytest.mark.parametrize(
    "code",
    [
        "delete(audit).where(x)",
        "update(schema.audit)",
        "audit.delete()",
        "c.execute(text('DELETE FROM audit WHERE id < 5'))",
        "schema.audit.drop(engine)",
    ],
)
def test_the_check_itself_finds_what_it_is_for(code: str) -> None:
    assert list(changes_rows(ast.parse(code)))


# Nothing forgotten.

RECORDED = (
    "snapshots.share",
    "snapshots.revoke",
    "threads.delete",
    "threads.restore",
    "library.create_collection",
    "library.change_collection",
    "library.unfollow",
    "holdings.create",
    "holdings.change",
    "holdings.follow",
    "holdings.unfollow",
    "HouseRules(engine).change",
    "HouseRules(engine).restore",
    "groups.create",
    "groups.rename",
    "groups.delete",
    "groups.put_in",
    "groups.grant",
    "accounts.set_role",
    "accounts.set_disabled",
    "accounts.end_sign_ins",
    "accounts.end_sign_in",
    "models.choose",
    "models.forget_key",
    "models.reset",
    "house_rules.change",
    "house_rules.restore",
    "registry.add",
    "registry.promote",
    "gaps.take",
    "gaps.set_state",
    "gaps.show_words",
    "accounts.invite",
    "accounts.redeem",
    "teaching.promote",
    "queue.bring_in",
    "queue.decide",
    "queue.take_up",
    "queue.assign",
    "queue_file",
    "erasure.begin",
    "question_sets.create",
    "question_sets.add",
    "question_sets.remove",
    "question_sets.delete",
    "verified.from_answer",
    "verified.add",
    "verified.change",
    "verified.renew",
    "verified.withdraw",
    "known_issues.record",
    "known_issues.change",
    "api_keys.create",
    "api_keys.create_for_service",
    "api_keys.create_service",
    "api_keys.revoke",
    "export",
)
"""What a page or a command does not do without recording it; what becomes a job is recorded where jobs are done."""
DOORS = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in {"api", "ui", "views", "chat_app.py"}]
DOORS += sorted((ROOT / "assistant/cli").glob("*.py"))


def unrecorded(tree: ast.AST) -> Iterator[str]:
    """Functions that do more of what is recorded than they record."""
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef):
            called = [ast.unparse(node.func) for node in ast.walk(scope) if isinstance(node, ast.Call)]
            done = [name for name in called if any(f".{name}".endswith(f".{verb}") for verb in RECORDED)]
            records = [name for name in called if name.rpartition(".")[2] == "record"]
            if len(done) > len(records) and not _only_describes(done):
                yield scope.name


def _only_describes(done: list[str]) -> bool:
    """A collection that was just made is recorded once, with its description."""
    return sorted(name.rpartition(".")[2] for name in done) == ["change_collection", "create_collection"]


@pytest.mark.parametrize("path", DOORS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_page_and_no_command_forgets_to_record_what_it_does(path: Path) -> None:
    assert list(unrecorded(ast.parse(path.read_text("utf-8")))) == []


def test_the_check_for_what_is_forgotten_finds_it() -> None:
    assert list(unrecorded(ast.parse("def f(v):\n    v.citewell.snapshots.share(1)")))
    assert list(unrecorded(ast.parse("def f(v):\n    threads.delete(1)\n    threads.restore(2)\n    v.record(1)")))


@pytest.mark.parametrize("action", Action)
def test_every_action_is_recorded_somewhere(action: Action) -> None:
    assert [path for path in SOURCES if f"Action.{action.name}" in path.read_text("utf-8")]
