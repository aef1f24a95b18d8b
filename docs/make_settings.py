"""Writes the table of settings in docs/settings.md from assistant/settings.py; `--check` fails when it is stale."""

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from assistant.settings import Settings

PAGE = Path(__file__).resolve().parent / "settings.md"
BEGIN, END = "<!-- settings -->", "<!-- /settings -->"
NOT_FIXED = {"home": "the user's data directory"}
"""Defaults that differ from machine to machine, in words."""


def table() -> str:
    """Every setting with its variable, default and meaning, as a Markdown table."""
    rows = (_row(name, field) for name, field in Settings.model_fields.items())
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


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{_variable(name, field)}` | {_default(name, field)} | {_bounds(field)} | {field.description} |"


def _variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"CITEWELL_{name.upper()}"


def _default(name: str, field: FieldInfo) -> str:
    if name in NOT_FIXED:
        return NOT_FIXED[name]
    default = field.default
    if default is None or default == ():
        return "none"
    if isinstance(default, tuple):
        return f"`{', '.join(default)}`"
    return f"`{int(default)}`" if isinstance(default, bool) else f"`{default}`"


def _bounds(field: FieldInfo) -> str:
    if field.annotation is bool:
        return "`0` or `1`"
    return ", ".join(_limits(field))


def _limits(field: FieldInfo) -> Iterator[str]:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    for limit in field.metadata:
        for sign, word in words.items():
            value = getattr(limit, sign, None)
            if value is not None:
                yield f"{word} {value:,}"


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
