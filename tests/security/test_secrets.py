"""T19: keys, passwords in addresses and cookies stand in no output, no log, no error, no page and no file."""

import logging
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.running import RUNNING
from tests.assistant.scripted_endpoint import HEAD, Script, ScriptedEndpoint, chunk, error, models, reply
from tests.assistant.test_cli import Done, citewell
from tests.browser.serving import served
from tests.homes import new_home

pytestmark = pytest.mark.threat("T19")

ROOT = Path(__file__).resolve().parents[2]
KEY, RERANK_KEY, PASSWORD, COOKIE = "sk-canary-model-4711", "canary-reranker-4711", "canary-password-4711", "canary-cookie-4711"  # fmt: skip
CANARIES = (KEY, RERANK_KEY, PASSWORD, COOKIE)
QUESTION = "How many days of paid leave does everybody have?"
LEAVE = "# Leave policy\n\nEverybody has 30 days of paid leave a year. Unused days lapse on 31 March.\n"
FAULTS: dict[str, Script] = {
    "refused": error(401, f"Incorrect API key provided: {KEY}"),
    "bad request": error(400, f"Bearer {KEY} sent a bad request"),
    "server error": error(500, f"boom with {KEY}", x_key=KEY),
    "in the stream": (HEAD, chunk("Everybody "), b'data: {"error": {"message": "lost ' + KEY.encode() + b'"}}\n\n'),
}
COMMANDS = {
    "ask": ("ask", QUESTION),
    "ask as JSON": ("ask", QUESTION, "--json", "--trace"),
    "search": ("search", QUESTION, "--trace"),
    "doctor": ("doctor",),
    "doctor as JSON": ("doctor", "--json"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, home = tmp_path_factory.mktemp("folder"), new_home(tmp_path_factory.mktemp("secrets") / "home")
    (folder / "leave.md").write_text(LEAVE, "utf-8")
    assert citewell(home, "ingest", str(folder), "--collection", "Handbook").code == 0
    return home


def secrets(endpoint: ScriptedEndpoint) -> dict[str, str]:
    """Settings that hold every secret, with a reranker that is the same broken endpoint."""
    return {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": endpoint.url,
        "CITEWELL_MODEL": "scripted",
        "CITEWELL_RERANK_URL": with_password(endpoint.url),
        "CITEWELL_RERANK_API_KEY": RERANK_KEY,
        "STREAMLIT_SERVER_COOKIE_SECRET": COOKIE,
    }


def with_password(url: str) -> str:
    return url.replace("127.0.0.1", f"me:{PASSWORD}@127.0.0.1")


def holds_a_canary(*texts: str) -> list[str]:
    return [canary for canary in CANARIES for text in texts if canary in text]


def files_with_a_canary(home: Path) -> list[str]:
    every = (path for path in home.rglob("*") if path.is_file())
    return [path.name for path in every if any(canary.encode() in path.read_bytes() for canary in CANARIES)]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_secret_is_in_what_a_failing_model_makes_a_person_see(home: Path, fault: str) -> None:
    with ScriptedEndpoint([FAULTS[fault]]) as endpoint:
        done = citewell(home, "ask", QUESTION, "--json", "--trace", **secrets(endpoint))
        received = [request.headers for request in endpoint.requests]
    assert any(KEY in str(headers) for headers in received), "the canary was never used"
    assert holds_a_canary(done.out, done.err) == []
    assert files_with_a_canary(home) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_a_secret(home: Path, command: str) -> None:
    with ScriptedEndpoint([FAULTS["refused"]], listed=error(401, f"no {KEY}, {RERANK_KEY}, {PASSWORD}")) as endpoint:
        done: Done = citewell(home, *COMMANDS[command], **secrets(endpoint))
    assert done.out
    assert holds_a_canary(done.out, done.err) == []


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "CITEWELL_RERANK_URL", "CITEWELL_WINDOW_TOKENS"])
def test_a_setting_that_is_wrong_is_named_without_any_secret(home: Path, name: str) -> None:
    with ScriptedEndpoint([reply("x")]) as endpoint:
        done = citewell(home, "doctor", **{**secrets(endpoint), name: f"ftp://me:{PASSWORD}@host.example"})
    assert name in done.err + done.out
    assert holds_a_canary(done.out, done.err) == []


@pytest.mark.parametrize(("command", "model"), [("doctor", ""), ("ask as JSON", "absent")])
def test_a_password_in_an_address_is_shown_nowhere(home: Path, command: str, model: str) -> None:
    said = error(400, f"http://me:{PASSWORD}@127.0.0.1 does not like it")
    with ScriptedEndpoint([said], listed=models()) as endpoint:
        given = {"OPENAI_BASE_URL": with_password(endpoint.url), "CITEWELL_MODEL": model}
        done = citewell(home, *COMMANDS[command], **given)
        used = [request.headers.get("authorization", "") for request in endpoint.requests]
    assert done.out
    assert used == [f"Basic {b64encode(f'me:{PASSWORD}'.encode()).decode()}"] * len(used) != []
    assert holds_a_canary(done.out, done.err) == []


@pytest.fixture
def page(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    RUNNING.close()
    with ScriptedEndpoint([FAULTS["refused"]]) as endpoint:
        monkeypatch.setenv("CITEWELL_HOME", str(home))
        for variable, value in secrets(endpoint).items():
            monkeypatch.setenv(variable, value)
        yield AppTest.from_file(str(ROOT / "chat_app.py"), default_timeout=60)
        RUNNING.close()


def test_no_page_and_no_log_holds_a_secret(page: AppTest, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        test = page.run()
        test = test.chat_input[0].set_value(QUESTION).run()
        shown = everything_on(test)
        for view in ("views/documents.py", "views/check.py"):
            test = test.switch_page(view).run()
            shown += everything_on(test)
    assert not test.exception
    assert any("30 days" in each for each in shown)
    assert holds_a_canary(*shown, caplog.text, *(str(record.__dict__) for record in caplog.records)) == []


def everything_on(test: AppTest) -> list[str]:
    drawn = (element.proto.json for element in test.get("bidi_component"))
    return [str(test.main), str(test.sidebar), *drawn]


def test_no_answer_of_the_server_and_no_line_of_its_log_holds_a_secret(home: Path, tmp_path: Path) -> None:
    """Not for a request with a cookie either."""
    routes = (
        "/",
        "/healthz",
        "/documents",
        "/document?id=1",
        "/_stcore/health",
        "/_stcore/metrics",
        "/nowhere",
        "/media/x",
    )
    with ScriptedEndpoint([FAULTS["refused"]]) as endpoint, served(home, **secrets(endpoint)) as app:
        bodies = [body_of(f"{app.url}{route}") for route in routes]
    log = "\n".join(path.read_text("utf-8", "replace") for path in home.parent.glob("app-*.log"))
    assert any("<html" in body for body in bodies)
    assert holds_a_canary(*bodies, log) == []


def body_of(url: str) -> str:
    asked = urllib.request.Request(
        url, headers={"Cookie": f"_streamlit_user={COOKIE}", "Authorization": f"Bearer {KEY}"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=20) as said:
            return str(said.headers) + said.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as refused:
        return str(refused.headers) + refused.read().decode("utf-8", "replace")
