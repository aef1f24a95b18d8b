"""Whether passages say what a sentence says, decided by rules alone: quotation, numbers, words, negation.

A sentence is held against windows of one to three neighbouring sentences. No number, date or name of the
sentence may be missing there; how much of its wording must be there is set by the thresholds below.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from heapq import nlargest
from typing import NamedTuple

from assistant.differences import find_differences, missing_wording
from assistant.events import Difference, Support
from assistant.quantities import Quantity, find_quantities
from assistant.reading import SOFT_NUMBERS, Reading, read, without_markup
from assistant.wording import fold
from retrieval.sentences import sentence_spans

SUPPORTED_SHARE = 0.7
"""So much of a sentence's weighted wording in the window, and it counts as said there."""

PARTLY_SHARE = 0.4

CONTRADICTED_SHARE = 0.5
"""So much the same, and another number or a negation contradicts instead of being something else."""

NEARLY = 0.4
WORDING_WEIGHT = 0.25
LIKENESS_PENALTY = 0.05
"""A window is looked at closely that lacks at most NEARLY of the best one's share of the wording."""

AS_GOOD = 6
AS_GOOD_LIKENESS = 0.1
"""Windows so alike are versions of one statement, of which the claim may follow any: an old rule and a new one."""

JOINED_SHARE = 0.75
"""What two windows together must have of the wording: more than one, for they may speak of two things."""

JOINED_WINDOWS = 24
JOINED_TRIED = 3
WINDOW_SENTENCES = 3
LENGTH_PENALTY = 0.04
NAME_WEIGHT = 1.5
NUMBER_WEIGHT = 1.5
MIN_QUOTED_TOKENS = 2
MOST_CHARS = 3_000
"""A longer sentence is backed only where it is quoted: nobody wrote it to be read."""

NEGATION_REACH = 4

_NEGATED = frozenset(("not", "no", "never", "cannot", "don't", "doesn't", "isn't", "n't", "false", "unless", "without"))
_DENIABLE = frozenset(("number", "date", "comparison"))


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
    if len(sentence) > MOST_CHARS:
        return Check("unsupported", None)
    claim = _claim(sentence)
    if not claim.reading.terms and not claim.required:
        return Check("not_a_claim", None)
    return _judge(claim, sources)


_COURTESY = re.compile(
    r"(?:(?:hi|hello|hey|dear|thanks?|thank you|you're welcome|great question|i hope|i'm (?:happy|glad|sorry)"
    r"|(?:please )?let me know|feel free)\b[^0-9]*"
    r"|(?:sure|certainly|of course|absolutely)\b\W*(?:(?:here|i|i'd|i'll|let me|happy)\b[^0-9]*)?"
    r"|if you (?:have|need|want)\b[^0-9]*\b(?:let me know|ask me|just ask|feel free|happy to|i can)\b[^0-9]*"
    r"|if you (?:have|need|want) (?:any |more |further |other |additional )*(?:questions?|help|details?|information)\W*"
    r"|(?:here|below|this) (?:is|are)\b[^0-9]*:|(?:in )?(?:summary|short|conclusion|answer|note)\W*)",
    re.IGNORECASE,
)
_SILENCE = re.compile(
    r"\b(?:(?:the|these|those|your|any|no|provided|given|available|cited) (?:\w+ ){0,2}?"
    r"(?:documents?|passages?|sources?|texts?|context|excerpts?|information)|they)\b[^.;,]{0,40}?"
    r"\b(?:do|does|did)(?:\s+not|n't)\s+(?:\w+ly\s+)?"
    r"(?:say|mention|specify|state|cover|address|describe|answer|tell|explain|define|contain (?:any )?information|provide (?:any )?information)\b"
    r"|\bI (?:can(?:\s?not|'t)|could(?:\s+not|n't)|was unable to|am unable to) (?:find|answer|determine|tell|confirm)\b"
    r"|\b(?:there is|i have|i found) no (?:\w+ ){0,2}(?:information|mention|answer|details?)\b"
    r"|\b(?:is|are) not (?:\w+ly )?(?:mentioned|specified|stated|covered|described|given|answered) "
    r"(?:in|by) (?:the|these|any) (?:documents?|passages?|sources?|context)\b",
    re.IGNORECASE,
)
_TURN = re.compile(r"[,;]?\s*\b(?:but|however|although|though)\b", re.IGNORECASE)
_OPENING = re.compile(r"\s*(?:[-*+•]\s+|[0-9]{1,3}[.)]\s+)?(?:(?:yes|no)[,.:;]\s+)?", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"\A\s*(?:according to|as stated in|as per|per) (?:the|this|our|your) (?:[\w-]+ ){0,3}"
    r"(?:polic(?:y|ies)|documents?|passages?|sources?|texts?|handbook|guide(?:lines?)?|manual|rules|terms|report),\s",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\s*#{1,6}\s|\s*(\*\*|__)[^*_.!?]{1,80}\1:?\s*\Z")
_MARKUP = re.compile(r"[*_`~#|>]+|\[([^\]]*)\]\([^)]*\)")
_TOKEN = re.compile(r"[^\W_]+(?:[.,'\u2019][^\W_]+)*|[%$\u20ac\u00a3\u00a5\u20b9]")


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


class _Sentence(NamedTuple):
    start: int
    end: int
    reading: Reading
    quantities: tuple[Quantity, ...]


class _Window(NamedTuple):
    """Neighbouring sentences, with what they and the passage's context say."""

    sentences: tuple[_Sentence, ...]
    terms: frozenset[str]
    quantities: tuple[Quantity, ...]


class _Claim(NamedTuple):
    reading: Reading
    required: tuple[Quantity, ...]
    """The numbers that a source must state; "one" and "a" are left to their place."""


class _Source(NamedTuple):
    """A passage made ready: its windows, all its words and numbers, and its tokens for finding quotations."""

    windows: tuple[_Window, ...]
    terms: frozenset[str]
    known: frozenset[str]
    """The terms of the context alone."""
    quantities: tuple[Quantity, ...]
    sentences: tuple[_Sentence, ...]
    tokens: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    """Where each token stands."""


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
    if best is None:
        return Check("unsupported", None)
    if best.rank <= 0:
        return Check("unsupported", None, missing_wording(claim.reading, frozenset()))
    likest, differences = _closest(claim, candidates, best, sources)
    verdict = _verdict(claim, likest, best, sources[likest.passage], differences)
    if verdict in {"partly", "unsupported"} and not any(each.stated for each in differences):
        for both in _joined(claim, likest, candidates, weights):
            differences = _differences(claim, both, sources[likest.passage].known, both)
            if not differences:
                verdict = "supported"
                break
    sentences = likest.window.sentences
    span = Span(likest.passage, sentences[0].start, sentences[-1].end)
    if verdict == "supported":
        return Check(verdict, span)
    return Check(verdict, span, differences or missing_wording(claim.reading, best.window.terms))


def _closest(
    claim: _Claim, candidates: Sequence[_Candidate], best: _Candidate, sources: Sequence[_Source]
) -> tuple[_Candidate, tuple[Difference, ...]]:
    """The window of which the claim is a version, and where several could be, one from which it does not differ."""
    likest = _likest(claim, candidates)
    compared = [(each, _differences(claim, each.window, sources[each.passage].known, best.window)) for each in likest]
    return next((pair for pair in compared if not pair[1]), compared[0])


def _differences(claim: _Claim, window: _Window, known: frozenset[str], all_said: _Window) -> tuple[Difference, ...]:
    found = find_differences(claim.reading, [sentence.reading for sentence in window.sentences], known)
    return tuple(each for each in found if each.stated or not _is_said_in(each, all_said))


def _likest(claim: _Claim, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """The window that has most of the claim's pairs of neighbouring words, and others that are as good."""
    pairs = claim.reading.pairs

    def likeness(candidate: _Candidate) -> float:
        sentences = candidate.window.sentences
        shared = sum(any(pair in sentence.reading.pairs for sentence in sentences) for pair in pairs)
        length = LIKENESS_PENALTY * (len(sentences) - 1)
        return shared / max(1, len(pairs)) + WORDING_WEIGHT * candidate.share - length

    least = max(candidate.share for candidate in candidates) - NEARLY
    scored = [(likeness(each), each) for each in candidates if each.share >= least]
    score, best = max(scored, key=lambda each: each[0])
    as_good = [
        each
        for near, each in nlargest(AS_GOOD, scored, key=lambda each: each[0])
        if near >= score - AS_GOOD_LIKENESS and not _overlap(each, best)
    ]
    return [best, *as_good]


def _overlap(one: _Candidate, other: _Candidate) -> bool:
    starts = {sentence.start for sentence in one.window.sentences}
    return one.passage == other.passage and not starts.isdisjoint(each.start for each in other.window.sentences)


def _is_said_in(difference: Difference, window: _Window) -> bool:
    """Whether a number or name that the likest window lacks is in the window that holds most of all."""
    if difference.kind not in {"number", "date", "name"}:
        return False
    claimed = read(f". {difference.claimed}")
    return claimed.terms <= window.terms and all(
        _is_stated(word.quantity, window.quantities) for word in claimed.words if word.quantity
    )


def _verdict(
    claim: _Claim, likest: _Candidate, best: _Candidate, source: _Source, differences: Sequence[Difference]
) -> Support:
    share = max(likest.share, best.share)
    if any(each.kind == "negation" and each.stated for each in differences) and share >= PARTLY_SHARE:
        return "contradicted"
    if any(each.kind in _DENIABLE and each.stated for each in differences) and share >= CONTRADICTED_SHARE:
        return "contradicted"
    if any(each.stated for each in differences):
        return "unsupported"
    if differences:
        elsewhere = (
            all(_is_stated(q, source.quantities) for q in claim.required) and claim.reading.names <= source.terms
        )
        said = elsewhere and not any(each.kind == "negation" for each in differences)
        return "partly" if said and share >= PARTLY_SHARE else "unsupported"
    if share >= SUPPORTED_SHARE:
        return "supported"
    return "partly" if share >= PARTLY_SHARE else "unsupported"


def _joined(
    claim: _Claim, likest: _Candidate, candidates: Sequence[_Candidate], weights: dict[str, float]
) -> list[_Window]:
    """The window with one more, of any passage, where the two together say the claim; the fullest first."""
    if likest.share < PARTLY_SHARE / 2:
        return []
    others = nlargest(JOINED_WINDOWS, candidates, key=lambda candidate: candidate.rank)
    joined = [_score(likest.passage, _join(likest.window, other.window), claim, weights) for other in others]
    whole = [both for both in joined if both.share >= JOINED_SHARE and _holds_all(claim, both.window)]
    return [both.window for both in nlargest(JOINED_TRIED, whole, key=lambda both: both.rank)]


def _holds_all(claim: _Claim, window: _Window) -> bool:
    return claim.reading.names <= window.terms and all(_is_stated(q, window.quantities) for q in claim.required)


def _is_stated(quantity: Quantity, stated: Sequence[Quantity]) -> bool:
    return any(quantity.is_backed_by(other) for other in stated)


def _score(passage: int, window: _Window, claim: _Claim, weights: dict[str, float]) -> _Candidate:
    wording = sum(weights.values())
    found = sum(weights[term] for term in claim.reading.terms & window.terms)
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
    sentences = [w.sentences[0].reading.terms for source in sources for w in source.windows if len(w.sentences) == 1]
    frequency = Counter(term for terms in sentences for term in terms & claim.reading.terms)
    scale = math.log(len(sentences) + 1) or 1.0
    return {
        term: (NAME_WEIGHT if term in claim.reading.names else 1.0)
        * (0.5 + 0.5 * math.log((len(sentences) + 1) / max(1, frequency[term])) / scale)
        for term in claim.reading.terms
    }


def _find_quotation(sentence: str, sources: Sequence[_Source]) -> Span | None:
    """Where a passage says the sentence word for word, whatever its case, spacing, quotes and markup."""
    wanted = _tokens(sentence)
    if len(wanted) < MIN_QUOTED_TOKENS:
        return None
    for i, source in enumerate(sources):
        for at in _occurrences(wanted, source.tokens):
            span = Span(i, source.spans[at][0], source.spans[at + len(wanted) - 1][1])
            if not _is_turned(source, at, at + len(wanted)):
                return span
    return None


def _is_turned(source: _Source, first: int, last: int) -> bool:
    """Whether a negation of the same sentence stands before or right behind the words from `first` to `last`."""
    start, end = source.spans[first][0], source.spans[last - 1][1]
    whole = next((each for each in source.sentences if each.start <= start and end <= each.end), None)
    if whole is None:
        return False
    before = [token for token, span in zip(source.tokens, source.spans, strict=True) if whole.start <= span[0] < start]
    behind = [token for token, span in zip(source.tokens, source.spans, strict=True) if end <= span[0] < whole.end]
    return not _NEGATED.isdisjoint((*before[-NEGATION_REACH:], *behind[:1]))


def _occurrences(wanted: tuple[str, ...], words: tuple[str, ...]) -> Iterator[int]:
    at = -1
    while wanted[0] in words[at + 1 :]:
        at = words.index(wanted[0], at + 1)
        if words[at : at + len(wanted)] == wanted:
            yield at


def _tokens(text: str) -> tuple[str, ...]:
    return tuple(fold(token) for token in _TOKEN.findall(without_markup(text)))


def _claim(sentence: str) -> _Claim:
    reading = read(_LEAD_IN.sub("", _OPENING.sub("", sentence, count=1)))
    stated = (word.quantity for word in reading.words if word.quantity)
    return _Claim(reading, tuple(q for q in stated if q.text.lower() not in SOFT_NUMBERS))


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
    spans = tuple(found.span() for found in _TOKEN.finditer(without_markup(text)))
    terms = about.reading.terms.union(*(sentence.reading.terms for sentence in sentences))
    return _Source(windows, terms, about.reading.terms, quantities + about.required, sentences, _tokens(text), spans)


def _sentence(text: str, start: int, end: int) -> _Sentence:
    reading = read(text[start:end])
    return _Sentence(start, end, reading, tuple(word.quantity for word in reading.words if word.quantity))


def _window(sentences: tuple[_Sentence, ...], about: _Claim) -> _Window:
    return _Window(
        sentences,
        about.reading.terms.union(*(sentence.reading.terms for sentence in sentences)),
        about.required + tuple(q for sentence in sentences for q in sentence.quantities),
    )
