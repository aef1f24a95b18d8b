"""The administration as Streamlit runs it: people, groups, access, limits, the audit log and health."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER, Role, visitor
from assistant.audit import Action, Sought
from assistant.bootstrap import Citewell, open_citewell
from assistant.claims import Claims
from assistant.groups import Grant
from assistant.limits import LIMITS
from assistant.settings import Settings
from tests.homes import new_home
from tests.ui.administration import admin_part, running
from tests.ui.test_app import tables

ANNA = Claims("https://login.example", "a1", "*Anna* <b>", "anna@staff.example", None, None, "first")


@pytest.fixture
def citewell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Citewell]:
    """A home with an empty collection and somebody who signed in, looked after by whoever sits at the machine."""
    made = open_citewell(Settings(home=new_home(tmp_path / "home"), sample=False))
    made.library.create_collection("Handbook")
    made.accounts.recognise(ANNA)
    made.close()
    with running(tmp_path / "home", monkeypatch) as opened:
        yield opened


def button(test: AppTest, label: str) -> AppTest:
    return next(button for button in test.button if button.label == label).click().run()


def said(test: AppTest) -> str:
    assert not test.exception
    return "\n".join(str(element.value) for element in [*test.header, *test.markdown, *test.caption, *test.error])


def test_a_newcomer_waits_first_in_the_list_and_is_given_a_role_and_a_group(citewell: Citewell) -> None:
    group = citewell.groups.create("Workshop", LOCAL_USER)
    test = admin_part("People")
    assert "1 person has signed in, 1 of them waiting" in said(test)
    assert list(test.dataframe[0].value["Role"]) == ["waiting"]
    test.session_state[test.dataframe[0].key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    test.run()
    assert test.subheader[0].value == "&#42;Anna&#42; &#60;b&#62;"
    test.selectbox[0].select(Role.EDITOR)
    test.multiselect[0].select(group)
    assert not button(test, "Save").exception
    (anna,) = citewell.accounts.list(LOCAL_USER)
    assert anna.role is Role.EDITOR
    assert citewell.groups.of_person(anna.id, LOCAL_USER) == {group}
    assert {entry.action for entry in citewell.audit.entries()} >= {Action.ROLE_CHANGED, Action.MEMBERSHIP_CHANGED}


def test_a_code_is_shown_once(citewell: Citewell) -> None:
    test = button(admin_part("People"), "Make a code")
    (code,) = [element.value for element in test.code]
    assert citewell.accounts.redeem(code, citewell.accounts.list(LOCAL_USER)[0].principal).role is Role.MEMBER
    assert not test.run().code


def test_a_group_is_made_and_a_name_that_is_taken_is_told(citewell: Citewell) -> None:
    test = admin_part("Groups")
    for name in ("Workshop", "Workshop"):
        next(field for field in test.text_input if field.label == "New group").input(name)
        test = button(test, "Create")
    assert [group.name for group in citewell.groups.list(LOCAL_USER)] == ["Everyone", "Workshop"]
    assert "There is a group of this name already" in said(test)


def test_a_collection_is_opened_to_a_group_and_a_person(citewell: Citewell) -> None:
    test = admin_part("Access")
    assert "Only administrators can read this collection." in said(test)
    (anna,) = citewell.accounts.list(LOCAL_USER)
    test.multiselect[0].select(("group", 1))
    test.multiselect[1].select(("person", anna.id))
    assert not button(test, "Save").exception
    (handbook,) = citewell.library.collections()
    granted = set(citewell.groups.grants(handbook.id, LOCAL_USER))
    assert granted == {Grant(1, None, may_edit=False), Grant(None, anna.id, may_edit=True)}


def test_limits_hold_from_the_next_question_on_and_an_empty_field_is_the_default(citewell: Citewell) -> None:
    test = admin_part("Limits")
    test.number_input(key="limit_questions_a_day").set_value(7)
    assert not button(test, "Save").exception
    assert citewell.limits.of(visitor("x")).questions_a_day == 7
    assert citewell.chosen.get(LIMITS["tokens_a_day"]) is None
    assert [e.detail for e in citewell.audit.entries(Sought(action=Action.LIMITS_CHANGED))] == [
        {"limits": {"questions_a_day": 7}}
    ]


def test_the_log_shows_who_did_what_and_of_one_kind_alone(citewell: Citewell) -> None:
    citewell.audit.record(LOCAL_USER, Action.GROUP_CREATED, "Work\u202eshop")
    test = admin_part("Audit log")
    assert tables(test)[0][0]["What"] == "group created"
    assert "\u202e" not in tables(test)[0][0]["On"]
    test.selectbox(key="audit_action").select(Action.GROUP_DELETED.value).run()
    assert "Nothing of the kind was recorded yet." in said(test)


def test_health_says_what_doctor_says(citewell: Citewell) -> None:
    assert "**Data directory**" in said(admin_part("Health"))


def test_for_whoever_is_no_administrator_there_is_no_such_page(
    citewell: Citewell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.identity.LOCAL_USER", visitor("x"))
    test = admin_part("People")
    assert "There is no such page" in said(test)
    assert not test.dataframe
