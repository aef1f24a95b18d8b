"""What a person narrowed a question to, as it is stored with the answer and handed to another process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from retrieval.filters import NO_FILTERS, Filters

_FILTERS: TypeAdapter[Filters] = TypeAdapter(Filters)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """One collection, by name, or all that the person may read; and filters."""

    collection: str | None = None
    filters: Filters = NO_FILTERS

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return self.collection is not None or bool(self.filters)

    def in_words(self) -> tuple[str, ...]:
        """Each part as a reader says it."""
        collection = () if self.collection is None else (f"in {self.collection}",)
        return (*collection, *self.filters.in_words())


def filters_json(filters: Filters) -> dict[str, Any]:
    """Filters as JSON."""
    value: dict[str, Any] = _FILTERS.dump_python(filters, mode="json")
    return value


def filters_of(work: Mapping[str, Any]) -> Filters:
    """The filters in the work of an operation, none where it names none."""
    return _FILTERS.validate_python(work.get("filters") or {})


def nothing_fits(filters: Filters) -> str:
    """What is said where no document passes."""
    return f"No document fits the filters: {', '.join(filters.in_words())}. Take one away, or widen it."
