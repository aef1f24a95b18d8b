"""The API of the real app in a process of its own: the examples of the docs, schemathesis, clients that go away."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from assistant.access import LOCAL_USER
from assistant.api_keys import SCOPES, Wanted
from assistant.bootstrap import open_citewell
from assistant.settings import Settings, environment
from tests.assistant.canaries import files_with
from tests.assistant.scripted_endpoint import HEAD, Request, Script, ScriptedEndpoint, chunk, reply
from tests.browser.serving import App, served
from tests.homes import new_home

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/api.md").read_text("utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
SHELL = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
LEAVE = "# Leave policy\n\nEverybody has 30 days of paid leave a year. Unused days lapse on 31 March.\n"
SLOWLY = "Please tell slowly how many days of paid leave everybody has."


@dataclass(frozen=True, slots=True)
class Api:
    """A running app with a key for everything."""

    app: App
    secret: str
    endpoint: ScriptedEndpoint

    @property
    def url(self) -> str:
        return f"{self.app.url}/api/v1"

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.secret}"}, timeout=60)


def answered(request: Request) -> Script:
    """What the scripted model says, at its leisure where it was asked for that."""
    if "slowly" in json.dumps(request.body):
        return (HEAD, *[part for _ in range(600) for part in (chunk("Everybody has 30 days. "), 0.1)])
    return reply("Everybody has 30 days of paid leave a year. [1]")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "leave.md").write_text(LEAVE, "utf-8")
    citewell = open_citewell(Settings(home=new_home(folder / "home"), sample=False))
    citewell.intake.read_paths([folder / "leave.md"], collection="Handbook")
    made = citewell.api_keys.create(Wanted("tests", SCOPES, calls_a_minute=6_000), LOCAL_USER)
    citewell.close()
    with (
        ScriptedEndpoint(answered) as endpoint,
        served(folder / "home", CITEWELL_SAMPLE="0", OPENAI_BASE_URL=endpoint.url) as app,
    ):
        yield Api(app, made.secret, endpoint)


def run(command: list[str], api: Api, folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(CITEWELL_KEY=api.secret),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def here(code: str, api: Api) -> str:
    assert "http://localhost:8501" in code
    return code.replace("http://localhost:8501", api.app.url)


def test_the_examples_in_python_run(api: Api, tmp_path: Path) -> None:
    script = tmp_path / "examples.py"
    script.write_text(here("\n".join(PYTHON), api), "utf-8")
    said = run([sys.executable, str(script)], api, tmp_path)
    assert "Everybody has 30 days of paid leave a year." in said
    assert "contradicted" in said
    assert "The garage closes at ten" in said
    assert "urn:citewell:problem:invalid" in said


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="the examples need curl and jq")
def test_the_examples_with_curl_run(api: Api, tmp_path: Path) -> None:
    strict = 'set -euo pipefail\ncurl() { command curl --fail-with-body --show-error "$@"; echo; }\n'
    said = run(["bash", "-c", strict + here("\n".join(SHELL), api)], api, tmp_path)
    assert len(SHELL) >= 8
    assert "event: answer_finished" in said
    assert '"is_helpful":false,"reason":"outdated"' in said


@pytest.mark.threat("T23", count=4)
def test_without_a_key_and_under_foreign_names_the_running_app_answers_nothing(api: Api) -> None:
    for path in ("/openapi.json", "/documents", "/documents/1", "/jobs/1"):
        assert httpx.get(api.url + path).status_code == 401


@pytest.mark.threat("T27", count=3)
def test_a_foreign_name_or_page_is_refused_by_the_running_app(api: Api) -> None:
    with api.client() as client:
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert client.get("/documents", headers=headers).status_code == 403
        assert client.get("/documents").status_code == 200


def test_the_answer_stops_when_the_connection_is_closed(api: Api) -> None:
    """Seen from the model's side, whose connection is closed, too, long before its minute is over."""
    api.endpoint.left.clear()
    with (
        api.client() as client,
        client.stream("POST", "/ask", json={"question": SLOWLY}, headers={"Accept": "text/event-stream"}) as response,
    ):
        assert any("30 days" in line for line in response.iter_lines() if line.startswith('data: {"text"'))
    assert api.endpoint.left.wait(10)


def test_a_page_opens_while_answers_are_written(api: Api) -> None:
    """The event loop is nobody's: four answers under way hold up no other call."""
    with api.client() as client:
        streams = [
            client.stream("POST", "/ask", json={"question": SLOWLY}, headers={"Accept": "text/event-stream"})
            for _ in range(4)
        ]
        opened = [stream.__enter__() for stream in streams]
        assert client.post("/search", json={"text": "paid leave"}).json()["passages"]
        assert httpx.get(f"{api.app.url}/healthz").status_code == 200
        for response in opened:
            assert any("30 days" in line for line in response.iter_lines() if line.startswith('data: {"text"'))
        for stream in streams:
            stream.__exit__(None, None, None)


@pytest.mark.threat("T19")
def test_the_key_is_in_no_file_and_no_line_of_the_log(api: Api) -> None:
    with api.client() as client:
        client.get("/documents")
        client.post("/search", json={"text": "x"}, headers={"X-Copy": api.secret})
    log = "\n".join(path.read_text("utf-8", "replace") for path in api.app.home.parent.glob("app-*.log"))
    assert "api_called" in log
    assert api.secret not in log
    assert files_with(api.app.home, api.secret) == files_with(api.app.home, api.secret.lower()) == []


def test_schemathesis_finds_no_call_that_does_otherwise_than_described(api: Api, tmp_path: Path) -> None:
    """For half a minute, with what the description allows and with what it forbids; last, for it deletes documents."""
    checks = (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "unsupported_method",
        "missing_required_header",
    )
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(ROOT / "docs/openapi.json"), f"--url={api.url}"]
    given = ["--header", f"Authorization: Bearer {api.secret}", f"--checks={','.join(checks)}"]
    bounds = ["--phases=coverage,fuzzing", "--max-examples=10", "--max-time=35", "--generation-deterministic"]
    said = run([*command, *given, *bounds, "--suppress-health-check=all", "--no-color"], api, tmp_path)
    assert re.search(r"\d+ operations? tested|Tested: \d+|API Operations", said, re.IGNORECASE), said
