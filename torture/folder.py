"""A folder of small documents in several formats, in two versions that differ in every file."""

import random
from collections.abc import Iterator
from pathlib import Path

from torture.bombs import docx

_TOPICS = ("station", "sensor", "battery", "firmware", "gateway", "leave", "travel", "refund", "ticket", "password")


def write_folder(folder: Path, *, documents: int, version: int, paragraphs: int = 3) -> None:
    """Write every document, of at most that many paragraphs; the same arguments give the same bytes."""
    for number in range(documents):
        path = folder / f"part-{number % 5}" / f"{number:03}{('.md', '.txt', '.html', '.docx')[number % 4]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_file(tuple(_paragraphs(number, version, 1 + number % paragraphs)), path.suffix))


def marker(number: int, version: int) -> str:
    """The one word that only this document, in this version, holds."""
    return f"zq{'abcdefghij'[version % 10]}{number:03}x"


def _paragraphs(number: int, version: int, count: int) -> Iterator[str]:
    chance = random.Random(f"{number}/{version}")
    for _ in range(count):
        words = " ".join(chance.choice(_TOPICS) for _ in range(20))
        yield f"In version {version} the {marker(number, version)} says: {words}."


def _file(paragraphs: tuple[str, ...], suffix: str) -> bytes:
    if suffix == ".docx":
        return docx(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>".encode() for text in paragraphs)
    if suffix == ".html":
        return f"<html><body>{''.join(f'<p>{text}</p>' for text in paragraphs)}</body></html>".encode()
    heads = (f"# Part {at}\n\n{text}" if suffix == ".md" else text for at, text in enumerate(paragraphs))
    return "\n\n".join(heads).encode()
