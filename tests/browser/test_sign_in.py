"""Signing in with a real OpenID provider on loopback: who is let in, what they see, and how it ends."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from assistant.access import LOCAL_USER, Role
from assistant.audit import Action, Audit, Sought
from tests.browser.conftest import copy_of
from tests.browser.office import Office, opened_office

CANARY = "Skerrivane"
CONTEXT = {"viewport": {"width": 1280, "height": 860}}


@pytest.fixture(scope="module")
def office(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The sample company's home behind the provider."""
    with opened_office(copy_of(sample_home, tmp_path_factory.mktemp("office"))) as opened:
        yield opened


@contextmanager
def somebody(browser: Browser, office: Office, name: str, path: str = "/") -> Iterator[Page]:
    """A fresh browser profile in which this person has just signed in."""
    with closing(browser.new_context(**CONTEXT)) as context:  # type: ignore[arg-type]
        page = context.new_page()
        sign_in(page, office, name)
        if path != "/":
            page.goto(office.app.url + path)
        yield page


def sign_in(page: Page, office: Office, name: str) -> None:
    """Through the provider's page and back."""
    page.goto(office.app.url)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/oauth2/authorize**")
    page.get_by_role("button", name=name.lower()).first.click()
    page.wait_for_url(f"{office.app.url}/**")
    expect(page.get_by_text("You are").or_(page.get_by_test_id("stSidebar")).first).to_be_visible()


def received(page: Page) -> list[bytes]:
    """Every byte that comes over websockets or as a response's body from now on."""
    frames: list[bytes] = []
    page.on(
        "websocket",
        lambda socket: socket.on(
            "framereceived", lambda data: frames.append(data if isinstance(data, bytes) else data.encode())
        ),
    )
    return frames


@pytest.mark.threat("T23")
@pytest.mark.parametrize("path", ["/", "/documents", "/document?id=1", "/check", "/shared?s=1", "/?c=1"])
def test_before_the_sign_in_no_page_says_anything(browser: Browser, office: Office, path: str) -> None:
    with closing(browser.new_context(**CONTEXT)) as context:  # type: ignore[arg-type]
        page = context.new_page()
        frames = received(page)
        page.goto(office.app.url + path)
        expect(page.get_by_role("heading", name="Sign in to Citewell")).to_be_visible()
        expect(page.get_by_test_id("stChatInput")).to_have_count(0)
        assert frames
        assert not any(CANARY.encode() in frame for frame in frames)


def test_who_is_admitted_reads_what_is_open_to_a_group_of_theirs_and_nobody_else_does(
    browser: Browser, office: Office
) -> None:
    with somebody(browser, office, "Anna") as anna, somebody(browser, office, "Bela") as bela:
        expect(anna.get_by_test_id("stSidebar")).to_contain_text("Anna · member")
        office.open_to("Sales")
        for page in (anna, bela):
            page.goto(f"{office.app.url}/documents")
        expect(anna.get_by_text("45 documents in 1 collection").first).to_be_visible()
        expect(bela.get_by_text("There are no documents yet").first).to_be_visible()
        bela.goto(f"{office.app.url}/document?id=1")
        expect(bela.get_by_text("This document is not here any more")).to_be_visible()


@pytest.mark.threat("T4")
def test_access_that_was_withdrawn_is_gone_at_the_next_look(browser: Browser, office: Office) -> None:
    office.open_to("Everyone")
    with somebody(browser, office, "Anna", "/documents") as anna:
        expect(anna.get_by_text("45 documents in 1 collection").first).to_be_visible()
        office.open_to()
        anna.get_by_test_id("stSidebar").get_by_role("link", name="Check a text").click()
        anna.get_by_test_id("stSidebar").get_by_role("link", name="Documents", exact=True).click()
        expect(anna.get_by_text("There are no documents yet").first).to_be_visible()


@pytest.mark.threat("T1")
def test_a_conversation_is_its_owner_s_alone_even_by_its_address(browser: Browser, office: Office) -> None:
    office.open_to("Everyone")
    with somebody(browser, office, "Anna") as anna, somebody(browser, office, "Bela") as bela:
        box = anna.get_by_test_id("stChatInput").locator("textarea")
        box.fill("How many days of annual leave do I have?")
        box.press("Enter")
        expect(anna.locator(".answer")).to_contain_text("26 days")
        frames = received(bela)
        bela.goto(anna.url)
        expect(bela.get_by_text("no such conversation")).to_be_visible()
        assert not any(b"annual leave do I have" in frame for frame in frames)


@pytest.mark.threat("T24")
@pytest.mark.parametrize("name", ["Chief", "Liar"])
def test_an_address_that_is_foreign_or_not_verified_lets_nobody_in(browser: Browser, office: Office, name: str) -> None:
    office.open_to("Everyone")
    with somebody(browser, office, name, "/documents") as page:
        expect(page.get_by_role("heading", name="You are signed in, but not let in yet")).to_be_visible()
        expect(page.get_by_test_id("stMain")).not_to_contain_text("documents in")


def test_the_first_administrator_comes_with_a_code_that_works_once(browser: Browser, office: Office) -> None:
    code = office.accounts.invite(Role.ADMIN, LOCAL_USER)
    with somebody(browser, office, "Chief") as chief:
        chief.get_by_label("Code of an invitation").fill(code)
        chief.get_by_role("button", name="Use this code").click()
        expect(chief.get_by_test_id("stSidebar")).to_contain_text("Chief · admin")
    with somebody(browser, office, "Liar") as liar:
        liar.get_by_label("Code of an invitation").fill(code)
        liar.get_by_role("button", name="Use this code").click()
        expect(liar.get_by_text("This code is not valid")).to_be_visible()


def copied(context: BrowserContext, browser: Browser) -> BrowserContext:
    """Another profile with the same cookies, as a thief would have it."""
    other = browser.new_context(**CONTEXT)  # type: ignore[arg-type]
    other.add_cookies(context.cookies())  # type: ignore[arg-type]
    return other


@pytest.mark.threat("T25")
def test_a_cookie_kept_from_before_signing_out_opens_nothing(browser: Browser, office: Office) -> None:
    with somebody(browser, office, "Anna") as anna, closing(copied(anna.context, browser)) as thief:
        stolen = thief.new_page()
        stolen.goto(office.app.url)
        expect(stolen.get_by_test_id("stSidebar")).to_contain_text("Anna")
        anna.get_by_role("button", name="Sign out").click()
        anna.get_by_role("button", name="End session").click()  # The provider asks; then it sends them back.
        expect(anna.get_by_role("heading", name="Sign in to Citewell")).to_be_visible()
        expect(stolen.get_by_role("heading", name="You are not signed in")).to_be_visible(timeout=30_000)
        again = thief.new_page()
        again.goto(office.app.url)
        expect(again.get_by_role("heading", name="You are not signed in")).to_be_visible()


@pytest.mark.threat("T25")
def test_who_is_disabled_is_out_in_seconds_without_a_click(browser: Browser, office: Office) -> None:
    with somebody(browser, office, "Bela") as bela:
        expect(bela.get_by_test_id("stSidebar")).to_contain_text("Bela")
        office.accounts.set_disabled(office.person("Bela").id, LOCAL_USER, disabled=True)
        expect(bela.get_by_text("Your account is disabled")).to_be_visible(timeout=30_000)
        expect(bela.get_by_text("Bela · member")).to_have_count(0)
        expect(bela.get_by_test_id("stChatInput")).to_have_count(0)
    office.accounts.set_disabled(office.person("Bela").id, LOCAL_USER, disabled=False)


def test_sign_ins_are_recorded_with_who_and_when(office: Office) -> None:
    """By whoever signed in in the tests above."""
    actors = {entry.actor.partition("|")[2] for entry in Audit(office.engine).entries(Sought(action=Action.SIGNED_IN))}
    assert {"anna", "bela", "chief", "liar"} <= actors
    assert Audit(office.engine).entries(Sought(action=Action.SIGNED_OUT))


def test_a_provider_that_is_down_is_said_and_nobody_is_sent_there(browser: Browser, office: Office) -> None:
    office.provider.terminate()
    office.provider.wait(10)
    with closing(browser.new_context(**CONTEXT)) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(office.app.url)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("The sign-in cannot be reached at the moment")).to_be_visible()
