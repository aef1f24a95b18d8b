"""The quiet line under an answer: how many sources, whether they bear it out, how long it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.events import Answer, CheckedSentence, Support
from ui.words import counted, month_of, seconds

Tone = Literal["quiet", "amber", "red"]
_SAID: dict[Support, str] = {
    "contradicted": "contradicted by the source",
    "unsupported": "not supported",
    "partly": "only partly supported",
}
_LABELS: dict[Support, str] = {
    "contradicted": "The source says otherwise",
    "unsupported": "Nothing in the documents says this",
    "partly": "The source says only part of this",
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sentence that its sources do not bear out, and why it is listed."""

    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The line, its tone, and what unfolds under it."""

    tone: Tone
    text: str
    doubts: tuple[Doubt, ...]


def verdict_of(answer: Answer) -> Verdict:
    """The line for a finished or stopped answer."""
    claims = [sentence for sentence in answer.sentences if sentence.support != "not_a_claim"]
    doubtful = [sentence for sentence in claims if sentence.support in _SAID]
    if answer.listed is not None:
        took = seconds(answer.timings_ms.get("total", 0.0))
        return Verdict("quiet", f"counted in the list of documents · {took}", ())
    parts = (_sources(answer), _support(answer, claims, doubtful), seconds(answer.timings_ms.get("total", 0.0)))
    return Verdict(_tone(doubtful), " · ".join(part for part in parts if part), _doubts(doubtful))


def _sources(answer: Answer) -> str:
    if not answer.citations:
        return ""
    dates = [c.passage.source.dated for c in answer.citations if c.passage.source.dated]
    newest = f", newest {month_of(max(dates))}" if dates and len(answer.citations) > 1 else ""
    return counted(len(answer.citations), "source") + newest


def _support(answer: Answer, claims: Sequence[CheckedSentence], doubtful: Sequence[CheckedSentence]) -> str:
    if not claims:
        return ""
    if (answer.is_quoted or answer.usage.model is None) and not doubtful:
        return "quoted word for word"  # Whether a quotation answers the question, the reader judges.
    if not doubtful:
        return "every statement supported" if len(claims) > 1 else "supported"
    counts = [(sum(s.support == kind for s in doubtful), said) for kind, said in _SAID.items()]
    total = f" of {counted(len(claims), 'statement')} "
    (first, said), *rest = [(count, said) for count, said in counts if count]
    return f"{first}{total}{said}" + "".join(f", {count} {said}" for count, said in rest)


def _tone(doubtful: Sequence[CheckedSentence]) -> Tone:
    if any(sentence.support == "contradicted" for sentence in doubtful):
        return "red"
    return "amber" if doubtful else "quiet"


def _doubts(doubtful: Sequence[CheckedSentence]) -> tuple[Doubt, ...]:
    return tuple(Doubt(_LABELS[sentence.support], sentence.text.strip()) for sentence in doubtful)
