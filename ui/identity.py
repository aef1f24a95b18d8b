"""Who looks at the page: asked at every run, and again where a button's function runs before the page does."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from assistant.access import LOCAL_USER, Principal, Role, visitor
from assistant.accounts import Accounts, Person
from assistant.bootstrap import Citewell
from assistant.claims import Claims, claims_of
from assistant.errors import SignInRefused
from ui.state import PageState
from ui.visitor_cookie import new_token, visitor_token

_BELIEVED_S = 1.0


@dataclass(slots=True)
class Identity:
    """Somebody who is let in. Where people sign in, `person` is asked for anew when it was asked a second ago."""

    principal_then: Principal
    person: Person | None = None
    accounts: Accounts | None = None
    claims: Claims | None = None
    _asked_at: float = field(default_factory=time.monotonic)

    @property
    def principal(self) -> Principal:
        """Who it is now; the run ends, and nothing is done, where they are not let in any more."""
        if self.accounts is None or self.claims is None or time.monotonic() - self._asked_at < _BELIEVED_S:
            return self.principal_then
        if not self.is_let_in():
            st.stop()
        return self.principal_then

    def is_let_in(self) -> bool:
        """Whether they may still be here, asked anew."""
        if self.accounts is None or self.claims is None:
            return True
        try:
            self.person = self.accounts.recognise(self.claims)
        except SignInRefused:
            return False
        self.principal_then, self._asked_at = self.person.principal, time.monotonic()
        return self.person.role is not Role.WAITING

    def sign_out(self) -> None:
        """End this sign-in for good, here and wherever its cookie went; the provider is told by the browser."""
        if self.accounts is not None and self.claims is not None:
            self.accounts.leave(self.claims.sign_in)
        if _provider_says():
            st.logout()


def identify(citewell: Citewell, state: PageState) -> Identity | None:
    """Who looks at the page; None where they have yet to sign in. Raises SignInRefused where they are not believed."""
    settings = citewell.settings
    if settings.demo:
        return Identity(_demo_visitor(state))
    if settings.sign_in == "none":
        return Identity(LOCAL_USER)
    claims = _by_headers(citewell, state) if settings.proxy_addresses else _by_what_was_signed(citewell)
    if claims is None:
        return None
    person = citewell.accounts.recognise(claims, address())
    return Identity(person.principal, person, citewell.accounts, claims)


def _by_what_was_signed(citewell: Citewell) -> Claims | None:
    """What a provider or a proxy signed; None where nobody signed in."""
    settings, tokens = citewell.settings, citewell.proxy_tokens
    said = _provider_says() if tokens is None else tokens.claims(st.context.headers)
    return claims_of(said, groups_claim=settings.groups_claim, role_claim=settings.role_claim) if said else None


def _by_headers(citewell: Citewell, state: PageState) -> Claims:
    """What a proxy says without signing it: the page goes on with a sign-in that is still good, or begins one.

    It keeps to that one: where it was ended, the page is over until it is opened anew, through the proxy.
    """
    claims = claims_of(citewell.settings.proxy_headers.claims(st.context.headers))
    sign_in = state.sign_in or citewell.accounts.good_sign_in(claims.issuer, claims.subject) or new_token()
    state.sign_in = sign_in
    return replace(claims, sign_in=sign_in)


def address() -> str:
    """From where the page is looked at; empty on the machine itself, which Streamlit does not tell."""
    seen = st.context.ip_address
    return seen if isinstance(seen, str) else ""


def _provider_says() -> Mapping[str, Any]:
    """The claims in the provider's cookie, which Streamlit has checked; nothing where nobody signed in."""
    said = st.user.to_dict()
    return said if said.get("is_logged_in") is True else {}


def _demo_visitor(state: PageState) -> Principal:
    token = visitor_token(st.context.cookies) or state.visitor
    if token is None:
        token = state.visitor = new_token()
    return visitor(token)
