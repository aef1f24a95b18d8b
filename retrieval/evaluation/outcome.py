"""What a run found: measures of each method, and query by query what was retrieved, for error analysis."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from retrieval.evaluation.measures import Difference, Measured


@dataclass(frozen=True, slots=True)
class Asked:
    """A query and, as JSON, what should be found for it."""

    id: str
    text: str
    wanted: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The methods of one run on one index; measures and what was retrieved stand in the order of the queries."""

    asked: Sequence[Asked]
    methods: Mapping[str, Measured]
    retrieved: Mapping[str, Sequence[Any]]
    """By method, as JSON: the ten best documents with scores, or the passages within the budget."""
    reference: str
    """The method with which the others are compared: the product as it is."""
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    unjudged: int = 0
    """Queries without judgements, which are left out."""

    @property
    def product(self) -> Measured:
        """The measures of the product as it is."""
        return self.methods[self.reference]

    def difference(self, method: str) -> Difference | None:
        """How far a method is from the product; None for the product itself."""
        return None if method == self.reference else self.methods[method].minus(self.product)

    def per_query(self) -> Iterator[dict[str, Any]]:
        """One JSON object per query."""
        for at, asked in enumerate(self.asked):
            yield {
                "id": asked.id,
                "text": asked.text,
                **asked.wanted,
                "methods": {
                    name: {measure: round(values[at], 6) for measure, values in measured.values.items()}
                    | {"retrieved": self.retrieved[name][at]}
                    for name, measured in self.methods.items()
                },
            }
