"""Holds any text against the documents a person may read, sentence by sentence; no model takes part.

Each statement is searched for, and held against what was found for it and for the statements around it: the
next sentence of a text often rests on the same passage.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from assistant.citations import CitationStream, cited_sentences
from assistant.draft import compared, context_of
from assistant.errors import TextRefused
from assistant.events import CheckedSentence, Citation, Comparison, SentenceChecked, Support
from assistant.pasted import stretches
from assistant.reading import read
from assistant.verify import Check, check_sentence, is_claim
from retrieval.queries import leans_on_history
from retrieval.retriever import CitewellRetriever
from retrieval.values import Passage, Scope

MOST_CHARS = 20_000
MOST_STATEMENTS = 200
_AROUND = 3
"""So many statements before and after a statement lend it the passages that were found for them."""
_FIGURES = frozenset(("number", "date"))
_SAME_WORDS, _SAME_TOPIC = 0.75, 0.4
"""So much of a sentence's words in a stretch, and of the stretch's in the sentence, and both are about one thing."""
_CITED: frozenset[Support] = frozenset(("supported", "partly", "contradicted"))


@dataclass(frozen=True, slots=True)
class CheckedText:
    """A text with what the documents say of each of its sentences.

    `text` is what was given without the citation markers in it, which point at sources of somebody else.
    """

    text: str
    sentences: tuple[CheckedSentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    """Those that sentences were held against; a comparison names them by number, from 1."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def counts(self) -> dict[Support, int]:
        """How many sentences have each verdict."""
        return dict(Counter(sentence.support for sentence in self.sentences))


@dataclass(frozen=True, slots=True)
class Searched:
    """So many of the text's statements have been searched for."""

    done: int
    total: int


Checking = Searched | SentenceChecked | CheckedText


def check_text(text: str, *, scope: Scope, retriever: CitewellRetriever) -> CheckedText:
    """Every sentence of a text with its verdict, its proof and what it was held against.

    Raises TextRefused for a text that is empty or too long, and where the scope holds no document.
    """
    checked = None
    for event in checking(text, scope=scope, retriever=retriever):
        checked = event
    assert isinstance(checked, CheckedText), "what comes last"
    return checked


def checking(text: str, *, scope: Scope, retriever: CitewellRetriever) -> Iterator[Checking]:
    """The same, telling how far it is; the last event is the whole. Raises TextRefused before the first."""
    began = time.perf_counter()
    text = accepted_text(text)
    if not any(contents.documents for contents in retriever.catalogue.contents(scope).values()):
        raise TextRefused("There are no documents to check a text against yet. Read some in first.")
    sentences = sentences_of(text)
    statements = _statements(sentences)
    found: list[tuple[Passage, ...]] = []
    for statement, before in zip(statements, (None, *statements), strict=False):
        found.append(_find(statement, before, scope, retriever))
        yield Searched(len(found), len(statements))
    searched = time.perf_counter()
    proof, checked = _Proof(), []
    for sentence, at in _numbered(sentences):
        checked.append(sentence if at is None else proof.hold(sentence, _candidates(found, at), len(found[at])))
        yield SentenceChecked(checked[-1])
    timings = {"search": _ms(searched - began), "total": _ms(time.perf_counter() - began)}
    yield CheckedText(text, tuple(checked), tuple(proof.citations), tuple(proof.passages), timings)


def _statements(sentences: Sequence[CheckedSentence]) -> list[CheckedSentence]:
    """The sentences that claim something. Raises TextRefused where there are too many."""
    statements = [sentence for sentence, at in _numbered(sentences) if at is not None]
    if len(statements) > MOST_STATEMENTS:
        raise TextRefused(
            f"The text makes {len(statements):,} statements; at most {MOST_STATEMENTS} can be checked at once. "
            "Check it in parts."
        )
    return statements


def _numbered(sentences: Sequence[CheckedSentence]) -> Iterator[tuple[CheckedSentence, int | None]]:
    """Each sentence with its place among the statements, None where it claims nothing."""
    at = 0
    for sentence in sentences:
        is_statement = sentence.support != "not_a_claim"
        yield sentence, at if is_statement else None
        at += is_statement


def accepted_text(text: str) -> str:
    """The text as it is checked: trimmed, without foreign citation markers. Raises TextRefused."""
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MOST_CHARS:
        raise TextRefused(
            f"The text has {len(text):,} characters; at most {MOST_CHARS:,} can be checked at once. Check it in parts."
        )
    foreign = CitationStream(0)
    text = (foreign.feed(text) + foreign.finish()).strip()
    if not text:
        raise TextRefused("There is no text to check; paste one.")
    return text


def sentences_of(text: str) -> tuple[CheckedSentence, ...]:
    """The sentences of a text, those that claim something still `unsupported`.

    Headers, salutation, signature and quoted mail claim nothing of the writer's own.
    """
    return tuple(sentence for start, end, is_own in stretches(text) for sentence in _cut(text, start, end, is_own))


def _cut(text: str, start: int, end: int, is_own: bool) -> Iterator[CheckedSentence]:
    part = text[start:end]
    if not is_own:
        if words := part.strip():
            begin = start + part.index(words)
            yield CheckedSentence(words, begin, begin + len(words), "not_a_claim", ())
        return
    for cited in cited_sentences(part):
        support: Support = "unsupported" if is_claim(cited.sentence) else "not_a_claim"
        yield CheckedSentence(cited.sentence, start + cited.start, start + cited.end, support, ())


def _find(
    statement: CheckedSentence, before: CheckedSentence | None, scope: Scope, retriever: CitewellRetriever
) -> tuple[Passage, ...]:
    leans = before is not None and leans_on_history(statement.text)
    return retriever.find(statement.text, scope=scope, history=(before.text,) if before and leans else ()).passages


def _candidates(found: Sequence[tuple[Passage, ...]], at: int) -> tuple[Passage, ...]:
    """What a statement is held against: its own passages, then those of its neighbours, each once."""
    near = sorted(range(max(0, at - _AROUND), min(len(found), at + _AROUND + 1)), key=lambda other: abs(other - at))
    return tuple({_place(passage): passage for other in near for passage in found[other]}.values())


def _place(passage: Passage) -> tuple[int, int, int]:
    return passage.source.id, passage.start, passage.end


@dataclass(slots=True)
class _Proof:
    """Collects citations and passages in the order in which sentences need them."""

    citations: list[Citation] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)

    def hold(self, sentence: CheckedSentence, candidates: Sequence[Passage], own: int) -> CheckedSentence:
        """The sentence held against the candidates, of which the first `own` were found for itself."""
        check, opposing = _judge(sentence.text, candidates, own)
        closest = self._compared(check, candidates)
        numbers = (self._cite(closest),) if closest and check.support in _CITED else ()
        return CheckedSentence(
            sentence.text,
            sentence.start,
            sentence.end,
            check.support,
            numbers,
            closest,
            opposing and self._compared(opposing, candidates),
        )

    def _compared(self, check: Check, candidates: Sequence[Passage]) -> Comparison | None:
        if check.best is None:
            return None
        passage = candidates[check.best.passage]
        places = [_place(known) for known in self.passages]
        if _place(passage) not in places:
            self.passages.append(passage)
            places.append(_place(passage))
        return compared(check, candidates, {check.best.passage: places.index(_place(passage)) + 1})

    def _cite(self, closest: Comparison) -> int:
        """The number of a citation that covers the stretch; a new one where there is none yet."""
        passage = self.passages[closest.passage - 1]
        for known in self.citations:
            same = known.passage.source.id == passage.source.id
            if same and known.start <= closest.start and closest.end <= known.end:
                return known.n
        n = len(self.citations) + 1
        self.citations.append(Citation(n, passage, closest.quote, closest.start, closest.end))
        return n


def _judge(sentence: str, candidates: Sequence[Passage], own: int) -> tuple[Check, Check | None]:
    """The verdict over all candidates, and the check against another document that says otherwise.

    The first `own` candidates, which were found for the sentence itself, are asked one by one as well: where one
    says what the sentence says and another the opposite, it is supported. Of several that say otherwise the newest counts.
    """
    check = check_sentence(sentence, [p.text for p in candidates], contexts=[context_of(p) for p in candidates])
    if check.support == "not_a_claim" or check.best is None:
        return check, None
    alone = [_alone(sentence, i, passage) for i, passage in enumerate(candidates[:own])]
    rivals = [one for one in alone if one.support == "contradicted" and one.best]
    support = next((one for one in alone if one.support == "supported"), None)
    if check.support == "contradicted":
        if support and _is_other_figure(sentence, check, support, candidates):
            return support, check
        same = [one for one in rivals if _claimed(one) == _claimed(check)]
        return max((check, *same), key=lambda one: _dated(one, candidates)), None
    if check.support == "supported":
        check = _alone(sentence, check.best.passage, candidates[check.best.passage])
    check = check if check.support == "supported" else support or check
    if check.support != "supported":
        return check, None
    return check, next((one for one in rivals if _is_other_figure(sentence, one, check, candidates)), None)


def _is_other_figure(sentence: str, rival: Check, support: Check, candidates: Sequence[Passage]) -> bool:
    """Whether another document says nearly the same words with other figures: else it speaks of something else."""
    if rival.best is None or support.best is None:
        return False
    passage, supporting = candidates[rival.best.passage], candidates[support.best.passage]
    only_figures = all(each.kind in _FIGURES and each.stated for each in rival.differences)
    if passage.source.id == supporting.source.id or not only_figures:
        return False
    said, claimed = read(passage.text[rival.best.start : rival.best.end]).terms, read(sentence).terms
    shared = len(claimed & said)
    return shared >= _SAME_WORDS * len(claimed) and shared >= _SAME_TOPIC * len(said)


def _alone(sentence: str, number: int, passage: Passage) -> Check:
    """The check against one passage; supported only where the stretch that a reader is shown bears it out by itself."""
    context = [context_of(passage)]
    check = check_sentence(sentence, [passage.text], contexts=context)
    if check.best is None:
        return check
    best = check.best._replace(passage=number)
    if check.support == "supported":
        check = check_sentence(sentence, [passage.text[best.start : best.end]], contexts=context)
    return check._replace(best=best)


def _claimed(check: Check) -> frozenset[str]:
    return frozenset(difference.claimed for difference in check.differences)


def _dated(check: Check, candidates: Sequence[Passage]) -> date:
    return (check.best and candidates[check.best.passage].source.dated) or date.min


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
