"""Chroma's own server on loopback, with its data in a directory of the test's."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STARTS_WITHIN_S = 60.0


class ChromaServer:
    """`chroma run`, to be killed and started again at the same address."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, whether it runs or not."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        program = Path(sys.executable).with_name("chroma")
        place = ["--path", str(self.directory), "--host", "127.0.0.1", "--port", str(self._port)]
        with (self.directory.parent / f"{self.directory.name}.log").open("ab") as log:
            self._process = subprocess.Popen([program, "run", *place], stdout=log, stderr=log)
        end = time.monotonic() + _STARTS_WITHIN_S
        while not self._answers():
            assert self._process.poll() is None, "the server ended at its start; its log says why"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                connection.sendall(b"GET /api/v2/heartbeat HTTP/1.0\r\n\r\n")
                return b" 200 " in connection.recv(64)
        except OSError:
            return False


@contextmanager
def chroma_server(directory: Path) -> Iterator[ChromaServer]:
    """A server that runs until the end of the block."""
    server = ChromaServer(directory)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
