"""An OpenAI-compatible endpoint that answers at once, in a process of its own, and says when it was asked.

`python -m benchmarks.endpoint` prints its port, then for each request the moment at which the whole of it had
arrived, by the machine's monotonic clock, which all processes share.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

_ROOT = Path(__file__).resolve().parent.parent
_PIECES = ("The documents ", "answer this ", "in their first passage [1]. ", "A second one says more [2].")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running endpoint."""

    url: str
    _arrivals: IO[str]

    def next_arrival(self) -> float:
        """When the oldest request not yet told of had arrived, as `time.perf_counter` counts."""
        return float(self._arrivals.readline())


@contextmanager
def instant_endpoint() -> Iterator[Endpoint]:
    """Started, and ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.endpoint"], stdout=subprocess.PIPE, text=True, cwd=_ROOT
    )
    assert process.stdout is not None
    try:
        yield Endpoint(f"http://127.0.0.1:{int(process.stdout.readline())}/v1", process.stdout)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        print(repr(time.perf_counter()), flush=True)
        body = b"".join(_stream())
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: only arrivals are told."""


def _stream() -> Iterator[bytes]:
    for piece in _PIECES:
        yield _event([{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
    yield _event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    yield b"data: [DONE]\n\n"


def _event(choices: list[dict[str, object]]) -> bytes:
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "benchmark", "choices": choices}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _serve() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    _serve()
