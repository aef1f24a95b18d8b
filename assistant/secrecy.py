"""Secrets masked wherever words may be seen by others: in the log, whoever wrote the words."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"
_FEWEST_CHARS = 6
"""A shorter secret is none, and masking it would blacken ordinary words."""
_NAMES = r"authorization|proxy-authorization|cookie|set-cookie"
_WORDS = r"api[-_ ]?key|x-api-key|password|passwd|client[-_]secret|secret|access[-_]token|id[-_]token|refresh[-_]token"
_PATTERNS = (
    # A header's whole value, up to the end of its line or of the quotes around it.
    re.compile(rf"(?P<lead>\b(?:{_NAMES})\b[\"']?\s*[:=]\s*[\"']?)(?P<secret>[^\r\n\"']+)", re.IGNORECASE),
    re.compile(rf"(?P<lead>\b(?:{_WORDS})\b[\"']?\s*[:=]\s*[\"']?)(?P<secret>[^\s\"',;&)]+)", re.IGNORECASE),
    re.compile(r"(?P<lead>\bbearer\s+)(?P<secret>[\w.~+/=-]{16,})", re.IGNORECASE),
    re.compile(r"(?P<lead>)(?P<secret>\bsk-[\w-]{8,})"),
    re.compile(r"(?P<lead>)(?P<secret>\bcwk_[\w-]{8,})"),
    re.compile(r"(?P<lead>)(?P<secret>\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*)"),
    re.compile(r"(?P<lead>://[^\s/@:]*:)(?P<secret>[^\s/@]+)(?=@)"),
)
_IS_SECRET = re.compile(rf"(?:{_NAMES}|{_WORDS}|token)", re.IGNORECASE)


class Masker:
    """Knows this process's own secrets, and what others look like."""

    def __init__(self) -> None:
        self._known: tuple[str, ...] = ()

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these from now on, as they are and as JSON and addresses write them; those learnt before too."""
        new = {form for secret in secrets if len(secret) >= _FEWEST_CHARS for form in _forms(secret)}
        self._known = tuple(sorted({*self._known, *new}, key=len, reverse=True))

    def masked(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._known:
            text = text.replace(secret, MASK)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<lead>{MASK}", text)
        return text


def _forms(secret: str) -> Iterable[str]:
    return secret, json.dumps(secret)[1:-1], quote(secret, safe="")


def names_secret(name: str) -> bool:
    """Whether what goes by this name is a secret whatever it looks like."""
    return _IS_SECRET.fullmatch(name) is not None


MASKER = Masker()
"""This process's."""
