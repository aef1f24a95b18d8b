"""Everybody who signed in once: their role, groups and sign-ins; and invitations."""

from collections.abc import Callable, Sequence

import streamlit as st

from assistant.access import Role
from assistant.accounts import Person
from assistant.audit import Action
from assistant.errors import AssistantError
from assistant.markup import visible
from retrieval.dates import full_date
from ui.markdown import literal
from ui.personal_data import draw_erase, draw_export
from ui.state import AdminState
from ui.visit import Visit
from ui.words import counted, local_time

_GIVEN_ROLES = tuple(role for role in Role if role is not Role.WAITING)


def draw_people(visit: Visit) -> None:
    """The table; below it the person that was chosen, and a new invitation."""
    people = visit.citewell.accounts.list(visit.principal)
    if people:
        st.caption(_summary(people))
        chosen = _chosen(people)
        if chosen is not None:
            _draw_person(visit, chosen)
        else:
            st.caption("Select a person to change role, groups or sign-ins.")
    else:
        st.markdown("Nobody has signed in yet.")
    _draw_invitation(visit)


def _summary(people: Sequence[Person]) -> str:
    waiting = sum(person.role is Role.WAITING for person in people)
    names = "1 person has" if len(people) == 1 else f"{len(people):,} people have"
    waits = "" if not waiting else f", {waiting:,} of them waiting to be let in"
    return f"{names} signed in{waits}."


def _chosen(people: Sequence[Person]) -> Person | None:
    timezone = st.context.timezone
    rows = [
        {
            "Name": visible(person.name),
            "Role": "disabled" if person.is_disabled else person.role.value,
            "E-mail": visible(person.email),
            "Last seen": full_date(local_time(person.seen_at, timezone).date()),
        }
        for person in people
    ]
    event = st.dataframe(
        rows, key="people", hide_index=True, on_select="rerun", selection_mode="single-row", height="content"
    )
    selected = event.selection.rows
    return people[selected[0]] if selected and selected[0] < len(people) else None


def _draw_person(visit: Visit, person: Person) -> None:
    citewell, principal = visit.citewell, visit.principal
    groups = {group.id: group.name for group in citewell.groups.list(principal) if not group.is_everyone}
    theirs = citewell.groups.of_person(person.id, principal)
    with st.container(border=True, key="person"):
        st.subheader(literal(person.name), anchor=False)
        st.caption(literal(f"Known to {person.issuer} as {person.subject}"))
        with st.form(f"person_{person.id}", border=False):
            role = st.selectbox("Role", list(Role), list(Role).index(person.role), format_func=lambda r: r.value)
            chosen = st.multiselect(
                "Groups",
                list(groups),
                sorted(theirs),
                format_func=lambda id_: literal(groups[id_]),
                placeholder="None but Everyone",
            )
            saved = st.form_submit_button("Save", type="primary")
        if saved and _done(lambda: _save(visit, person, role or person.role, frozenset(chosen))):
            st.rerun()
        _draw_ways_out(visit, person)


def _save(visit: Visit, person: Person, role: Role, groups: frozenset[int]) -> None:
    if role is not person.role:
        visit.citewell.accounts.set_role(person.id, role, visit.principal)
        visit.record(Action.ROLE_CHANGED, person.principal.key, role=role.value)
    if groups != visit.citewell.groups.of_person(person.id, visit.principal):
        visit.citewell.groups.put_in(person.id, groups, visit.principal)
        visit.record(Action.MEMBERSHIP_CHANGED, person.principal.key, groups=sorted(groups))


def _shut_out(visit: Visit, person: Person, *, disabled: bool) -> None:
    visit.citewell.accounts.set_disabled(person.id, visit.principal, disabled=disabled)
    visit.record(Action.PERSON_DISABLED if disabled else Action.PERSON_ENABLED, person.principal.key)


def _draw_ways_out(visit: Visit, person: Person) -> None:
    accounts, principal = visit.citewell.accounts, visit.principal
    sign_ins = accounts.sign_ins(person.id, principal)
    with st.container(horizontal=True, gap="small", key="person_ways"):
        label = "Let in again" if person.is_disabled else "Disable"
        if st.button(label, key=f"disable_{person.id}", type="tertiary", icon=":material/block:") and _done(
            lambda: _shut_out(visit, person, disabled=not person.is_disabled)
        ):
            st.rerun()
        if sign_ins and st.button(
            f"End {counted(len(sign_ins), 'sign-in')}",
            key=f"end_{person.id}",
            type="tertiary",
            icon=":material/logout:",
        ):
            accounts.end_sign_ins(person.id, principal)
            visit.record(Action.SIGN_INS_ENDED, person.principal.key, count=len(sign_ins))
            st.rerun()
        draw_export(visit, person.id, "Export data")
        draw_erase(visit, person.id, (person.email or person.name, person.name), st.rerun)
    if visit.citewell.erasure.under_way(person.id) is not None:
        st.caption(":material/hourglass_top: Being erased.")


def _done(act: Callable[[], None]) -> bool:
    """Whether it was done; else the page says why not."""
    try:
        act()
    except AssistantError as error:
        st.error(literal(error.hint))
        return False
    return True


def _draw_invitation(visit: Visit) -> None:
    """A code is shown once, to whoever made it."""
    state = AdminState()
    with st.container(horizontal=True, vertical_alignment="bottom", key="invitation_row"):
        role = st.selectbox(
            "Invite somebody as", _GIVEN_ROLES, format_func=lambda r: r.value, key="invited_role", width=220
        )
        if st.button("Make a code", key="invite"):
            state.invitation = visit.citewell.accounts.invite(role, visit.principal)
            visit.record(Action.INVITATION_MADE, role=role.value)
    if state.invitation:
        st.code(state.invitation, language=None)
        st.caption(
            "Whoever signs in and enters it within 24 hours gets the role. It works once and is not shown again."
        )
        state.invitation = None
