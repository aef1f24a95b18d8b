"""API keys on a page: those of whoever looks at it, and what all lists of keys share."""

from collections.abc import Sequence

import streamlit as st

from assistant.api_keys import (
    CALLS_A_MINUTE,
    DAYS,
    MOST_CALLS_A_MINUTE,
    MOST_NAME_CHARS,
    SCOPES,
    ApiKey,
    Wanted,
)
from assistant.audit import Action
from retrieval.dates import full_date, utc_now
from ui.key_state import KeyState
from ui.markdown import literal
from ui.visit import Visit, done
from ui.words import local_time

_GOOD_FOR = (30, DAYS, 366)


def draw_own_keys(visit: Visit) -> None:
    """One's own keys and a form for another; in the demonstration there is no API."""
    if visit.is_demo:
        return
    st.subheader("API keys", anchor=False)
    st.caption("A key lets a program ask in your name: it reads what you may read, and does what it was made for.")
    draw_new_key()
    draw_list(visit, visit.citewell.api_keys.mine(visit.principal))
    with st.popover("Make a key", key="make_own_key"):
        wanted = draw_wanted("own")
    if wanted and done(lambda: _make(visit, wanted)):
        st.rerun()


def draw_new_key() -> None:
    """The key that was just made: once, to whoever made it."""
    state = KeyState()
    if state.secret:
        st.code(state.secret, language=None)
        st.caption("Copy it now: it is not shown again.")
        state.secret = None


def draw_list(visit: Visit, keys: Sequence[ApiKey], *, with_owners: bool = False) -> None:
    """Each key with what it is for, and a way to end it."""
    with st.container(key="api_keys", gap="small"):
        for key in keys:
            with st.container(horizontal=True, vertical_alignment="center"):
                owner = f" · of {key.owner_name}" if with_owners else ""
                st.markdown(f"**{literal(key.name)}** · {literal(f'{key.hint}…{owner}')}")
                st.caption(literal(_facts(key)))
                st.button(
                    "Revoke",
                    key=f"revoke_key_{key.id}",
                    type="tertiary",
                    icon=":material/key_off:",
                    on_click=_revoke,
                    args=(visit, key),
                )


def draw_wanted(prefix: str) -> Wanted | None:
    """A form for a new key; what was wanted, once it is sent."""
    with st.form(f"{prefix}_key", border=False):
        name = st.text_input(
            "What it is for", max_chars=MOST_NAME_CHARS, placeholder="For example: nightly report", key=f"{prefix}_name"
        )
        scopes = st.multiselect("It may be used for", SCOPES, format_func=literal, key=f"{prefix}_scopes")
        days = st.selectbox(
            "Good for", _GOOD_FOR, _GOOD_FOR.index(DAYS), format_func=lambda d: f"{d} days", key=f"{prefix}_days"
        )
        calls = st.number_input("Calls a minute", 1, MOST_CALLS_A_MINUTE, CALLS_A_MINUTE, key=f"{prefix}_calls")
        if st.form_submit_button("Make key", type="primary", key=f"{prefix}_make_key"):
            return Wanted(name, tuple(scopes), days or DAYS, int(calls))
    return None


def _make(visit: Visit, wanted: Wanted) -> None:
    made = visit.citewell.api_keys.create(wanted, visit.principal)
    KeyState().secret = made.secret
    visit.record(Action.API_KEY_MADE, made.key.name, **made.key.as_recorded)


def _revoke(visit: Visit, key: ApiKey) -> None:
    if done(lambda: visit.citewell.api_keys.revoke(key.id, visit.principal)):
        visit.record(Action.API_KEY_REVOKED, key.name, **key.as_recorded)


def _facts(key: ApiKey) -> str:
    until = full_date(local_time(key.expires_at, st.context.timezone).date())
    ends = f"expired on {until}" if key.is_expired(utc_now()) else f"until {until}"
    used = full_date(local_time(key.used_at, st.context.timezone).date()) if key.used_at else ""
    return f"{', '.join(key.scopes)} · {ends} · {f'last used on {used}' if used else 'never used'}"
