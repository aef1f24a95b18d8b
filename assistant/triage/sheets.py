"""Writes tables that a spreadsheet will open: CSV or XLSX, whole or not at all, no cell of which is calculated."""

import csv
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from assistant.errors import AssistantError
from assistant.safe_cells import safe_cell

Format = Literal["csv", "xlsx"]
_MOST_CELL_CHARS = 32_000
"""A spreadsheet holds 32,767 in a cell."""
_NO_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot carry."""
_BOM = "\ufeff"
"""Without it a spreadsheet program takes UTF-8 for something else."""


class SheetNotWritten(AssistantError):
    """A table could not be written; nothing of it is there."""


def write_sheet(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table in the format of the path's ending. Raises SheetNotWritten; then what was there before stays."""
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise SheetNotWritten(f"{path.name}: give the output a name that ends in .csv or .xlsx.")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _not_written(path, error) from error
    os.close(handle)
    beside = Path(name)
    try:
        (_write_csv if suffix == ".csv" else _write_xlsx)(beside, head, rows)
        beside.replace(path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        beside.unlink(missing_ok=True)


def sheet_bytes(form: Format, head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """The same table as bytes. Raises SheetNotWritten."""
    with tempfile.TemporaryDirectory(prefix="citewell-table-") as folder:
        file = Path(folder) / f"table.{form}"
        write_sheet(file, head, rows)
        return file.read_bytes()


def _not_written(path: Path, error: OSError) -> SheetNotWritten:
    return SheetNotWritten(f"{path} could not be written ({error.strerror or error}); choose another place.")


def _write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_BOM)
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows([_cell(cell) for cell in row] for row in rows)


def _write_xlsx(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Tickets")
    sheet.append(list(head))
    for row in rows:
        sheet.append([_cell(cell)[:_MOST_CELL_CHARS] for cell in row])
    workbook.save(path)


def _cell(text: str) -> str:
    return safe_cell(_NO_CHARACTERS.sub("\ufffd", text))
