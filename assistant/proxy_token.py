"""The signed token of an identity proxy in front of Citewell: Cloudflare Access, oauth2-proxy, or any with a JWKS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from assistant.errors import SignInRefused

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_CLOCKS_APART_S = 60
_FETCH_S = 5
_NOT_FROM_THERE = "This address is reached through your organisation's sign-in; open Citewell from there."
_NOT_BELIEVED = "Your sign-in could not be confirmed; sign in again, and tell your administrator if that does not help."
_NO_KEYS = "The sign-in's keys cannot be fetched at the moment; try again in a minute."


@dataclass(frozen=True, slots=True)
class ProxyTokens:
    """Checks tokens: signed by a key of `jwks_url` with a public-key algorithm, from the issuer, for the audience."""

    jwks_url: str
    issuer: str
    audience: str
    header: str
    _keys: jwt.PyJWKClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keys are fetched when the first token comes, and again when one names a key that is not known."""
        object.__setattr__(self, "_keys", jwt.PyJWKClient(self.jwks_url, timeout=_FETCH_S, max_cached_keys=16))

    def claims(self, headers: Mapping[str, str]) -> dict[str, Any]:
        """What the token in these headers says; raises SignInRefused where there is none or it is not to be believed.

        A clock may be a minute off.
        """
        token = (headers.get(self.header) or "").removeprefix("Bearer ").strip()
        if not token:
            raise SignInRefused(_NOT_FROM_THERE)
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                issuer=self.issuer,
                audience=self.audience,
                leeway=_CLOCKS_APART_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise SignInRefused(_NO_KEYS) from error
        except jwt.PyJWTError as error:
            raise SignInRefused(_NOT_BELIEVED) from error
        return claims
