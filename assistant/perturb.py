"""What else a sentence could say: the same in other words, or something false by one changed detail.

For measuring the check. It knows nothing of the check's own tables, so that neither flatters the other.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple


class Form(NamedTuple):
    """A sentence, and in what it differs from the one it was made of."""

    kind: str
    text: str


_Change = Callable[[str, Random], str | None]
"""Another sentence, None where the given one offers nothing to change."""

_NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_DIGITS = re.compile(
    r"(?<![\w.,:/#+=@&?-])[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?(?![\w/:@]|[.,][0-9]|-[A-Za-z0-9]|[.)]\s*[A-Z]|\s:)(?<!: [0-9])(?<!: [0-9]{2})"
)
_POINTER = re.compile(
    r"(?:\b(?:section|sec|article|art|figure|fig|table|chapter|page|appendix|clause|rule|part|step|note|version|level"
    r"|reference|ref|no|number|act|title|code|usc|cfr|pub|form|room|suite|box|channel|phase|type|class|grade)s?\.?"
    r"|§+)\s*\Z|[\[(]\Z",
    re.IGNORECASE,
)
"""What comes before a number that only points to something."""

_COUNTED = "|".join(_NUMBER_WORDS[2:])
_COUNT_WORD = re.compile(rf"(?<![\w-])(?:{_COUNTED})(?![\w-])", re.IGNORECASE)
_COUNTS_ON = re.compile(rf"[\s-]+(?:hundred|thousand|million|billion|{_COUNTED})\b", re.IGNORECASE)
_ORDINAL_WORD = re.compile(rf"\b(?:{'|'.join(_ORDINALS[2:])})\b(?! of all)", re.IGNORECASE)
_ORDINAL_DIGITS = re.compile(r"\b([0-9]+)(st|nd|rd|th)\b")
_YEAR = re.compile(r"(?<![\w.,/-])(?:1[6-9]|20)[0-9]{2}(?![\w/]|[.,][0-9]|-[0-9])")
_MONTH = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b(?= [0-9])|(?<=[0-9] )(?:{'|'.join(_MONTHS)})\b")
_WEEKDAY = re.compile(rf"\b(?:{'|'.join(_WEEKDAYS)})(?=s?\b)")

_UNIT_GROUPS = (
    ("second", "minute", "hour", "day", "week", "month", "year"),
    ("seconds", "minutes", "hours", "days", "weeks", "months", "years"),
    ("hourly", "daily", "weekly", "monthly", "yearly"),
    ("nanometers", "micrometers", "millimeters", "centimeters", "meters", "kilometers"),
    ("milligrams", "grams", "kilograms"), ("kilobytes", "megabytes", "gigabytes", "terabytes"),
    ("mg", "g", "kg"), ("mm", "cm", "m", "km"), ("KB", "MB", "GB", "TB"), ("kW", "MW", "GW"),
    ("miles", "kilometres"), ("feet", "metres"), ("dollars", "euros", "pounds"), ("USD", "EUR", "GBP"),
    ("million", "billion", "trillion"), ("hundred", "thousand", "million"),
    ("percent", "percentage points"),
)  # fmt: skip
_UNITS_AFTER_WORDS = frozenset(("daily", "weekly", "monthly", "yearly", "hourly"))

_COMPARISONS = (
    ("before", "after"), ("at least", "at most"), ("no more than", "no less than"), ("more than", "less than"),
    ("greater", "smaller"), ("higher", "lower"), ("above", "below"), ("minimum", "maximum"), ("increase", "decrease"),
    ("increased", "decreased"), ("increases", "decreases"), ("earlier", "later"), ("earliest", "latest"),
    ("older", "younger"), ("longer", "shorter"), ("larger", "smaller"), ("largest", "smallest"), ("fewer", "more"),
    ("highest", "lowest"), ("better", "worse"), ("inside", "outside"), ("always", "sometimes"), ("up to", "at least"),
    ("faster", "slower"), ("fastest", "slowest"), ("oldest", "youngest"), ("stronger", "weaker"), ("rose", "fell"),
)  # fmt: skip
_OBLIGATIONS = (("may", "must"), ("must", "may"), ("required", "optional"), ("mandatory", "optional"))
_OPPOSITES = (
    ("allowed", "prohibited"), ("prohibited", "allowed"), ("permitted", "forbidden"), ("enabled", "disabled"),
    ("included", "excluded"), ("eligible", "ineligible"), ("possible", "impossible"), ("paid", "unpaid"),
    ("available", "unavailable"), ("able to", "unable to"), ("unable to", "able to"), ("likely", "unlikely"),
)  # fmt: skip

_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|can|could|must|should|will|would|may|shall)\b(?! (?:not|only|also|all|just|never|no)\b)"
    r"|\b(?:has|have|had)\b(?= (?:been|\w{3,}ed)\b)"
)
_DENIALS = (
    (re.compile(r"\b(can)(?:not| not|'t|\u2019t)\b(?! only)", re.IGNORECASE), r"\1"),
    (
        re.compile(
            r"\b(is|are|was|were|do|does|did|has|have|had|could|should|would|must|may|will|shall)"
            r"(?: not|n't|n\u2019t| n't)\b(?! (?:only|just|merely|necessarily|always|limited)\b)",
            re.IGNORECASE,
        ),
        r"\1",
    ),
    (re.compile(r"\bnever\b"), "always"),
    (re.compile(r"\bwithout\b"), "with"),
    (re.compile(r"\bno (?=[a-z]{4,}\b)(?!longer|later|matter|more|less|other|doubt)", re.IGNORECASE), "some "),
    (re.compile(r"\bunless\b", re.IGNORECASE), "if"),
)
_CONTRACTIONS = (
    ("do not", "don't"), ("does not", "doesn't"), ("did not", "didn't"), ("is not", "isn't"), ("are not", "aren't"),
    ("was not", "wasn't"), ("were not", "weren't"), ("cannot", "can't"), ("can not", "can't"), ("will not", "won't"),
    ("would not", "wouldn't"), ("should not", "shouldn't"), ("could not", "couldn't"), ("has not", "hasn't"),
    ("have not", "haven't"), ("had not", "hadn't"), ("must not", "mustn't"), ("it is", "it's"), ("you are", "you're"),
    ("we are", "we're"), ("they are", "they're"), ("we will", "we'll"), ("you will", "you'll"), ("we have", "we've"),
    ("you have", "you've"), ("that is", "that's"), ("there is", "there's"), ("they have", "they've"),
)  # fmt: skip
_SYNONYMS = (
    ("assist", "help"), ("obtain", "get"), ("in order to", "to"), ("prior to", "before"), ("additional", "further"),
    ("utilize", "use"), ("approximately", "about"), ("commence", "start"), ("however", "but"), ("such as", "like"),
    ("purchase", "buy"), ("receive", "get"), ("require", "need"), ("provide", "give"), ("ensure", "make sure"),
    ("regarding", "about"), ("begin", "start"), ("large", "big"), ("many", "numerous"), ("must", "have to"),
    ("showed", "revealed"), ("demonstrated", "showed"), ("located", "situated"), ("share", "disclose"),
)  # fmt: skip
_LEAD_IN = re.compile(
    r"(?:However|Therefore|Furthermore|Moreover|In addition|Additionally|For example|For instance|Note that|Thus"
    r"|As a result|In general|Generally|Here|Finally|In contrast|Also|Similarly|Specifically|In conclusion"
    r"|Please note that|In particular|Of course|According to [^,]{3,60}|In (?:this|our) \w+(?: \w+)?)(?:,|\s(?=that\b)|\s,)\s+",
)
_CONDITION = re.compile(
    r"(?P<front>(?:If|When|Before|After|Once|While|Although|Because|Since|Unless)\s[^,.;:]{8,90}),\s(?P<main>[^;:]{12,}?)(?P<end>\s?\.)\Z"
)
_CONDITION_BEHIND = re.compile(
    r"(?P<main>[A-Z][^,;:]{12,120}?),?\s(?P<front>(?:if|when|because|although|unless|while)\s[^,.;:]{8,90}?)(?P<end>\s?\.)\Z"
)
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-z]{2,}|[A-Z]{3,})(?: (?:[A-Z][a-z]{2,}|[A-Z]{3,}))*(?![\w'’-])")
_NO_NAMES = frozenset(
    (*_MONTHS, *_WEEKDAYS, "The", "This", "You", "Our", "Your", "And", "For", "NOT", "AND", "THE", "YOU", "ARE")
)


def names_in(text: str) -> tuple[str, ...]:
    """What is written like a name inside the sentences of a text, in order, each once."""
    found = (match[0] for match in _NAME.finditer(text))
    return tuple(dict.fromkeys(name for name in found if not _NO_NAMES.intersection(name.split())))


def true_forms(sentence: str, rng: Random) -> Iterator[Form]:
    """The sentence itself and light rephrasings of it."""
    yield Form("verbatim", sentence)
    changed = sentence
    for kind, change in _REPHRASINGS.items():
        if (text := change(sentence, rng)) and text != sentence:
            yield Form(kind, text)
            changed = change(changed, rng) or changed
    if changed != sentence:
        yield Form("several", changed)


def false_forms(sentence: str, names: Sequence[str], rng: Random) -> Iterator[Form]:
    """Sentences that say something else by one number, date, unit, name, negation or comparison.

    `names` are what may stand in a name's place.
    """
    for kind, change in _FALSIFICATIONS.items():
        if (text := change(sentence, rng)) and text != sentence:
            yield Form(kind, text)
    if text := _with_other_name(sentence, names, rng):
        yield Form("name", text)


def _pick(pattern: re.Pattern[str], sentence: str, rng: Random) -> re.Match[str] | None:
    found = list(pattern.finditer(sentence))
    return rng.choice(found) if found else None


def _put(sentence: str, found: re.Match[str], text: str) -> str:
    if found[0][:1].isupper():
        text = text[:1].upper() + text[1:]
    return sentence[: found.start()] + text + sentence[found.end() :]


def _other(choices: Sequence[str], word: str, rng: Random) -> str:
    return rng.choice([choice for choice in choices if choice.lower() != word.lower()])


def _change_number(sentence: str, rng: Random) -> str | None:
    changes = [change for change in (_change_digits, _change_count, _change_ordinal) if change(sentence, rng)]
    return rng.choice(changes)(sentence, rng) if changes else None


def _change_digits(sentence: str, rng: Random) -> str | None:
    found = [
        match
        for match in _DIGITS.finditer(sentence)
        if not _POINTER.search(sentence[: match.start()]) and not _YEAR.fullmatch(match[0]) and match[0] != "0"
    ]
    if not found:
        return None
    match = rng.choice(found)
    return _put(sentence, match, _other_number(match[0], rng))


def _other_number(written: str, rng: Random) -> str:
    """Another number of the same form, between a tenth and ten times as large."""
    plain = written.replace(",", "")
    whole, point, decimals = plain.partition(".")
    if point:
        last = (int(decimals[-1]) + rng.randint(1, 9)) % 10
        return f"{whole}.{decimals[:-1]}{last}"
    number = int(whole)
    step = rng.choice([1, 2, 3, 5, 10, number, max(1, number // 2), 9 * number])
    other = number - step if rng.random() < 0.4 and number - step > 1 else number + step
    return f"{other:,}" if "," in written else str(other)


def _change_count(sentence: str, rng: Random) -> str | None:
    found = _pick(_COUNT_WORD, sentence, rng)
    return _put(sentence, found, _other(_NUMBER_WORDS[2:], found[0], rng)) if found else None


def _change_ordinal(sentence: str, rng: Random) -> str | None:
    found = _pick(_ORDINAL_WORD, sentence, rng)
    return _put(sentence, found, _other(_ORDINALS[1:], found[0], rng)) if found else None


def _change_date(sentence: str, rng: Random) -> str | None:
    changes = [change for change in (_change_year, _change_month, _change_weekday) if change(sentence, rng)]
    return rng.choice(changes)(sentence, rng) if changes else None


def _change_year(sentence: str, rng: Random) -> str | None:
    found = _pick(_YEAR, sentence, rng)
    if not found or _POINTER.search(sentence[: found.start()]):
        return None
    return _put(sentence, found, str(int(found[0]) + rng.choice([-10, -3, -2, -1, 1, 2, 4, 10])))


def _change_month(sentence: str, rng: Random) -> str | None:
    found = _pick(_MONTH, sentence, rng)
    return _put(sentence, found, _other(_MONTHS, found[0], rng)) if found else None


def _change_weekday(sentence: str, rng: Random) -> str | None:
    found = _pick(_WEEKDAY, sentence, rng)
    return _put(sentence, found, _other(_WEEKDAYS, found[0], rng)) if found else None


def _change_unit(sentence: str, rng: Random) -> str | None:
    """Another unit behind a number, behind "per" and "each", or as an adverb; another sign before one."""
    options = []
    for group in _UNIT_GROUPS:
        for unit in group:
            for found in re.finditer(rf"(?<![\w-]){re.escape(unit)}(?![\w-])", sentence):
                if unit in _UNITS_AFTER_WORDS or _MEASURES.search(sentence[: found.start()]):
                    options.append((found, [other for other in group if other != unit]))
    options += [(found, ["€", "£"]) for found in re.finditer(r"\$(?= ?[0-9])", sentence)]
    options += [(found, [" percentage points"]) for found in re.finditer(r" ?%(?!\w| CI| confidence)", sentence)]
    if not options:
        return None
    found, others = rng.choice(options)
    return _put(sentence, found, rng.choice(others))


_MEASURES = re.compile(rf"(?:[0-9]|\b(?:{'|'.join(_NUMBER_WORDS[2:])}|per|each|every))[ -]\Z", re.IGNORECASE)


def _change_negation(sentence: str, rng: Random) -> str | None:
    changes = [change for change in (_affirm, _deny, _oppose) if change(sentence, rng)]
    return rng.choice(changes)(sentence, rng) if changes else None


def _affirm(sentence: str, rng: Random) -> str | None:
    found = [(match, text) for pattern, text in _DENIALS for match in pattern.finditer(sentence)]
    if not found:
        return None
    match, text = rng.choice(found)
    return _put(sentence, match, match.expand(text))


_DENIED = re.compile(r"\b(?:not|no|never|cannot|without|neither|nor|none|unless)\b|n['\u2019]t\b", re.IGNORECASE)


def _deny(sentence: str, rng: Random) -> str | None:
    """ "Not" behind an auxiliary verb, where nothing near it is denied already."""
    found = [
        m for m in _AUXILIARY.finditer(sentence) if not _DENIED.search(sentence[max(0, m.start() - 60) : m.end() + 60])
    ]
    if not found:
        return None
    match = rng.choice(found)
    said = rng.choice([f"{match[0]} not", "cannot" if match[0] == "can" else f"{match[0]} not"])
    return sentence[: match.start()] + said + sentence[match.end() :]


def _replace_one(pairs: Sequence[tuple[str, str]], sentence: str, rng: Random) -> str | None:
    options = [
        (found, other)
        for word, other in pairs
        for found in re.finditer(rf"(?<![\w-]){re.escape(word)}(?![\w-])", sentence, re.IGNORECASE)
        if not found[0][1:].isupper()
    ]
    if not options:
        return None
    found, other = rng.choice(options)
    return _put(sentence, found, other)


def _oppose(sentence: str, rng: Random) -> str | None:
    return _replace_one(_OPPOSITES, sentence, rng)


def _compare(sentence: str, rng: Random) -> str | None:
    both = [pair for one, other in _COMPARISONS for pair in ((one, other), (other, one))]
    return _replace_one([(one, other) for one, other in both if one not in {"more", "sometimes"}], sentence, rng)


def _oblige(sentence: str, rng: Random) -> str | None:
    return (
        _replace_one(_OBLIGATIONS, sentence, rng)
        if not re.search(r"\bMay\b|not (?:required|mandatory)", sentence)
        else None
    )


def _with_other_name(sentence: str, names: Sequence[str], rng: Random) -> str | None:
    mine = names_in(sentence)
    if not mine or not names:
        return None
    name = rng.choice(mine)
    others = [other for other in names if not _stems(other) & _stems(sentence)]
    found = re.search(rf"(?<=[a-z,] ){re.escape(name)}(?![\w'’-])", sentence)
    if not others or not found:
        return None
    return sentence[: found.start()] + rng.choice(others) + sentence[found.end() :]


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:5].lower() for word in re.findall(r"\w+", text))


def _contract(sentence: str, _: Random) -> str | None:
    for full, short in _CONTRACTIONS:
        sentence = re.sub(rf"\b{full}\b(?!\s?[.,;]| n't)", short, sentence)
    return re.sub(r"\b(\w+n) 't\b|\b(\w+) n't\b", lambda m: (m[1] or m[2]) + ("'t" if m[1] else "n't"), sentence)


def _respell_number(sentence: str, rng: Random) -> str | None:
    """Numbers up to twenty in words instead of digits, and the other way round."""
    options = [
        (found, _NUMBER_WORDS[int(found[0])])
        for found in re.finditer(r"(?<![\w.,:/#$€£+=()±-])(?:[2-9]|1[0-9]|20)(?= [a-z]{3,})", sentence)
        if not _POINTER.search(sentence[: found.start()])
    ]
    words = [word.lower() for word in _NUMBER_WORDS]
    options += [
        (found, str(words.index(found[0].lower())))
        for found in _COUNT_WORD.finditer(sentence)
        if not _COUNTS_ON.match(sentence, found.end())
    ]
    if not options:
        return None
    found, other = rng.choice(options)
    return _put(sentence, found, other)


def _drop_lead_in(sentence: str, _: Random) -> str | None:
    found = _LEAD_IN.match(sentence)
    rest = sentence[found.end() :] if found else ""
    return rest[0].upper() + rest[1:] if len(rest.split()) > 4 else None


def _reorder(sentence: str, _: Random) -> str | None:
    """ "If X, Y" as "Y if X", and back."""
    if found := _CONDITION.match(sentence):
        return f"{_capital(found['main'])} {_small(found['front'])}{found['end']}"
    if found := _CONDITION_BEHIND.match(sentence):
        return f"{_capital(found['front'])}, {_small(found['main'])}{found['end']}"
    return None


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


_LOWERED = frozenset(
    [
        "If",
        "When",
        "Before",
        "After",
        "Once",
        "While",
        "Although",
        "Because",
        "Since",
        "Unless",
        "The",
        "This",
        "These",
        "It",
        "We",
        "You",
        "They",
        "A",
        "An",
        "Our",
        "Your",
        "In",
    ]
)


def _small(text: str) -> str:
    return text[0].lower() + text[1:] if text.split(maxsplit=1)[0] in _LOWERED else text


def _say_otherwise(sentence: str, rng: Random) -> str | None:
    return _replace_one(_SYNONYMS, sentence, rng)


_REPHRASINGS: dict[str, _Change] = {
    "contraction": _contract,
    "number form": _respell_number,
    "lead-in": _drop_lead_in,
    "reordered": _reorder,
    "synonym": _say_otherwise,
}
_FALSIFICATIONS: dict[str, _Change] = {
    "number": _change_number,
    "date": _change_date,
    "unit": _change_unit,
    "negation": _change_negation,
    "comparison": _compare,
    "obligation": _oblige,
}
