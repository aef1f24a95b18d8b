"""Headers of an identity proxy that signs nothing: believed from its address alone, in real requests to the page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER
from assistant.accounts import Accounts
from assistant.settings import Settings
from retrieval.database import open_database
from tests.browser.conftest import copy_of
from tests.browser.serving import App, served
from tests.browser.wire import wire

pytestmark = pytest.mark.threat("T24")

PROXY, STRANGER = "127.0.0.7", "127.0.0.8"
ANNA = {"X-Forwarded-User": "anna", "X-Forwarded-Email": "anna@staff.example", "X-Forwarded-Groups": "Sales, Staff"}
OUT = "You are not signed in"


@pytest.fixture(scope="module")
def behind(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app behind a proxy at one address of this machine."""
    home = copy_of(sample_home, tmp_path_factory.mktemp("proxy"))
    settings = {"CITEWELL_SIGN_IN": "proxy", "CITEWELL_PROXY_ADDRESSES": PROXY, "CITEWELL_ADMIT": "staff.example"}
    with served(home, **settings) as app:
        yield app


def shows(name: str, said: str) -> bool:
    """Whether the page says that this person is let in; an address in a text is written so that nothing makes a link of it."""
    return re.search(rf"{name}\W*64;staff\.example · member", said) is not None


def accounts(app: App) -> Accounts:
    return Accounts(open_database(f"sqlite:///{app.home / 'citewell.sqlite'}"))


def test_of_the_proxy_the_headers_say_who_it_is(behind: App) -> None:
    with wire(behind, ANNA, peer=PROXY) as anna:
        assert shows("anna", anna.run())
    (person,) = (person for person in accounts(behind).list(LOCAL_USER) if person.subject == "anna")
    assert person.email == "anna@staff.example"
    assert person.issuer == Settings().proxy_headers.issuer


@pytest.mark.parametrize(
    "headers",
    [
        ANNA,
        {"x-forwarded-user": "anna"},
        {"X_Forwarded_User": "anna"},
        {"X-Forwarded_User": "anna", **ANNA},
        {**ANNA, "X-Forwarded-For": PROXY},
        {**ANNA, "X-Forwarded-For": f"{PROXY}, {PROXY}:443"},
        {**ANNA, "X-Real-IP": PROXY, "Forwarded": f"for={PROXY}"},
        {},
    ],
)
@pytest.mark.parametrize("peer", [STRANGER, "127.0.0.1"])
def test_of_anybody_else_they_say_nothing(behind: App, peer: str, headers: dict[str, str]) -> None:
    with wire(behind, headers, peer=peer) as stranger:
        said = stranger.run()
    assert OUT in said
    assert not shows("anna", said)


@pytest.mark.parametrize(
    "headers",
    [
        (("X-Forwarded-User", "bela"), ("X-Forwarded-User", "anna")),
        (("X-Forwarded-User", "bela"), ("X_Forwarded_User", "anna")),
        (("X-Forwarded-User", " "),),
        (("X-Forwarded-Email", "anna@staff.example"),),
    ],
)
def test_of_the_proxy_too_what_is_said_twice_or_not_at_all_is_nothing(
    behind: App, headers: tuple[tuple[str, str], ...]
) -> None:
    with wire(behind, headers, peer=PROXY) as nobody:
        assert OUT in nobody.run()


def test_a_role_is_no_header(behind: App) -> None:
    forged = {**ANNA, "X-Forwarded-Role": "admin", "X-Forwarded-Roles": "admin", "role": "admin"}
    with wire(behind, forged, peer=PROXY) as anna:
        assert shows("anna", anna.run())


def test_pages_share_a_sign_in_and_one_that_was_ended_begins_again_with_the_next_page_alone(behind: App) -> None:
    known = accounts(behind)
    with wire(behind, ANNA, peer=PROXY) as first, wire(behind, ANNA, peer=PROXY) as second:
        assert shows("anna", first.run())
        assert shows("anna", second.run())
        (person,) = (person for person in known.list(LOCAL_USER) if person.subject == "anna")
        assert len(known.sign_ins(person.id, LOCAL_USER)) == 1
        known.end_sign_ins(person.id, LOCAL_USER)
        assert "You were signed out" in first.run()
        assert "You were signed out" in second.run()
    with wire(behind, ANNA, peer=PROXY) as third:
        assert shows("anna", third.run())
        known.set_disabled(person.id, LOCAL_USER, disabled=True)
        assert "Your account is disabled" in third.run()
    with wire(behind, ANNA, peer=PROXY) as fourth:
        assert "Your account is disabled" in fourth.run()
    known.set_disabled(person.id, LOCAL_USER, disabled=False)


def test_a_connection_that_names_somebody_else_s_session_gets_its_own(behind: App) -> None:
    """Streamlit cannot tell the two apart here: it knows nobody."""
    bela = {"X-Forwarded-User": "bela", "X-Forwarded-Email": "bela@staff.example"}
    with wire(behind, ANNA, peer=PROXY) as anna:
        assert shows("anna", anna.run())
        with wire(behind, bela, peer=PROXY, session=anna.session) as other:
            said = other.run()
            assert shows("bela", said)
            assert not shows("anna", said)
            assert other.session != anna.session
        assert shows("anna", anna.run())
    with wire(behind, bela, peer=PROXY, session=anna.session) as other:
        assert shows("bela", other.run())
        assert other.session != anna.session


def test_where_nobody_signs_in_the_headers_are_nothing_either(app: App) -> None:
    with wire(app, ANNA) as someone:
        said = someone.run()
    assert "anna" not in said
    assert OUT not in said
