"""Groups: made, renamed and deleted here; who is in them is said with each person, or by the provider."""

from collections.abc import Callable

import streamlit as st

from assistant.audit import Action
from assistant.errors import AssistantError
from assistant.groups import Group
from ui.markdown import literal
from ui.visit import Visit
from ui.words import counted

_MOST_NAME_CHARS = 120


def draw_groups(visit: Visit) -> None:
    """Every group with a place for its name; a new one below."""
    st.caption(
        "What is open to a group is open to everybody in it. Groups that your provider names are made by themselves."
    )
    for group in visit.citewell.groups.list(visit.principal):
        _draw_group(visit, group)
    with (
        st.form("new_group", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input("New group", max_chars=_MOST_NAME_CHARS, placeholder="For example: Workshop")
        if st.form_submit_button("Create"):
            _change(lambda: _create(visit, name))


def _draw_group(visit: Visit, group: Group) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"group_{group.id}"):
        members = "everybody who signed in" if group.is_everyone else counted(group.members, "member")
        st.markdown(f"**{literal(group.name)}**")
        st.caption(members)
        if group.is_everyone:
            return
        with st.popover("Change", key=f"change_group_{group.id}"):
            name = st.text_input("Name", group.name, max_chars=_MOST_NAME_CHARS, key=f"group_name_{group.id}")
            if st.button("Save", key=f"save_group_{group.id}", type="primary"):
                _change(lambda: _rename(visit, group, name))
            st.caption("What was open to the group alone closes for its members.")
            if st.button("Delete group", key=f"delete_group_{group.id}", type="tertiary"):
                _change(lambda: _delete(visit, group))


def _create(visit: Visit, name: str) -> None:
    visit.citewell.groups.create(name, visit.principal)
    visit.record(Action.GROUP_CREATED, name)


def _rename(visit: Visit, group: Group, name: str) -> None:
    visit.citewell.groups.rename(group.id, name, visit.principal)
    visit.record(Action.GROUP_RENAMED, group.name, name=name)


def _delete(visit: Visit, group: Group) -> None:
    visit.citewell.groups.delete(group.id, visit.principal)
    visit.record(Action.GROUP_DELETED, group.name)


def _change(act: Callable[[], object]) -> None:
    try:
        act()
    except AssistantError as error:
        st.error(literal(error.hint))
        return
    st.rerun()
