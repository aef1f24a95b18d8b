"""Commands in processes of their own that need not import everything anew.

A process beside the tests imports what all commands import, and then forks for each of them. The fork has the command's
arguments, environment and streams, runs the module as `python -m` would, and ends as it would. What Python itself reads
of the environment (PYTHON...) is that of the tests.
"""

import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
_IMPORTED = (
    "alembic.command",
    "assistant.cli",
    "chromadb",
    "langchain_text_splitters",
    "openai",
    "sqlalchemy.dialects.sqlite",
    "streamlit.web.cli",
    "tantivy",
    "tokenizers",
)
_LONGEST_REQUEST = 200_000


class Forked:
    """A command's process, used as one of `subprocess`."""

    def __init__(self, told: socket.socket) -> None:
        self._told, self._lines = told, told.makefile()
        self.pid = int(self._lines.readline())
        self._code: int | None = None

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._ended_within(0)

    def wait(self, timeout_s: float) -> int:
        """How it ended. Raises TimeoutExpired while it runs."""
        code = self._ended_within(timeout_s)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout_s)
        return code

    def send_signal(self, number: int) -> None:
        """Does nothing once it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Hear no more of it."""
        self._lines.close()
        self._told.close()

    def _ended_within(self, seconds: float) -> int | None:
        if self._code is None and select.select([self._told], [], [], seconds)[0]:
            self._code = int(self._lines.readline())
        return self._code


class _Warm:
    """The process that forks."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._one_at_a_time = threading.Lock()
        with theirs:
            command = [sys.executable, "-m", "tests.warm", str(theirs.fileno())]
            # Threads of a library would not outlive the fork.
            env = {**os.environ, "OMP_NUM_THREADS": "1"}
            self._process = subprocess.Popen(command, cwd=ROOT, env=env, pass_fds=[theirs.fileno()])

    def start(
        self, module: str, arguments: Sequence[str], env: Mapping[str, str], out: IO[bytes], err: IO[bytes]
    ) -> Forked:
        request = json.dumps({"module": module, "arguments": arguments, "env": dict(env)}).encode()
        told, theirs = socket.socketpair()
        with theirs, open(os.devnull, "rb") as nothing, self._one_at_a_time:
            descriptors = [nothing.fileno(), out.fileno(), err.fileno(), theirs.fileno()]
            socket.send_fds(self._requests, [request], descriptors)
        return Forked(told)

    def end(self) -> None:
        self._requests.close()
        self._process.wait()


@cache
def _warm() -> _Warm:
    return _Warm()


@contextmanager
def started(module: str, *arguments: str, env: Mapping[str, str], out: IO[bytes], err: IO[bytes]) -> Iterator[Forked]:
    """`python -m module` in the root of the repository, without input; it is ended where it has not ended."""
    process = _warm().start(module, arguments, env, out, err)
    try:
        yield process
    finally:
        process.kill()
        process.close()


def run(module: str, *arguments: str, env: Mapping[str, str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """`python -m module` in the root of the repository, without input, to its end."""
    with TemporaryFile() as out, TemporaryFile() as err:
        with started(module, *arguments, env=env, out=out, err=err) as process:
            code = process.wait(timeout_s)
        return subprocess.CompletedProcess([module, *arguments], code, _text(out), _text(err))


def end() -> None:
    """Let the process that forks end, where there is one."""
    if _warm.cache_info().currsize:
        _warm().end()
        _warm.cache_clear()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _next_of(requests: socket.socket) -> Any:
    """Forks for each request; returns it in the fork, and nothing when there are no more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, *_ = socket.recv_fds(requests, _LONGEST_REQUEST, 4)
        if not message:
            return None
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            _fork_and_tell(descriptors[-1])
            for stream, descriptor in enumerate(descriptors[:-1]):
                os.dup2(descriptor, stream)
            for descriptor in descriptors:
                os.close(descriptor)
            return json.loads(message)
        for descriptor in descriptors:
            os.close(descriptor)


def _fork_and_tell(told: int) -> None:
    """Returns in the fork; the process itself tells who that is and how it ended."""
    if child := os.fork():
        os.write(told, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)


def _carry_out(request: Mapping[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.argv[1:] = request["arguments"]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for name in _IMPORTED:
        importlib.import_module(name)
    assert len(os.listdir("/proc/self/task")) == 1, "a library has begun a thread, which a fork would not have"
    if request := _next_of(socket.socket(fileno=int(sys.argv[1]))):
        _carry_out(request)
