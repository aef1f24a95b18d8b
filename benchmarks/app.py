"""Starts the real app as a person would, and watches it from outside."""

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from assistant.settings import environment

ROOT = Path(__file__).resolve().parent.parent
_LOOK_EVERY_S = 0.01
_STARTS_WITHIN_S = 120.0
_ENDS_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class App:
    """A running app; `began` is when its process was started, as `time.perf_counter` counts."""

    url: str
    began: float
    process: subprocess.Popen[bytes]

    def wait_healthy(self) -> float:
        """Seconds from the process's start until it says that its home is open."""
        while time.perf_counter() - self.began < _STARTS_WITHIN_S:
            if self.process.poll() is not None:
                raise RuntimeError(f"the app ended with {self.process.returncode}")
            if is_ok(f"{self.url}/healthz"):
                return time.perf_counter() - self.began
            time.sleep(_LOOK_EVERY_S)
        raise RuntimeError("the app did not become healthy")

    def memory_bytes(self) -> int:
        """Resident memory of the process and all below it; what they share is counted for each."""
        parent = psutil.Process(self.process.pid)
        return sum(process.memory_info().rss for process in (parent, *parent.children(recursive=True)))


@contextmanager
def running_app(
    home: Path, *, sample: bool, base_url: str = "", prefix: Sequence[str] = (), **settings: str
) -> Iterator[App]:
    """`streamlit run chat_app.py` on a free port, ended afterwards; `prefix` may name its cores."""
    port = free_port()
    command = [*prefix, sys.executable, "-m", "streamlit", "run", "chat_app.py", f"--server.port={port}"]
    changes = {
        "CITEWELL_HOME": str(home),
        "CITEWELL_SAMPLE": str(int(sample)),
        "OPENAI_API_KEY": "",
        "OPENAI_BASE_URL": base_url,
        **settings,
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--server.address=127.0.0.1"],
        cwd=ROOT,
        env=environment(**changes),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield App(f"http://127.0.0.1:{port}", began, process)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and insist."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_ok(url: str) -> bool:
    """Whether the address answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
