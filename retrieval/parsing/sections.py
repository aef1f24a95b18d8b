"""From headings to sections."""

from collections.abc import Iterable
from dataclasses import dataclass

from retrieval.values import Section


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that begins at `start`; level 1 is the outermost."""

    start: int
    level: int
    title: str


def sections_under(headings: Iterable[Heading], text: str) -> tuple[Section, ...]:
    """Sections that cover `text`, each from its heading to the next; what precedes the first has none."""
    path: list[Heading] = []
    opened: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    for heading in headings:
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
        opened.append((heading.start, tuple(step.title for step in path if step.title)))
    ends = [start for start, _ in opened[1:]] + [len(text)]
    found = ((start, end, titles) for (start, titles), end in zip(opened, ends, strict=True))
    return tuple(Section(titles, start, end) for start, end, titles in found if text[start:end].strip())
