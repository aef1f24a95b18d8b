"""What homes begin with, made once for all processes of a run: the local embedding's graphs, the sample company."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from retrieval.embedding import load_embedder

_places: list[Path] = []


def share(below: Path) -> None:
    """Keep what is made once in a directory that this run's processes have in common."""
    _places[:] = [below]


def common_to_all(factory: pytest.TempPathFactory, worker: str) -> Path:
    """The temporary directory of the whole run; xdist gives each worker one of its own in it."""
    own = factory.getbasetemp()
    return own if worker == "master" else own.parent


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """A directory that is made by whoever needs it first; the others wait for it."""
    (below,) = _places
    place, made = below / name, below / f"{name}.made"
    below.mkdir(exist_ok=True)
    with FileLock(below / f"{name}.lock"):
        if not made.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            made.touch()
    return place


def computed() -> Path:
    """What a home can compute again: the graphs of the local embedding."""
    return made_once("computed", lambda place: load_embedder("local", place))


def new_home(path: Path) -> Path:
    """The directory of a home in which nothing has been kept yet."""
    cache = path / "cache"
    cache.mkdir(parents=True)
    for file in computed().iterdir():
        if file.suffix == ".onnx":
            (cache / file.name).symlink_to(file)
        else:
            shutil.copy2(file, cache)
    return path
