"""A person's data on the pages: exported, erased after a typed word, kept for as long as an administrator says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER, Role
from assistant.audit import Action, Sought
from assistant.bootstrap import Citewell, open_citewell
from assistant.claims import Claims
from assistant.retention import KEPT
from assistant.settings import Settings
from tests.homes import new_home
from tests.ui.administration import admin_part, running

ANNA = Claims("https://login.example", "a1", "Anna", "anna@staff.example", None, Role.MEMBER, "first")
OWN = """
import streamlit as st
from ui.own_data import draw_own_data
from ui.visit import current_visit
draw_own_data(current_visit())
"""


@pytest.fixture
def citewell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Citewell]:
    """A home with Anna, who has a conversation, looked after by whoever sits at the machine, who has one too."""
    made = open_citewell(Settings(home=new_home(tmp_path / "home"), sample=False))
    for who in (made.accounts.recognise(ANNA).principal, LOCAL_USER):
        conversation_id = made.conversations.create(who)
        answer = made.conversations.begin(conversation_id, who, "Where do quokkas sleep?")
        made.conversations.save(answer, state="done", text="In trees.")
    made.close()
    with running(tmp_path / "home", monkeypatch) as opened:
        yield opened


def annas(test: AppTest) -> AppTest:
    """The page of people with Anna chosen."""
    test.session_state[test.dataframe[0].key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    return test.run()


def said(test: AppTest) -> str:
    assert not test.exception
    return "\n".join(str(element.value) for element in [*test.header, *test.markdown, *test.caption, *test.error])


def press(test: AppTest, label: str) -> AppTest:
    return next(button for button in test.button if button.label == label).click().run()


def recorded(citewell: Citewell, action: Action) -> list[str]:
    return [entry.target for entry in citewell.audit.entries(Sought(action=action))]


def test_an_administrator_reads_what_goes_and_what_stays_and_erases_after_typing_the_address(
    citewell: Citewell,
) -> None:
    test = annas(admin_part("People"))
    assert "all conversations with their files" in said(test)
    assert "rows of the audit log" in said(test)
    assert "staff.example to confirm" in test.text_input(key="erase_word_1").label
    test.text_input(key="erase_word_1").set_value("anna@other.example")
    test = press(test, "Erase for good")
    assert "nothing was erased" in said(test)
    assert [person.name for person in citewell.accounts.list(LOCAL_USER)] == ["Anna"]
    test.text_input(key="erase_word_1").set_value(" Anna\u2060@staff.example ")
    test = press(test, "Erase for good")
    assert "Nobody has signed in yet." in said(test)
    assert citewell.accounts.list(LOCAL_USER) == ()
    assert recorded(citewell, Action.PERSON_ERASED) == ["person 1"]
    assert len(citewell.threads.list(LOCAL_USER)) == 1


def test_the_last_administrator_is_told_why_they_are_not_erased(citewell: Citewell) -> None:
    citewell.accounts.set_role(1, Role.ADMIN, LOCAL_USER)
    test = annas(admin_part("People"))
    test.text_input(key="erase_word_1").set_value("Anna")
    test = press(test, "Erase for good")
    assert "last administrator" in said(test)
    assert recorded(citewell, Action.PERSON_ERASED) == []


def test_a_persons_data_are_there_to_be_saved(citewell: Citewell) -> None:
    test = annas(admin_part("People"))
    assert not test.exception
    assert "Export data" in [button.label for button in test.get("download_button")]


def test_how_long_things_are_kept_is_chosen_recorded_and_told(citewell: Citewell) -> None:
    test = admin_part("Retention")
    test.number_input(key="keep_conversations_kept_days").set_value(90)
    test = press(test, "Save")
    assert not test.exception
    assert citewell.chosen.get(KEPT["conversations_kept_days"]) == 90
    assert citewell.chosen.get(KEPT["audit_kept_days"]) is None
    assert len(recorded(citewell, Action.RETENTION_CHANGED)) == 1
    own = AppTest.from_string(OWN, default_timeout=60).run()
    assert "for 90 days is removed for good; pinned ones stay" in said(own)


def test_whoever_sits_at_the_machine_erases_all_conversations_of_theirs_and_no_others(citewell: Citewell) -> None:
    test = AppTest.from_string(OWN, default_timeout=60).run()
    assert "Your conversations stay until you delete them." in said(test)
    test.text_input(key="erase_word_None").set_value("no")
    assert "nothing was erased" in said(press(test, "Erase for good"))
    test.text_input(key="erase_word_None").set_value("erase")
    assert not press(test, "Erase for good").exception
    assert citewell.threads.list(LOCAL_USER) == ()
    assert recorded(citewell, Action.PERSON_ERASED) == ["local"]
    (person,) = citewell.accounts.list(LOCAL_USER)
    assert len(citewell.threads.list(person.principal)) == 1
