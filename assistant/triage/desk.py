"""What a support desk says of itself: its categories in a sentence each, and the facts it needs to help.

A JSON file, for whoever runs the desk to write: {"categories": {name: sentence}, "facts": [{"name", "pattern",
"question", "categories"}]}. A fact is missing where its category is guessed and its pattern is not in the ticket.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError

FILE = "triage.json"
_READ_CHARS = 20_000
_MOST_PATTERN_CHARS = 300


class DeskRefused(AssistantError):
    """The description of a support desk cannot be read."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a ticket of some categories must say, and the question that asks for it."""

    name: str
    question: str
    pattern: re.Pattern[str]
    categories: frozenset[str]

    def is_missing(self, text: str, category: str) -> bool:
        """Whether it is needed and not said."""
        return category in self.categories and not self.pattern.search(text[:_READ_CHARS])


@dataclass(frozen=True, slots=True)
class Desk:
    """Categories by name, each described in a sentence, and the facts that are needed."""

    categories: Mapping[str, str] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()

    def missing(self, text: str, category: str) -> tuple[Fact, ...]:
        """The facts that a ticket of this category lacks."""
        return tuple(fact for fact in self.facts if fact.is_missing(text, category))


def read_desk(path: Path) -> Desk:
    """The desk that a file describes, an empty one where there is no file. Raises DeskRefused saying what is wrong."""
    if not path.is_file():
        return Desk()
    try:
        described = json.loads(path.read_text("utf-8"))
        categories = {str(name): str(sentence) for name, sentence in described.get("categories", {}).items()}
        return Desk(categories, tuple(_fact(each) for each in described.get("facts", ())))
    except (OSError, ValueError, AttributeError, KeyError, TypeError, re.error) as error:
        raise DeskRefused(f"{path.name} does not describe a support desk ({type(error).__name__}: {error}).") from error


def _fact(described: Mapping[str, Any]) -> Fact:
    pattern = str(described["pattern"])
    if len(pattern) > _MOST_PATTERN_CHARS:
        raise ValueError(f"the pattern of {described['name']} is longer than {_MOST_PATTERN_CHARS} characters")
    return Fact(
        str(described["name"]),
        str(described["question"]),
        re.compile(pattern, re.IGNORECASE),
        frozenset(map(str, described["categories"])),
    )
