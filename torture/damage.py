"""Damages the indexes of a home in random ways and opens it again.

Each trial is a copy of one prepared home. It is opened in a process of its own, for a damaged index may take its
process down, and with an embedding that refuses documents: what is built again is built from SQL.
"""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.settings import environment
from retrieval.database import open_database
from retrieval.indexes import Indexes
from retrieval.intake import Intake
from retrieval.lexical import LexicalIndex
from retrieval.library import Library
from retrieval.search import Search
from retrieval.vectors import VectorIndex
from torture.folder import marker, write_folder
from torture.victim import COLLECTION
from torture.words import WordVectors

ROOT = Path(__file__).resolve().parent.parent
_TRIAL_S = 60.0
_LIMIT = 5
_PARAGRAPHS = 60
_CHROMA_KEEPS = 1000
"""Up to so many vectors lie in Chroma's log alone; only beyond are there files of its graph to damage."""

Way = Callable[[Sequence[Path], random.Random], str]


@dataclass(frozen=True, slots=True)
class Trial:
    """One way of damaging, and what came of it: the legs that were built again, or what went wrong."""

    number: int
    way: str
    rebuilt: tuple[str, ...]
    problem: str | None


# Ways of damaging. Each is given the files of one index and says what it did.


def _truncate(files: Sequence[Path], chance: random.Random) -> str:
    file = chance.choice(files)
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.truncate(chance.randrange(size) if size else 0)
    return f"cut {file.name} short"


def _flip(files: Sequence[Path], chance: random.Random) -> str:
    file = chance.choice(files)
    data = bytearray(file.read_bytes())
    for _ in range(min(len(data), chance.choice((1, 16, 400)))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)
    return f"flipped bits of {file.name}"


def _zero(files: Sequence[Path], chance: random.Random) -> str:
    file = chance.choice(files)
    file.write_bytes(bytes(file.stat().st_size))
    return f"zeroed {file.name}"


def _garbage(files: Sequence[Path], chance: random.Random) -> str:
    file = chance.choice(files)
    file.write_bytes(chance.randbytes(max(1, file.stat().st_size)))
    return f"filled {file.name} with rubbish"


def _delete(files: Sequence[Path], chance: random.Random) -> str:
    file = chance.choice(files)
    file.unlink()
    return f"deleted {file.name}"


def _delete_several(files: Sequence[Path], chance: random.Random) -> str:
    gone = chance.sample(list(files), max(1, len(files) // 2))
    for file in gone:
        file.unlink()
    return f"deleted {len(gone)} of {len(files)} files"


def _swap(files: Sequence[Path], chance: random.Random) -> str:
    one, other = chance.sample(list(files), 2) if len(files) > 1 else (files[0], files[0])
    mine, theirs = one.read_bytes(), other.read_bytes()
    one.write_bytes(theirs)
    other.write_bytes(mine)
    return f"swapped {one.name} and {other.name}"


def _append(files: Sequence[Path], chance: random.Random) -> str:
    file = chance.choice(files)
    with file.open("ab") as opened:
        opened.write(chance.randbytes(100))
    return f"wrote on after the end of {file.name}"


def _empty_directory(files: Sequence[Path], chance: random.Random) -> str:
    directory = chance.choice(files).parent
    for file in directory.rglob("*"):
        if file.is_file():
            file.unlink()
    return f"emptied {directory.name}"


def _remove_directory(files: Sequence[Path], chance: random.Random) -> str:
    directory = chance.choice(files).parent
    shutil.rmtree(directory)
    return f"removed {directory.name}"


def _file_for_directory(files: Sequence[Path], chance: random.Random) -> str:
    directory = chance.choice(files).parent
    shutil.rmtree(directory)
    directory.write_bytes(b"in the way")
    return f"put a file where the directory {directory.name} was"


def _directory_for_file(files: Sequence[Path], chance: random.Random) -> str:
    file = chance.choice(files)
    file.unlink()
    file.mkdir()
    return f"put a directory where {file.name} was"


def _unreadable(files: Sequence[Path], chance: random.Random) -> str:
    file = chance.choice(files)
    file.chmod(0)
    return f"forbade to read {file.name}"


def _unwritable(files: Sequence[Path], chance: random.Random) -> str:
    file = chance.choice(files)
    file.chmod(0o400)
    file.parent.chmod(0o500)
    return f"forbade to write {file.parent.name}"


WAYS: tuple[Way, ...] = (
    _truncate,
    _flip,
    _zero,
    _garbage,
    _delete,
    _delete_several,
    _swap,
    _append,
    _empty_directory,
    _remove_directory,
    _file_for_directory,
    _directory_for_file,
    _unreadable,
    _unwritable,
)


class Damaging:
    """The trials, on copies of one home below a directory."""

    def __init__(self, directory: Path, *, documents: int, seed: int) -> None:
        """Reads the documents in once, and asks what they answer."""
        self._directory = directory
        self._chance = random.Random(seed)
        self._home = directory / "whole"
        write_folder(directory / "folder", documents=documents, version=0, paragraphs=_PARAGRAPHS)
        with opened(self._home, WordVectors()) as parts:
            report = parts.intake.read_paths([directory / "folder"], collection=COLLECTION)
            assert report.added == documents, report.failed
            assert report.chunks > _CHROMA_KEEPS, report.chunks
        texts = [f"{marker(number, 0)} battery of a station" for number in range(0, documents, 7)]
        self._questions = directory / "questions.json"
        self._questions.write_text(json.dumps(texts))
        self._expected = self._asked((self._home,))[0]
        assert "problem" not in self._expected, self._expected

    def trials(self, count: int) -> Iterator[Trial]:
        """Damage that many copies, each way about equally often, and open them."""
        ways = [WAYS[number % len(WAYS)] for number in range(count)]
        homes, said = [], []
        for number, way in enumerate(ways):
            home = self._directory / f"damaged-{number}"
            shutil.copytree(self._home, home)
            homes.append(home)
            said.append(way(self._files_of(home, number), self._chance))
        for number, found in enumerate(self._asked(homes)):
            problem = found.get("problem")
            if problem is None and not _is_like(found, self._expected):
                problem = "answers otherwise than before"
            yield Trial(number, said[number], tuple(found.get("rebuilt", ())), problem and f"{said[number]}: {problem}")

    def opened_twice_without_seal(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What comes of a killed process's home whose graph ends whoever loads it: at the first start, and the next."""
        home = self._directory / "killed"
        shutil.copytree(self._home, home)
        (home / "indexes" / "dense.seal").unlink()
        (header,) = (home / "indexes" / "dense").rglob("header.bin")
        with header.open("r+b") as opened:
            opened.truncate(8)
        first, second = self._asked((home,))[0], self._asked((home,))[0]
        return first, second

    def _files_of(self, home: Path, number: int) -> tuple[Path, ...]:
        """The files of one index, or the marks; whichever, in turn."""
        indexes = home / "indexes"
        marks = sorted(file for file in indexes.iterdir() if file.is_file())
        dense = sorted(file for file in (indexes / "dense").rglob("*") if file.is_file())
        lexical = sorted(file for file in (indexes / "lexical").rglob("*") if file.is_file())
        turn = number // len(WAYS) + number
        return tuple((dense, lexical, dense, lexical, marks)[turn % 5])

    def _asked(self, homes: Sequence[Path]) -> list[dict[str, Any]]:
        """What each home answers. A process opens one after another; where it dies, another goes on after it."""
        found: list[dict[str, Any]] = []
        while len(found) < len(homes):
            rest = homes[len(found) :]
            found += self._answers_of(rest)
        return found

    def _answers_of(self, homes: Sequence[Path]) -> list[dict[str, Any]]:
        """At least one answer: where the process gave none, that it died."""
        command = [*_without_privileges(), sys.executable, "-m", "torture.damage", str(self._questions)]
        try:
            done = subprocess.run(
                [*command, *map(str, homes)],
                cwd=ROOT,
                env=environment(OPENAI_API_KEY="", OPENAI_BASE_URL=""),
                capture_output=True,
                timeout=_TRIAL_S + 5 * len(homes),
                check=False,
            )
            output, end = done.stdout, f"the process ended with {done.returncode}: {_last_line(done.stderr)}"
        except subprocess.TimeoutExpired as error:
            output, end = error.stdout or b"", "it hung"
        found = [json.loads(line) for line in output.splitlines()]
        return found if len(found) == len(homes) else [*found, {"problem": end}]


def _last_line(output: bytes) -> str:
    return (output.decode("utf-8", "replace").strip().splitlines() or [""])[-1]


def _without_privileges() -> tuple[str, ...]:
    """Root may read and write what it is forbidden to; without these two capabilities it may not."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    without = (setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
    tried = subprocess.run([*without, "true"], capture_output=True, check=False)
    return without if tried.returncode == 0 else ()


# In the process that opens


@dataclass(frozen=True, slots=True)
class Parts:
    """An open home's library, its indexes, and what works on them."""

    library: Library
    indexes: Indexes
    dense: VectorIndex
    intake: Intake
    search: Search


@contextmanager
def opened(home: Path, embedder: WordVectors) -> Iterator[Parts]:
    """A home as the product lays it out, with an embedding that needs no weights."""
    at = home / "indexes"
    at.mkdir(parents=True, exist_ok=True)
    with closing(Library(open_database(f"sqlite:///{home / 'citewell.sqlite'}"))) as library:
        dense = VectorIndex(at / "dense", model=embedder.name, dimension=embedder.dimension)
        indexes = Indexes(LexicalIndex(at / "lexical"), dense, library, at)
        with closing(indexes):
            yield Parts(library, indexes, dense, Intake(library, indexes, embedder), Search(library, indexes, embedder))


def _found(home: Path, questions: Sequence[str]) -> dict[str, Any]:
    """What was built again when the home was opened, and what each question finds by each way."""
    embedder = WordVectors(embeds=False)
    with opened(home, embedder) as parts:
        (collection,) = parts.library.collections()
        rebuilt = parts.indexes.prove(collection.id)
        answers = [_answer(parts, collection.id, text) for text in questions]
        counts = [index.count(collection.id) for index in (parts.indexes.lexical, parts.dense)]
    return {"rebuilt": rebuilt, "answers": answers, "counts": counts}


def _answer(parts: Parts, collection_id: str, text: str) -> dict[str, Any]:
    """The place found first, and how each index ranks."""
    first, *_ = parts.search.passages(text, scope=frozenset({collection_id})).passages
    vector = WordVectors(embeds=False).embed_query(text)
    return {
        "first": [first.source.path, first.start, first.end],
        # By score: equally good chunks come in any order.
        "lexical": [round(hit.score, 2) for hit in parts.indexes.lexical.search(collection_id, text, _LIMIT)],
        "dense": [id_ for id_, _ in parts.dense.search(collection_id, vector, _LIMIT)],
    }


def _is_like(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Equal, but for one in ten of the nearest vectors: Chroma's graph is approximate and never twice the same."""
    pairs = tuple(zip(found["answers"], expected["answers"], strict=True))
    exact = all(mine["first"] == theirs["first"] and mine["lexical"] == theirs["lexical"] for mine, theirs in pairs)
    near = [len({*mine["dense"]} & {*theirs["dense"]}) / _LIMIT for mine, theirs in pairs]
    return exact and sum(near) / len(near) >= 0.9 and found["counts"] == expected["counts"]


def _main(questions: Path, homes: Sequence[Path]) -> None:
    texts = json.loads(questions.read_text("utf-8"))
    for home in homes:
        try:
            found = _found(home, texts)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this trial's finding
            found = {"problem": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main(Path(sys.argv[1]), [Path(home) for home in sys.argv[2:]])
