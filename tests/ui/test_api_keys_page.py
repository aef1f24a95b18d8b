"""API keys as Streamlit runs them: one's own under Settings, everybody's and services in the administration."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER
from assistant.api_keys import Wanted
from assistant.audit import Action
from assistant.bootstrap import Citewell
from tests.ui.administration import admin_part, running
from tests.ui.test_settings_page import button, settings_page


@pytest.fixture
def citewell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Citewell]:
    with running(tmp_path / "home", monkeypatch) as opened:
        yield opened


def said(test: AppTest) -> str:
    assert not test.exception
    return "\n".join(str(element.value) for element in [*test.subheader, *test.markdown, *test.caption, *test.error])


def test_a_key_of_one_s_own_is_made_shown_once_and_revoked(citewell: Citewell) -> None:
    test = settings_page()
    test.text_input(key="own_name").input("*Night* report")
    test.multiselect(key="own_scopes").select("ask").select("documents:read")
    test = button(test, "Make key")
    (secret,) = [element.value for element in test.code]
    assert citewell.api_keys.recognise(secret).scopes == {"ask", "documents:read"}
    test = test.run()
    assert not test.code
    assert "&#42;Night&#42; report" in said(test)
    button(test, "Revoke")
    assert citewell.api_keys.mine(LOCAL_USER) == ()
    actions = [entry.action for entry in citewell.audit.entries()]
    assert actions == [Action.API_KEY_REVOKED, Action.API_KEY_MADE]


def test_a_key_for_nothing_is_refused_in_a_sentence(citewell: Citewell) -> None:
    test = settings_page()
    test.text_input(key="own_name").input("Nothing")
    assert "An API key is made for one or more of" in said(button(test, "Make key"))
    assert citewell.api_keys.mine(LOCAL_USER) == ()


def test_an_administrator_makes_a_service_with_a_key_and_revokes_anybodys(citewell: Citewell) -> None:
    citewell.api_keys.create(Wanted("Own", ("ask",)), LOCAL_USER)
    test = admin_part("API keys")
    assert "whoever sits at the machine" in said(test)
    next(field for field in test.text_input if field.label == "New service").input("CRM")
    test = button(test, "Create")
    (service,) = citewell.api_keys.services(LOCAL_USER)
    test.text_input(key=f"service_{service.id}_name").input("Sync")
    test.multiselect(key=f"service_{service.id}_scopes").select("search")
    test = next(each for each in test.button if each.key.endswith(f"service_{service.id}_make_key")).click().run()
    (secret,) = [element.value for element in test.code]
    assert citewell.api_keys.recognise(secret).principal == service.principal
    for key in citewell.api_keys.all(LOCAL_USER):
        test = test.button(key=f"revoke_key_{key.id}").click().run()
    assert citewell.api_keys.all(LOCAL_USER) == ()
    actions = [entry.action for entry in citewell.audit.entries()]
    assert actions == [Action.API_KEY_REVOKED] * 2 + [Action.API_KEY_MADE, Action.SERVICE_MADE]


def test_the_demonstration_has_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEWELL_DEMO", "1")
    with running(tmp_path / "home", monkeypatch):
        assert "API keys" not in said(settings_page())
