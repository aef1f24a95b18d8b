"""The gaps as a table to be taken home, in which no cell is a formula in any spreadsheet, and as JSON."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from assistant.gaps.values import Gap, GapQuestion
from assistant.safe_cells import safe_cell

COLUMNS = ("gap", "name", "state", "owner", "collections", "question", "asked on", "why", "answered on")
_MOST_EXAMPLES = 5
_WITHHELD = "(words not shown)"


def gap_json(gap: Gap) -> dict[str, Any]:
    """A gap as `citewell gaps list` prints it."""
    return {
        "id": gap.id,
        "name": gap.name,
        "state": gap.state,
        "owner": gap.owner,
        "questions": gap.size,
        "answered": gap.answered,
        "people": gap.people,
        "weeks": list(gap.weeks),
        "collections": list(gap.collections),
        "examples": [question.text for question in gap.questions if question.text][:_MOST_EXAMPLES],
    }


def as_csv(gaps: Sequence[Gap]) -> str:
    """A line for each question, as the viewer may see it, under the names of the columns."""
    table = io.StringIO()
    writer = csv.writer(table, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for gap in gaps:
        for question in gap.questions:
            writer.writerow([safe_cell(cell) for cell in _row(gap, question)])
    return table.getvalue()


def _row(gap: Gap, question: GapQuestion) -> tuple[str, ...]:
    where = ", ".join(gap.collections)
    asked, answered = question.asked_at.date(), question.proof and question.proof.at.date()
    words = _WITHHELD if question.text is None else question.text
    return (
        str(gap.id), gap.name, gap.state, gap.owner or "", where,
        words, asked.isoformat(), question.reason, answered.isoformat() if answered else "",
    )  # fmt: skip
