"""What is added up from events: plain functions over columns, without a database and without a reader.

Whoever calls says which events may be counted; a sum over one person's collections holds nothing of another's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from assistant.insights.frame import Column, Frame
from assistant.insights.happened import KINDS, STATUSES, Kind
from retrieval.values import Scope

Mask = NDArray[np.bool_]
Behind = Literal[
    "all", "answered", "partial", "refused", "failed", "stopped", "unsupported", "slow", "helpful", "unhelpful"
]
"""Which turns stand behind a number."""
BEHIND: tuple[Behind, ...] = get_args(Behind)
DAY_S = 86_400
FIRST_DAY = date(2024, 1, 1)
"""Nothing was recorded before: a clock that was set wrong says otherwise."""
_EPOCH = date(1970, 1, 1)
FIRST_S = (FIRST_DAY - _EPOCH).days * DAY_S
_MOST_DAYS, _MOST_WEEKS = 92, 104
_SLOW = 95


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of the last `days`, None for all; about one collection and by one group where they are named."""

    days: int | None = 30
    collection: str | None = None
    group: str | None = None


LATELY = Wanted()


@dataclass(frozen=True, slots=True)
class Sums:
    """What adds up. Shares are None where there is nothing to have a share of."""

    questions: int = 0
    answered: int = 0
    partial: int = 0
    refused: int = 0
    failed: int = 0
    stopped: int = 0
    claims: int = 0
    supported: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    helpful: int = 0
    unhelpful: int = 0

    def share(self, name: str) -> float | None:
        """Of the questions that were answered in whole, in part or not at all, the share that ended in this way."""
        ended = self.answered + self.partial + self.refused
        return getattr(self, name) / ended if ended else None

    @property
    def support(self) -> float | None:
        """The share of sentences that the documents bear out."""
        return self.supported / self.claims if self.claims else None

    @property
    def liking(self) -> float | None:
        """The share of opinions that were good."""
        given = self.helpful + self.unhelpful
        return self.helpful / given if given else None


@dataclass(frozen=True, slots=True)
class Wait:
    """Half of the readers, and all but one in twenty, waited so many milliseconds at most; None where nobody did."""

    first_p50: float | None = None
    first_p95: float | None = None
    total_p50: float | None = None
    total_p95: float | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day, a week or a month: from `first` until before `until`."""

    first: date
    until: date
    sums: Sums
    wait: Wait


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the page draws. By collection and group: by their ids, those with the most questions first."""

    total: Sums
    wait: Wait
    people: int
    cost: Mapping[str, float]
    """By currency."""
    buckets: tuple[Bucket, ...]
    by_collection: tuple[tuple[str, Sums], ...]
    by_group: tuple[tuple[str, Sums], ...]
    others: Mapping[Kind, int]
    """How many events of other kinds."""
    odd: int
    """How many events have a time that cannot be, and are left out."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked."""
        return not self.total.questions


def selected(frame: Frame, wanted: Wanted, *, within: Scope | None, now_s: float) -> tuple[Mask, int]:
    """The events that are counted, and how many are left out for their impossible time. `within` None is everything."""
    chosen = np.ones(frame.size, np.bool_) if within is None else frame.touching("collections", within)
    if wanted.collection is not None:
        chosen &= frame.touching("collections", frozenset({wanted.collection}))
    if wanted.group is not None:
        chosen &= frame.touching("groups", frozenset({wanted.group}))
    at = frame["at_s"]
    can_be = (at >= FIRST_S) & (at < until_s(now_s))
    odd = int(np.count_nonzero(chosen & ~can_be))
    chosen &= can_be
    if wanted.days is not None:
        chosen &= at >= since_s(wanted.days, now_s)
    return chosen, odd


def until_s(now_s: float) -> float:
    """Before when everything happened that is counted: clocks may differ by a day."""
    return now_s + DAY_S


def since_s(days: int, now_s: float) -> float:
    """When the first of so many days began, the present one among them, in UTC."""
    return (now_s // DAY_S + 1 - days) * DAY_S


def figures(frame: Frame, chosen: Mask, odd: int = 0) -> Figures:
    """Everything about the chosen events."""
    kinds = frame["kind"]
    by_kind = {kind: chosen & (kinds == _code(frame, "kind", kind)) for kind in KINDS}
    turns, opinions = _taken(frame, by_kind["turn"]), _taken(frame, by_kind["feedback"])
    opinions = _last_of_each(opinions)
    paid = turns["cost"] > 0
    costs = np.bincount(turns["currency"][paid], turns["cost"][paid], len(frame.codes.get("currency", ())))
    buckets = _buckets(frame, turns, opinions)
    return Figures(
        _added_up([bucket.sums for bucket in buckets]),
        _waits(turns, np.zeros(len(turns["at_s"]), np.int16), 1)[0],
        len(np.flatnonzero(np.bincount(turns["owner"]))) if len(turns["owner"]) else 0,
        {name: float(cost) for name, cost in zip(frame.codes.get("currency", ()), costs, strict=True) if cost > 0},
        buckets,
        _by_id(frame, "collections", turns, opinions),
        _by_id(frame, "groups", turns, opinions),
        {kind: int(np.count_nonzero(by_kind[kind])) for kind in KINDS if kind not in {"turn", "feedback"}},
        odd,
    )


def ids_behind(
    frame: Frame, chosen: Mask, behind: Behind, *, first: date | None = None, until: date | None = None, limit: int
) -> tuple[int, ...]:
    """The ids of the turns behind a number, the newest first; between two days where they are given."""
    turns = chosen & (frame["kind"] == _code(frame, "kind", "turn"))
    if first is not None:
        turns &= frame["at_s"] >= _seconds(first)
    if until is not None:
        turns &= frame["at_s"] < _seconds(until)
    turns &= _is_behind(frame, chosen, turns, behind)
    places = np.flatnonzero(turns)
    newest = places[np.argsort(frame["at_s"][places], kind="stable")[::-1][:limit]]
    return tuple(frame["id"][newest].tolist())


def _is_behind(frame: Frame, chosen: Mask, turns: Mask, behind: Behind) -> Mask:
    if behind == "all":
        return turns
    if behind == "unsupported":
        return frame["supported"] < frame["claims"]
    if behind == "slow":
        took = frame["total_ms"]
        known = took[turns & (took >= 0)]
        return took >= (np.percentile(known, _SLOW, method="inverted_cdf") if len(known) else 0)
    if behind in {"helpful", "unhelpful"}:
        opinions = _last_of_each(_taken(frame, chosen & (frame["kind"] == _code(frame, "kind", "feedback"))))
        of_these = opinions["message_id"][opinions["is_helpful"] == (behind == "helpful")]
        return np.isin(frame["message_id"], of_these)
    return np.asarray(frame["status"] == _code(frame, "status", behind))


# Adding up.

_TAKEN = (
    *("at_s", "status", "owner", "collections", "groups", "first_ms", "total_ms", "claims", "supported"),
    *("prompt_tokens", "completion_tokens", "cost", "currency", "message_id", "is_helpful"),
)
_ADDED = ("claims", "supported", "prompt_tokens", "completion_tokens")
_Part = dict[str, Column]


def _code(frame: Frame, name: str, value: str) -> int:
    codes = frame.codes.get(name, ())
    return codes.index(value) if value in codes else -1


def _taken(frame: Frame, mask: Mask) -> _Part:
    places = np.flatnonzero(mask)
    if len(places) == frame.size:
        return {name: frame[name] for name in _TAKEN}
    return {name: frame[name][places] for name in _TAKEN}


def _last_of_each(opinions: _Part) -> _Part:
    """What was thought of each answer in the end; what was taken back is left out."""
    _, from_behind = np.unique(opinions["message_id"][::-1], return_index=True)
    places = len(opinions["message_id"]) - 1 - from_behind
    places = places[opinions["is_helpful"][places] >= 0]
    return {name: column[places] for name, column in opinions.items()}


def _sums(frame: Frame, turns: _Part, opinions: _Part, keys: tuple[Column, Column], count: int) -> list[Sums]:
    """The sums for each key from 0 to `count`; `keys` are of the turns and of the opinions."""
    of_turns, of_opinions = keys
    kinds = len(frame.codes.get("status", ()))
    ends = np.bincount(of_turns.astype(np.int32) * kinds + turns["status"], minlength=count * kinds).reshape(
        count, kinds
    )
    added = {name: np.bincount(of_turns, turns[name], count).astype(np.int64) for name in _ADDED}
    added |= {"questions": ends.sum(axis=1)}
    for status in STATUSES:
        code = _code(frame, "status", status)
        added[status] = ends[:, code] if code >= 0 else np.zeros(count, np.int64)
    added["helpful"] = np.bincount(of_opinions[opinions["is_helpful"] == 1], minlength=count)
    added["unhelpful"] = np.bincount(of_opinions[opinions["is_helpful"] == 0], minlength=count)
    names = [one.name for one in fields(Sums)]
    return [Sums(**{name: int(added[name][key]) for name in names}) for key in range(count)]


def _waits(turns: _Part, keys: Column, count: int) -> list[Wait]:
    first, total = (_percentiles(keys, turns[name], count) for name in ("first_ms", "total_ms"))
    return [Wait(*first[key], *total[key]) for key in range(count)]


def _percentiles(keys: Column, values: Column, count: int) -> list[tuple[float | None, float | None]]:
    """The median and the 95th percentile of each key's values, by nearest rank: what somebody did wait."""
    known = values >= 0
    if not known.all():
        keys, values = keys[known], values[known]
    if np.any(keys[1:] < keys[:-1]):
        values = values[np.argsort(keys, kind="stable")]
    parts = np.split(values, np.cumsum(np.bincount(keys, minlength=count))[:-1])
    return [_ranked(part) if len(part) else (None, None) for part in parts]


def _ranked(values: Column) -> tuple[float, float]:
    half, most = (-(-percent * len(values) // 100) - 1 for percent in (50, 95))
    ordered = np.partition(values, (half, most))
    return float(ordered[half]), float(ordered[most])


def _by_id(frame: Frame, name: str, turns: _Part, opinions: _Part) -> tuple[tuple[str, Sums], ...]:
    """By each collection, or group: an event about two counts for both. Added up set by set, for sets are few."""
    sets = frame.sets(name) if frame.codes else ()
    of_sets = _sums(frame, turns, opinions, (turns[name], opinions[name]), len(sets)) if sets else []
    found: dict[str, list[Sums]] = {}
    for ids, sums in zip(sets, of_sets, strict=True):
        if sums != _NOTHING:
            for id_ in ids or {""}:
                found.setdefault(id_, []).append(sums)
    summed = [(id_, _added_up(several)) for id_, several in found.items()]
    return tuple(sorted(summed, key=lambda one: (-one[1].questions, one[0])))


def _added_up(several: Sequence[Sums]) -> Sums:
    return Sums(**{one.name: sum(getattr(sums, one.name) for sums in several) for one in fields(Sums)})


_NOTHING = Sums()


# Days, weeks, months.


def _buckets(frame: Frame, turns: _Part, opinions: _Part) -> tuple[Bucket, ...]:
    """Days, weeks or months from the first event to the last, those without any among them."""
    times = [part["at_s"] for part in (turns, opinions) if len(part["at_s"])]
    if not times:
        return ()
    starts = _starts(min(int(at.min()) for at in times) // DAY_S, max(int(at.max()) for at in times) // DAY_S)
    edges = np.array([_seconds(start) for start in starts])
    keys, own = ((np.searchsorted(edges, part["at_s"], "right") - 1).astype(np.int16) for part in (turns, opinions))
    count = len(starts) - 1
    sums, waits = _sums(frame, turns, opinions, (keys, own), count), _waits(turns, keys, count)
    return tuple(Bucket(starts[n], starts[n + 1], sums[n], waits[n]) for n in range(count))


def _starts(first: int, last: int) -> list[date]:
    """Where each bucket begins, and where the last one ends: days, or weeks from Monday, or months, by their number."""
    begin, end = _EPOCH + timedelta(days=first), _EPOCH + timedelta(days=last)
    span = last - first + 1
    if span <= _MOST_DAYS:
        return [begin + timedelta(days=n) for n in range(span + 1)]
    if span <= 7 * _MOST_WEEKS:
        monday = begin - timedelta(days=begin.weekday())
        return [monday + timedelta(weeks=n) for n in range((end - monday).days // 7 + 2)]
    months = range(begin.year * 12 + begin.month - 1, end.year * 12 + end.month + 1)
    return [date(month // 12, month % 12 + 1, 1) for month in months]


def _seconds(day: date) -> int:
    return (day - _EPOCH).days * DAY_S
