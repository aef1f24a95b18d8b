"""Kills a process that reads documents in, at instants spread over its work, and looks at what is left.

Round after round every file is another than before, so that most rounds are updates; each fourth begins a new home.
"""

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.bootstrap import Citewell, open_citewell
from assistant.settings import Settings, environment
from torture.folder import marker, write_folder
from torture.truth import StoredDocument, has_any_documents, stored_documents
from torture.victim import COLLECTION

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "citewell.sqlite"
_DEAD_S = 120.0
_NEW_HOME_EVERY = 4
_SAMPLE = 6


@dataclass(frozen=True, slots=True)
class Round:
    """One kill: when it came, how much had been acknowledged, and what was wrong afterwards."""

    number: int
    after_s: float
    acknowledged: int
    ended: bool
    """The process was done before it was to be killed."""

    problems: tuple[str, ...]


class Victim:
    """A process that reads in; what it said so far is in `lines`."""

    def __init__(self, home: Path, folder: Path) -> None:
        """Starts it; it waits, with everything imported, for `go`."""
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "torture.victim", str(home), str(folder)],
            cwd=ROOT,
            env=environment(OPENAI_API_KEY="", OPENAI_BASE_URL=""),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def go(self) -> None:
        """Wait until it is ready, and let it begin."""
        until = time.monotonic() + _DEAD_S
        while "ready" not in self.lines and self._process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def wait(self, seconds: float = _DEAD_S) -> bool:
        """Whether it ended by itself within that time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL; then everything that it wrote is in `lines`."""
        self._process.kill()
        self.close()

    def close(self) -> None:
        """Wait for its end and let go of its pipes."""
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def said(self, verb: str) -> frozenset[str]:
        """What it said after a verb."""
        return frozenset(line.split(" ", 1)[1] for line in tuple(self.lines) if line.startswith(f"{verb} "))

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):  # Half a line acknowledges nothing.
                self.lines.append(line.rstrip("\n"))


class Killing:
    """The rounds, on homes below a directory."""

    def __init__(self, directory: Path, *, documents: int, seed: int) -> None:
        """Reads both versions of the folder in without disturbance: what every round has to come to."""
        self._directory = directory
        self._documents = documents
        self._chance = random.Random(seed)
        self._folder = directory / "folder"
        self._cache = directory / "undisturbed-0" / "cache"
        self._expected: list[dict[str, StoredDocument]] = []
        self._work_s = float("inf")
        for version in range(2):
            self._expected.append(self._undisturbed(version))

    def rounds(self, count: int) -> Iterator[Round]:
        """Kill that many processes, at instants spread evenly over the work and shuffled."""
        instants = [(at + self._chance.random()) / count * 1.05 * self._work_s for at in range(count)]
        self._chance.shuffle(instants)
        homes = [self._home(number // _NEW_HOME_EVERY) for number in range(count)]
        following = Victim(homes[0], self._folder)
        for number, after_s in enumerate(instants):
            victim = following
            ended, version = self._killed(victim, number % 2, after_s)
            # The next one imports what it needs while this one's remains are looked at.
            following = Victim(homes[min(number + 1, count - 1)], self._folder)
            yield self._judged(Round(number, after_s, len(victim.said("done")), ended, ()), victim, version)
        following.kill()

    def _undisturbed(self, version: int) -> dict[str, StoredDocument]:
        home = self._directory / f"undisturbed-{version}"
        write_folder(self._folder, documents=self._documents, version=version)
        if version:
            shutil.copytree(self._cache, home / "cache", copy_function=os.link)
        victim = Victim(home, self._folder)
        victim.go()
        started = time.perf_counter()
        victim.wait()
        self._work_s = min(self._work_s, time.perf_counter() - started)
        victim.close()
        assert "end" in victim.lines, victim.lines
        assert not victim.said("said"), victim.lines
        stored = stored_documents(home / DATABASE)
        assert len(stored) == self._documents, sorted(stored)
        return stored

    def _home(self, number: int) -> Path:
        home = self._directory / f"home-{number}"
        if not home.exists():
            shutil.copytree(self._cache, home / "cache", copy_function=os.link)
        return home

    def _killed(self, victim: Victim, version: int, after_s: float) -> tuple[bool, int]:
        write_folder(self._folder, documents=self._documents, version=version)
        victim.go()
        ended = victim.wait(after_s)
        victim.kill()
        return ended, version

    def _judged(self, round_: Round, victim: Victim, version: int) -> Round:
        home = self._home(round_.number // _NEW_HOME_EVERY)
        try:
            problems = tuple(self._problems(home, version, victim.said("done"), victim))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this round's finding
            problems = (f"{type(error).__name__}: {error}",)
        return replace(round_, problems=tuple(f"round {round_.number}: {problem}" for problem in problems))

    def _problems(self, home: Path, version: int, acknowledged: frozenset[str], victim: Victim) -> Iterator[str]:
        yield from (f"the victim said {sentence}" for sentence in victim.said("said"))
        if has_any_documents(home / DATABASE):
            yield from self._left_behind(home, version, acknowledged)
        elif acknowledged:
            yield f"{len(acknowledged)} acknowledged documents and no database"
        with closing(open_citewell(Settings.read(home=home, sample=False))) as citewell:
            yield from self._unfound(citewell, version, acknowledged)
            report = citewell.intake.read_paths([self._folder], collection=COLLECTION)
            yield from (f"the run after it failed on {failed.path}: {failed.reason}" for failed in report.failed)
            yield from self._unfound(citewell, version, self._expected[version].keys())
            yield from _uneven(citewell)
        yield from self._differing(home, version)

    def _left_behind(self, home: Path, version: int, acknowledged: frozenset[str]) -> Iterator[str]:
        stored = stored_documents(home / DATABASE)
        for path in acknowledged:
            if path not in stored or not stored[path].is_like(self._expected[version][path]):
                yield f"{path} was acknowledged and is not there as it was read"
        for path, document in stored.items():
            yield from (f"{path}: {flaw}" for flaw in document.flaws())
            if not any(document.is_like(expected[path]) for expected in self._expected):
                yield f"{path} is neither as it was nor as it is"

    def _differing(self, home: Path, version: int) -> Iterator[str]:
        stored, expected = stored_documents(home / DATABASE), self._expected[version]
        if stored.keys() != expected.keys():
            yield f"{len(stored)} documents after another run instead of {len(expected)}"
        for path in stored.keys() & expected.keys():
            if not stored[path].is_like(expected[path]):
                yield f"{path} differs from an undisturbed run"

    def _unfound(self, citewell: Citewell, version: int, paths: Iterable[str]) -> Iterator[str]:
        scope = frozenset(collection.id for collection in citewell.library.collections())
        candidates = sorted(paths)
        for path in self._chance.sample(candidates, min(_SAMPLE, len(candidates))):
            word = marker(int(Path(path).stem), version)
            found = citewell.search.passages(word, scope=scope).passages
            if not found or found[0].source.path != path:
                yield f"{path} is not found by its own word"


def _uneven(citewell: Citewell) -> Iterator[str]:
    """Indexes that hold another number of chunks than SQL."""
    for collection in citewell.library.collections():
        chunks = citewell.library.chunk_count(collection.id)
        for index in (citewell.indexes.lexical, citewell.indexes.dense):
            if index is not None and index.count(collection.id) != chunks:
                yield f"the {index.leg} index holds {index.count(collection.id)} chunks of {chunks}"
