"""Settings of several processes that share a database, vectors and files."""

from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.home import database_of, files_of
from assistant.secrecy import MASKER
from assistant.settings import Settings, environment
from assistant.settings_table import value_of

PASSWORD = "canary-4711"
SHARED = {
    "DATABASE_URL": f"postgresql://citewell:{PASSWORD}@db.example/citewell",
    "CHROMA_URL": "http://127.0.0.1:8000",
    "CITEWELL_FILES": "/srv/citewell",
}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch):
    for name in environment():
        if name.startswith(("CITEWELL_", "OPENAI_")) or name in SHARED:
            monkeypatch.delenv(name)


def _set(monkeypatch, **changes):
    for name, value in {**SHARED, **changes}.items():
        monkeypatch.setenv(name, value)


def test_by_default_everything_is_in_the_home(tmp_path):
    settings = Settings.read(home=tmp_path)
    assert database_of(settings) == f"sqlite:///{tmp_path}/citewell.sqlite"
    assert files_of(settings) == tmp_path
    assert settings.chroma_url is None


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_shared_database_is_asked_by_psycopg(scheme, monkeypatch):
    _set(monkeypatch, DATABASE_URL=f"{scheme}://db/citewell?connect_timeout=3")
    settings = Settings.read()
    assert database_of(settings) == "postgresql+psycopg://db/citewell?connect_timeout=3"
    assert files_of(settings) == Path("/srv/citewell")


def test_its_password_is_masked_wherever_it_is_printed(monkeypatch):
    _set(monkeypatch)
    settings = Settings.read()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert PASSWORD not in shown
    assert PASSWORD not in value_of(settings, "database_url")
    assert MASKER.masked(f"password {PASSWORD} is wrong") == "password *** is wrong"


@pytest.mark.parametrize("absent", list(SHARED))
def test_what_is_shared_is_set_together_or_not_at_all(absent, monkeypatch):
    _set(monkeypatch, **{absent: ""})
    with pytest.raises(SettingsError) as refused:
        Settings.read()
    assert f"{absent} is not set" in refused.value.hint


def test_a_demonstration_shares_nothing(monkeypatch):
    _set(monkeypatch)
    with pytest.raises(SettingsError, match="demonstration"):
        Settings.read(demo=True)


@pytest.mark.parametrize("address", ["mysql://db/citewell", "sqlite:///citewell.sqlite", "db/citewell", "postgresql://"])  # fmt: skip
def test_no_other_database_is_shared(address, monkeypatch):
    _set(monkeypatch, DATABASE_URL=address)
    with pytest.raises(SettingsError, match=r"The setting DATABASE_URL is wrong"):
        Settings.read()


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "http://8.8.8.8:8000", "ftp://chroma", "http://", "http://[2001:4860::1]"])  # fmt: skip
def test_a_chroma_server_beyond_private_networks_is_refused(address, monkeypatch):
    _set(monkeypatch, CHROMA_URL=address)
    with pytest.raises(SettingsError, match=r"The setting CHROMA_URL is wrong"):
        Settings.read()


@pytest.mark.parametrize("address", ["http://chroma:8000", "http://10.0.0.7:8000", "https://[fd00::7]", "http://localhost:9"])  # fmt: skip
def test_a_chroma_server_nearby_is_accepted(address, monkeypatch):
    _set(monkeypatch, CHROMA_URL=address)
    assert Settings.read().chroma_url == address
