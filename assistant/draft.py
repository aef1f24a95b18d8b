"""An answer while it is being written: its text, its citations, and the check of each finished sentence."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.citations import CitationStream, CitedSentence, cited_sentences
from assistant.deeds import NOTICE as DEED
from assistant.deeds import claims_deed
from assistant.events import (
    Answer,
    AnswerReplaced,
    CheckedSentence,
    Citation,
    Comparison,
    SentenceChecked,
    Status,
    Support,
    TextDelta,
)
from assistant.extractive import Quote
from assistant.usage import Prices, Usage
from assistant.verify import Check, check_sentence
from prompts import Style
from retrieval.evidence import Evidence
from retrieval.tokens import count_tokens
from retrieval.values import Passage

_MAY_END_SENTENCE = re.compile(r"[.!?\n\]:]")


@dataclass(slots=True)
class Draft:
    """Collects one answer. Everything it adds to the text it also yields, so the deltas make up the text."""

    text: str = ""
    style: Style = "standard"
    prices: Prices | None = None
    prompt_version: str | None = None
    model_calls: int = 0
    notice: str | None = None
    evidence: Evidence | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    _passages: Sequence[Passage] = ()
    _stream: CitationStream = field(default_factory=lambda: CitationStream(0))
    _sentences: list[CheckedSentence] = field(default_factory=list)
    _citations: dict[int, Citation] = field(default_factory=dict)
    _checked_to: int = 0
    _is_quoted: bool = False
    _usage: Usage = field(default_factory=Usage)
    _sent: Usage = field(default_factory=Usage)
    _said: list[str] = field(default_factory=list)
    _began: float = field(default_factory=time.perf_counter)

    def elapsed_ms(self) -> float:
        """Milliseconds since the turn began."""
        return round((time.perf_counter() - self._began) * 1000, 1)

    def lap(self, part: str) -> None:
        """Note when a part of the turn was reached, the first time it is."""
        self.timings_ms.setdefault(part, self.elapsed_ms())

    def write(self, text: str) -> str:
        """Add text that claims nothing, and return it."""
        start = len(self.text)
        self.text += text
        self._sentences.append(CheckedSentence(text, start, len(self.text), "not_a_claim", ()))
        return text

    def quote(self, quote: Quote) -> tuple[str, CheckedSentence]:
        """Add a quoted sentence with a citation of its own; supported by construction."""
        self._is_quoted = True
        n = len(self._citations) + 1
        gap = " " if self.text else ""
        start = len(self.text) + len(gap)
        delta = f"{gap}{quote.text} [{n}]"
        self.text += delta
        self._citations[n] = Citation(n, quote.passage, quote.exact, quote.start, quote.end)
        sentence = CheckedSentence(quote.text, start, len(self.text), "supported", (n,))
        self._sentences.append(sentence)
        return delta, sentence

    def item(self, text: str, citation: Citation) -> tuple[str, CheckedSentence]:
        """Add a line about a document with a citation that opens it; it says nothing of what stands there."""
        start = len(self.text)
        delta = f"{text} [{citation.n}]"
        self.text += delta
        self._citations[citation.n] = citation
        sentence = CheckedSentence(text.strip(), start, len(self.text), "not_a_claim", (citation.n,))
        self._sentences.append(sentence)
        return delta, sentence

    def cite_from(self, passages: Sequence[Passage]) -> None:
        """The passages the model was given; no citation leaves this set."""
        self._passages = passages
        self._stream = CitationStream(len(passages))

    def feed(self, piece: str) -> Iterator[TextDelta | SentenceChecked]:
        """Add what the model wrote; sentences are checked as soon as the next one begins."""
        self._said.append(piece)
        shown = self._stream.feed(piece)
        if shown:
            self.text += shown
            yield TextDelta(shown)
            if _MAY_END_SENTENCE.search(shown):
                yield from self._check(final=False)

    def finish(self) -> Iterator[TextDelta | SentenceChecked]:
        """Add what was held back and check what is left."""
        if rest := self._stream.finish():
            self.text += rest
            yield TextDelta(rest)
        yield from self._check(final=True)

    def withdraw(self) -> AnswerReplaced:
        """Take back what the model wrote, with its citations and notices; what is added next is the answer."""
        replaced = AnswerReplaced(self.answer("unanswerable"))
        self.text, self.notice, self._checked_to = "", None, 0
        self._sentences, self._citations = [], {}
        return replaced

    def note(self, sentence: str | None) -> None:
        """Add a sentence for the reader about what was missing or degraded."""
        if sentence:
            self.notice = f"{self.notice} {sentence}" if self.notice else sentence

    def sent(self, model: str, prompt_tokens: int) -> None:
        """Note what the model was given, by our own count, which holds until the endpoint gives its."""
        self.model_calls += 1
        self._sent, self._said = Usage(prompt_tokens, 0, model, is_estimate=True), []

    def used(self, usage: Usage) -> None:
        """Add the tokens of a call, as the endpoint counted them."""
        if usage.prompt_tokens or usage.completion_tokens:
            self._usage, self._said = self._usage.plus(usage), []

    @property
    def usage(self) -> Usage:
        """What all calls have cost so far."""
        usage = self._usage
        if self._said:
            usage = usage.plus(replace(self._sent, completion_tokens=count_tokens("".join(self._said))))
        return self.prices.priced(usage) if self.prices else usage

    def answer(self, status: Status) -> Answer:
        """The answer as it stands."""
        self.timings_ms["total"] = self.elapsed_ms()
        return Answer(
            self.text,
            status,
            tuple(self._sentences),
            self.citations,
            self.usage,
            dict(self.timings_ms),
            self.notice,
            evidence=self.evidence,
            style=self.style,
            is_quoted=self._is_quoted,
            model_calls=self.model_calls,
            prompt_version=self.prompt_version,
        )

    def passages_of(self, sentence: CheckedSentence) -> tuple[Passage, ...]:
        """What a sentence was held against: what it cites, else what comes closest."""
        if sentence.citations:
            return tuple(self._citations[n].passage for n in sentence.citations)
        return (self._passages[sentence.compared.passage - 1],) if sentence.compared else ()

    def judged(self, index: int, support: Support) -> SentenceChecked:
        """Put a model's opinion in the place of an undecided verdict; what it finds supported gets its source."""
        sentence = replace(self._sentences[index], support=support, is_opinion=True)
        if support == "supported" and not sentence.citations and sentence.compared:
            n = self._stream.number_of(sentence.compared.passage)
            self._citations.setdefault(n, _citation(n, self._passages[sentence.compared.passage - 1], sentence.text))
            sentence = replace(sentence, citations=(n,))
        self._sentences[index] = sentence
        return SentenceChecked(sentence)

    @property
    def sentences(self) -> tuple[CheckedSentence, ...]:
        """The sentences checked so far."""
        return tuple(self._sentences)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """What was cited so far."""
        return tuple(self._citations[n] for n in sorted(self._citations))

    @property
    def has_citations(self) -> bool:
        """Whether anything was cited; a turn without citations is unanswerable."""
        return bool(self._citations)

    def _check(self, *, final: bool) -> Iterator[SentenceChecked]:
        begin = self._checked_to
        sentences = cited_sentences(self.text[begin:])
        for sentence in sentences if final else sentences[:-1]:
            checked = self._checked(sentence, begin)
            self._sentences.append(checked)
            self._checked_to = begin + sentence.end
            yield SentenceChecked(checked)

    def _checked(self, sentence: CitedSentence, begin: int) -> CheckedSentence:
        cited = [self._stream.cited[n - 1] for n in sentence.numbers]
        held_against = cited or range(1, len(self._passages) + 1)
        passages = [self._passages[n - 1] for n in held_against]
        check = check_sentence(
            sentence.sentence, [p.text for p in passages], contexts=[context_of(p) for p in passages]
        )
        support = check.support
        if claims_deed(sentence.sentence) and not any(sentence.sentence in passage.text for passage in passages):
            support = "unsupported"
            self.note(DEED if DEED not in (self.notice or "") else None)
        closest = compared(check, passages, list(held_against))
        if not cited and closest and support == "supported":
            cited = [closest.passage]
        numbers = tuple(self._stream.number_of(passage) for passage in cited)
        for n, passage in zip(numbers, cited, strict=True):
            self._citations.setdefault(n, _citation(n, self._passages[passage - 1], sentence.sentence))
        return CheckedSentence(
            sentence.sentence, begin + sentence.start, begin + sentence.end, support, numbers, closest
        )


def compared(
    check: Check, passages: Sequence[Passage], numbers: Sequence[int] | Mapping[int, int]
) -> Comparison | None:
    """Where a check found the closest stretch; `numbers[i]` is what `passages[i]` is called in its turn."""
    if check.best is None:
        return None
    index, start, end = check.best
    passage = passages[index]
    return Comparison(
        numbers[index], passage.start + start, passage.start + end, passage.text[start:end], check.differences
    )


def context_of(passage: Passage) -> str:
    """What a sentence may take from the title and headings above its passage."""
    return " ".join((passage.source.title, *passage.heading))


def _citation(n: int, passage: Passage, sentence: str) -> Citation:
    """The citation at the window of the passage that is closest to the sentence, else at all of it."""
    best = check_sentence(sentence, [passage.text], contexts=[context_of(passage)]).best
    start, end = (best.start, best.end) if best else (0, len(passage.text))
    return Citation(n, passage, passage.text[start:end], passage.start + start, passage.start + end)
