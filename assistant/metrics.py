"""What can be measured of a running Citewell, for Prometheus: the only file that knows its client.

Counters follow the events of the log, so that both tell the same; gauges are looked at when they are asked for. No
label has anything of a person, a document or a question: only kinds, from the code's own lists.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from assistant.logs import log_event
from retrieval.errors import RetrievalError

Facts = Mapping[str, Any]
_MOMENTS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_ANSWERS_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 80, 120)
_JOBS_S = (0.1, 1, 10, 60, 300, 1_800, 7_200)
_OUTCOMES = frozenset(("answered", "partial", "unanswerable"))
SEARCH_PARTS = frozenset(("embed", "dense", "lexical", "complete", "fuse", "read", "evidence", "parts", "rerank"))


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure as it stands when it is asked for."""

    name: str
    description: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


Look = Callable[[], Iterable[Gauge]]


class Metrics:
    """Counts the events of this process, and looks at the rest by `look` whenever it is asked."""

    def __init__(self, look: Look) -> None:
        self._registry = CollectorRegistry()
        self._counting = _Counting(self._registry)
        self._registry.register(_Looking(look))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._handler = _Handler(self._counting)
        logging.getLogger("citewell").addHandler(self._handler)
        self._stop_serving: Callable[[], None] | None = None

    def rendered(self) -> str:
        """All of it in Prometheus's text format."""
        return generate_latest(self._registry).decode()

    def serve(self, address: str, port: int) -> None:
        """Answer there until `close`; where that cannot be, the log says so, and questions are answered all the same."""
        try:
            server, thread = start_http_server(port, address, self._registry)
        except OSError as error:
            log_event("metrics_failed", port=port, error=error.strerror or type(error).__name__)
            return

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        self._stop_serving = stop

    def close(self) -> None:
        """Count no more, answer no more."""
        logging.getLogger("citewell").removeHandler(self._handler)
        if self._stop_serving:
            self._stop_serving()


class _Handler(logging.Handler):
    """Hands every event of the log on; nothing that goes wrong in counting may stop what is counted."""

    def __init__(self, counting: "_Counting") -> None:
        super().__init__()
        self._counting = counting

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        if count := self._counting.of.get(getattr(record, "event", "")):
            try:
                count(getattr(record, "facts", {}))
            except (KeyError, TypeError, ValueError):
                self.handleError(record)


class _Counting:
    """The counters, and which event moves which."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, description: str, *labels: str) -> Counter:
            return Counter(f"citewell_{name}", description, labels, registry=registry)

        def histogram(name: str, description: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"citewell_{name}", description, labels, buckets=buckets, registry=registry)

        self._questions = counter("questions", "Questions that were asked.")
        self._answers = counter("answers", "Answers that ended, by how they did.", "outcome")
        self._failures = counter("answer_failures", "Answers that failed, by the kind of error.", "kind")
        self._first_token = histogram("first_token_seconds", "Until the first word of an answer.", _ANSWERS_S)
        self._total = histogram("answer_seconds", "Until an answer was complete.", _ANSWERS_S)
        self._search = histogram("search_seconds", "What a search took, by its part.", _MOMENTS_S, "part")
        self._model_errors = counter("model_errors", "Failures of the model endpoint, by kind.", "kind")
        self._tokens = counter("tokens", "Tokens that answers took.", "direction")
        self._cost = counter("cost", "What answers cost.", "currency")
        self._limits = counter("limits_reached", "Questions and files refused by a limit.", "limit")
        self._budget = counter("budget_spent", "Questions quoted because the month's budget is spent.")
        self._jobs = counter("jobs", "Jobs that ended, by kind and outcome.", "kind", "outcome")
        self._job_seconds = histogram("job_seconds", "What a job took.", _JOBS_S, "kind")
        self._pages = counter("page_failures", "Pages that failed unexpectedly.")
        self.of: Mapping[str, Callable[[Facts], None]] = {
            "question_asked": lambda _: self._questions.inc(),
            "answer_finished": self._answer_finished,
            "answer_stopped": lambda facts: self._answer_ended("stopped", facts),
            "answer_failed": self._answer_failed,
            "model_failed": lambda facts: self._model_errors.labels(_kind(facts)).inc(),
            "limit_reached": lambda facts: self._limits.labels(str(facts["limit"])).inc(),
            "budget_spent": lambda _: self._budget.inc(),
            "job_finished": lambda facts: self._job_ended("done", facts),
            "job_failed": lambda facts: self._job_ended("failed", facts),
            "page_failed": lambda _: self._pages.inc(),
        }

    def _answer_finished(self, facts: Facts) -> None:
        status = str(facts.get("status"))
        self._answer_ended(status if status in _OUTCOMES else "other", facts)

    def _answer_failed(self, facts: Facts) -> None:
        self._failures.labels(_kind(facts)).inc()
        self._answer_ended("failed", facts)

    def _answer_ended(self, outcome: str, facts: Facts) -> None:
        self._answers.labels(outcome).inc()
        for name, histogram in (("first_token_ms", self._first_token), ("total_ms", self._total)):
            if name in facts:
                histogram.observe(facts[name] / 1000)
        for part in SEARCH_PARTS:
            if (took := facts.get(f"search_{part}_ms")) is not None:
                self._search.labels(part).observe(took / 1000)
        for direction in ("prompt", "completion"):
            self._tokens.labels(direction).inc(facts.get(f"{direction}_tokens", 0))
        if "cost" in facts:
            self._cost.labels(str(facts.get("currency", ""))).inc(facts["cost"])

    def _job_ended(self, outcome: str, facts: Facts) -> None:
        kind = str(facts["kind"])
        self._jobs.labels(kind, outcome).inc()
        self._job_seconds.labels(kind).observe(facts["seconds"])


def _kind(facts: Facts) -> str:
    """The name of an error's class."""
    return str(facts.get("error", "unknown"))


class _Looking(Collector):
    """The gauges; where one cannot be looked at, as while the home closes, those that could are told."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: registering must not look."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See Collector."""
        with suppress(RetrievalError, SQLAlchemyError, OSError):
            for name, gauges in groupby(self._look(), key=attrgetter("name")):
                first, *others = gauges
                family = GaugeMetricFamily(f"citewell_{name}", first.description, labels=tuple(first.labels))
                for gauge in (first, *others):
                    family.add_metric(tuple(gauge.labels.values()), gauge.value)
                yield family
