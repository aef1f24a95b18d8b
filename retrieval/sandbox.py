"""Reads files in a child process with limits on memory, time and output, so that no file can harm the app.

Parent and child speak in frames over pipes: two lengths, a JSON object, and raw bytes (the file one way, the
document's text the other). While it reads, the child sends a frame for finished pages, so that a long file is
told from one that hangs. It is an interpreter of its own with an empty environment: it knows no secret, and a
file that takes it over finds none. One child reads many files; it is replaced after a crash, a timeout, or
`files_per_child` files, or once a file took much memory.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self, TypeVar

from retrieval.child_limits import is_worn, limit_cpu, limit_resources
from retrieval.document_frames import document_header, document_of, section_frames, section_of
from retrieval.errors import ParseCancelled, ParseError, ParserDied
from retrieval.frames import CHUNK_BYTES, FileChanged, read_exactly, receive, send, texts
from retrieval.parsing.names import shown_name
from retrieval.parsing.progress import heard_by
from retrieval.printed import PrintedPage, page_header, page_received
from retrieval.values import ParsedDocument, Section

_T = TypeVar("_T")
_MAX_BYTES_PER_CHAR = 4
_MB = 1024 * 1024
_MAX_HEADING_BYTES = 16 * _MB
_REPORT_EVERY_S = 0.25
_GRACE_S = 1.0
_OUT_OF_CPU_TIME = -24
"""Exit code of a process that SIGXCPU ended."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost."""

    memory_bytes: int = 512 * _MB
    page_s: float = 30.0
    """Without one more page, slide or sheet finished."""
    total_s: float = 600.0
    file_bytes: int = 200 * _MB
    output_chars: int = 20_000_000
    files_per_child: int = 200


DEFAULT_LIMITS = Limits()


def sandbox_limits_available() -> bool:
    """Whether this platform enforces the limit on memory; time and output are limited everywhere."""
    return sys.platform == "linux"


def parse_file(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> ParsedDocument:
    """Read one file in a child of its own; raises ParseError. For many files keep a `Sandbox`: it starts once."""
    with Sandbox(limits) as sandbox:
        return sandbox.parse(path)


class Sandbox:
    """A child process that reads one file after another. Safe to call from any thread; calls wait their turn."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._cancelled = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()  # A thread that still reads must not start another child after this.
        self.close()

    def close(self) -> None:
        """End the child. A later `parse` starts a new one."""
        with self._turn:
            self._drop()

    def cancel(self) -> None:
        """Give up the file being read, at once, and read no more; those who wait get ParseCancelled."""
        self._cancelled.set()
        if child := self._child:
            child.kill()

    def parse(self, path: Path, *, name: str | None = None) -> ParsedDocument:
        """Read the file at `path`, known to people as `name`.

        Raises ParseError where it cannot be read, its kind ParserDied where it went beyond the limits or crashed
        its reader, and ParseCancelled after `cancel`.
        """
        given = name or path.name
        shown = shown_name(given)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise ParseError(f"{shown} is not an ordinary file; add a file.")
            return self._read(_Source(given, status.st_size, lambda: _chunks_of(path)), _document)
        except OSError as error:
            reason = error.strerror or error
            raise ParseError(f"{shown} cannot be opened ({reason}); check the file and its rights.") from error

    def parse_data(self, data: bytes, name: str) -> ParsedDocument:
        """Read a file that is already in memory; ParseError's hint begins with `name`."""
        return self._read(_Source(name, len(data), lambda: iter((data,))), _document)

    def draw_page(self, data: bytes, name: str, *, number: int, width_px: int) -> PrintedPage:
        """A page of a PDF, by number from 1, about so wide; raises as `parse` does."""
        asked = {"page": number, "width_px": width_px}
        return self._read(_Source(name, len(data), lambda: iter((data,)), asked), _printed_page)

    def _read(self, source: "_Source", read: "Callable[[_Answer], _T]") -> _T:
        if source.size > self._limits.file_bytes:
            raise ParseError(_too_large(shown_name(source.name), self._limits.file_bytes))
        with self._turn:
            try:
                return self._tried_twice(source, read)
            except _ChildDied as death:
                raise ParserDied(_reason(death.cause, shown_name(source.name), self._limits)) from death
            except FileChanged as change:
                raise ParseError(f"{shown_name(source.name)} changed while it was read; add it again.") from change

    def _tried_twice(self, source: "_Source", read: "Callable[[_Answer], _T]") -> _T:
        had_read = self._child.files if self._child else 0
        try:
            return self._answer(source, read)
        except _ChildDied as death:
            if not had_read or death.cause in {"page", "total"}:
                raise
        # What earlier files left behind may be to blame: once more, in a fresh child.
        return self._answer(source, read)

    def _answer(self, source: "_Source", read: "Callable[[_Answer], _T]") -> _T:
        self._check_cancelled()
        child = self._child = self._child or _Child(self._limits)
        try:
            self._check_cancelled()  # Again: `cancel` may have come before there was a child to end.
            answer = child.ask(source)
            if answer.header.get("worn") or child.files >= self._limits.files_per_child:
                self._drop()
            return read(answer)
        except (_ChildDied, FileChanged, OSError, ParseCancelled):
            self._drop()
            self._check_cancelled()
            raise

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise ParseCancelled("Reading was cancelled; add the remaining files again to go on.")

    def _drop(self) -> None:
        if self._child:
            self._child.end()
            self._child = None


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to be read: `chunks` gives its bytes from the start each time it is called."""

    name: str
    size: int
    chunks: Callable[[], Iterator[bytes]]
    asked: Mapping[str, int] = field(default_factory=dict)
    """What is wanted of it besides its text."""


def _chunks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _too_large(name: str, limit: int) -> str:
    return f"{name} is larger than {limit // _MB} MB; split it and add the parts."


_Cause = Literal["page", "total", "memory", "crash"]


def _reason(cause: _Cause, name: str, limits: Limits) -> str:
    memory = f"{limits.memory_bytes // _MB} MB of memory"
    match cause:
        case "page":
            return (
                f"{name} was given up: one of its pages took longer than {limits.page_s:g} s. Split it or save it anew."
            )
        case "total":
            return f"{name} took longer than {limits.total_s:g} s to read; split it and add the parts."
        case "memory":
            return f"{name} needs more than {memory} to read; split it and add the parts."
        case "crash":
            return f"{name} is damaged, or needs more than {memory}: its reader crashed. Save it again and retry."


class _ChildDied(Exception):
    """The child ended, or said something that is no answer."""

    def __init__(self, cause: _Cause = "crash") -> None:
        super().__init__(cause)
        self.cause: _Cause = cause


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the child said of a file: its last frame, the sections of those before, the text."""

    header: dict[str, Any]
    sections: tuple[Section, ...]
    text: str


class _Child:
    """The parent's end of one child process."""

    def __init__(self, limits: Limits) -> None:
        self.files = 0
        self._limits = limits
        try:
            self._process = subprocess.Popen(
                _command(limits),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise ParseError(f"The process that reads files cannot be started ({error.strerror}); retry.") from error

    def ask(self, source: _Source) -> _Answer:
        """The child's answer; raises _ChildDied where none comes in time, FileChanged where the file did."""
        self.files += 1
        with _Watch(self._limits, self.kill) as watch:
            try:
                send(_pipe(self._process.stdin), {"name": source.name, **source.asked}, source.size, source.chunks())
                return self._answer(watch)
            except (BrokenPipeError, EOFError, ValueError) as error:
                code = self._exit_code()
                raise _ChildDied(watch.cause or ("page" if code == _OUT_OF_CPU_TIME else "crash")) from error

    def _answer(self, watch: "_Watch") -> _Answer:
        pipe = _pipe(self._process.stdout)
        sections: list[Section] = []
        left = _MAX_HEADING_BYTES
        while True:
            header, header_bytes, text_bytes = receive(pipe, max_header=left, max_body=self._max_answer_bytes)
            if "page_done" in header:
                watch.page_done()
            elif "sections" in header:
                left -= header_bytes
                sections += [section_of(row) for row in header["sections"]]
            else:
                return _Answer(header, tuple(sections), "".join(texts(pipe, text_bytes)))

    def _exit_code(self) -> int:
        """How the child ended; one that lives on after talking nonsense is killed."""
        try:
            return self._process.wait(timeout=_GRACE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    @property
    def _max_answer_bytes(self) -> int:
        return self._limits.output_chars * _MAX_BYTES_PER_CHAR

    def kill(self) -> None:
        """End the process and all that it started. From any thread; whoever waits for its answer gets none."""
        if hasattr(os, "killpg"):
            # By group: a helper program of a parser must not outlive it.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()

    def end(self) -> None:
        """Kill the process and wait for it."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                _pipe(pipe).close()
            except OSError:  # What was still to be written to a dead process is of no use.
                continue


class _Watch:
    """Calls `kill` when a page or the whole file takes too long; `cause` then says which."""

    def __init__(self, limits: Limits, kill: Callable[[], None]) -> None:
        self.cause: _Cause | None = None
        self._page_s = limits.page_s
        self._kill = kill
        self._over = threading.Event()
        now = time.monotonic()
        self._page_until = now + limits.page_s
        self._until = now + limits.total_s
        self._thread = threading.Thread(target=self._wait, name="parse-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def page_done(self) -> None:
        """The clock of one page starts anew."""
        self._page_until = time.monotonic() + self._page_s

    def _wait(self) -> None:
        while not self._over.wait(max(0.0, min(self._page_until, self._until) - time.monotonic())):
            now = time.monotonic()
            if now >= min(self._page_until, self._until):
                self.cause = "total" if now >= self._until else "page"
                self._kill()
                return


def _command(limits: Limits) -> list[str]:
    return [sys.executable, "-P", "-m", "retrieval.sandbox", json.dumps(asdict(limits))]


def _environment() -> dict[str, str]:
    """What Python needs to find the same packages, and nothing else."""
    paths = (entry or os.getcwd() for entry in sys.path)
    environment = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    if sys.platform == "win32":
        environment["SYSTEMROOT"] = r"C:\Windows"
    return environment


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "both ends are pipes"
    return pipe


# What an answer says


def _document(answer: _Answer) -> ParsedDocument:
    """The document of an answer; raises ParseError for a refusal, _ChildDied for what is no answer at all."""
    _check_refused(answer.header)
    try:
        return document_of(answer.header, answer.sections, answer.text)
    except (KeyError, TypeError, ValueError) as error:
        raise _ChildDied from error


def _check_refused(header: dict[str, Any]) -> None:
    if header.get("out_of_memory"):
        raise _ChildDied("memory")
    if "hint" in header:
        raise ParseError(str(header["hint"]))


def _printed_page(answer: _Answer) -> PrintedPage:
    """The page of an answer; raises as `_document` does."""
    _check_refused(answer.header)
    try:
        return page_received(answer.header, answer.text)
    except (KeyError, TypeError, ValueError) as error:
        raise _ChildDied from error


# The child


def _serve(limits: Limits, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until there are no more."""
    while True:
        try:
            request, _, size = receive(requests, max_header=_MB, max_body=limits.file_bytes)
            data = read_exactly(requests, size)
        except EOFError:
            return
        limit_cpu(limits.page_s)
        try:
            with heard_by(_Reporter(limits, answers)):
                _answer_request(data, request, limits, answers)
        except MemoryError:
            send(answers, {"out_of_memory": True}, 0, ())


class _Reporter:
    """Tells the parent that pages get done, a few times a second at most."""

    def __init__(self, limits: Limits, answers: IO[bytes]) -> None:
        self._limits = limits
        self._answers = answers
        self._sent = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._sent < min(_REPORT_EVERY_S, self._limits.page_s / 4):
            return
        self._sent = time.monotonic()
        limit_cpu(self._limits.page_s)
        try:
            send(self._answers, {"page_done": True}, 0, ())
        except OSError:  # Nobody is there to read the answer. A parser might swallow an exception.
            os._exit(1)


def _answer_request(data: bytes, request: dict[str, Any], limits: Limits, answers: IO[bytes]) -> None:
    answer = _answer_page if "page" in request else _answer_document
    try:
        answer(data, request, limits, answers)
    except ParseError as error:
        # A parser that is refused memory says anything; what it says of the file is then not to be trusted.
        worn = is_worn(limits.memory_bytes)
        out_of_memory = error.__cause__ is not None and worn
        send(answers, {"out_of_memory": True} if out_of_memory else {"hint": error.hint, "worn": worn}, 0, ())


def _answer_document(data: bytes, request: dict[str, Any], limits: Limits, answers: IO[bytes]) -> None:
    from retrieval.parsing import parse_bytes  # the parent never parses

    name = str(request["name"])
    document = parse_bytes(data, name)
    _check_size(document, shown_name(name), limits)
    text = document.text.encode("utf-8")
    for frame in section_frames(document):
        send(answers, frame, 0, ())
    send(answers, {**document_header(document), "worn": is_worn(limits.memory_bytes)}, len(text), (text,))


def _answer_page(data: bytes, request: dict[str, Any], limits: Limits, answers: IO[bytes]) -> None:
    from retrieval.parsing.pdf import printed_page  # the parent never parses

    page = printed_page(data, shown_name(str(request["name"])), number=request["page"], width_px=request["width_px"])
    picture = page.picture.encode("ascii")
    send(answers, {**page_header(page), "worn": is_worn(limits.memory_bytes)}, len(picture), (picture,))


def _check_size(document: ParsedDocument, name: str, limits: Limits) -> None:
    if len(document.text) > limits.output_chars:
        raise ParseError(f"{name} holds more than {limits.output_chars:,} characters; split it and add the parts.")
    budget = _MAX_HEADING_BYTES // 2 - len(json.dumps(document_header(document)))
    for frame in section_frames(document):
        budget -= len(json.dumps(frame))
        if budget < 0:
            raise ParseError(f"{name} has more headings than can be kept; split it and add the parts.")


def _main() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    # Whatever a library prints must not run into the frames.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    limit_resources(limits.memory_bytes)
    _serve(limits, sys.stdin.buffer, answers)


if __name__ == "__main__":
    _main()
