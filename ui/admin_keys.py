"""Services, which are programs with a role and grants of their own, and everybody's API keys."""

import streamlit as st

from assistant.access import Role
from assistant.api_keys import MOST_NAME_CHARS, SERVICE_ROLES, Service, Wanted
from assistant.audit import Action
from ui.api_keys import draw_list, draw_new_key, draw_wanted
from ui.key_state import KeyState
from ui.markdown import literal
from ui.visit import Visit, done


def draw_keys(visit: Visit) -> None:
    """Keys with their owners; below them services, each with a form for another key, and a form for another service."""
    keys = visit.citewell.api_keys
    draw_new_key()
    everybodys = keys.all(visit.principal)
    if not everybodys:
        st.caption("There are no API keys yet. People make their own under Settings.")
    draw_list(visit, everybodys, with_owners=True)
    st.subheader("Services", anchor=False)
    st.caption(
        "A service is a program. It reads the collections that are opened to it under Access; groups, role and ways to "
        "shut it out are under People."
    )
    for service in keys.services(visit.principal):
        _draw_service(visit, service)
    with (
        st.form("new_service", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input("New service", max_chars=MOST_NAME_CHARS, placeholder="For example: CRM")
        role = st.selectbox("Role", SERVICE_ROLES, format_func=lambda r: r.value, width=160)
        if st.form_submit_button("Create") and done(lambda: _create(visit, name, role or Role.MEMBER)):
            st.rerun()


def _draw_service(visit: Visit, service: Service) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"service_{service.id}"):
        st.markdown(f"**{literal(service.name)}**")
        st.caption(literal(service.role.value))
        with st.popover("Make a key", key=f"make_key_{service.id}"):
            wanted = draw_wanted(f"service_{service.id}")
    if wanted and done(lambda: _make(visit, service, wanted)):
        st.rerun()


def _create(visit: Visit, name: str, role: Role) -> None:
    service = visit.citewell.api_keys.create_service(name, role, visit.principal)
    visit.record(Action.SERVICE_MADE, service.principal.key, role=role.value)


def _make(visit: Visit, service: Service, wanted: Wanted) -> None:
    made = visit.citewell.api_keys.create_for_service(service.id, wanted, visit.principal)
    KeyState().secret = made.secret
    visit.record(Action.API_KEY_MADE, made.key.name, **made.key.as_recorded)
