"""A sign-in that is carried over from somebody else, in raw requests to the real callback behind a real provider."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httpx2
import pytest

from tests.browser.office import Office, opened_office
from tests.browser.wire import wire

pytestmark = pytest.mark.threat("T26")

AUTH_COOKIE = "_streamlit_user"
NOBODY = "Sign in to Citewell"
EVIL = "https://evil.example/"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An empty home behind the provider."""
    with opened_office(tmp_path_factory.mktemp("forged") / "home", CITEWELL_SAMPLE="0") as opened:
        yield opened


@dataclass(slots=True)
class Browser:
    """What a browser keeps: cookies. It follows no address by itself."""

    office: Office
    client: httpx2.Client = field(default_factory=httpx2.Client)

    def get(self, address: str, **headers: str) -> httpx2.Response:
        return self.client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})

    @property
    def cookies(self) -> dict[str, str]:
        """Those of our own page: the provider keeps none here."""
        self.get(self.office.app.url + "/_stcore/health")
        return {cookie.name: cookie.value or "" for cookie in self.client.cookies.jar}

    @property
    def seen(self) -> str:
        """What the page shows in this browser."""
        with wire(self.office.app, cookies=self.cookies) as page:
            return page.run()

    @property
    def is_signed_in(self) -> bool:
        return AUTH_COOKIE in self.cookies

    def begun(self) -> str:
        """Where a click on Sign in leads: to our own address, and from there to the provider's."""
        with wire(self.office.app, cookies=self.cookies) as page:
            page.run()
            said = page.click("Sign in")
        led = re.search(r'"([^"]*auth/login\?provider=[^"]+)"', said)
        assert led is not None
        return self.office.app.url + "/" + led[1].removeprefix(self.office.app.url).lstrip("/")

    def asked(self, login: str, **headers: str) -> str:
        """The provider's address to which that leads."""
        reply = self.get(login, **headers)
        assert reply.status_code == 302
        return reply.headers["location"]

    def answered(self, authorize: str, name: str) -> str:
        """The address to which the provider sends whoever signs in there under this name."""
        with httpx2.Client() as provider:
            reply = provider.post(authorize, data={"sub": name})
        assert reply.status_code == 302
        return str(reply.headers["location"])

    def called_back(self, name: str) -> str:
        """All of it up to the address of our callback, which is not gone to yet."""
        return self.answered(self.asked(self.begun()), name)


@contextmanager
def browser(office: Office, name: str | None = None) -> Iterator[Browser]:
    """A browser in which this person has signed in."""
    opened = Browser(office)
    with opened.client:
        if name is not None:
            opened.get(opened.called_back(name))
        yield opened


def test_the_whole_way_lets_somebody_in(office: Office) -> None:
    """What the other tests leave undone is what they are about."""
    with browser(office, "anna") as anna, browser(office) as nobody:
        assert "Anna · member" in anna.seen
        assert NOBODY in nobody.seen


def test_an_address_of_the_callback_that_another_browser_began_signs_nobody_in(office: Office) -> None:
    """Login CSRF: whoever follows a prepared link would work under the name of who prepared it."""
    with browser(office) as attacker, browser(office) as fresh, browser(office, "anna") as anna:
        for victim in (fresh, anna):
            prepared = attacker.called_back("bela")
            assert victim.get(prepared).headers["location"].startswith("/")
            assert "Bela" not in victim.seen
        assert not fresh.is_signed_in
        assert "Anna · member" in anna.seen


def test_an_address_of_the_callback_works_once(office: Office) -> None:
    """Even with the cookies from before it was gone to: its code is used up."""
    with browser(office) as anna, browser(office) as thief:
        address = anna.called_back("anna")
        thief.client.cookies.update(anna.client.cookies)
        anna.get(address)
        assert "Anna · member" in anna.seen
        thief.get(address)
        assert not thief.is_signed_in
        assert NOBODY in thief.seen
        anna.get(address)
        assert "Bela" not in anna.seen


def test_a_code_with_the_nonce_of_another_sign_in_is_refused(office: Office) -> None:
    with browser(office) as attacker, browser(office) as victim:
        code = parse_qs(urlsplit(attacker.called_back("bela")).query)["code"][0]
        own = urlsplit(victim.called_back("anna"))
        state = parse_qs(own.query)["state"][0]
        victim.get(urlunsplit(own._replace(query=f"code={code}&state={state}")))
        assert not victim.is_signed_in
        assert NOBODY in victim.seen


@pytest.mark.parametrize("state", ["", "x", "_state_default_x", "%00", "a" * 4_000])
def test_a_state_that_nobody_began_is_refused(office: Office, state: str) -> None:
    with browser(office) as victim:
        reply = victim.get(f"{office.app.url}/oauth2callback?code=x&state={state}")
        assert reply.status_code < 500
        assert not victim.is_signed_in


def test_neither_the_way_to_the_provider_nor_the_way_back_leads_elsewhere(office: Office) -> None:
    further = "".join(f"&{name}={EVIL}" for name in ("redirect_uri", "next", "return_to", "url", "redirect"))
    forged = {
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Proto": "https",
        "Referer": EVIL,
        "Forwarded": "host=evil.example",
    }
    with browser(office) as anna:
        authorize = anna.asked(anna.begun() + further, **forged)
        assert parse_qs(urlsplit(authorize).query)["redirect_uri"] == [f"{office.app.url}/oauth2callback"]
        reply = anna.get(anna.answered(authorize, "anna") + further, **forged)
        assert reply.headers["location"] == "/"
        out = anna.get(f"{office.app.url}/auth/logout?post_logout_redirect_uri={EVIL}{further}", **forged)
        assert "evil.example" not in out.headers["location"]


def test_cookies_that_were_laid_before_the_sign_in_are_worth_nothing_after_it(office: Office) -> None:
    """Session fixation: what an attacker planted in the browser does not become the victim's sign-in."""
    with browser(office) as attacker, browser(office) as victim:
        login = attacker.begun()
        attacker.asked(login)
        victim.client.cookies.update(attacker.client.cookies)
        victim.get(victim.called_back("anna"))
        assert "Anna · member" in victim.seen
        assert not attacker.is_signed_in
        assert NOBODY in attacker.seen


def test_who_signs_in_over_a_planted_sign_in_is_themselves(office: Office) -> None:
    with browser(office, "bela") as attacker, browser(office) as victim:
        login = victim.begun()
        victim.client.cookies.update(attacker.client.cookies)
        victim.get(victim.answered(victim.asked(login), "anna"))
        said = victim.seen
        assert "Anna · member" in said
        assert "Bela" not in said


@pytest.mark.parametrize("changed", ["cut", "turned", "unsigned"])
def test_a_cookie_that_was_changed_signs_nobody_in(office: Office, changed: str) -> None:
    with browser(office, "anna") as anna:
        value = anna.cookies[AUTH_COOKIE]
        forged = {
            "cut": value[: len(value) // 2],
            "turned": value[:-4] + value[-4:].swapcase(),
            "unsigned": value.rpartition(".")[0],
        }[changed]
        with wire(office.app, cookies=anna.cookies | {AUTH_COOKIE: forged}) as page:
            said = page.run()
        assert forged != value
        assert NOBODY in said
        assert "Anna" not in said


def test_a_websocket_that_names_somebody_else_s_session_gets_its_own(office: Office) -> None:
    """While theirs is connected, and when it is not any more; with another's cookies, and with none."""
    with browser(office, "anna") as anna, browser(office, "bela") as bela:
        with wire(office.app, cookies=anna.cookies) as own:
            assert "Anna · member" in own.run()
            for cookies in (bela.cookies, {}):
                assert_gets_its_own(office, own.session, cookies)
            assert "Anna · member" in own.run()
        for cookies in (bela.cookies, {}):
            assert_gets_its_own(office, own.session, cookies)
        with wire(office.app, cookies=anna.cookies, session=own.session) as back:
            back.run()
            assert back.session == own.session  # Their own browser does come back to it.


def assert_gets_its_own(office: Office, session: str, cookies: dict[str, str]) -> None:
    with wire(office.app, cookies=cookies, session=session) as other:
        said = other.run()
    assert other.session not in {"", session}
    assert "Anna" not in said
    assert ("Bela · member" if cookies else NOBODY) in said
