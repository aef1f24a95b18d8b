"""The questions a newcomer is offered about the sample company, and the five of the demonstration."""

import json
from dataclasses import dataclass
from functools import cache

from assistant.bootstrap import EXAMPLES

_TITLES = {
    "answerable": "Answerable",
    "partial": "Partly answerable",
    "unanswerable": "Not in the documents",
    "conflicting": "Two that disagree",
    "follow_up": "Follow-up",
}


@dataclass(frozen=True, slots=True)
class GuidedQuestion:
    """A question with what it shows. `point` is a sentence for whoever presents it."""

    number: int
    kind: str
    question: str
    point: str

    @property
    def title(self) -> str:
        """The kind in a reader's words."""
        return _TITLES.get(self.kind, self.kind)


@cache
def guided_questions() -> tuple[GuidedQuestion, ...]:
    """The guided questions in order; none where the examples are not installed."""
    try:
        rows = json.loads((EXAMPLES / "demo.json").read_text("utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(GuidedQuestion(n, row["kind"], row["question"], row["point"]) for n, row in enumerate(rows, 1))


def starter_questions() -> tuple[str, ...]:
    """Those that make sense as a first question."""
    return tuple(guided.question for guided in guided_questions() if guided.kind != "follow_up")
