"""The log of the server as whoever runs it collects it: standard error of a real process, JSON on every line."""

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from assistant.settings import environment
from assistant.version import version_of_citewell
from tests.browser.serving import App, wait_until_healthy

ROOT = Path(__file__).resolve().parents[2]
CANARY = "canary-7f3a9c51d2"
PATHS = (
    "/",
    "/healthz",
    "/readyz",
    "/documents",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/nowhere",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    """The lines of the log of a server that was started, looked at and ended, and the pages that it gave."""
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
        with socket.create_server(("127.0.0.1", 0)) as another:
            metrics_port = int(another.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", "chat_app.py", f"--server.port={port}"]
    values = {"CITEWELL_HOME": str(folder / "home"), "CITEWELL_SAMPLE": "0", "OPENAI_API_KEY": CANARY}
    values |= {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "CITEWELL_RERANK_URL": "http://127.0.0.1:9/v1/rerank"}
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(CITEWELL_RERANK_API_KEY=f"{CANARY}-rerank", CITEWELL_METRICS_PORT=str(metrics_port), **values),
        stdout=subprocess.DEVNULL,
        stderr=log,
    )
    app = App(f"http://127.0.0.1:{port}", folder / "home", process)
    try:
        wait_until_healthy(app)
        pages = [page_of(app.url + path) for path in PATHS]
        pages.append(page_of(f"http://127.0.0.1:{metrics_port}/metrics"))
    finally:
        app.end()
        log.close()
    return (folder / "log").read_text("utf-8").splitlines(), pages


def page_of(url: str) -> str:
    """Head and body of what is answered, an error too."""
    request = urllib.request.Request(url, headers={"Cookie": f"seen={CANARY}", "Authorization": f"Bearer {CANARY}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return f"{answer.headers}\n{answer.read().decode(errors='replace')}"
    except urllib.error.HTTPError as error:
        return f"{error.headers}\n{error.read().decode(errors='replace')}"


def test_every_line_is_one_object_of_json_from_the_start_to_the_end(served):
    lines, _ = served
    told = [json.loads(line) for line in lines]
    assert all({"at", "level", "event"} <= set(line) for line in told)
    assert told[0]["event"] == "server_started"
    assert told[0]["has_model"] is True
    assert told[-1]["event"] == "server_stopped"


def test_no_address_that_was_looked_at_is_logged(served):
    lines, _ = served
    assert [line for line in lines if "healthz" in line or "nowhere" in line] == []


def test_neither_the_log_nor_any_page_has_a_key_a_cookie_or_a_header(served):
    lines, pages = served
    assert len(pages) == len(PATHS) + 1
    assert [text for text in (*lines, *pages) if CANARY in text] == []


def test_a_running_server_says_its_version_what_is_not_ready_and_what_it_counts(served):
    _, pages = served
    by_path = dict(zip((*PATHS, "metrics"), pages, strict=True))
    health, ready = (json.loads(by_path[path].splitlines()[-1]) for path in ("/healthz", "/readyz"))
    assert health == {"status": "ok", "version": version_of_citewell()}
    assert ready == {"status": "ready", "not_ready": [], "degraded": []}
    assert "citewell_ready 1.0" in by_path["metrics"]
    assert "process_resident_memory_bytes" in by_path["metrics"]
    assert all("x-request-id" in page.casefold() for path, page in by_path.items() if path != "metrics")
