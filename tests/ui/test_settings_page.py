"""The settings as Streamlit runs them: what is one's own, and what is the organisation's."""

from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER
from assistant.audit import Action, Sought
from assistant.bootstrap import Citewell, open_citewell
from assistant.chosen_endpoint import Endpoint
from assistant.claims import Claims, claims_of
from assistant.running import RUNNING
from assistant.settings import Settings
from tests.assistant.scripted_endpoint import ScriptedEndpoint, error, models, reply
from tests.homes import new_home
from tests.ui.test_app import ROOT, page, said

PROVIDER = {"is_logged_in": True, "iss": "https://login.example", "sub": "a1", "name": "Anna", "nonce": "here"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A home with two collections of one document each; what a test sets in the environment holds for it alone."""
    made = open_citewell(Settings(home=new_home(tmp_path / "home"), sample=False))
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
    assert [each.value for each in test.subheader] == ["New chats", "Where you are signed in", "API keys", "Your data"]
    assert not test.segmented_control


# The organisation's.

KEY = "canary-page-4711"


def part(name: str, test: AppTest | None = None) -> AppTest:
    test = settings_page(test)
    test.session_state["settings_part"] = name
    return test.run()


def field(test: AppTest, label: str) -> Any:
    every = [*test.text_input, *test.selectbox, *test.multiselect, *test.number_input]
    return next(each for each in every if each.label == label)


def given(endpoint: ScriptedEndpoint, key: str = "") -> AppTest:
    """The page with an endpoint in its fields that is not saved yet."""
    test = part("Model")
    field(test, "Address").set_value(endpoint.url)
    field(test, "Key").set_value(key)
    return test.run()


def told(test: AppTest) -> str:
    return unescape("\n".join([said(test), *(str(each.value) for each in test.error)]))


def everything_on(test: AppTest) -> str:
    drawn = [element.proto for element in test.main if hasattr(element, "proto")]
    return "\n".join([*map(str, drawn), *(str(each.proto) for each in test.text_input)])


def test_an_endpoint_is_listed_tried_saved_and_answers_in_another_tab_without_a_restart(citewell: Citewell) -> None:
    other = page()
    with ScriptedEndpoint([reply("The Handbook is kept in the library [1].")], listed=models("b", "a*b")) as endpoint:
        test = button(given(endpoint, f" {KEY} "), "List models")
        assert "Models at this address: 2." in told(test)
        field(test, "The model that answers").select("a*b").run()
        field(test, "Others to choose from in a chat").select("b").run()
        field(test, "a&#42;b, sent").set_value(2.5).run()
        field(test, "Currency").set_value("EUR").run()
        assert "**a*b** answers; its first word came after " in told(button(test, "Test"))
        assert citewell.models.lineup.model is None, "nothing is kept before it is saved"
        test = button(test, "Save")
        assert "Chosen here, in place of what the environment says" in told(test)
        other.chat_input[0].set_value("Where is the handbook kept?").run()
        other.run()
        address = endpoint.url
        (request, *_) = [each for each in endpoint.requests if each.body and len(each.body["messages"]) > 1]
    assert (request.body["model"], request.headers["authorization"]) == ("a*b", f"Bearer {KEY}")
    kept = citewell.models.state(LOCAL_USER).endpoint
    assert kept is not None
    assert (kept.further, kept.prices, kept.currency) == (("b",), {"a*b": (2.5, 0.0)}, "EUR")
    (entry,) = citewell.audit.entries(Sought(action=Action.ENDPOINT_CHANGED))
    assert (entry.target, entry.detail["key"], entry.detail["model"]) == (address, "new", "a*b")


def test_a_key_stands_on_no_page_and_in_no_record_once_it_was_given(
    citewell: Citewell, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"), ScriptedEndpoint([error(401, f"wrong: {KEY}")]) as endpoint:
        test = button(given(endpoint, KEY), "Save")
        shown = everything_on(test)
        shown += everything_on(button(test, "Test")) + told(test)
        address = endpoint.url
        shown += everything_on(part("Model")) + repr(citewell.audit.entries()) + repr(test.session_state)
    assert address in shown
    assert "A key is kept; a new one replaces it" in shown
    assert "refused the API key" in told(test)
    assert KEY not in shown
    assert KEY not in caplog.text


def test_a_kept_key_does_not_follow_to_another_address_and_can_be_removed(citewell: Citewell) -> None:
    with ScriptedEndpoint([reply("Hello.")]) as endpoint, ScriptedEndpoint([reply("Hello.")]) as other:
        button(given(endpoint, KEY), "Save")
        for label in ("Save", "Test", "List models"):
            assert "goes nowhere else" in told(button(given(other), label))
        assert other.requests == []
        test = button(part("Model"), "Remove the key")
        assert "No key is kept" in everything_on(test)
        test = button(test, "Back to what the environment says")
    assert "No model is connected" in told(test)
    details = [entry.detail for entry in citewell.audit.entries(Sought(action=Action.ENDPOINT_CHANGED))]
    assert [detail.get("key") for detail in details] == [None, "removed", "new"]


def test_a_model_that_is_not_listed_any_more_is_kept_and_said(citewell: Citewell) -> None:
    with ScriptedEndpoint([], listed=models("new")) as endpoint:
        citewell.models.choose(Endpoint(endpoint.url, model="old"), LOCAL_USER)
        test = button(part("Model"), "List models")
    assert "Not among the listed models, and kept until you choose otherwise: old." in told(test)
    assert field(test, "The model that answers").value == "old"


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:9/v1"])
def test_an_address_that_is_none_or_does_not_answer_is_told_and_the_page_goes_on(
    citewell: Citewell, address: str
) -> None:
    test = part("Model")
    field(test, "Address").set_value(address).run()
    for label in ("List models", "Test"):
        assert "address" in told(button(test, label))
    field(test, "Currency").set_value("").run()
    assert "no address" in told(button(test, "Save")) or "A currency has" in told(test)
    assert not citewell.models.state(LOCAL_USER).is_chosen


def test_of_ten_thousand_models_a_thousand_are_offered(citewell: Citewell) -> None:
    with ScriptedEndpoint([], listed=models(*(f"m{n}" for n in range(10_000)))) as endpoint:
        test = button(given(endpoint), "List models")
    assert "The endpoint has 10,000 models; 1,000 are offered, type any other." in told(test)
    assert len(field(test, "The model that answers").options) == 1_000


def test_house_rules_are_changed_and_an_earlier_version_comes_back(citewell: Citewell) -> None:
    test = part("House rules")
    for text in ("Say “colleague”.", "Name *the* form."):
        test.text_area[0].set_value(text)
        test = button(test, "Save")
    assert test.text_area[0].value == "Name *the* form."
    test = button(test, "Put in force again")
    assert test.text_area[0].value == "Say “colleague”."
    assert "Name *the* form." in told(test)
    current = citewell.house_rules.current()
    assert current is not None
    assert current.text == "Say “colleague”."
    recorded = citewell.audit.entries(Sought(action=Action.HOUSE_RULES_CHANGED))
    assert [entry.target for entry in recorded] == ["version 3", "version 2", "version 1"]


def test_in_the_demonstration_the_organisations_part_is_not_there(home: pytest.MonkeyPatch) -> None:
    home.setenv("CITEWELL_DEMO", "1")
    test = settings_page()
    assert [each.value for each in test.subheader] == ["New chats", "Your data"]
    test.session_state["settings_part"] = "Model"
    assert "Address" not in [each.label for each in test.run().text_input]
