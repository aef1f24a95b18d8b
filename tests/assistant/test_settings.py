from pathlib import Path

import pytest
from pydantic import ValidationError

from assistant.errors import SettingsError
from assistant.settings import Settings, environment

KEY = "sk-canary-4711"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch):
    for name in environment():
        if name.startswith(("CITEWELL_", "OPENAI_")):
            monkeypatch.delenv(name)


def test_the_environment_is_read_and_given_values_win(monkeypatch):
    monkeypatch.setenv("CITEWELL_HOME", "/from/environment")
    monkeypatch.setenv("CITEWELL_PASSAGES", "3")
    assert Settings.read().home == Path("/from/environment")
    assert Settings.read(home=Path("/given")).home == Path("/given")
    assert Settings.read(home=None).passages == 3


@pytest.mark.parametrize("given", ["https://a.example http://localhost:8600", "https://a.example,http://localhost:8600", " https://a.example,  http://localhost:8600 "])  # fmt: skip
def test_origins_that_may_embed_it_are_a_list(given, monkeypatch):
    monkeypatch.setenv("CITEWELL_EMBED_ORIGINS", given)
    assert Settings.read().embed_origins == ("https://a.example", "http://localhost:8600")


def test_by_default_no_origin_may_embed_it(monkeypatch):
    assert Settings.read().embed_origins == ()
    monkeypatch.setenv("CITEWELL_EMBED_ORIGINS", "")
    assert Settings.read().embed_origins == ()


@pytest.mark.parametrize(
    "origin",
    [
        "a.example",
        "https://a.example/",
        "https://a.example/portal",
        "https://*.example",
        "*",
        "'self'",
        "https:",
        "ftp://a.example",
        "https://me@a.example",
        "https://a.example:0",
        "https://a.example;script-src",
        "https://bücher.example",
        "https://a.example?x",
        "https://[::1]:8600",
    ],
)
def test_what_is_no_origin_may_not_embed_it(origin, monkeypatch):
    monkeypatch.setenv("CITEWELL_EMBED_ORIGINS", f"https://good.example {origin}")
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    assert "CITEWELL_EMBED_ORIGINS" in refused.value.hint


def test_names_under_which_it_answers_are_a_list(monkeypatch):
    assert Settings.read().hosts == ()
    monkeypatch.setenv("CITEWELL_HOSTS", "Citewell.example, kb ask.citewell.example")
    assert Settings.read().hosts == ("citewell.example", "kb", "ask.citewell.example")


@pytest.mark.parametrize("name", ["https://a.example", "a.example:443", "*.example", "*", "a.example/", "bücher.example", "a..b", "[::1]"])  # fmt: skip
def test_what_is_no_name_is_refused(name, monkeypatch):
    monkeypatch.setenv("CITEWELL_HOSTS", f"good.example {name}")
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    assert "CITEWELL_HOSTS" in refused.value.hint


def test_secrets_are_masked_wherever_settings_are_printed(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings = Settings.read()
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == KEY
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert KEY not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CITEWELL_PASSAGES", "many"),
        ("CITEWELL_PASSAGES", "0"),
        ("CITEWELL_WINDOW_TOKENS", "12"),
        ("CITEWELL_TOTAL_S", "-1"),
        ("CITEWELL_DEMO", "perhaps"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_not_repeated(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    assert name in refused.value.hint
    assert refused.value.hint.endswith("correct it, or leave it out.")
    assert "pydantic" not in refused.value.hint


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("CITEWELL_RERANK_URL", {"CITEWELL_RERANK_URL": "rerank.example.com"}),
        ("CITEWELL_RERANK_TIMEOUT", {"CITEWELL_RERANK_TIMEOUT": "0"}),
        (
            "CITEWELL_RERANK_API_KEY",
            {"CITEWELL_RERANK_URL": "http://rerank.example.com/v1", "CITEWELL_RERANK_API_KEY": KEY},
        ),
    ],
)
def test_a_reranker_needs_an_address_and_its_key_travels_encrypted(name, changes, monkeypatch):
    for variable, value in changes.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    assert name in refused.value.hint
    assert KEY not in refused.value.hint


def test_a_rerankers_key_is_masked_and_may_travel_on_this_machine(monkeypatch):
    monkeypatch.setenv("CITEWELL_RERANK_URL", "http://127.0.0.1:8080/v1")
    monkeypatch.setenv("CITEWELL_RERANK_API_KEY", KEY)
    settings = Settings.read()
    assert settings.rerank_api_key is not None
    assert KEY not in f"{settings!r} {settings.model_dump_json()}"


def test_a_model_is_there_once_a_key_or_an_address_is_and_empty_is_absent(monkeypatch):
    assert not Settings.read().has_model
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert not Settings.read().has_model
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1")
    assert Settings.read().has_model
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert Settings.read().has_model


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Settings.read().passages = 4


def test_every_setting_says_what_it_is():
    assert all(field.description for field in Settings.model_fields.values())


def test_a_started_process_gets_this_environment_with_the_changes(monkeypatch):
    monkeypatch.setenv("CITEWELL_HOME", "/here")
    changed = environment(CITEWELL_HOME="/there", CITEWELL_DEMO="1")
    assert (changed["CITEWELL_HOME"], changed["CITEWELL_DEMO"]) == ("/there", "1")
    assert environment()["CITEWELL_HOME"] == "/here"


@pytest.mark.parametrize("address", [None, "0.0.0.0", "::", "192.168.1.7", "citewell.example", ""])
def test_where_nobody_signs_in_only_this_machine_is_listened_to(address):
    with pytest.raises(SettingsError, match="this machine only"):
        Settings().check_address(address)
    for let_in in ({"sign_in": "oidc"}, {"demo": True}, {"serve_everyone_without_sign_in": True}):
        Settings(**let_in).check_address(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_is_always_listened_to(address):
    assert Settings().check_address(address) is None


def test_a_proxy_that_is_named_by_half_is_refused():
    with pytest.raises(SettingsError, match="CITEWELL_PROXY_JWKS_URL"):
        Settings.read(sign_in="proxy", proxy_issuer="https://proxy.example")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"proxy_addresses": "10.0.0.1/8", "sign_in": "proxy"}, "CITEWELL_PROXY_ADDRESSES"),
        ({"proxy_addresses": "proxy.example", "sign_in": "proxy"}, "CITEWELL_PROXY_ADDRESSES"),
        ({"proxy_addresses": "10.1.2.3"}, "CITEWELL_SIGN_IN=proxy"),
        ({"proxy_addresses": "10.1.2.3", "sign_in": "proxy", "proxy_issuer": "https://p"}, "signs no tokens"),
        ({"proxy_addresses": "10.1.2.3", "sign_in": "proxy", "forwarded_allow_ips": "*"}, "FORWARDED_ALLOW_IPS"),
        ({"proxy_addresses": "10.1.2.3", "sign_in": "proxy", "proxy_user_header": "X User"}, "PROXY_USER_HEADER"),
    ],
)
def test_headers_of_a_proxy_are_believed_only_from_addresses_that_fit_together(wrong, says):
    with pytest.raises(SettingsError, match=says):
        Settings.read(**wrong)


def test_a_proxy_that_signs_nothing_needs_only_its_addresses():
    settings = Settings.read(sign_in="proxy", proxy_addresses="10.1.2.3, 10.2.0.0/16 fd00::/8")
    assert settings.proxy_headers.believes("10.2.255.1")
    assert not settings.proxy_headers.believes("10.3.0.1")
