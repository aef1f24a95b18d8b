"""An OpenAI-compatible endpoint that answers at once with a sentence of the first passage it was given, in a process of
its own, and says when it was asked.

`python -m benchmarks.endpoint` prints its port, then for each request the moment at which the whole of it had
arrived, by the machine's monotonic clock, which all processes share.
"""

import json
import re
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
_FIRST_PASSAGE = re.compile(
    r"^=== passage \[1\] \w+ ===\n.*?\n\n(?P<sentence>.+?)(?:\. |\n|\Z)", re.DOTALL | re.MULTILINE
)
_PIECE_CHARS = 20


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
        request = self.rfile.read(int(self.headers["Content-Length"]))
        print(repr(time.perf_counter()), flush=True)
        body = b"".join(_stream(_answer(request)))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: only arrivals are told."""


def _answer(request: bytes) -> str:
    """What stands first in the first passage, cited."""
    found = _FIRST_PASSAGE.search(json.loads(request)["messages"][-1]["content"])
    return f"{found['sentence'].rstrip('.')} [1]." if found else "Nothing was given."


def _stream(answer: str) -> Iterator[bytes]:
    for start in range(0, len(answer), _PIECE_CHARS):
        piece = answer[start : start + _PIECE_CHARS]
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
