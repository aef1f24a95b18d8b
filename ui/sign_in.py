"""What is seen before somebody is let in: where to sign in, why not, and the place for an invitation's code."""

from collections.abc import Sequence
from typing import NoReturn

import streamlit as st

from assistant.accounts import Person
from assistant.audit import Action
from assistant.bootstrap import Citewell
from assistant.errors import AssistantError
from assistant.provider import answers
from ui.identity import Identity
from ui.markdown import literal

_MOST_CODE_CHARS = 100
_LOOK_EVERY_S = 4.0
_SHARED_KEYS = {"redirect_uri", "cookie_secret", "expose_tokens"}
_DEFAULT = ""


def draw_sign_in() -> NoReturn:
    """A button for each provider."""
    with st.container(key="sign_in"):
        st.header("Sign in to Citewell", anchor=False)
        providers = _providers()
        if not providers:
            st.markdown("Nobody can sign in yet: no provider is set up. The administrator guide says how.")
        for provider in providers:
            label = f"Sign in with {provider.capitalize()}" if provider else "Sign in"
            if st.button(literal(label), key=f"sign_in_{provider}", type="primary"):
                _to_provider(provider)
    st.stop()


def _to_provider(provider: str) -> None:
    auth = st.secrets["auth"]
    address = (auth[provider] if provider else auth).get("server_metadata_url", "")
    if not answers(address):
        st.error(
            "The sign-in cannot be reached at the moment; try again in a minute, and tell your administrator if that "
            "does not help."
        )
        return
    try:
        st.login(provider or None)
    except st.errors.StreamlitAPIException:
        st.error("The sign-in is not set up completely; the administrator guide says what it needs.")


def _providers() -> Sequence[str]:
    """The names of the sections of `[auth]`, in the order of the file; the empty name for the section itself."""
    try:
        auth = st.secrets.get("auth", {})
    except FileNotFoundError:
        return ()
    named = [name for name, section in auth.items() if name not in _SHARED_KEYS and hasattr(section, "items")]
    return [_DEFAULT, *named] if "client_id" in auth else named


def draw_refused(hint: str) -> NoReturn:
    """Why somebody is not let in, and the way to try again."""
    with st.container(key="sign_in"):
        st.header("You are not signed in", anchor=False)
        st.markdown(literal(hint))
        if st.user.to_dict().get("is_logged_in") and st.button("Sign in again", key="sign_in_again", type="primary"):
            st.logout()
    st.stop()


def draw_waiting(citewell: Citewell, identity: Identity, person: Person) -> NoReturn:
    """For whoever signed in and was not let in yet: what to do, and the place for a code."""
    with st.container(key="sign_in"):
        st.header("You are signed in, but not let in yet", anchor=False)
        st.markdown(f"You are {literal(person.name)}. An administrator of Citewell has to let you in; ask one.")
        with st.form("invitation", border=False):
            code = st.text_input("Code of an invitation", key="invitation_code", max_chars=_MOST_CODE_CHARS)
            if st.form_submit_button("Use this code") and code:
                _redeem(citewell, identity, code)
        st.button("Sign out", key="sign_out", type="tertiary", on_click=identity.sign_out)
    st.stop()


def _redeem(citewell: Citewell, identity: Identity, code: str) -> None:
    try:
        person = citewell.accounts.redeem(code, identity.principal_then)
        citewell.audit.record(person.principal, Action.INVITATION_USED, role=person.role.value)
    except AssistantError as error:
        st.error(literal(error.hint))
        return
    st.rerun()


def keep_out(identity: Identity) -> None:
    """While a page is at rest, look every few seconds whether its reader is still let in; draw it anew where not."""
    if identity.person is not None:
        st.fragment(_look, run_every=_LOOK_EVERY_S)(identity)


def _look(identity: Identity) -> None:
    if not identity.is_let_in():
        st.rerun(scope="app")
