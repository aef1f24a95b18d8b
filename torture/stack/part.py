"""One process of the whole: started, waited for, ended or killed by its own id, and started again where it was."""

import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START_S = 150.0
_END_S = 30.0
_LAST_LINES = 20


class StackError(RuntimeError):
    """A part did not come up, or is not installed; the message says which and what it said."""


@dataclass(slots=True)
class Part:
    """A process that can be lost. `is_ready` looks from outside, as others of the whole would."""

    name: str
    command: Sequence[str | Path]
    log: Path
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    user: str | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it; `wait` says when it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.directory,
                user=self.user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self, within_s: float = START_S) -> None:
        """Returns once it answers; StackError with the end of its log where it ends first, or does not in time."""
        deadline = time.monotonic() + within_s
        while not self.is_ready():
            if not self.is_running:
                raise StackError(f"{self.name} ended while it was starting:\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} does not answer:\n{self.last_lines()}")
            time.sleep(0.05)

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return None if self._process is None else self._process.pid

    def kill(self) -> None:
        """SIGKILL: it cannot do anything about it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """End it as a service manager would; its exit code, None where it did not run."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            return self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode

    def last_lines(self) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:])


def answers(url: str) -> bool:
    """Whether a plain request is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def free_ports(count: int) -> tuple[int, ...]:
    """That many ports of this machine that nobody listens on."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(int(listener.getsockname()[1]) for listener in listeners)
    for listener in listeners:
        listener.close()
    return ports
