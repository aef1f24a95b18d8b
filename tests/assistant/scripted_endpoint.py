"""A model endpoint that plays a script: real HTTP on loopback, down to the single byte and the silence between.

One script per request, in order; the last one is played again and again. Or a function chooses by the request.
A script is a sequence of bytes to send, numbers of seconds to wait, and `HANG`, `RESET` or `END` for what becomes
of the connection.
"""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self

Ending = Literal["hang", "reset", "end"]
HANG: Final = "hang"
"""Say nothing more, and wait until the other side closes."""
RESET: Final = "reset"
"""Cut the connection with a TCP reset."""
END: Final = "end"
"""Close the connection; so does the end of a script."""

Script = Iterable[bytes | float | Ending]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
DONE = b"data: [DONE]\n\n"


def event(data: object) -> bytes:
    """One server-sent event; text goes out as it is, anything else as JSON."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def chunk(text: str | None = None, *, finish: str | None = None, **delta: object) -> bytes:
    """A chunk with one choice."""
    said = delta if text is None else {"content": text, **delta}
    return event(_chunk([{"index": 0, "delta": said, "finish_reason": finish}]))


def usage(prompt: int, completion: int) -> bytes:
    """The chunk that has no choices but the tokens counted."""
    counted = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return event({**_chunk([]), "usage": counted})


def reply(*texts: str, finish: str = "stop") -> Script:
    """A whole and healthy reply of these pieces."""
    return (HEAD, *(chunk(text) for text in texts), chunk(finish=finish), usage(7, len(texts)), DONE)


def answer(status: int, body: object = "", **headers: str) -> Script:
    """A plain HTTP answer; underscores in header names stand for hyphens."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, str) else "application/json"
    fields = {"Content-Type": kind, "Content-Length": str(len(data)), "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return (f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + data,)


def error(status: int, message: str, *, code: str | None = None, param: str | None = None, **headers: str) -> Script:
    """An error as OpenAI-compatible endpoints word it."""
    return answer(status, {"error": {"message": message, "code": code, "param": param, "type": "error"}}, **headers)


def models(*names: str) -> Script:
    """The list of models."""
    return answer(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


def _chunk(choices: list[Any]) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}


@dataclass(frozen=True, slots=True)
class Request:
    """What one request said."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class ScriptedEndpoint:
    """Use it in a `with` block; `certificate` (with its key) makes it speak TLS."""

    scripts: Sequence[Script] | Callable[[Request], Script]
    listed: Script = field(default_factory=lambda: models("scripted-model"))
    certificate: Path | None = None
    requests: list[Request] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    """Set once a client closed a connection before its script was over."""
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _played: int = 0

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    @property
    def url(self) -> str:
        """The base URL to give a client."""
        scheme, host = ("https", "localhost") if self.certificate else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self._listener.getsockname()[1]}/v1"

    def _start(self, work: Any, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, name="scripted-endpoint", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._stopping.is_set():
                connection, _ = self._listener.accept()
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with closing(connection), suppress(OSError):
            if self.certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.certificate)
                connection = context.wrap_socket(connection, server_side=True)
            with closing(connection):
                request = _read_request(connection)
                if request is None:
                    self.left.set()
                    return
                self.requests.append(request)
                self._play(connection, self.listed if request.path.endswith("/models") else self._next(request))

    def _next(self, request: Request) -> Script:
        if callable(self.scripts):
            return self.scripts(request)
        self._played += 1
        return self.scripts[min(self._played, len(self.scripts)) - 1]

    def _play(self, connection: socket.socket, script: Script) -> None:
        for step in script:
            if isinstance(step, bytes):
                try:
                    connection.sendall(step)
                except OSError:
                    self.left.set()
                    return
            elif isinstance(step, str):
                self._end(connection, step)
                return
            elif self._is_left(connection, step):
                return

    def _end(self, connection: socket.socket, ending: str) -> None:
        if ending == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        while ending == HANG and not self._stopping.is_set():
            if self._is_left(connection, 0.1):
                return

    def _is_left(self, connection: socket.socket, seconds: float) -> bool:
        """Wait, and notice a client that goes away meanwhile."""
        connection.settimeout(seconds)
        try:
            left = not connection.recv(1)
        except TimeoutError:
            left = False
        except OSError:
            left = True
        connection.settimeout(None)
        if left:
            self.left.set()
        return left


def _read_request(connection: socket.socket) -> Request | None:
    """None where the client goes away before all of it came."""
    with connection.makefile("rb") as reader:
        if not (first := reader.readline().decode()):
            return None
        method, path, _ = first.split(" ", 2)
        headers = dict(_header_lines(reader))
        length = int(headers.get("content-length", "0"))
        body = reader.read(length)
    return Request(method, path, headers, json.loads(body) if body else None) if len(body) == length else None


def _header_lines(reader: Any) -> Iterator[tuple[str, str]]:
    while line := reader.readline().decode().strip():
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()
