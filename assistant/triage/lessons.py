"""Resolved tickets that were given to the page, kept in files until the worker has learned from them."""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path

from assistant.errors import AssistantError
from assistant.triage.values import Ticket


class LessonGone(AssistantError):
    """What was to be learned from is not kept any more."""

    def __init__(self) -> None:
        super().__init__("The resolved tickets are not kept any more; give them again.")


class Lessons:
    """A folder of them, each named by chance."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, tickets: Sequence[Ticket]) -> str:
        """Keep tickets; returns the name they are kept by."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = secrets.token_hex(16)
        with self._file(name).open("w", encoding="ascii") as file:
            file.writelines(json.dumps(asdict(ticket)) + "\n" for ticket in tickets)
        return name

    def read(self, name: str) -> tuple[Ticket, ...]:
        """Tickets by the name they are kept by. Raises LessonGone."""
        try:
            with self._file(name).open(encoding="ascii") as file:
                return tuple(Ticket(**json.loads(line)) for line in file)
        except FileNotFoundError:
            raise LessonGone from None

    def forget(self, name: str) -> None:
        """Remove the tickets of a name, where there are any."""
        self._file(name).unlink(missing_ok=True)

    def forget_all_but(self, names: Collection[str]) -> None:
        """Remove what nobody is going to learn from any more."""
        for file in self._folder.glob("*.jsonl"):
            if file.stem not in names:
                file.unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.jsonl"
