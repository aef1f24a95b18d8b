"""Why watched folders cannot be followed: found by the process that looks at them, shown by the others."""

from collections.abc import Mapping

from pydantic import TypeAdapter

from assistant.choices import Choice, Chosen

_PROBLEMS: Choice[dict[str, str]] = Choice("watch_problems", TypeAdapter(dict[str, str]))
"""By collection id. Nobody chooses it, but it is kept where choices are."""


class WatchProblems:
    """Reads and changes them."""

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen

    def of(self, collection_id: str) -> str | None:
        """Why the folder of this collection cannot be followed; None where it can, or is not watched."""
        return self.all().get(collection_id)

    def all(self) -> dict[str, str]:
        """The reasons, by collection id."""
        return self._chosen.get(_PROBLEMS) or {}

    def tell(self, problems: Mapping[str, str]) -> None:
        """Put these in the place of those that were there."""
        if dict(problems) != self.all():
            self._chosen.set(_PROBLEMS, dict(problems) or None)
