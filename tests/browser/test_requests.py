"""Raw requests to the running app: foreign names, foreign pages, missing tokens, and addresses that would lead away."""

import base64
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.browser.serving import App

ROUTES = (
    "/",
    "/documents",
    "/document?id=1",
    "/shared?s=0",
    "/healthz",
    "/readyz",
    "/assets/citewell.js",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/stream",
    "/_stcore/upload_file/a/b",
    "/_stcore/agent/openapi.json",
    "/media/x",
    "/component/x/y",
    "/static/js/x.js",
    "/auth/login",
    "/oauth2callback",
    "/nowhere",
)
FOREIGN_HOSTS = ("evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1@evil.example")
LEADING_AWAY = (
    "//evil.example",
    "//evil.example/",
    "///evil.example/",
    "////evil.example/%2e%2e",
    "/\\evil.example/",
    "/\\/evil.example/",
    "/%5Cevil.example/",
    "/%2f%2fevil.example/",
    "/%2F/evil.example/",
    "/.//evil.example/",
    "/./..//evil.example/",
    "/x/..//evil.example/",
    "/documents//evil.example/",
    "/x//evil.example/",
    "/;//evil.example/",
    "/%09//evil.example/",
    "/%0d%0aLocation:%20http://evil.example",
    "/documents/%0d%0aLocation:%20http://evil.example/",
    "/@evil.example/",
    "/http://evil.example/",
    "/http:/evil.example/",
    "/?next=//evil.example",
    "/documents/?next=https://evil.example",
    "/documents/?url=//evil.example&redirect=//evil.example&return_to=//evil.example",
    "/shared/?s=//evil.example",
    "/oauth2callback?next=//evil.example",
    "/oauth2callback?state=x&code=y&redirect_uri=//evil.example",
    "/auth/login?provider=//evil.example&next=//evil.example",
    "/auth/logout?next=//evil.example",
    "/assets//evil.example/",
    "/static//evil.example/",
    "http://evil.example/documents/",
)
TOKENS = ("", "2|00000000|00000000000000000000000000000000|1", "x")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the status and the headers, names in small letters."""

    status: int
    headers: Mapping[str, str]


def own_host(app: App) -> str:
    return urlsplit(app.url).netloc


def request(app: App, path: str, *, method: str = "GET", host: str | None = None, **headers: str) -> Reply:
    """Send one request, letter for letter; underscores in header names stand for hyphens."""
    fields = {"Host": own_host(app) if host is None else host, "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    port = urlsplit(app.url).port
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received and (piece := connection.recv(65_536)):
            received += piece
    first, *lines = received.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return Reply(int(first.split()[1]), {name.lower(): value for name, _, value in pairs})


def websocket(app: App, *, host: str | None = None, **headers: str) -> int:
    """The status with which the page's websocket is opened or refused."""
    key = base64.b64encode(os.urandom(16)).decode()
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Key": key, "Sec_WebSocket_Version": "13"}
    return request(app, "/_stcore/stream", host=host, Sec_WebSocket_Protocol="streamlit", **asked, **headers).status


@pytest.mark.threat("T27", count=20)
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_every_route_is_closed_under_a_foreign_name(app: App, host: str) -> None:
    replies = [request(app, route, host=host) for route in ROUTES]
    assert [reply.status for reply in replies] == [403] * len(ROUTES)
    assert all("default-src 'self'" in reply.headers["content-security-policy"] for reply in replies)
    assert websocket(app, host=host) == 403
    assert websocket(app, host=host, Origin=f"http://{host}") == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]:8501", "10.0.0.9:8501"])
def test_this_machine_and_numbers_are_answered(app: App, host: str) -> None:
    assert request(app, "/healthz", host=host).status == 200


@pytest.mark.threat("T27", count=19)
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://evil.example:443", "http://localhost:3000", "http://127.0.0.1:1", "null"]
)
def test_a_foreign_page_opens_no_websocket_and_reads_nothing(app: App, origin: str) -> None:
    assert websocket(app, Origin=origin) == 403
    for route in ROUTES:
        reply = request(app, route, Origin=origin)
        # What is the same for everybody may be fetched by all; a page of a conversation goes over the websocket.
        assert reply.headers.get("access-control-allow-origin") in {None, "*"}
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"


def test_our_own_page_opens_the_websocket(app: App) -> None:
    assert websocket(app, Origin=app.url) == 101
    assert websocket(app) == 101


@pytest.mark.threat("T27", count=2)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("token", TOKENS)
def test_nothing_is_uploaded_or_removed_without_the_pages_token(app: App, method: str, token: str) -> None:
    path = "/_stcore/upload_file/a/b"
    given = {"X_Xsrftoken": token} if token else {}
    assert request(app, path, method=method, Content_Length="0", **given).status == 403
    cookie = {"Cookie": f"_streamlit_xsrf={token}"}
    assert request(app, path, method=method, Content_Length="0", **cookie).status == 403


def test_with_the_pages_token_a_foreign_page_is_refused_all_the_same(app: App) -> None:
    cookie = request(app, "/_stcore/health").headers["set-cookie"].partition(";")[0]
    token = cookie.partition("=")[2]

    def upload(origin: str) -> int:
        path = "/_stcore/upload_file/no-session/b"
        headers = {"Cookie": cookie, "X_Xsrftoken": token, "Content_Length": "0", "Origin": origin}
        return request(app, path, method="PUT", **headers).status

    assert upload("http://evil.example") == 403
    # The token is right, only the session is none.
    assert upload(app.url) == 400


@pytest.mark.threat("T26")
@pytest.mark.parametrize("path", LEADING_AWAY)
def test_no_address_leads_away_from_here(app: App, path: str) -> None:
    reply = request(app, path)
    assert reply.status < 500
    place = reply.headers.get("location", "/")
    assert place.startswith("/"), place
    assert not place.startswith(("//", "/\\")), place
    assert "refresh" not in reply.headers
