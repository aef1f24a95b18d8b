"""Reads files in a child process with limits on memory, time and output, so that no file can harm the app.

Parent and child speak in frames over pipes: two lengths, a JSON object, and raw bytes (the file one way, the
document's text the other). While it reads, the child sends a frame for finished pages, so that a long file is
told from one that hangs. It is an interpreter of its own with an empty environment: it knows no secret, and a
file that takes it over finds none. One child reads many files; it is replaced after a crash, a timeout, or
`files_per_child` files, or once a file took much memory.
"""

import codecs
import json
import os
import re
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from retrieval.errors import ParseCancelled, ParseError, ParserDied
from retrieval.parsing.names import shown_name
from retrieval.parsing.progress import heard_by
from retrieval.values import ParsedDocument, Section

_HEAD = struct.Struct(">QQ")
_MAX_BYTES_PER_CHAR = 4
_MB = 1024 * 1024
_MAX_HEADING_BYTES = 16 * _MB
_SECTIONS_PER_FRAME = 500
"""Few enough that reading a frame does not hold up the parent's other threads."""

_REPORT_EVERY_S = 0.25
_CHUNK_BYTES = _MB
_CODE_BYTES = 48 * _MB
"""What the libraries' own code takes up, which the limit on data does not count."""

_LEAST_DATA_BYTES = 64 * _MB
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
            return self._parse(_Source(given, status.st_size, lambda: _chunks_of(path)))
        except OSError as error:
            reason = error.strerror or error
            raise ParseError(f"{shown} cannot be opened ({reason}); check the file and its rights.") from error

    def parse_data(self, data: bytes, name: str) -> ParsedDocument:
        """Read a file that is already in memory; ParseError's hint begins with `name`."""
        return self._parse(_Source(name, len(data), lambda: iter((data,))))

    def _parse(self, source: "_Source") -> ParsedDocument:
        if source.size > self._limits.file_bytes:
            raise ParseError(_too_large(shown_name(source.name), self._limits.file_bytes))
        with self._turn:
            try:
                return self._tried_twice(source)
            except _ChildDied as death:
                raise ParserDied(_reason(death.cause, shown_name(source.name), self._limits)) from death
            except _FileChanged as change:
                raise ParseError(f"{shown_name(source.name)} changed while it was read; add it again.") from change

    def _tried_twice(self, source: "_Source") -> ParsedDocument:
        had_read = self._child.files if self._child else 0
        try:
            return self._answer(source)
        except _ChildDied as death:
            if not had_read or death.cause in {"page", "total"}:
                raise
        # What earlier files left behind may be to blame: once more, in a fresh child.
        return self._answer(source)

    def _answer(self, source: "_Source") -> ParsedDocument:
        self._check_cancelled()
        child = self._child = self._child or _Child(self._limits)
        try:
            self._check_cancelled()  # Again: `cancel` may have come before there was a child to end.
            answer = child.ask(source)
            if answer.header.get("worn") or child.files >= self._limits.files_per_child:
                self._drop()
            return _document(answer)
        except (_ChildDied, _FileChanged, OSError, ParseCancelled):
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


def _chunks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
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


class _FileChanged(Exception):
    """The file is no longer as long as it was."""


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
        """The child's answer; raises _ChildDied where none comes in time, _FileChanged where the file did."""
        self.files += 1
        with _Watch(self._limits, self.kill) as watch:
            try:
                _send(_pipe(self._process.stdin), {"name": source.name}, source.size, source.chunks())
                return self._answer(watch)
            except (BrokenPipeError, EOFError, ValueError) as error:
                code = self._exit_code()
                raise _ChildDied(watch.cause or ("page" if code == _OUT_OF_CPU_TIME else "crash")) from error

    def _answer(self, watch: "_Watch") -> _Answer:
        pipe = _pipe(self._process.stdout)
        sections: list[Section] = []
        left = _MAX_HEADING_BYTES
        while True:
            header, header_bytes, text_bytes = _receive(pipe, max_header=left, max_body=self._max_answer_bytes)
            if "page_done" in header:
                watch.page_done()
            elif "sections" in header:
                left -= header_bytes
                sections += [_section(row) for row in header["sections"]]
            else:
                return _Answer(header, tuple(sections), "".join(_texts(pipe, text_bytes)))

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


# Frames


def _send(pipe: IO[bytes], header: dict[str, Any], size: int, body: Iterable[bytes]) -> None:
    """Write one frame; raises _FileChanged where `body` is not `size` bytes long."""
    encoded = json.dumps(header).encode("utf-8")
    pipe.write(_HEAD.pack(len(encoded), size) + encoded)
    for chunk in body:
        size -= len(chunk)
        if size < 0:
            break
        pipe.write(chunk)
    if size:
        raise _FileChanged
    pipe.flush()


def _receive(pipe: IO[bytes], *, max_header: int, max_body: int) -> tuple[dict[str, Any], int, int]:
    """A frame's object, its length in bytes and that of the body, which is still to be read.

    Raises EOFError where the other end is gone, ValueError where it talks nonsense.
    """
    header_bytes, body_bytes = _HEAD.unpack(_read_exactly(pipe, _HEAD.size))
    if header_bytes > max_header or body_bytes > max_body:
        raise ValueError("a frame larger than agreed")
    header = json.loads(_read_exactly(pipe, header_bytes))
    if not isinstance(header, dict):
        raise ValueError("a frame without an object")
    return header, header_bytes, body_bytes


def _texts(pipe: IO[bytes], size: int) -> Iterator[str]:
    """The body of a frame as text, piece by piece: never twice in memory, never long without a pause."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, size, _CHUNK_BYTES):
        yield decoder.decode(_read_exactly(pipe, min(_CHUNK_BYTES, size - start)))
    yield decoder.decode(b"", final=True)


def _read_exactly(pipe: IO[bytes], count: int) -> bytes:
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _as_header(document: ParsedDocument) -> dict[str, Any]:
    return {
        "title": document.title,
        "markup": document.markup,
        "page_starts": list(document.page_starts),
        "dated": document.dated.isoformat() if document.dated else None,
        "notes": list(document.notes),
        "format": document.format,
    }


def _document(answer: _Answer) -> ParsedDocument:
    """The document of an answer; raises ParseError for a refusal, _ChildDied for what is no answer at all."""
    header, text = answer.header, answer.text
    if header.get("out_of_memory"):
        raise _ChildDied("memory")
    if "hint" in header:
        raise ParseError(str(header["hint"]))
    try:
        if any(section.end > len(text) for section in answer.sections):
            raise ValueError("a section outside the text")
        return ParsedDocument(
            title=str(header["title"]),
            text=text,
            sections=answer.sections,
            markup="markdown" if header["markup"] == "markdown" else "plain",
            page_starts=tuple(_offset(start, len(text)) for start in header["page_starts"]),
            dated=date.fromisoformat(header["dated"]) if header["dated"] else None,
            notes=tuple(map(str, header["notes"])),
            format=str(header["format"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _ChildDied from error


def _section(row: Any) -> Section:
    """A section as it was sent; ValueError for anything else. Whether it lies inside the text is seen later."""
    try:
        heading, start, end = row
        end = _offset(end, sys.maxsize)
        return Section(tuple(map(str, heading)), _offset(start, end), end)
    except TypeError as error:
        raise ValueError("no section") from error


def _offset(value: Any, limit: int) -> int:
    if not isinstance(value, int) or not 0 <= value <= limit:
        raise ValueError("an offset outside the text")
    return value


# The child


def _serve(limits: Limits, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until there are no more."""
    while True:
        try:
            request, _, size = _receive(requests, max_header=_MB, max_body=limits.file_bytes)
            data = _read_exactly(requests, size)
        except EOFError:
            return
        _limit_cpu(limits.page_s)
        try:
            with heard_by(_Reporter(limits, answers)):
                _answer_request(data, str(request["name"]), limits, answers)
        except MemoryError:
            _send(answers, {"out_of_memory": True}, 0, ())


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
        _limit_cpu(self._limits.page_s)
        try:
            _send(self._answers, {"page_done": True}, 0, ())
        except OSError:  # Nobody is there to read the answer. A parser might swallow an exception.
            os._exit(1)


def _answer_request(data: bytes, name: str, limits: Limits, answers: IO[bytes]) -> None:
    from retrieval.parsing import parse_bytes  # the parent never parses

    try:
        document = parse_bytes(data, name)
        _check_size(document, shown_name(name), limits)
    except ParseError as error:
        # A parser that is refused memory says anything; what it says of the file is then not to be trusted.
        worn = _is_worn(limits)
        out_of_memory = error.__cause__ is not None and worn
        _send(answers, {"out_of_memory": True} if out_of_memory else {"hint": error.hint, "worn": worn}, 0, ())
        return
    text = document.text.encode("utf-8")
    for frame in _section_frames(document):
        _send(answers, frame, 0, ())
    _send(answers, {**_as_header(document), "worn": _is_worn(limits)}, len(text), (text,))


def _check_size(document: ParsedDocument, name: str, limits: Limits) -> None:
    if len(document.text) > limits.output_chars:
        raise ParseError(f"{name} holds more than {limits.output_chars:,} characters; split it and add the parts.")
    budget = _MAX_HEADING_BYTES // 2 - len(json.dumps(_as_header(document)))
    for frame in _section_frames(document):
        budget -= len(json.dumps(frame))
        if budget < 0:
            raise ParseError(f"{name} has more headings than can be kept; split it and add the parts.")


def _section_frames(document: ParsedDocument) -> Iterator[dict[str, Any]]:
    rows = [[list(section.heading), section.start, section.end] for section in document.sections]
    for start in range(0, len(rows), _SECTIONS_PER_FRAME):
        yield {"sections": rows[start : start + _SECTIONS_PER_FRAME]}


def _is_worn(limits: Limits) -> bool:
    """Whether this process has ever taken more than half of its memory: better to start afresh."""
    # Not getrusage: its peak is the parent's at first, passed on by fork.
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:  # No Linux: no limit on memory either.
        return False
    peak = re.search(r"VmHWM:\s*(\d+) kB", status)
    return peak is not None and int(peak[1]) * 1024 > limits.memory_bytes // 2


def _limit_resources(limits: Limits) -> None:
    """Memory as far as the platform enforces it; no core dumps, no file written, few files open."""
    if sys.platform == "win32":
        return
    import resource  # absent on Windows

    wanted = {
        resource.RLIMIT_DATA: max(_LEAST_DATA_BYTES, limits.memory_bytes - _CODE_BYTES),
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, value in wanted.items():
        try:
            resource.setrlimit(kind, (value, value))
        except (OSError, ValueError):  # A platform without this limit; `sandbox_limits_available` says so.
            continue


def _limit_cpu(seconds: float) -> None:
    """End this process after so much more work, even where its parent is gone and nobody watches the clock."""
    if sys.platform == "win32":
        return
    import resource  # absent on Windows

    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _main() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    # Whatever a library prints must not run into the frames.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit_resources(limits)
    _serve(limits, sys.stdin.buffer, answers)


if __name__ == "__main__":
    _main()
