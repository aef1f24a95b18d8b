"""Requests under foreign names, and from foreign pages, go no further; those of a proxy or a probe do."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

from ui.own_names import OwnNames

OWN = "citewell.example"


def outcome(
    host: str | Sequence[str],
    *,
    origin: str | None = None,
    method: str = "GET",
    kind: str = "http",
    hosts: tuple[str, ...] = (),
) -> object:
    """`reached`, or the status of the refusal, or the code with which a websocket is closed."""
    told: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        told.append("reached")

    async def send(message: Message) -> None:
        told.append(message.get("status", message.get("code")))

    async def receive() -> Message:
        return {"type": f"{kind}.request"}

    headers = [(b"host", name.encode("latin-1")) for name in ([host] if isinstance(host, str) else host)]
    headers += [(b"origin", origin.encode())] if origin is not None else []
    scope = {"type": kind, "method": method, "path": "/", "headers": headers}
    asyncio.run(OwnNames(app, lambda: hosts)(scope, receive, send))
    return told[0]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8501",
        "127.0.0.1:8501",
        "[::1]:8501",
        "192.168.1.5:8501",
        "10.42.0.7",
        "[fd00::5]",
        OWN,
        f"{OWN}:443",
        f"{OWN.upper()}.",
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_this_machine_numbers_and_configured_names_are_answered(host: str, kind: str) -> None:
    assert outcome(host, kind=kind, hosts=(OWN,)) == "reached"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8501",
        f"{OWN}.evil.example",
        f"evil.{OWN}",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "127.0.0.1:8501@evil.example",
        "evil.example#127.0.0.1",
        "evil.example?localhost",
        "evil.example/localhost",
        "localhost/",
        "localhost:99999",
        "localhost:x",
        "127.1",
        "2130706433",
        "0x7f.1",
        "[::1",
        "",
        "\xe9vil.example",
        (),
        ("localhost", "evil.example"),
        ("localhost", "localhost"),
    ],
)
@pytest.mark.parametrize(("kind", "refused"), [("http", 403), ("websocket", 1008)])
def test_any_other_name_is_refused(host: str | Sequence[str], kind: str, refused: int) -> None:
    assert outcome(host, kind=kind, hosts=(OWN,)) == refused


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8501", "http://localhost:8501"),
        ("127.0.0.1:8501", "http://127.0.0.1:8501"),
        ("LOCALHOST:8501", "http://localhost:8501"),
        (OWN, f"https://{OWN}"),
        # A proxy that passes the name on without its port, or names itself.
        (OWN, f"https://{OWN}:8443"),
        ("127.0.0.1:8501", f"https://{OWN}"),
        ("localhost", None),
    ],
)
@pytest.mark.parametrize(("kind", "method"), [("websocket", "GET"), ("http", "PUT"), ("http", "DELETE")])
def test_our_own_pages_may_ask(host: str, origin: str | None, kind: str, method: str) -> None:
    assert outcome(host, origin=origin, kind=kind, method=method, hosts=(OWN,)) == "reached"


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://localhost:8501.evil.example",
        f"https://{OWN}.evil.example",
        f"https://{OWN}@evil.example",
        "null",
        "",
        "file://",
        "localhost:8501",
    ],
)
@pytest.mark.parametrize(
    ("kind", "method", "refused"), [("websocket", "GET", 1008), ("http", "PUT", 403), ("http", "POST", 403)]
)
def test_a_page_of_another_site_may_not(origin: str, kind: str, method: str, refused: int) -> None:
    assert outcome("localhost:8501", origin=origin, kind=kind, method=method, hosts=(OWN,)) == refused


def test_the_refusal_says_what_to_do() -> None:
    sent: list[bytes] = []

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> Message:
        return {"type": "http.request"}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("it must not be reached")

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"<b>evil.example")]}
    asyncio.run(OwnNames(app)(scope, receive, send))
    assert b"CITEWELL_HOSTS" in b"".join(sent)
    assert b"evil" not in b"".join(sent)


def test_the_start_of_the_server_is_nobodys_request() -> None:
    assert outcome((), kind="lifespan") == "reached"
