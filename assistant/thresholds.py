"""What a run must at least reach, as an organisation writes it down: a measure with its `min`, its `max` or both."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError
from assistant.set_evaluation import MEASURES, RATES

_BOUNDS = ("min", "max")


class ThresholdsRefused(AssistantError):
    """A file that cannot be meant."""


Thresholds = Mapping[str, Mapping[str, float]]
"""By measure the least and the most that it may be."""


def read_thresholds(file: Path) -> Thresholds:
    """The thresholds of a TOML or JSON file. Raises ThresholdsRefused."""
    try:
        text = file.read_text("utf-8")
        read = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ThresholdsRefused(f"{file} could not be read ({error.strerror or error}); check the path.") from error
    except ValueError as error:
        raise ThresholdsRefused(
            f"{file} is no {'JSON' if file.suffix.lower() == '.json' else 'TOML'} ({error})."
        ) from error
    if not isinstance(read, dict) or not read:
        raise ThresholdsRefused(f"{file} names no measure; write one with its min or max.")
    return {name: _bounds(name, value) for name, value in read.items()}


def missed(thresholds: Thresholds, figures: Mapping[str, float | None]) -> Iterator[dict[str, Any]]:
    """The bounds that were not kept, each with what was measured; what was not measured keeps none."""
    for name, bounds in thresholds.items():
        value = figures.get(name)
        for bound, limit in bounds.items():
            if value is None or (value < limit if bound == "min" else value > limit):
                yield {"measure": name, "bound": bound, "limit": limit, "measured": value}


def _bounds(name: str, value: object) -> dict[str, float]:
    known = (*MEASURES, *RATES)
    if name not in known:
        raise ThresholdsRefused(f"There is no measure {name!r}; the measures are {', '.join(known)}.")
    if not isinstance(value, dict) or not value or not set(value) <= set(_BOUNDS):
        raise ThresholdsRefused(f"The measure {name} needs min, max or both, such as {{ min = 0.9 }}.")
    if not all(isinstance(limit, int | float) and not isinstance(limit, bool) for limit in value.values()):
        raise ThresholdsRefused(f"The bounds of {name} are numbers.")
    return {bound: float(limit) for bound, limit in value.items()}
