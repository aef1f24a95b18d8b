"""Commands in processes of their own that need not import everything anew.

A process beside the tests imports what all commands import, and then forks for each of them. The fork has the command's
arguments, environment and streams, runs the module as `python -m` would, and ends as it would. What Python itself reads
of the environment (PYTHON...) is that of the tests.
"""

import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
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
    "tantivy",
    "tokenizers",
)
_LONGEST_REQUEST = 200_000


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

    def run(
        self, module: str, arguments: Sequence[str], env: Mapping[str, str], timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        with open(os.devnull, "rb") as nothing, TemporaryFile() as out, TemporaryFile() as err:
            request = {"module": module, "arguments": arguments, "env": dict(env)}
            code = self._end_of(request, [nothing, out, err], timeout_s)
            return subprocess.CompletedProcess([module, *arguments], code, _text(out), _text(err))

    def end(self) -> None:
        self._requests.close()
        self._process.wait()

    def _end_of(self, request: Mapping[str, Any], streams: list[IO[bytes]], timeout_s: float) -> int:
        told, theirs = socket.socketpair()
        with told, theirs:
            with self._one_at_a_time:
                descriptors = [*(stream.fileno() for stream in streams), theirs.fileno()]
                socket.send_fds(self._requests, [json.dumps(request).encode()], descriptors)
            theirs.close()
            told.settimeout(timeout_s)
            with told.makefile() as lines:
                pid = int(lines.readline())
                try:
                    return int(lines.readline())
                except TimeoutError:
                    os.kill(pid, signal.SIGKILL)
                    raise


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _warm() -> _Warm:
    return _Warm()


def run(module: str, *arguments: str, env: Mapping[str, str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """`python -m module` in the root of the repository, without input, to its end."""
    return _warm().run(module, arguments, env, timeout_s)


def end() -> None:
    """Let the process that forks end, where there is one."""
    if _warm.cache_info().currsize:
        _warm().end()
        _warm.cache_clear()


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
