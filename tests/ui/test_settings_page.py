"""The settings as Streamlit runs them: what is one's own, and what is the organisation's."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER
from assistant.audit import Action, Sought
from assistant.bootstrap import Citewell, open_citewell
from assistant.claims import Claims, claims_of
from assistant.running import RUNNING
from assistant.settings import Settings
from tests.ui.test_app import ROOT, page, said

PROVIDER = {"is_logged_in": True, "iss": "https://login.example", "sub": "a1", "name": "Anna", "nonce": "here"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A home with two collections of one document each; what a test sets in the environment holds for it alone."""
    made = open_citewell(Settings(home=tmp_path / "home", sample=False))
    for name in ("Handbook", "Reports"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nThe {name} is kept in the library.\n", "utf-8")
        made.intake.read_paths([tmp_path / f"{name}.md"], collection=name)
    made.close()
    for name, value in {"CITEWELL_HOME": str(tmp_path / "home"), "CITEWELL_SAMPLE": "0"}.items():
        monkeypatch.setenv(name, value)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    RUNNING.close()
    yield monkeypatch
    RUNNING.close()


@pytest.fixture
def citewell(home: pytest.MonkeyPatch) -> Citewell:
    """That home, as the page opens it."""
    return running()


def running() -> Citewell:
    opened = RUNNING.get()
    assert opened is not None
    return opened


def settings_page(test: AppTest | None = None) -> AppTest:
    return (test or page()).switch_page("views/settings.py").run()


def button(test: AppTest, label: str) -> AppTest:
    return next(button for button in test.button if button.label == label).click().run()


# Mine.


def test_a_new_chat_begins_with_what_was_chosen_and_may_be_changed(citewell: Citewell) -> None:
    test = settings_page()
    test.radio[0].set_value("short")
    test.selectbox[0].select_index(1)
    button(test, "Save")
    chat = page()
    assert chat.radio(key="style_new").value == "short"
    assert chat.selectbox(key="narrow_new_collection").value == "Handbook"
    chat.button(key="chip_collection").click().run()
    assert chat.selectbox(key="narrow_new_collection").value == "", "it is not chosen again in the same chat"
    chat.chat_input[0].set_value("Where is the handbook kept?").run()
    chat.run()
    choices = citewell.threads.choices(chat.query_params["c"], LOCAL_USER)
    assert (choices.style, bool(choices.narrowed)) == ("short", False)
    chat.button(key="new_chat").click().run()
    assert chat.selectbox(key="narrow_new_collection").value == "Handbook"


def test_the_page_shows_what_was_chosen_and_begins_with_the_usual(citewell: Citewell) -> None:
    assert settings_page().radio[0].value == "standard"
    handbook = citewell.library.collections()[0]
    citewell.preferences.choose(LOCAL_USER, style="steps", collection_id=handbook.id)
    test = settings_page()
    assert (test.radio[0].value, test.selectbox[0].value) == ("steps", handbook.id)


def test_where_nobody_signs_in_no_sign_ins_are_shown(citewell: Citewell) -> None:
    assert "signed in" not in said(settings_page())


@pytest.fixture
def anna(home: pytest.MonkeyPatch) -> Claims:
    """Anna signed in here and in two other browsers."""
    home.setenv("CITEWELL_SIGN_IN", "oidc")
    home.setenv("CITEWELL_ADMIT", "*")
    claims = claims_of(PROVIDER)
    for key in (claims.sign_in, "elsewhere", "at home"):
        running().accounts.recognise(replace(claims, sign_in=key))
    return claims


def signed_in() -> AppTest:
    test = AppTest.from_file(str(ROOT / "chat_app.py"), default_timeout=60)
    test.user = PROVIDER
    return settings_page(test.run())


def sign_ins_of(claims: Claims) -> set[str]:
    person = running().accounts.recognise(claims)
    return {each.key for each in running().accounts.sign_ins(person.id, person.principal)}


def test_one_sign_in_is_ended_or_all_others_and_it_is_recorded(anna: Claims) -> None:
    test = signed_in()
    assert "**This browser** · since " in said(test)
    assert [each.label for each in test.main.button].count("Sign out") == 2
    button_of_one = next(each for each in test.button if str(each.key).startswith("end_sign_in_"))
    button_of_one.click().run()
    assert len(sign_ins_of(anna)) == 2
    running().accounts.recognise(replace(anna, sign_in="a third one"))
    button(signed_in(), "Sign out everywhere else")
    assert sign_ins_of(anna) == {anna.sign_in}
    recorded = running().audit.entries(Sought(action=Action.SIGN_INS_ENDED))
    assert [entry.detail for entry in recorded] == [{"count": 2}, {"count": 1}]


def test_whoever_is_no_administrator_sees_their_own_part_alone(anna: Claims) -> None:
    test = signed_in()
    assert [each.value for each in test.subheader] == ["New chats", "Where you are signed in"]
    assert not test.segmented_control
