"""Whether passages say what a sentence says, decided by rules alone: quotation, numbers, words, negation.

A sentence is held against windows of one to three neighbouring sentences. No number, date or name of the
sentence may be missing there; how much of its wording must be there is set by the thresholds below.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from heapq import nlargest
from typing import NamedTuple

from assistant.events import Difference, Support
from assistant.quantities import Quantity, find_quantities
from assistant.wording import Clause, clash, clauses, whole
from retrieval.sentences import sentence_spans

SUPPORTED_SHARE = 0.62
"""So much of a sentence's weighted wording in the window, and it counts as said there."""

PARTLY_SHARE = 0.4

CONTRADICTED_SHARE = 0.6
"""So much the same, and another number or a negation contradicts instead of being something else."""

CLAUSE_SHARE = 0.66
"""So much of a clause's terms in another clause, and both speak of the same thing."""

ALIKE_SHARE = 0.8
"""So much of two sentences' terms the same, and they are two wordings of one statement."""

JOINED_SHARE = 0.75
"""What two windows together must have of the wording: more than one, for they may speak of two things."""

JOINED_WINDOWS = 24
WINDOW_SENTENCES = 3
LENGTH_PENALTY = 0.04
NAME_WEIGHT = 1.5
NUMBER_WEIGHT = 1.5
MIN_QUOTED_TOKENS = 2
NEGATION_REACH = 4

_NEGATED = frozenset(("not", "no", "never", "cannot", "don't", "doesn't", "isn't", "false", "unless", "without"))
_ONE = frozenset(("a", "an", "one", "once", "1"))


class Span(NamedTuple):
    """A stretch of `passages[passage]`."""

    passage: int
    start: int
    end: int


class Check(NamedTuple):
    """The verdict, the stretch of a passage that comes closest to the sentence (None where none does), and in what
    the two differ."""

    support: Support
    best: Span | None
    differences: tuple[Difference, ...] = ()


def prepare(passages: Sequence[str], *, contexts: Sequence[str] = ()) -> None:
    """Read the passages in now, so that the first sentence checked against them is as quick as the next."""
    for i, text in enumerate(passages):
        _source(text, contexts[i] if i < len(contexts) else "")


def check_sentence(sentence: str, passages: Sequence[str], *, contexts: Sequence[str] = ()) -> Check:
    """Hold a sentence (without citation markers) against the passages it cites.

    `contexts[i]` is what else the reader of `passages[i]` knows: title and headings. Their words count as said.
    """
    if not is_claim(sentence):
        return Check("not_a_claim", None)
    sources = [_source(text, contexts[i] if i < len(contexts) else "") for i, text in enumerate(passages)]
    if quoted := _find_quotation(sentence, sources):
        return Check("supported", quoted)
    claim = _claim(sentence)
    if not claim.whole.terms and not claim.required:
        return Check("not_a_claim", None)
    return _judge(claim, sources)


_COURTESY = re.compile(
    r"(?:hi|hello|hey|dear|thanks?|thank you|sure|certainly|of course|you're welcome|great question"
    r"|i hope|i'm (?:happy|glad|sorry)|please let me know|let me know|feel free|if you (?:have|need|want)\b.*"
    r"\b(?:questions?|help|details?|information|ask|know)\b"
    r"|(?:here|below|this) (?:is|are)\b.*:|(?:in )?(?:summary|short|conclusion|answer|note))\b[^0-9]*",
    re.IGNORECASE,
)
_SILENCE = re.compile(
    r"\b(?:documents?|passages?|sources?|texts?|context|information|they)\b[^.;]*?"
    r"\b(?:do|does|did)(?:\s+not|n't)\s+(?:\w+\s+)?"
    r"(?:say|mention|specify|state|cover|give|address|describe|answer|tell|contain|include|provide|explain|define)\b"
    r"|\b(?:can(?:\s?not|'t)|could(?:\s+not|n't)|was unable to|were unable to) (?:find|answer|determine|tell|confirm)\b"
    r"|\b(?:there is|i have|i found) no (?:\w+ ){0,2}(?:information|mention|answer|details?)\b"
    r"|\b(?:is|are) not (?:\w+ly )?(?:mentioned|specified|stated|covered|described|given|answered) "
    r"(?:in|by) (?:the|these|any) (?:documents?|passages?|sources?|context)\b",
    re.IGNORECASE,
)
_TURN = re.compile(r"[,;]?\s*\b(?:but|however|although|though)\b", re.IGNORECASE)
_OPENING = re.compile(r"\s*(?:[-*+•]\s+|[0-9]{1,3}[.)]\s+)?(?:(?:yes|no)[,.:;]\s+)?", re.IGNORECASE)
_HEADING = re.compile(r"\s*#{1,6}\s|\s*(\*\*|__)[^*_.!?]{1,80}\1:?\s*\Z")
_MARKUP = re.compile(r"[*_`~#|>]+|\[([^\]]*)\]\([^)]*\)")
_TOKEN = re.compile(r"[^\W_]+(?:[.,'\u2019][^\W_]+)*|%")


def is_claim(sentence: str) -> bool:
    """Whether the sentence says anything that documents could back: no question, courtesy, heading or lead-in."""
    words = _MARKUP.sub(lambda m: m[1] or " ", sentence).strip()
    if (
        not _OPENING.sub("", f"{words} ", count=1).strip()
        or not any(letter.isalnum() for letter in words)
        or words.endswith("?")
        or _HEADING.match(sentence)
    ):
        return False
    if words.endswith(":") and not find_quantities(words):
        return False
    if silence := _SILENCE.search(words):
        return bool(_TURN.search(words, silence.end()))
    return not _COURTESY.fullmatch(words)


class _Claim(NamedTuple):
    clauses: tuple[Clause, ...]
    whole: Clause
    required: tuple[Quantity, ...]
    """The numbers that a source must state; "one" and "a" are left to the wording."""


class _Sentence(NamedTuple):
    start: int
    end: int
    clauses: tuple[Clause, ...]
    whole: Clause
    quantities: tuple[Quantity, ...]


class _Window(NamedTuple):
    """Neighbouring sentences, with what they and the passage's context say."""

    sentences: tuple[_Sentence, ...]
    terms: frozenset[str]
    quantities: tuple[Quantity, ...]


class _Source(NamedTuple):
    """A passage made ready: its windows, all its words and numbers, and its tokens for finding quotations."""

    windows: tuple[_Window, ...]
    terms: frozenset[str]
    quantities: tuple[Quantity, ...]
    text: str
    tokens: tuple[str, ...]


class _Candidate(NamedTuple):
    """A window, the share of the claim's weighted wording in it, and its rank with numbers and length."""

    passage: int
    window: _Window
    share: float
    rank: float


def _judge(claim: _Claim, sources: Sequence[_Source]) -> Check:
    weights = _weights(claim, sources)
    candidates = [_score(i, w, claim, weights) for i, source in enumerate(sources) for w in source.windows]
    best = max(candidates, key=lambda candidate: candidate.rank, default=None)
    if best is None or best.rank <= 0:
        return Check("unsupported", None)
    verdict = _verdict(claim, best, sources[best.passage])
    if verdict in {"partly", "unsupported"} and _is_said_in_two(claim, best, candidates, weights):
        verdict = "supported"
    sentences = best.window.sentences
    return Check(verdict, Span(best.passage, sentences[0].start, sentences[-1].end))


def _verdict(claim: _Claim, best: _Candidate, source: _Source) -> Support:
    window = best.window
    missing = [q for q in claim.required if not _is_stated(q, window.quantities)]
    if best.share >= PARTLY_SHARE and _is_denied(claim, window):
        return "contradicted"
    if best.share >= CONTRADICTED_SHARE and any(_has_rival(q, claim, window) for q in missing):
        return "contradicted"
    unnamed = claim.whole.names - window.terms
    if missing or unnamed:
        elsewhere = all(_is_stated(q, source.quantities) for q in missing) and unnamed <= source.terms
        return "partly" if elsewhere and best.share >= PARTLY_SHARE else "unsupported"
    if best.share >= SUPPORTED_SHARE:
        return "supported"
    return "partly" if best.share >= PARTLY_SHARE else "unsupported"


def _is_said_in_two(
    claim: _Claim, best: _Candidate, candidates: Sequence[_Candidate], weights: dict[str, float]
) -> bool:
    """Whether one more window, of any passage, says the rest."""
    if best.share < PARTLY_SHARE / 2:
        return False
    for other in nlargest(JOINED_WINDOWS, candidates, key=lambda candidate: candidate.rank):
        both = _join(best.window, other.window)
        share = _score(best.passage, both, claim, weights).share
        whole = all(_is_stated(q, both.quantities) for q in claim.required)
        if share >= JOINED_SHARE and whole and not claim.whole.names - both.terms and not _is_denied(claim, both):
            return True
    return False


def _is_stated(quantity: Quantity, stated: Sequence[Quantity]) -> bool:
    return any(quantity.is_backed_by(other) for other in stated)


def _has_rival(quantity: Quantity, claim: _Claim, window: _Window) -> bool:
    """Whether the closest sentence measures the same thing and states a number that the claim does not."""
    closest = max(window.sentences, key=lambda sentence: len(sentence.whole.terms & claim.whole.terms))
    return any(quantity.rivals(q) and not _is_stated(q, claim.required) for q in closest.quantities)


def _is_denied(claim: _Claim, window: _Window) -> bool:
    """Whether the claim says the opposite of a sentence like it, or a clause of it of all clauses like that."""
    alike = [sentence.whole for sentence in window.sentences if _is_alike(claim.whole, sentence.whole)]
    if alike:
        return all(clash(claim.whole, source) for source in alike)
    sources = [clause for sentence in window.sentences for clause in sentence.clauses]
    for clause in claim.clauses:
        same = [source for source in sources if _is_about_same(clause, source)]
        if same and all(clash(clause, source) for source in same):
            return True
    return False


def _is_alike(claim: Clause, source: Clause) -> bool:
    shared = len(claim.topic & source.topic)
    return shared > 0 and shared >= ALIKE_SHARE * max(len(claim.topic), len(source.topic))


def _is_about_same(clause: Clause, source: Clause) -> bool:
    shared = len(clause.topic & source.topic)
    return len(clause.topic) > 1 and shared >= max(CLAUSE_SHARE * len(clause.topic), len(source.topic) / 2)


def _score(passage: int, window: _Window, claim: _Claim, weights: dict[str, float]) -> _Candidate:
    wording = sum(weights.values())
    found = sum(weights[term] for term in claim.whole.terms & window.terms)
    stated = NUMBER_WEIGHT * sum(_is_stated(q, window.quantities) for q in claim.required)
    share = found / wording if wording else min(1.0, stated)
    rank = (found + stated) * (1 - LENGTH_PENALTY * (len(window.sentences) - 1))
    return _Candidate(passage, window, share, rank)


def _join(first: _Window, second: _Window) -> _Window:
    return _Window(
        first.sentences + second.sentences,
        first.terms | second.terms,
        first.quantities + second.quantities,
    )


def _weights(claim: _Claim, sources: Sequence[_Source]) -> dict[str, float]:
    """How much each term of the claim says: little where every sentence has it, most for names."""
    sentences = [w.sentences[0].whole.terms for source in sources for w in source.windows if len(w.sentences) == 1]
    frequency = Counter(term for terms in sentences for term in terms & claim.whole.terms)
    scale = math.log(len(sentences) + 1) or 1.0
    return {
        term: (NAME_WEIGHT if term in claim.whole.names else 1.0)
        * (0.5 + 0.5 * math.log((len(sentences) + 1) / max(1, frequency[term])) / scale)
        for term in claim.whole.terms
    }


def _find_quotation(sentence: str, sources: Sequence[_Source]) -> Span | None:
    """Where a passage says the sentence word for word, whatever its case, spacing, quotes and markup."""
    wanted = _tokens(sentence)
    if len(wanted) < MIN_QUOTED_TOKENS:
        return None
    for i, source in enumerate(sources):
        for at in _occurrences(wanted, source.tokens):
            if not _NEGATED.intersection(source.tokens[max(0, at - NEGATION_REACH) : at]):
                spans = [found.span() for found in _TOKEN.finditer(source.text)]
                return Span(i, spans[at][0], spans[at + len(wanted) - 1][1])
    return None


def _occurrences(wanted: tuple[str, ...], words: tuple[str, ...]) -> Iterator[int]:
    at = -1
    while wanted[0] in words[at + 1 :]:
        at = words.index(wanted[0], at + 1)
        if words[at : at + len(wanted)] == wanted:
            yield at


def _tokens(text: str) -> tuple[str, ...]:
    return tuple(_fold(token) for token in _TOKEN.findall(text))


@lru_cache(maxsize=20_000)
def _fold(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold().replace("\u2019", "'").replace(",", "")


def _claim(sentence: str) -> _Claim:
    words = _OPENING.sub("", sentence, count=1)
    parts = clauses(words)
    stated = (found.quantity for found in find_quantities(words))
    return _Claim(parts, whole(parts), tuple(q for q in stated if q.text.lower() not in _ONE))


@lru_cache(maxsize=256)
def _source(text: str, context: str) -> _Source:
    """The passage made ready. Kept for the next sentences of the same answer; a pure function of its text."""
    about = _claim(context)
    sentences = tuple(_sentence(text, start, end) for start, end in sentence_spans(text))
    windows = tuple(
        _window(sentences[i : i + size], about)
        for size in range(1, WINDOW_SENTENCES + 1)
        for i in range(len(sentences) - size + 1)
    )
    quantities = tuple(q for sentence in sentences for q in sentence.quantities)
    terms = about.whole.terms.union(*(sentence.whole.terms for sentence in sentences))
    return _Source(windows, terms, quantities + about.required, text, _tokens(text))


def _sentence(text: str, start: int, end: int) -> _Sentence:
    words = text[start:end]
    parts = clauses(words)
    return _Sentence(start, end, parts, whole(parts), tuple(stated.quantity for stated in find_quantities(words)))


def _window(sentences: tuple[_Sentence, ...], about: _Claim) -> _Window:
    return _Window(
        sentences,
        about.whole.terms.union(*(sentence.whole.terms for sentence in sentences)),
        about.required + tuple(q for sentence in sentences for q in sentence.quantities),
    )
