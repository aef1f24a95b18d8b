"""What an identity provider says of a person: checked for its type, and nothing taken that was not verified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from assistant.access import Role
from assistant.errors import SignInRefused

_MOST_CHARS = 300
_MOST_GROUPS = 200
_UNREADABLE = "Your sign-in says nothing that Citewell can read about who you are; ask your administrator."


@dataclass(frozen=True, slots=True)
class Claims:
    """Who somebody is, and how they signed in this time.

    `email` is empty where the provider does not say that it is verified. `sign_in` names this one sign-in.
    `groups` is None where the provider says nothing about them, and so is `role`.
    """

    issuer: str
    subject: str
    name: str
    email: str
    groups: tuple[str, ...] | None
    role: Role | None
    sign_in: str


def claims_of(said: Mapping[str, Any], *, groups_claim: str = "groups", role_claim: str = "") -> Claims:
    """The claims in what a provider signed; raises SignInRefused where issuer or subject are not words.

    Whoever signs in anew is told apart from before by the token's nonce, its session or its number.
    """
    issuer, subject = _words(said, "iss"), _words(said, "sub")
    if not issuer or not subject:
        raise SignInRefused(_UNREADABLE)
    is_verified = said.get("email_verified") is True
    return Claims(
        issuer,
        subject,
        name=_words(said, "name") or _words(said, "preferred_username") or _words(said, "email") or subject,
        email=_words(said, "email").lower() if is_verified else "",
        groups=_groups(said.get(groups_claim)),
        role=_role(said.get(role_claim)) if role_claim else None,
        sign_in=_sign_in(issuer, subject, said),
    )


def _words(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return " ".join(value.split()) if isinstance(value, str) and len(value) <= _MOST_CHARS else ""


def _groups(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return None
    names = (" ".join(name.split()) for name in value if isinstance(name, str) and len(name) <= _MOST_CHARS)
    return tuple(dict.fromkeys(name for name in names if name))[:_MOST_GROUPS]


def _role(value: Any) -> Role | None:
    """The greatest of the roles that are named; the word of a claim counts only where it is one of ours, exactly."""
    named = {value} if isinstance(value, str) else {name for name in _groups(value) or () if name}
    return max((role for role in Role if role.value in named), key=list(Role).index, default=None)


def _sign_in(issuer: str, subject: str, said: Mapping[str, Any]) -> str:
    parts = (issuer, subject, *(f"{name}={said.get(name)!r}" for name in ("nonce", "sid", "jti", "iat", "auth_time")))
    return sha256("\x1f".join(parts).encode()).hexdigest()
