"""Text of others in a table that a spreadsheet will open: never read as a formula there."""

import re

_BEGINS_FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n"
"""What a spreadsheet may take for the begin of a formula, full-width signs with it."""
_FORMULA = re.compile(rf"(^|[;\t\r\n])(?=\s*[{_BEGINS_FORMULA}])")
"""At the begin of a cell, or where a program that divides cells otherwise would begin one."""


def safe_cell(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would calculate; NUL, which ends a cell, is left out."""
    return _FORMULA.sub(r"\1'", text.replace("\0", ""))
