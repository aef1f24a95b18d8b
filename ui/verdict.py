"""The quiet line under an answer: how many sources, whether they bear it out, how long it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.check_text import CheckedText
from assistant.events import Answer, CheckedSentence, Citation, Support
from retrieval.dates import full_date
from retrieval.values import Passage
from ui.words import counted, month_of, seconds

Tone = Literal["quiet", "amber", "red"]
_SAID: dict[Support, str] = {
    "contradicted": "contradicted by the source",
    "unsupported": "not supported",
    "partly": "only partly supported",
}
_OF_A_TEXT: dict[Support, str] = {
    "contradicted": "contradicted",
    "unsupported": "not supported",
    "partly": "only partly supported",
}
_OUTDATED = "Another document says otherwise"
_LABELS: dict[Support, str] = {
    "contradicted": "The source says otherwise",
    "unsupported": "Nothing in the documents says this",
    "partly": "The source says only part of this",
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sentence that its sources do not bear out, and why it is listed; `index` is its place among all of them."""

    label: str
    sentence: str
    index: int


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
        return Verdict("quiet", " · ".join(p for p in ("counted in the list of documents", _took(answer)) if p), ())
    when = f"checked on {full_date(answer.verified.verified_at.date())}" if answer.verified else _took(answer)
    parts = (_sources(answer), _support(answer, claims, doubtful), when)
    return Verdict(_tone(doubtful), " · ".join(part for part in parts if part), _doubts(answer.sentences))


def _took(answer: Answer) -> str:
    """How long it took, where that is told: of a shared answer it is not."""
    return seconds(answer.timings_ms["total"]) if "total" in answer.timings_ms else ""


def text_verdict(checked: CheckedText) -> Verdict:
    """The line for a checked text; a statement that a newer document contradicts is in doubt as well."""
    claims = [sentence for sentence in checked.sentences if sentence.support != "not_a_claim"]
    doubtful = [sentence for sentence in claims if sentence.support in _SAID]
    outdated = [sentence for sentence in claims if is_outdated(sentence, checked.passages)]
    if not claims:
        return Verdict("quiet", "nothing here is a statement that documents could support", ())
    supported = len(claims) - len(doubtful)
    said = f"{supported} of {counted(len(claims), 'statement')} supported" if doubtful else _all_supported(claims)
    counts = [(sum(s.support == kind for s in doubtful), word) for kind, word in _OF_A_TEXT.items()]
    counts.append((len(outdated), "contradicted by another document"))
    support = ", ".join([said, *(f"{count} {word}" for count, word in counts if count)])
    parts = (support, _source_count(checked.citations), seconds(checked.timings_ms.get("total", 0.0)))
    doubts = _doubts(checked.sentences, outdated)
    return Verdict(_tone([*doubtful, *outdated]), " · ".join(part for part in parts if part), doubts)


def is_outdated(sentence: CheckedSentence, passages: Sequence[Passage]) -> bool:
    """Whether a document says otherwise that is not older than the one which supports the sentence."""
    if sentence.opposed is None or sentence.compared is None:
        return False
    support, other = (passages[c.passage - 1].source.dated for c in (sentence.compared, sentence.opposed))
    return support is None or other is None or other >= support


def _all_supported(claims: Sequence[CheckedSentence]) -> str:
    return "every statement supported" if len(claims) > 1 else "supported"


def _sources(answer: Answer) -> str:
    return _source_count(answer.citations)


def _source_count(citations: Sequence[Citation]) -> str:
    if not citations:
        return ""
    dates = [c.passage.source.dated for c in citations if c.passage.source.dated]
    newest = f", newest {month_of(max(dates))}" if dates and len(citations) > 1 else ""
    return counted(len(citations), "source") + newest


def _support(answer: Answer, claims: Sequence[CheckedSentence], doubtful: Sequence[CheckedSentence]) -> str:
    if not claims:
        return ""
    is_written = answer.usage.model is not None or answer.verified is not None
    if (answer.is_quoted or not is_written) and not doubtful:
        return "quoted word for word"  # Whether a quotation answers the question, the reader judges.
    if not doubtful:
        return _all_supported(claims)
    counts = [(sum(s.support == kind for s in doubtful), said) for kind, said in _SAID.items()]
    total = f" of {counted(len(claims), 'statement')} "
    (first, said), *rest = [(count, said) for count, said in counts if count]
    return f"{first}{total}{said}" + "".join(f", {count} {said}" for count, said in rest)


def _tone(doubtful: Sequence[CheckedSentence]) -> Tone:
    if any(sentence.support == "contradicted" for sentence in doubtful):
        return "red"
    return "amber" if doubtful else "quiet"


def _doubts(sentences: Sequence[CheckedSentence], outdated: Sequence[CheckedSentence] = ()) -> tuple[Doubt, ...]:
    labels = [_LABELS.get(sentence.support) or (_OUTDATED if sentence in outdated else "") for sentence in sentences]
    return tuple(
        Doubt(label, sentence.text.strip(), index)
        for index, (label, sentence) in enumerate(zip(labels, sentences, strict=True))
        if label
    )
