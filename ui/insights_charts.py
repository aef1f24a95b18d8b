"""The four charts of the insights: numbers and our own words, no text of others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

from assistant.insights.figures import Bucket
from assistant.insights.tables import ENDED
from ui.charts import Days, Series


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


def charts_of(buckets: Sequence[Bucket]) -> tuple[Chart, Chart, Chart, Chart]:
    """Use, waiting, cost and worth, in that order."""
    return (_use(buckets), _waiting(buckets), _cost(buckets), _worth(buckets))


def _use(buckets: Sequence[Bucket]) -> Chart:
    series = (
        Series(name, _values(buckets, attrgetter(f"sums.{key}")), tone)
        for tone, (key, name) in enumerate(ENDED.items())
    )
    drawn = Days("Questions by how they ended", "columns", "count", _days(buckets), tuple(series))
    return Chart("use", "How much is asked, and how does it end?", drawn)


def _waiting(buckets: Sequence[Bucket]) -> Chart:
    series = (
        Series("First word, half", _values(buckets, lambda b: _seconds(b.wait.first_p50)), 0),
        Series("First word, 95 of 100", _values(buckets, lambda b: _seconds(b.wait.first_p95)), 0, "dashed"),
        Series("Whole answer, half", _values(buckets, lambda b: _seconds(b.wait.total_p50)), 1),
        Series("Whole answer, 95 of 100", _values(buckets, lambda b: _seconds(b.wait.total_p95)), 1, "dashed"),
    )
    drawn = Days("Seconds until the first word and until the whole answer", "lines", "seconds", _days(buckets), series)
    return Chart("waiting", "How long do people wait?", drawn)


def _cost(buckets: Sequence[Bucket]) -> Chart:
    series = (
        Series("Tokens in", _values(buckets, lambda b: b.sums.prompt_tokens or None), 0),
        Series("Tokens out", _values(buckets, lambda b: b.sums.completion_tokens or None), 1),
    )
    drawn = Days("Tokens sent to the model and received from it", "columns", "count", _days(buckets), series)
    return Chart("cost", "What does it take?", drawn)


def _worth(buckets: Sequence[Bucket]) -> Chart:
    series = (
        Series("Statements supported", _values(buckets, lambda b: b.sums.support), 0),
        Series("Questions answered", _values(buckets, lambda b: b.sums.share("answered")), 1, "dashed"),
        Series("Opinions that are good", _values(buckets, lambda b: b.sums.liking), 2, "dotted"),
    )
    label = "Shares of statements supported, of questions answered, and of opinions that are good"
    drawn = Days(label, "lines", "share", _days(buckets), series)
    return Chart("worth", "Do the documents bear it out, and does it help?", drawn)


def _days(buckets: Sequence[Bucket]) -> tuple[date, ...]:
    return tuple(bucket.first for bucket in buckets)


def _values(buckets: Sequence[Bucket], read: Callable[[Bucket], float | None]) -> tuple[float | None, ...]:
    return tuple(read(bucket) for bucket in buckets)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 3)
