"""What is open to whom: for each collection the groups and people who may read it, and those who may change it."""

from collections.abc import Mapping

import streamlit as st

from assistant.audit import Action
from assistant.groups import Grant
from ui.markdown import literal
from ui.visit import Visit

_Key = tuple[str, int]
"""A group or a person, by number."""


def draw_access(visit: Visit) -> None:
    """The collection that was chosen, with two lists."""
    collections = {collection.id: collection.name for collection in visit.collections}
    if not collections:
        st.markdown("There are no collections yet.")
        return
    chosen = st.selectbox(
        "Collection", list(collections), format_func=lambda id_: literal(collections[id_]), key="access_of"
    )
    names = _everybody(visit)
    given = {_key(grant): grant.may_edit for grant in visit.citewell.groups.grants(chosen, visit.principal)}
    known = [key for key in given if key in names]
    with st.form(f"access_{chosen}", border=False):
        readers = st.multiselect(
            "May read", list(names), known, format_func=lambda key: literal(names[key]), placeholder="Nobody"
        )
        editors = st.multiselect(
            "May also add, change and delete documents, where they have the role of an editor",
            list(names),
            [key for key in known if given[key]],
            format_func=lambda key: literal(names[key]),
            placeholder="Nobody",
        )
        saved = st.form_submit_button("Save", type="primary")
    if not known and not saved:
        st.caption("Only administrators can read this collection.")
    if saved:
        visit.citewell.groups.grant(chosen, _grants(readers, editors), visit.principal)
        visit.record(Action.ACCESS_CHANGED, collections[chosen], readers=_numbers(readers), editors=_numbers(editors))
        st.rerun()


def _numbers(keys: list[_Key]) -> list[str]:
    """`group 3`: what the audit log calls them, for a name may have to be forgotten."""
    return [f"{kind} {number}" for kind, number in keys]


def _everybody(visit: Visit) -> Mapping[_Key, str]:
    groups = {("group", group.id): f"{group.name} (group)" for group in visit.citewell.groups.list(visit.principal)}
    people = {("person", person.id): person.name for person in visit.citewell.accounts.list(visit.principal)}
    return groups | people


def _key(grant: Grant) -> _Key:
    return ("group", grant.group_id) if grant.group_id is not None else ("person", grant.person_id or 0)


def _grants(readers: list[_Key], editors: list[_Key]) -> tuple[Grant, ...]:
    return tuple(
        Grant(number if kind == "group" else None, number if kind == "person" else None, (kind, number) in editors)
        for kind, number in dict.fromkeys([*readers, *editors])
    )
