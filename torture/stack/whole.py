"""All of it: what is started with what, in which order it comes up, and how it ends."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from assistant.settings import environment
from torture.stack.nginx import nginx_part
from torture.stack.part import Part, answers, free_ports
from torture.stack.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]
REPLICAS, WORKERS = 2, 2


class Stack:
    """The server mode below one directory. `settings` are variables for every process of Citewell."""

    def __init__(self, directory: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        https, http, database, vectors, *others = free_ports(4 + 2 * REPLICAS)
        self.replica_ports, self.metrics_ports = tuple(others[:REPLICAS]), tuple(others[REPLICAS:])
        self.url = f"https://localhost:{port or https}"
        self.files = directory / "files"
        self._postgres = Postgres(directory, port=database)
        self.database = self._postgres.part
        self.database_url = self._postgres.url
        self.chroma_url = f"http://127.0.0.1:{vectors}"
        self.chroma = _chroma(directory, vectors)
        self.environment = environment(
            **{"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", **(settings or {})},
            DATABASE_URL=self.database_url,
            CHROMA_URL=self.chroma_url,
            CITEWELL_FILES=str(self.files),
            CITEWELL_HOSTS="localhost",
        )
        self.replicas = tuple(self._replica(number) for number in range(1, REPLICAS + 1))
        self.workers = tuple(self._worker(number) for number in range(1, WORKERS + 1))
        self.nginx = nginx_part(directory / "nginx", port=port or https, plain_port=http, replicas=self.replica_ports)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every process, in the order in which they come up."""
        return (self.database, self.chroma, *self.workers, *self.replicas, self.nginx)

    def home(self, name: str) -> Path:
        """Where a process of Citewell keeps what it can make again."""
        return self.directory / name

    def __enter__(self) -> Self:
        """Start everything; returns once all of it answers. StackError where a part does not."""
        try:
            for together in ((self.database, self.chroma), (*self.workers, *self.replicas), (self.nginx,)):
                for part in together:
                    part.start()
                for part in together:
                    part.wait()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End everything that was started, last first, and leave the directory."""
        for part in reversed(self.parts):
            part.end()
        self._postgres.remove()

    def _replica(self, number: int) -> Part:
        name, port = f"replica-{number}", self.replica_ports[number - 1]
        metrics = {"CITEWELL_METRICS_PORT": str(self.metrics_ports[number - 1])}
        ready = f"http://127.0.0.1:{port}/readyz"
        return self._citewell(name, "serve", "--port", str(port), ready_at=ready, settings=metrics)

    def _worker(self, number: int) -> Part:
        return self._citewell(f"worker-{number}", "worker")

    def _citewell(
        self, name: str, *arguments: str, ready_at: str | None = None, settings: Mapping[str, str] | None = None
    ) -> Part:
        command = (sys.executable, "-m", "assistant", *arguments, "--home", self.home(name))
        return Part(
            name,
            command,
            self.directory / f"{name}.log",
            lambda: ready_at is None or answers(ready_at),
            environment={**self.environment, **(settings or {})},
            directory=ROOT,
        )


@contextmanager
def stack(*, port: int | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """All of it in a temporary directory, running until the end of the block."""
    with (
        tempfile.TemporaryDirectory(prefix="citewell-stack-", ignore_cleanup_errors=True) as directory,
        Stack(Path(directory), port=port, settings=settings) as running,
    ):
        yield running


def _chroma(directory: Path, port: int) -> Part:
    program = Path(sys.executable).with_name("chroma")
    command = (program, "run", "--path", directory / "chroma", "--host", "127.0.0.1", "--port", str(port))
    heartbeat = f"http://127.0.0.1:{port}/api/v2/heartbeat"
    return Part("Chroma", command, directory / "chroma.log", lambda: answers(heartbeat), directory=directory)
