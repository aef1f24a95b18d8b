"""The four charts, as specifications for Vega-Lite, which comes with Streamlit: numbers and our own words, no text of others.

A meaning is never in a colour alone: lines differ in their dashes, and every value stands in the tip and in the table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.insights.figures import Bucket
from assistant.insights.tables import ENDED

Spec = dict[str, Any]
PICKED = "picked"
"""The name of what is chosen in a chart: the place of a bucket."""
_TEAL, _AMBER, _GREY, _RED, _BLUE = "#2a9d8f", "#c07a1a", "#8a8478", "#c8554b", "#5b83b5"
"""Each at least 3 to 1 on paper and by lamplight."""
_HEIGHT = 290
"""With the legend."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What one chart shows: `values` are rows of a place, a day, a name and a number."""

    name: str
    question: str
    alt: str
    spec: Spec
    values: tuple[Mapping[str, Any], ...]


def charts_of(buckets: Sequence[Bucket]) -> tuple[Chart, ...]:
    """Use, waiting, cost and worth, in that order."""
    return (_use(buckets), _waiting(buckets), _cost(buckets), _worth(buckets))


def _use(buckets: Sequence[Bucket]) -> Chart:
    rows = _rows(buckets, ((name, lambda b, key=key: getattr(b.sums, key)) for key, name in ENDED.items()))
    colours = dict(zip(ENDED.values(), (_TEAL, _AMBER, _GREY, _RED, _BLUE), strict=True))
    alt = "Bars: questions by how they ended, for each day, week or month"
    return Chart("use", "How much is asked, and how does it end?", alt, _bars("Questions", colours), rows)


def _waiting(buckets: Sequence[Bucket]) -> Chart:
    series = (
        ("First word, half", lambda b: _seconds(b.wait.first_p50)),
        ("First word, 95 of 100", lambda b: _seconds(b.wait.first_p95)),
        ("Whole answer, half", lambda b: _seconds(b.wait.total_p50)),
        ("Whole answer, 95 of 100", lambda b: _seconds(b.wait.total_p95)),
    )
    spec = _lines("Seconds", dict(zip((name for name, _ in series), (_TEAL, _TEAL, _AMBER, _AMBER), strict=True)))
    alt = "Lines: seconds until the first word and until the whole answer"
    return Chart("waiting", "How long do people wait?", alt, spec, _rows(buckets, series))


def _cost(buckets: Sequence[Bucket]) -> Chart:
    series = (
        ("Tokens in", lambda b: b.sums.prompt_tokens or None),
        ("Tokens out", lambda b: b.sums.completion_tokens or None),
    )
    alt = "Bars: tokens sent to the model and received from it"
    spec = _bars("Tokens", {"Tokens in": _TEAL, "Tokens out": _AMBER})
    return Chart("cost", "What does it take?", alt, spec, _rows(buckets, series))


def _worth(buckets: Sequence[Bucket]) -> Chart:
    series = (
        ("Statements supported", lambda b: b.sums.support),
        ("Questions answered", lambda b: b.sums.share("answered")),
        ("Opinions that are good", lambda b: b.sums.liking),
    )
    spec = _lines("Share", dict(zip((name for name, _ in series), (_TEAL, _AMBER, _GREY), strict=True)), percent=True)
    alt = "Lines: the share of statements supported, of questions answered, and of opinions that are good"
    return Chart("worth", "Do the documents bear it out, and does it help?", alt, spec, _rows(buckets, series))


def _rows(buckets: Sequence[Bucket], series: Iterable[tuple[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    named = tuple(series)
    return tuple(
        {"place": place, "from": bucket.first.isoformat(), "what": name, "value": value}
        for place, bucket in enumerate(buckets)
        for name, read in named
        if (value := read(bucket)) is not None
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _bars(title: str, colours: Mapping[str, str]) -> Spec:
    mark = {"type": "bar", "cursor": "pointer", "cornerRadiusEnd": 2, "width": {"band": 0.7}}
    encoding = _encoding(title, colours, ",d", symbol="square")
    encoding["y"]["axis"] |= {"tickMinStep": 1, "format": "~s"}
    encoding["opacity"] = {"condition": {"param": PICKED, "value": 1}, "value": 0.35}
    return _spec(mark, encoding)


def _lines(title: str, colours: Mapping[str, str], *, percent: bool = False) -> Spec:
    mark = {"type": "line", "point": {"size": 45, "cursor": "pointer"}, "strokeWidth": 2}
    encoding = _encoding(title, colours, ".0%" if percent else ".2f", symbol="stroke")
    dashes = [[1, 0], [5, 3], [1, 0], [5, 3]] if len(colours) == 4 else [[1, 0], [6, 3], [2, 2]]
    encoding["strokeDash"] = {
        "field": "what",
        "type": "nominal",
        "scale": {"domain": list(colours), "range": dashes},
    }
    if percent:
        encoding["y"]["scale"] = {"domain": [0, 1]}
        encoding["y"]["axis"] = {"format": "%", "title": None, "tickCount": 5}
    return _spec(mark, encoding)


def _encoding(title: str, colours: Mapping[str, str], form: str, *, symbol: str) -> Spec:
    return {
        "x": {"field": "from", "type": "ordinal", "axis": {"title": None, "labelAngle": 0, "labelOverlap": True}},
        "y": {"field": "value", "type": "quantitative", "axis": {"title": title, "tickCount": 5}},
        "color": {
            "field": "what",
            "type": "nominal",
            "scale": {"domain": list(colours), "range": list(colours.values())},
            "legend": {"orient": "bottom", "title": None, "columns": 2, "labelLimit": 180, "symbolType": symbol},
        },
        "tooltip": [
            {"field": "from", "title": "From"},
            {"field": "what", "title": "What"},
            {"field": "value", "title": title, "format": form},
        ],
    }


def _spec(mark: Spec, encoding: Spec) -> Spec:
    return {
        "mark": mark,
        "encoding": encoding,
        "height": _HEIGHT,
        "params": [{"name": PICKED, "select": {"type": "point", "fields": ["place"]}}],
    }
