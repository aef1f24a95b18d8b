"""Tokens of an identity proxy, checked against keys that a real server on loopback publishes."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assistant.errors import SignInRefused
from assistant.proxy_token import ProxyTokens

pytestmark = pytest.mark.threat("T24")

ISSUER, AUDIENCE, HEADER = "https://proxy.example", "citewell", "X-Token"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Sign = Callable[..., str]


class Keys(BaseHTTPRequestHandler):
    """Publishes the one key."""

    def do_GET(self) -> None:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "one", "use": "sig"}
        body = json.dumps({"keys": [key]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


@pytest.fixture(scope="module")
def tokens() -> Iterator[ProxyTokens]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield ProxyTokens(f"http://127.0.0.1:{server.server_port}/keys", ISSUER, AUDIENCE, HEADER)
    server.shutdown()
    server.server_close()


def said(**changes: Any) -> dict[str, Any]:
    """The claims of Anna's token; one that is changed to None is left out."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "iat": now, "exp": now + 300} | changes
    return {name: value for name, value in claims.items() if value is not None}


def signed(claims: dict[str, Any], *, key: Any = KEY, algorithm: str = "RS256", kid: str | None = "one") -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_a_token_that_the_proxy_signed_is_believed(tokens: ProxyTokens, prefix: str) -> None:
    assert tokens.claims({HEADER: prefix + signed(said(name="Anna"))})["name"] == "Anna"


def test_clocks_may_be_half_a_minute_apart(tokens: ProxyTokens) -> None:
    now = int(time.time())
    assert tokens.claims({HEADER: signed(said(exp=now - 30))})["sub"] == "anna"
    assert tokens.claims({HEADER: signed(said(iat=now + 30, nbf=now + 30))})["sub"] == "anna"


@pytest.mark.parametrize(
    "claims",
    [
        said(exp=int(time.time()) - 3600),
        said(exp=None),
        said(nbf=int(time.time()) + 3600),
        said(iss="https://other.example"),
        said(iss=None),
        said(aud="another application"),
        said(aud=None),
        said(sub=None),
        said(sub=7),
    ],
    ids=(
        "over",
        "without end",
        "too early",
        "another issuer",
        "no issuer",
        "for another",
        "for nobody",
        "nobody",
        "a number",
    ),
)
def test_what_is_over_or_made_by_or_for_somebody_else_is_refused(tokens: ProxyTokens, claims: dict[str, Any]) -> None:
    with pytest.raises(SignInRefused):
        tokens.claims({HEADER: signed(claims)})


def forgeries() -> dict[str, str]:
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = signed(said())
    head, body, signature = good.split(".")
    return {
        "another key": signed(said(), key=OTHER_KEY),
        "an unknown key": signed(said(), key=OTHER_KEY, kid="two"),
        "no key named": signed(said(), key=OTHER_KEY, kid=None),
        "no algorithm": jwt.encode(said(), None, algorithm="none", headers={"kid": "one"}),
        "the public key as a password": jwt.encode(said(), public[27:-26], algorithm="HS256", headers={"kid": "one"}),
        "no signature": f"{head}.{body}.",
        "another body": f"{head}.{signed(said(sub='bela')).split('.')[1]}.{signature}",
        "no token": "anna",
        "nothing": "",
    }


@pytest.mark.parametrize("name", forgeries())
def test_a_forged_token_is_refused(tokens: ProxyTokens, name: str) -> None:
    with pytest.raises(SignInRefused):
        tokens.claims({HEADER: forgeries()[name]})


def test_a_bare_name_in_another_header_is_nobody(tokens: ProxyTokens) -> None:
    with pytest.raises(SignInRefused):
        tokens.claims({"X-Forwarded-User": "anna", "X-Forwarded-Email": "anna@staff.example"})


def test_keys_that_cannot_be_fetched_are_a_sentence() -> None:
    tokens = ProxyTokens("http://127.0.0.1:9/keys", ISSUER, AUDIENCE, HEADER)
    with pytest.raises(SignInRefused, match="cannot be fetched"):
        tokens.claims({HEADER: signed(said())})
