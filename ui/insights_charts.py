"""The four charts of the insights: numbers and our own words, no text of others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.insights.figures import Bucket
from assistant.insights.tables import ENDED
from ui.charts import Days, Series

_Read = Callable[[Bucket], float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart under the question that it answers."""

    name: str
    question: str
    drawn: Days

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """What it shows, as a table to take home."""
        return [
            {"from": day.isoformat(), "what": series.name, "value": value}
            for place, day in enumerate(self.drawn.days)
            for series in self.drawn.series
            if (value := series.values[place]) is not None
        ]


def charts_of(buckets: Sequence[Bucket]) -> tuple[Chart, ...]:
    """Use, waiting, cost and worth, in that order."""
    days = tuple(bucket.first for bucket in buckets)

    def values(read: _Read) -> tuple[float | None, ...]:
        return tuple(read(bucket) for bucket in buckets)

    ended = tuple(
        Series(name, values(lambda b, key=key: getattr(b.sums, key)), tone)  # type: ignore[misc]
        for tone, (key, name) in enumerate(ENDED.items())
    )
    waiting = (
        Series("First word, half", values(lambda b: _seconds(b.wait.first_p50)), 0),
        Series("First word, 95 of 100", values(lambda b: _seconds(b.wait.first_p95)), 0, "dashed"),
        Series("Whole answer, half", values(lambda b: _seconds(b.wait.total_p50)), 1),
        Series("Whole answer, 95 of 100", values(lambda b: _seconds(b.wait.total_p95)), 1, "dashed"),
    )
    cost = (
        Series("Tokens in", values(lambda b: b.sums.prompt_tokens or None), 0),
        Series("Tokens out", values(lambda b: b.sums.completion_tokens or None), 1),
    )
    worth = (
        Series("Statements supported", values(lambda b: b.sums.support), 0),
        Series("Questions answered", values(lambda b: b.sums.share("answered")), 1, "dashed"),
        Series("Opinions that are good", values(lambda b: b.sums.liking), 2, "dotted"),
    )
    return (
        Chart(
            "use",
            "How much is asked, and how does it end?",
            Days("Questions by how they ended", "columns", "count", days, ended),
        ),
        Chart(
            "waiting",
            "How long do people wait?",
            Days("Seconds until the first word and until the whole answer", "lines", "seconds", days, waiting),
        ),
        Chart(
            "cost",
            "What does it take?",
            Days("Tokens sent to the model and received from it", "columns", "count", days, cost),
        ),
        Chart(
            "worth",
            "Do the documents bear it out, and does it help?",
            Days(
                "Shares of statements supported, of questions answered, and of opinions that are good",
                "lines",
                "share",
                days,
                worth,
            ),
        ),
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 3)
