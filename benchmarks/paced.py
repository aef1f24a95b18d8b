"""An OpenAI-compatible endpoint in a thread of this process that writes a given text token by token, at a steady pace."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN_CHARS = 4
PAUSE_S = 0.015
"""Some 65 tokens a second, as a hosted model writes."""


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass(slots=True)
class PacedEndpoint:
    """A running endpoint; set the text that it answers with."""

    url: str = ""
    text: str = ""
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Is released by every question that came."""
    may_go: threading.Event = field(default_factory=_set)
    """While it is cleared, questions are read and not answered."""


@contextmanager
def paced_endpoint() -> Iterator[PacedEndpoint]:
    """Started, and ended afterwards."""
    endpoint = PacedEndpoint()
    handler = type("Handler", (_Handler,), {"endpoint": endpoint})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    endpoint: PacedEndpoint

    def do_GET(self) -> None:
        """The list of models."""
        body = json.dumps({"object": "list", "data": [{"id": "paced", "object": "model"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.endpoint.arrived.release()
        self.endpoint.may_go.wait()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        text = self.endpoint.text
        try:
            for start in range(0, len(text), TOKEN_CHARS):
                self._send({"content": text[start : start + TOKEN_CHARS]})
                time.sleep(PAUSE_S)
            self._send({}, finish="stop")
            self.wfile.write(b"data: [DONE]\n\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # Stopped by the reader.

    def _send(self, delta: dict[str, str], *, finish: str | None = None) -> None:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "paced", "choices": choices}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Nothing."""
