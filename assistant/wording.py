"""The words of an English sentence reduced to what can be compared: stems, negations, opposites.

Deliberately small and deterministic. Other languages still match word for word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.quantities import MEASURING_WORDS

_STOP_WORDS = frozenset(
    """
    a about according all also am an and any are as at be been being both but by can could did do does doing done
    each either every for from had has have having he her here his how i if in into is it its itself just may
    me might must my of on one or our ours out over own per please shall she should so some such than that the
    their theirs them then there these they this those through thus to too under up upon us use used using very
    was we were what when where whether which while who whom whose why will with within would yes you your yours
    document documents passage passages source sources following follow follows mention mentioned state stated
    states specify specified describe described note noted e g i.e e.g etc
    """.split()  # noqa: SIM905 - read as prose
)

_NEGATIONS = frozenset(
    ("not", "no", "never", "cannot", "without", "neither", "none", "nobody", "nothing", "nor", "false", "untrue")
)

_OPPOSITES = {
    "prohibited": "allowed", "prohibits": "allows", "forbidden": "allowed", "banned": "allowed",
    "disallowed": "allowed", "disabled": "enabled", "disable": "enable", "disables": "enables",
    "optional": "required", "unnecessary": "necessary", "excluded": "included", "excludes": "includes",
    "exclude": "include", "excluding": "including", "rejected": "accepted", "rejects": "accepts",
    "denied": "granted", "ineligible": "eligible", "unpaid": "paid", "unable": "able",
    "impossible": "possible", "unsupported": "supported", "incompatible": "compatible",
    "unavailable": "available", "invalid": "valid", "unencrypted": "encrypted", "inactive": "active",
}  # fmt: skip
"""Words that say another word's opposite, as a negation would."""

_EXCLUSIVE = tuple(
    frozenset(group.split())
    for group in (
        "before after",
        "minimum maximum",
        "least most",
        "increase decrease",
        "increased decreased",
        "increases decreases",
        "above below",
        "internal external",
        "public private",
        "daily weekly monthly quarterly annual yearly",
        "monday tuesday wednesday thursday friday saturday sunday",
        "morning afternoon evening night",
        "first last",
        "earliest latest",
        "inside outside",
        "low medium high critical",
    )
)
"""Groups of words of which at most one is true of the same thing."""

_EXCLUSIVE_WORDS = frozenset(word for group in _EXCLUSIVE for word in group)

_SYNONYMS = {
    word: group.split()[0]
    for group in (
        "employee employees staff worker workers personnel",
        "holiday holidays vacation vacations",
        "buy buys bought purchase purchases purchased",
        "start starts started begin begins began commence commences",
        "end ends ended finish finishes finished",
        "require requires required need needs needed necessary",
        "receive receives received get gets got obtain obtains",
        "allow allows allowed permit permits permitted",
        "send sends sent submit submits submitted",
        "keep keeps kept retain retains retained store stores stored",
        "reimburse reimburses reimbursed reimbursement refund refunds refunded repay repays",
        "annual annually yearly",
        "cancel cancels cancelled canceled cancellation",
        "show shows shown display displays displayed",
        "choose chooses chosen select selects selected",
        "delete deletes deleted remove removes removed erase erases erased",
        "laptop laptops notebook notebooks",
        "boss manager managers supervisor supervisors",
        "error errors fault faults failure failures",
        "fix fixes fixed repair repairs repaired",
        "maximum max",
        "minimum min",
    )
    for word in group.split()
}

_TOKEN = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_NOT_ONLY = re.compile(r"\bnot (?=(?:just|only|merely|necessarily|always)\b)", re.IGNORECASE)
"""A "not" that denies nothing."""

_CLAUSE_END = re.compile(
    r"[;:,()\u2014|]|\b(?:but|except|unless|while|whereas|although|however|because|since|if|when|which|who)\b",
    re.IGNORECASE,
)
_SUFFIXES = (
    "izations", "ization", "ations", "ation", "itions", "ition", "ibility", "ability", "ements", "ement", "ments",
    "ment", "ities", "ity", "ances", "ance", "ences", "ence", "able", "ible", "ings", "ing", "ions", "ion",
    "ives", "ive", "ies", "ied", "als", "al", "ers", "er", "ors", "or", "ed", "es", "ly", "s", "e", "y",
)  # fmt: skip
_MIN_STEM_CHARS = 4


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence that is affirmed or denied as a whole."""

    terms: frozenset[str]
    topic: frozenset[str]
    """The terms without the exclusive words: what the clause is about."""
    names: frozenset[str]
    """Terms that are written with a capital inside the sentence, or in capitals."""
    exclusives: frozenset[str]
    is_denied: bool


def clauses(sentence: str) -> tuple[Clause, ...]:
    """The clauses of one sentence that say anything, in order."""
    sentence = _NOT_ONLY.sub("", sentence)
    found, start = [], 0
    for end in (*(m.start() for m in _CLAUSE_END.finditer(sentence)), len(sentence)):
        clause = _clause(sentence[start:end], opens=start == 0)
        if clause.terms or clause.exclusives:
            found.append(clause)
        start = end
    return tuple(found)


def clash(claim: Clause, source: Clause) -> bool:
    """Whether two clauses about the same thing say opposite things of it."""
    if claim.is_denied != source.is_denied:
        return True
    return any(
        (mine := claim.exclusives & group)
        and (theirs := source.exclusives & group)
        and not mine & theirs
        for group in _EXCLUSIVE
    )  # fmt: skip


def whole(parts: Sequence[Clause]) -> Clause:
    """A sentence's clauses as one; two denials make an affirmation."""
    return Clause(
        terms=frozenset(term for part in parts for term in part.terms),
        topic=frozenset(term for part in parts for term in part.topic),
        names=frozenset(term for part in parts for term in part.names),
        exclusives=frozenset(word for part in parts for word in part.exclusives),
        is_denied=sum(part.is_denied for part in parts) % 2 == 1,
    )


def _clause(text: str, *, opens: bool) -> Clause:
    found = list(_TOKEN.finditer(text))
    words = [match[0].lower().replace("\u2019", "'") for match in found]
    terms = [term(word) for word in words]
    flips = sum(map(_denies, words)) - ("neither" in words and "nor" in words)
    exclusives = _EXCLUSIVE_WORDS.intersection(words)
    kept = frozenset(filter(None, terms))
    return Clause(
        terms=kept,
        topic=kept.difference(map(term, exclusives)),
        names=frozenset(t for t, match in zip(terms, found, strict=True) if t and _is_name(match, opens=opens)),
        exclusives=exclusives,
        is_denied=flips % 2 == 1,
    )


def _is_name(found: re.Match[str], *, opens: bool) -> bool:
    word = found[0]
    return word[0].isupper() and (not opens or found.start() > 0 or (word.isupper() and len(word) > 1))


@lru_cache(maxsize=20_000)
def _denies(word: str) -> bool:
    return word in _NEGATIONS or word in _OPPOSITES or word.endswith("n't")


@lru_cache(maxsize=20_000)
def term(word: str) -> str:
    """What stands for a lower-case word in comparisons, empty for a word that says nothing by itself.

    "Approved", "approval" and "approves" are one term.
    """
    if word in _STOP_WORDS or word in MEASURING_WORDS or word in _NEGATIONS or word.endswith("n't"):
        return ""
    if word.isdigit() or (len(word) == 1 and word.isascii()):
        return ""
    word = word.removesuffix("'s")
    word = _OPPOSITES.get(word, word)
    return _stem(_SYNONYMS.get(word, word))


def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _MIN_STEM_CHARS:
            word = word.removesuffix(suffix)
            break
    return word[:-1] if len(word) > _MIN_STEM_CHARS and word[-1] == word[-2] else word
