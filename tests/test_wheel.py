"""What `pip install citewell-assistant` brings: the wheel, installed elsewhere, serves the demonstration."""

import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.settings import environment

ROOT = Path(__file__).resolve().parents[1]
START_S, END_S = 120, 20
CARRIED = (
    "chat_app.py",
    "api/app.py",
    ".streamlit/config.toml",
    "prompts/system.md",
    "prompts/answer.md",
    "views/documents.py",
    "views/document.py",
    "ui/assets/page.css",
    "ui/assets/favicon.svg",
    "migrations/env.py",
    "migrations/versions/0001_first_tables.py",
    "migrations/versions/0002_title_embeddings.py",
    "migrations/versions/0003_day_of_removal.py",
    "migrations/versions/0004_answers_account.py",
    "migrations/versions/0005_threads.py",
    "prompts/style-standard.md",
    "prompts/house-rules.md",
    "examples/demo.json",
    "examples/questions.jsonl",
    "examples/company/hr/leave.md",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a release builds it."""
    pytest.importorskip("build", reason="the wheel cannot be built: the package build is not installed")
    pytest.importorskip("hatchling", reason="the wheel cannot be built: the package hatchling is not installed")
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(directory), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def citewell(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`citewell` in an environment that has the wheel, and this environment's packages beside it."""
    place = tmp_path_factory.mktemp("installed") / "environment"
    venv.create(place, symlinks=True)
    scheme = {"base": str(place), "platbase": str(place)}
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    target = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(place / "bin" / "python")]
    done = subprocess.run(
        [*target, "install", "--no-deps", "--no-index", "--force-reinstall", "--ignore-installed", str(wheel)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (packages / "chat_app.py").is_file()
    return place / "bin" / "citewell"


@pytest.fixture
def demo(citewell: Path, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes], Path]]:
    """The demonstration, served from outside the repository: address, process and log."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", "PYTHONPATH": "", "TMPDIR": str(tmp_path)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(citewell), "serve", "--demo", "--port", str(port)],
            cwd=tmp_path,
            env=environment(**settings),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://127.0.0.1:{port}", process, tmp_path / "log"
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def test_the_wheel_carries_what_the_app_reads(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert [name for name in CARRIED if name not in names] == []
    company = {path.relative_to(ROOT).as_posix() for path in (ROOT / "examples/company").rglob("*.*")}
    assert company <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", ".ci/"))]


def test_the_wheel_installed_elsewhere_serves_the_demonstration_and_keeps_nothing(demo):
    address, process, log = demo
    assert answer_of(f"{address}/healthz", process, log)[0] == 200
    status, page = answer_of(f"{address}/", process, log)
    assert status == 200
    assert "<html" in page.lower()
    assert list(log.parent.glob("citewell-demo-*")), "the demonstration has a temporary home"
    process.send_signal(signal.SIGTERM)
    since = time.monotonic()
    assert process.wait(END_S) in {0, -signal.SIGTERM}
    assert time.monotonic() - since < END_S
    assert list(log.parent.glob("citewell-demo-*")) == []
    assert "Traceback" not in log.read_text()


def answer_of(address: str, process: subprocess.Popen[bytes], log: Path) -> tuple[int, str]:
    """Status and body, once it is 200."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError(f"{address} did not answer: {log.read_text()}")
