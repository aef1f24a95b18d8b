"""What the insights page shows, as rows with a name for each column: for its tables, and for the files it saves."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from assistant.insights.figures import Bucket, Sums, Wait
from assistant.insights.health import Ailment, DocumentHealth
from assistant.insights.turns import Turn
from assistant.safe_cells import safe_cell

RowOf = dict[str, Any]
_COUNTS: Mapping[str, str] = {
    "questions": "Questions",
    "answered": "Answered",
    "partial": "In part",
    "refused": "Not answered",
    "failed": "Failed",
    "stopped": "Stopped",
    "claims": "Statements",
    "supported": "Supported",
    "prompt_tokens": "Tokens in",
    "completion_tokens": "Tokens out",
    "helpful": "Helpful",
    "unhelpful": "Not helpful",
}
_WAITS: Mapping[str, str] = {
    "first_p50": "First word, half within, s",
    "first_p95": "First word, 95 of 100 within, s",
    "total_p50": "Whole answer, half within, s",
    "total_p95": "Whole answer, 95 of 100 within, s",
}
ENDED: Mapping[str, str] = {
    "answered": "Answered",
    "partial": "In part",
    "refused": "Not answered",
    "failed": "Failed",
    "stopped": "Stopped",
}
"""How a turn ended, in a reader's words."""
AILING: Mapping[Ailment, str] = {
    "never found": "never found",
    "never cited": "found, never cited",
    "disliked": "in disliked answers",
    "due": "past its review",
    "contradicted": "says otherwise than another",
    "copied": "says the same as another",
}
"""What ails a document, in a reader's words."""


def bucket_rows(buckets: Sequence[Bucket]) -> list[RowOf]:
    """Every figure of every day, week or month."""
    return [
        {
            "From": bucket.first.isoformat(),
            "Until before": bucket.until.isoformat(),
            **counts_of(bucket.sums),
            **{_WAITS[one.name]: _seconds(getattr(bucket.wait, one.name)) for one in fields(Wait)},
        }
        for bucket in buckets
    ]


def counts_of(sums: Sums) -> RowOf:
    """The sums under the names that a reader knows."""
    return {_COUNTS[one.name]: getattr(sums, one.name) for one in fields(Sums)}


def turn_rows(turns: Sequence[Turn], names: Mapping[str, str]) -> list[RowOf]:
    """Turns with the names of the collections that are among these."""
    return [
        {
            "When (UTC)": turn.at.isoformat(sep=" ", timespec="minutes"),
            "Question": turn.question,
            "Ended": ENDED.get(turn.status, turn.status),
            "Collections": ", ".join(sorted(names[id_] for id_ in turn.collections if id_ in names)),
            "Supported": f"{turn.supported} of {turn.claims}" if turn.claims else "",
            "First word, s": _seconds(turn.first_ms),
            "Whole answer, s": _seconds(turn.total_ms),
            "Passages from": turn.found,
            "Cited": turn.cited,
            "Tokens": turn.tokens,
            "Cost": f"{turn.cost:.4f} {turn.currency}" if turn.cost else "",
            "Helpful": {True: "yes", False: "no", None: ""}[turn.is_helpful],
        }
        for turn in turns
    ]


def health_rows(documents: Sequence[DocumentHealth], names: Mapping[str, str]) -> list[RowOf]:
    """Documents with what ails them."""
    return [
        {
            "Document": one.title,
            "Collection": names.get(one.collection_id, ""),
            "What ails it": " · ".join(AILING[each] for each in one.ailments),
            "Found": one.found,
            "Cited": one.cited,
            "In disliked answers": one.disliked,
            "Last found": one.found_on,
            "Dated": one.dated,
            "File": one.path,
        }
        for one in documents
    ]


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as a table that a spreadsheet opens, with nothing in it that it would calculate."""
    with io.StringIO(newline="") as file:
        writer = csv.writer(file)
        if rows:
            writer.writerow(rows[0])
        for row in rows:
            writer.writerow(["" if value is None else safe_cell(str(value)) for value in row.values()])
        return file.getvalue()


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 2)
