"""Writes the table of settings in docs/settings.md from assistant/settings.py; `--check` fails when it is stale."""

import sys
from pathlib import Path

from assistant.settings_table import NOT_FIXED, SettingRow, setting_rows

PAGE = Path(__file__).resolve().parent / "settings.md"
BEGIN, END = "<!-- settings -->", "<!-- /settings -->"


def table() -> str:
    """Every setting with its variable, default and meaning, as a Markdown table."""
    rows = map(_row, setting_rows())
    return "\n".join(("| variable | default | bounds | meaning |", "|---|---|---|---|", *rows))


def page(current: str) -> str:
    """The page with a fresh table between its markers; raises ValueError where a marker is missing."""
    before, rest = _split(current, BEGIN)
    _, after = _split(rest, END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def _split(text: str, marker: str) -> tuple[str, str]:
    before, found, after = text.partition(marker)
    if not found:
        raise ValueError(f"{PAGE.name} has no {marker}")
    return before, after


def _row(row: SettingRow) -> str:
    is_words = row.default == "none" or row.default in NOT_FIXED.values()
    default = row.default if is_words or not row.default else f"`{row.default}`"
    bounds = "`0` or `1`" if row.bounds == "0 or 1" else row.bounds
    return f"| `{row.variable}` | {default} | {bounds} | {row.meaning} |"


def main(arguments: list[str]) -> int:
    """0 when the page is fresh or was written, 1 when `--check` finds it stale."""
    current = PAGE.read_text("utf-8")
    fresh = page(current)
    if "--check" not in arguments:
        PAGE.write_text(fresh, "utf-8")
    elif fresh != current:
        print(f"{PAGE.name} is stale; run: python docs/make_settings.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
