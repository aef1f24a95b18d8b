"""What is personal in a text: e-mail addresses, phone, card and account numbers, by their form and check digits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["EMAIL", "IBAN", "CARD", "ACCOUNT", "PHONE"]
"""In the order in which they are looked for; what one has found is not looked at again."""

_EMAIL = re.compile(r"(?<![\w.+%'-])[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,32}\b", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w-])[0-9](?:[ -]?[0-9]){12,18}(?![\w-])")
_ACCOUNT = re.compile(
    r"\b(?:account|acct|konto|bankleitzahl|blz|sort code|routing|compte|cuenta)[^\W\d]{0,12}"
    r"[ .:#-]{0,3}(?:(?:number|no|nr|num)[ .:#-]{0,3})?(?:is |was |ist )?(?P<number>[0-9](?:[ -]?[0-9]){4,19})(?!\w)",
    re.IGNORECASE,
)
_MAYBE_PHONE = re.compile(r"(?<!\w)[+＋(]{0,2}\d(?:[ \t\u00a0().\-/‐-―]{0,4}\d){5,}(?!\w)")
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{2,4}")
_AROUND = 2
_SHORTEST_IBAN = 15


@dataclass(frozen=True, slots=True)
class Personal:
    """Something personal in `text[start:end]`."""

    start: int
    end: int
    kind: Kind


def find_personal(text: str, countries: tuple[str, ...] = ()) -> tuple[Personal, ...]:
    """What is personal in a text, in order and without overlap.

    Phone numbers are known by their international prefix, and as people write them in these countries.
    """
    found: list[Personal] = []
    for each in _candidates(text, countries):
        if all(each.end <= other.start or other.end <= each.start for other in found):
            found.append(each)
    return tuple(sorted(found, key=lambda each: each.start))


def prepare_detection() -> None:
    """Load the libraries, which takes a quarter of a second, before the first question does."""
    find_personal("+49 30 123456, 4111 1111 1111 1111")


def is_country(code: str) -> bool:
    """Whether phone numbers of a country are known, by its code such as "DE"."""
    import phonenumbers

    return code in phonenumbers.SUPPORTED_REGIONS


def _candidates(text: str, countries: tuple[str, ...]) -> Iterator[Personal]:
    for match in _EMAIL.finditer(text):
        yield Personal(*match.span(), "EMAIL")
    yield from _ibans(text)
    yield from _cards(text)
    for match in _ACCOUNT.finditer(text):
        yield Personal(*match.span("number"), "ACCOUNT")
    yield from _phones(text, countries)


def _ibans(text: str) -> Iterator[Personal]:
    """By their check digits; what follows an IBAN may look like more of it."""
    from stdnum import iban

    for match in _IBAN.finditer(text):
        for length in range(len(match[0]), _SHORTEST_IBAN - 1, -1):
            if match[0][length - 1] != " " and iban.is_valid(match[0][:length], check_country=False):
                yield Personal(match.start(), match.start() + length, "IBAN")
                break


def _cards(text: str) -> Iterator[Personal]:
    from stdnum import luhn

    for match in _CARD.finditer(text):
        if luhn.is_valid(re.sub("[ -]", "", match[0])):
            yield Personal(*match.span(), "CARD")


def _phones(text: str, countries: tuple[str, ...]) -> Iterator[Personal]:
    """Around what has enough digits: looking through a whole prompt takes the library 50 ms a country."""
    import phonenumbers

    for match in _MAYBE_PHONE.finditer(text):
        first = max(0, match.start() - _AROUND)
        around = text[first : match.end() + _AROUND]
        for country in (None, *countries):
            for phone in phonenumbers.PhoneNumberMatcher(around, country):
                if not _DATE.fullmatch(phone.raw_string):
                    yield Personal(first + phone.start, first + phone.end, "PHONE")
