"""A small reranker on loopback: `/v1/rerank` over HTTP, scoring each document by a function of question and text."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Score = Callable[[str, str], float]


def words_in_common(question: str, document: str) -> float:
    """The share of the question's words that the document has."""
    asked = set(question.lower().split())
    return len(asked & set(document.lower().split())) / max(1, len(asked))


@contextmanager
def rerank_server(score: Score = words_in_common) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Its base address, and the bodies of the requests as they come."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({**body, "path": self.path, "authorization": self.headers.get("Authorization")})
            scores = [(n, score(body["query"], text)) for n, text in enumerate(body["documents"])]
            best = sorted(scores, key=lambda pair: -pair[1])[: body["top_n"]]
            said = json.dumps({"results": [{"index": n, "relevance_score": s} for n, s in best]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="rerank-server", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
