"""T16: three exports are tables that a spreadsheet opens, the audit log, triaged tickets and insights; their cells are made safe."""

import ast
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from assistant.export import Format

pytestmark = pytest.mark.threat("T16")

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("assistant", "retrieval", "prompts", "ui", "views")
WRITERS = {"to_csv", "to_excel", "writerow", "writerows", "DictWriter", "Workbook", "create_sheet"}
SOURCES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")] + [ROOT / "chat_app.py"]


def test_a_conversation_is_exported_as_text_data_or_pages_only() -> None:
    assert set(get_args(Format)) == {"md", "json", "pdf"}


def test_the_tables_on_the_pages_offer_no_download() -> None:
    """Streamlit's own tables write CSV without escaping; the setting takes the button away."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["client"]["disableDataExport"] is True


def test_only_these_tables_are_written_for_spreadsheets() -> None:
    """The audit log, tickets, insights, gaps and question sets, by way of `safe_cells`, which test_audit.py proves. Whoever adds another must go that way, too, and say so here."""
    assert len(SOURCES) > 100
    found = {(path.name, node.attr) for path in SOURCES for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute) and node.attr in WRITERS}  # fmt: skip
    assert found == {
        ("audit.py", "writerow"),
        ("sheets.py", "writerow"),
        ("sheets.py", "writerows"),
        ("sheets.py", "create_sheet"),
        ("tables.py", "writerow"),
        ("sheet.py", "writerow"),
        ("question_files.py", "writerow"),
    }
    for writer in ("audit.py", "triage/sheets.py", "insights/tables.py", "gaps/sheet.py", "question_files.py"):
        assert "safe_cell" in (ROOT / "assistant" / writer).read_text("utf-8")


@pytest.mark.parametrize("writer", ["csv.writer(x).writerows(y)", "frame.to_csv()", "openpyxl.Workbook()"])
def test_such_code_would_be_noticed(writer: str) -> None:
    assert {node.attr for node in ast.walk(ast.parse(writer)) if isinstance(node, ast.Attribute)} & WRITERS
