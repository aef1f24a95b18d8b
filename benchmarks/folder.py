"""A folder of Markdown files, the same every time: headings, paragraphs, lists and tables of made-up prose."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.words import english_words, prose, telling_words

SEED = 20260402
_SECTIONS = 9


def write_folder(directory: Path, files: int, *, first: int = 0, sections: int = _SECTIONS) -> None:
    """Write files numbered from `first` on; each section makes about four chunks."""
    directory.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + files):
        random = np.random.default_rng((SEED, number))
        (directory / f"{number:05}.md").write_text("\n\n".join(_blocks(random, number, sections)) + "\n", "utf-8")


def _blocks(random: np.random.Generator, number: int, sections: int) -> Iterator[str]:
    yield f"# {_title(random)} {number}"
    for section in range(sections):
        yield f"## {_title(random)}"
        yield _paragraph(random)
        yield _list(random) if section % 3 else _table(random)
        yield _paragraph(random)


def _title(random: np.random.Generator) -> str:
    return " ".join(telling_words(random, 4)).capitalize()


def _paragraph(random: np.random.Generator) -> str:
    return prose(english_words(random, int(random.integers(80, 200))))


def _list(random: np.random.Generator) -> str:
    return "\n".join(f"- **{_title(random)}**: {prose(english_words(random, 12))}" for _ in range(5))


def _table(random: np.random.Generator) -> str:
    rows = (f"| {_title(random)} | {random.integers(1, 500)} days |" for _ in range(6))
    return "\n".join(("| what | how long |", "|---|---|", *rows))
