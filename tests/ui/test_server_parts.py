"""What the server adds to Streamlit's own: headers, the visitor's cookie, the component's files."""

import base64
import hashlib
import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.asset_files import asset_route, loader_script
from ui.headers import SecurityHeaders, content_security_policy, streamlit_page
from ui.visitor_cookie import COOKIE, VisitorCookie, visitor_token


async def page(_: Request) -> HTMLResponse:
    return HTMLResponse("<p>hello")


async def data(_: Request) -> JSONResponse:
    return JSONResponse({})


def client(*, demo: bool = False, embedders: tuple[str, ...] = (), base_url: str = "http://testserver") -> TestClient:
    middleware = [
        Middleware(SecurityHeaders, embedders=lambda: embedders),
        Middleware(VisitorCookie, wanted=lambda: demo, framed=lambda: bool(embedders)),
    ]
    routes = [Route("/", page), Route("/data", data), asset_route(), asset_route("/base/")]
    return TestClient(Starlette(routes=routes, middleware=middleware), base_url=base_url)


@pytest.mark.parametrize("path", ["/", "/data", "/assets/citewell.js", "/nowhere"])
def test_every_response_carries_the_policy(path: str) -> None:
    headers = client().get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-dns-prefetch-control"] == "off"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_only_the_named_origins_may_show_it_in_a_frame_and_both_headers_agree() -> None:
    headers = client(embedders=("https://portal.example", "http://127.0.0.1:8600")).get("/").headers
    ancestors = headers["content-security-policy"].split("; ")[-1]
    assert ancestors == "frame-ancestors https://portal.example http://127.0.0.1:8600"
    assert "x-frame-options" not in headers


def test_the_policy_names_no_other_origin_and_no_inline_script_but_streamlits() -> None:
    policy = content_security_policy(streamlit_page())
    assert "http" not in policy
    assert "*" not in policy
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in scripts
    assert "'unsafe-eval'" not in scripts
    assert scripts.count("'sha256-") == 1


def test_the_hash_is_that_of_the_script_in_the_page() -> None:
    script = "\n      window.prerenderReady = false\n    "
    policy = content_security_policy(f'<script>{script}</script><script type="module" src="./x.js"></script>')
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert re.findall(r"'sha256-([^']+)'", policy) == [digest]


def test_a_visitor_gets_one_cookie_that_scripts_cannot_read() -> None:
    browser = client(demo=True)
    first = browser.get("/")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "SameSite=Lax" in first.headers["set-cookie"]
    assert visitor_token(dict(browser.cookies)) is not None
    assert "set-cookie" not in browser.get("/").headers


def test_a_frame_of_another_site_gets_its_own_cookie_over_https_alone() -> None:
    embedders = ("https://portal.example",)
    over_https = client(demo=True, embedders=embedders, base_url="https://testserver").get("/").headers["set-cookie"]
    assert "SameSite=None; Partitioned; Secure" in over_https
    assert "SameSite=Lax" in client(demo=True, embedders=embedders).get("/").headers["set-cookie"]
    unframed = client(demo=True, base_url="https://testserver").get("/").headers["set-cookie"]
    assert "SameSite=Lax; Secure" in unframed


def test_two_visitors_get_different_cookies() -> None:
    tokens = {client(demo=True).get("/").cookies[COOKIE] for _ in range(3)}
    assert len(tokens) == 3


def test_nothing_but_pages_sets_the_cookie_and_only_in_the_demo() -> None:
    assert "set-cookie" not in client(demo=True).get("/data").headers
    assert "set-cookie" not in client(demo=False).get("/").headers


@pytest.mark.parametrize("token", ["", "short", "x" * 42 + "|", "x" * 44, "../" + "x" * 40])
def test_a_cookie_of_another_shape_is_not_a_visitor(token: str) -> None:
    assert visitor_token({COOKIE: token}) is None


def test_the_components_files_are_served_and_kept_by_the_browser() -> None:
    (address,) = re.findall(r'new URL\("([^"]+)"', loader_script())
    for prefix in ("/", "/base/"):
        answer = client().get(prefix + address)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
    assert client().get("/assets/announce.js").headers["content-type"].startswith("text/javascript")
    assert client().get("/assets/citewell.css").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["page.css", "..%2Fasset_files.py", "%2e%2e/headers.py", "x"])
def test_no_other_file_is_served(name: str) -> None:
    assert client().get(f"/assets/{name}").status_code == 404
