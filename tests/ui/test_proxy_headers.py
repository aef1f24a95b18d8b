"""Which headers get past the front door, by who is at the other end of the connection."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from assistant.claims import claims_of
from assistant.errors import SignInRefused
from assistant.proxy_headers import ProxyHeaders, networks_of
from ui.fresh_sessions import FreshSessions
from ui.proxy_headers import OnlyFromProxy, connected_from

pytestmark = pytest.mark.threat("T24")

PROXY = ("10.1.2.3", 40_000)
EXPECTED = ProxyHeaders(networks=networks_of(("10.1.2.3", "127.0.0.1", "fd00::/8")))
USER = (b"x-forwarded-user", b"anna")


def passed(middleware: Any, scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers that the app behind it sees."""
    seen: list[tuple[bytes, bytes]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(scope["headers"])

    async def nothing(*_: Any) -> Any:
        return None

    asyncio.run(middleware(app)(scope, nothing, nothing))
    return seen


def past(headers: list[tuple[bytes, bytes]], client: Any, kind: str = "http") -> list[tuple[bytes, bytes]]:
    scope = {"type": kind, "client": client, "headers": headers}
    return passed(lambda app: OnlyFromProxy(app, lambda: EXPECTED), scope)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("client", [PROXY, ("fd12::1", 9), ("::ffff:10.1.2.3", 9)])
def test_the_proxy_s_headers_stay(client: Any, kind: str) -> None:
    assert past([(b"host", b"x"), USER], client, kind) == [(b"host", b"x"), USER]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "client", [("10.1.2.4", 9), ("203.0.113.9", 9), ("::ffff:10.1.2.4", 9), ("testclient", 9), None]
)
@pytest.mark.parametrize(
    "name", [b"x-forwarded-user", b"X-Forwarded-Email", b"x_forwarded_groups", b"X-FORWARDED_User"]
)
def test_everybody_else_s_go(name: bytes, client: Any, kind: str) -> None:
    assert past([(b"host", b"x"), (name, b"anna")], client, kind) == [(b"host", b"x")]


def test_this_machine_s_stay_when_the_server_has_put_the_visitor_s_address_in_its_place() -> None:
    """As Uvicorn does for a proxy on this machine: the port is then 0, or stands in the header."""
    forwarded = (b"x-forwarded-for", b"203.0.113.9")
    assert USER in past([forwarded, USER], ("203.0.113.9", 0))
    for said in (b"10.1.2.3:443", b"10.1.2.3:0443", b"9.9.9.9, 10.1.2.3: 443", b"10.1.2.3:4_43"):
        assert USER not in past([(b"x-forwarded-for", said), USER], ("10.1.2.3", 443))
    assert USER not in past([(b"x-forwarded-for", b"[fd00::1]:443"), USER], ("fd00::1", 443))
    assert USER not in past([forwarded, USER], ("203.0.113.9", 40_000))
    assert USER in past([forwarded, USER], PROXY)


@given(
    st.lists(
        st.sampled_from([b"10.1.2.3", b"127.0.0.1", b"10.1.2.3:7", b"fd00::1", b"junk", b"[fd00::1]:7"]), min_size=1
    ),
    st.integers(1, 65_535),
)
def test_no_forwarded_address_makes_a_stranger_the_proxy(forwarded: list[bytes], port: int) -> None:
    """A connection has a port, and nobody's but this machine's address is replaced."""
    headers = [(b"x-forwarded-for", value) for value in forwarded]
    assert connected_from({"headers": headers, "client": ("203.0.113.9", port)}) in {None, "203.0.113.9"}


@pytest.mark.parametrize("groups", [None, "", "Sales", " Sales ,, Staff,Sales"])
def test_what_is_said_becomes_claims(groups: str | None) -> None:
    headers = {"X-Forwarded-User": " anna ", "X-Forwarded-Email": "Anna@Staff.example"}
    claims = claims_of(EXPECTED.claims(headers if groups is None else headers | {"X-Forwarded-Groups": groups}))
    assert (claims.subject, claims.email, claims.role) == ("anna", "anna@staff.example", None)
    assert claims.groups == (
        None if groups is None else tuple(dict.fromkeys(g.strip() for g in groups.split(",") if g.strip()))
    )
    assert "://" not in claims.issuer


def test_nobody_is_named_by_an_empty_header() -> None:
    with pytest.raises(SignInRefused):
        EXPECTED.claims({"X-Forwarded-User": "  "})


def test_a_websocket_names_no_session_where_streamlit_knows_nobody() -> None:
    headers = [(b"sec-websocket-protocol", b"streamlit, token, session-of-another")]
    scope = {"type": "websocket", "headers": headers}
    assert passed(lambda app: FreshSessions(app, lambda: True), scope) == [(headers[0][0], b"streamlit, token")]
    assert passed(lambda app: FreshSessions(app, lambda: False), scope) == headers
