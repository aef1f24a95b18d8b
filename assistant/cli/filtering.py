"""The options that narrow a command to some documents."""

from datetime import date, datetime
from typing import Annotated

import typer

from assistant.cli.output import WrongUsage
from retrieval.errors import FilterRefused
from retrieval.filters import Filters, format_called

Types = Annotated[list[str] | None, typer.Option("--type", help="Only this type, such as PDF; may be repeated.")]
From = Annotated[str | None, typer.Option("--from", metavar="DAY", help="Only dated on this day or later: 2026-03-31.")]
To = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Only dated on this day or earlier.")]
Title = Annotated[str | None, typer.Option("--title", help="Only with these words in the title.")]
ReadFrom = Annotated[str | None, typer.Option("--read-from", metavar="DAY", help="Only read in on this day or later.")]
ReadTo = Annotated[str | None, typer.Option("--read-to", metavar="DAY", help="Only read in on this day or earlier.")]


def filters_from(
    types: list[str] | None,
    first: str | None,
    last: str | None,
    title: str | None,
    *,
    read_from: str | None = None,
    read_to: str | None = None,
) -> Filters:
    """The filters that the options ask for; raises WrongUsage for what cannot be meant."""
    read = _day("--read-from", read_from), _day("--read-to", read_to)
    try:
        formats = frozenset(format_called(name) for name in types or ())
        dated = _day("--from", first), _day("--to", last)
        return Filters(formats, title or "", dated_from=dated[0], dated_to=dated[1], read_from=read[0], read_to=read[1])
    except FilterRefused as error:
        raise WrongUsage(error.hint) from error


def _day(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError as error:
        raise WrongUsage(f"{option} {text!r} is no day; write it as 2026-03-31.") from error
