"""Tables that are only read, of plain elements: a screen reader knows their rows and heads, and a click on a head sorts.

Where rows are to be selected, Streamlit's own data grid is used instead.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from assistant.markup import visible
from ui.component import mount

Row = Mapping[str, Any]
Unit = Literal["text", "count", "number", "share"]


def draw_table(
    rows: Sequence[Row],
    *,
    key: str,
    label: str,
    shares: Collection[str] = (),
    ways: Sequence[Mapping[str, str]] = (),
    on_way: Callable[[str, int], None] | None = None,
) -> None:
    """Draw rows that all have the same columns, of which `shares` are between 0 and 1; the first one names the row.

    `ways` gives for each row what its buttons are labelled with, by name; `on_way` is told the name and the row's place.
    """

    def follow(chosen: Any) -> None:
        match chosen:
            case [str(name), int(place)] if on_way and 0 <= place < len(ways) and name in ways[place]:
                on_way(name, place)

    mount("table", table_data(rows, label, shares=shares, ways=ways), key=key, on={"way": follow} if on_way else None)


def table_data(
    rows: Sequence[Row], label: str, *, shares: Collection[str] = (), ways: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """A table as the component reads it."""
    names = list(rows[0]) if rows else []
    heads = [{"name": visible(name), "unit": _unit(name, [row[name] for row in rows], shares)} for name in names]
    cells = [[_cell(row[name]) for name in names] for row in rows]
    return {"label": label, "heads": heads, "rows": cells, "ways": [dict(each) for each in ways] or None}


def _unit(name: str, values: Sequence[Any], shares: Collection[str]) -> Unit:
    there = [value for value in values if value is not None]
    if name in shares:
        return "share"
    if there and all(isinstance(value, int) for value in there):
        return "count"
    return "number" if there and all(isinstance(value, int | float) for value in there) else "text"


def _cell(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value
