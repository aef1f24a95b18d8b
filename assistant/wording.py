"""The words of an English sentence reduced to what can be compared: stems, negations, opposites.

Deliberately small and deterministic. Other languages still match word for word.
"""

import unicodedata
from functools import lru_cache
from typing import Literal

from assistant.quantities import MEASURING_WORDS

_STOP_WORDS = frozenset(
    """
    a about according all also am an and any are as at be been being both but by can could did do does doing done
    each either every for from had has have having he her here his how i if in into is it its itself just may
    me might must my of on one or our ours out over own per please shall she should so some such than that the
    their theirs them then there these they this those through thus to too under up upon us very
    was we were what when where whether which while who whom whose why will with within would yes you your yours
    document documents passage passages source sources following follow follows mention mentioned state stated
    states specify specified describe described note noted e g i.e e.g etc
    """.split()  # noqa: SIM905 - read as prose
)

_NEGATIONS = frozenset(
    """
    not no never cannot without neither none nobody nothing nor nowhere false untrue unless lack lacks lacked lacking
    """.split()  # noqa: SIM905 - read as prose
)

_OPPOSITES = {
    "prohibited": "allowed", "prohibits": "allows", "forbidden": "allowed", "banned": "allowed",
    "disallowed": "allowed", "disabled": "enabled", "disable": "enable", "disables": "enables",
    "optional": "required", "unnecessary": "necessary", "excluded": "included", "excludes": "includes",
    "exclude": "include", "excluding": "including", "rejected": "accepted", "rejects": "accepts",
    "denied": "granted", "ineligible": "eligible", "unpaid": "paid", "unable": "able",
    "impossible": "possible", "unsupported": "supported", "incompatible": "compatible",
    "unavailable": "available", "invalid": "valid", "unencrypted": "encrypted", "inactive": "active",
    "forbids": "allows", "forbid": "allow", "prohibit": "allow", "unlikely": "likely", "illegal": "legal",
    "unlawful": "lawful", "voluntary": "required",
}  # fmt: skip
"""Words that say another word's opposite, as a negation would."""

_SYNONYMS = {
    word: group.split()[0]
    for group in (
        "employee employees staff worker workers personnel",
        "holiday holidays vacation vacations",
        "buy buys bought purchase purchases purchased",
        "start starts started begin begins began commence commences",
        "end ends ended finish finishes finished",
        "require requires required need needs needed necessary mandatory compulsory obligatory",
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

_SUFFIXES = (
    "izations", "ization", "ations", "ation", "itions", "ition", "ibility", "ability", "ements", "ement", "ments",
    "ment", "ities", "ity", "ances", "ance", "ences", "ence", "able", "ible", "ings", "ing", "ions", "ion",
    "ives", "ive", "ies", "ied", "als", "al", "ers", "er", "ors", "or", "ed", "es", "ly", "s", "e", "y",
)  # fmt: skip
_MIN_STEM_CHARS = 4
_DENYING = ("un", "in", "im", "ir", "il", "dis", "non", "mis", "de")
_OPPOSED = (
    ("hyper", "hypo"), ("up", "down"), ("over", "under"), ("pre", "post"), ("intra", "extra"), ("intra", "inter"),
    ("kilo", "mega"), ("mega", "giga"), ("milli", "micro"), ("micro", "nano"), ("milli", "centi"), ("mono", "bi"),
    ("in", "out"), ("im", "ex"), ("anti", "pro"), ("macro", "micro"), ("homo", "hetero"), ("endo", "exo"),
    ("uni", "multi"),
)  # fmt: skip


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """A word as it is compared: small letters, one kind of apostrophe, no separators of thousands."""
    return unicodedata.normalize("NFKC", word).casefold().replace("\u2019", "'").replace(",", "") or word


def denies(word: str) -> bool:
    """Whether a folded word denies what follows it."""
    return word in _NEGATIONS or word.endswith("n't")


def affirmed(word: str) -> str | None:
    """What a folded word denies by itself: "allowed" for "prohibited"."""
    return _OPPOSITES.get(word)


def opposite_prefix(one: str, other: str) -> Literal["negation", "comparison"] | None:
    """In what sense two folded words that differ by a prefix alone are opposites; None where they are not."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    if any(longer.startswith(prefix) and longer[len(prefix) :].lstrip("-") == shorter for prefix in _DENYING):
        return "negation" if len(shorter) >= _MIN_STEM_CHARS else None
    for first, second in _OPPOSED:
        for a, b in ((first, second), (second, first)):
            if one.startswith(a) and other == b + one[len(a) :] and len(one) - len(a) >= _MIN_STEM_CHARS:
                return "comparison"
    return None


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
