"""Joins ranked chunks that stand next to each other into readable passages, and says what became of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval.chunk_reader import Hit
from retrieval.trace import Candidate
from retrieval.values import Passage

JOINED_CHARS = 800
"""Neighbouring chunks are joined up to this length."""

TextBetween = Callable[[int, int, int], str]
"""The text of a document (id) from start to end."""
Found = tuple[Candidate, Hit]


@dataclass(frozen=True, slots=True)
class Joined:
    """Passages best first, and the candidates with their outcome."""

    passages: tuple[Passage, ...]
    candidates: tuple[Candidate, ...]


def join(
    candidates: Sequence[Candidate], hits: Mapping[int, Hit], text_between: TextBetween, *, read: int, limit: int
) -> Joined:
    """At most `limit` passages out of the first `read` candidates; `hits` has those that are still there."""
    groups: list[list[Found]] = []
    told: list[Candidate] = []
    for at, candidate in enumerate(candidates):
        hit = hits.get(candidate.chunk_id)
        told.append(_placed(candidate, hit, groups, limit) if at < read else candidate)
    return Joined(tuple(_passage(group, text_between) for group in groups), tuple(told))


def _placed(candidate: Candidate, hit: Hit | None, groups: list[list[Found]], limit: int) -> Candidate:
    """Put a chunk where it belongs, in one of the groups or a new one; returns it with its outcome."""
    if hit is None:
        return replace(candidate, outcome="gone")
    for number, group in enumerate(groups, 1):
        if _extends(group, hit):
            group.append((candidate, hit))
            return replace(candidate, outcome="joined", passage=number)
    if len(groups) == limit:
        return candidate
    groups.append([(candidate, hit)])
    return replace(candidate, outcome="shown", passage=len(groups))


def _extends(group: Sequence[Found], hit: Hit) -> bool:
    """Whether a chunk stands next to the group in the same document, and the whole stays readable."""
    if group[0][1].source.id != hit.source.id:
        return False
    inside = [h for _, h in group]
    start = min(h.chunk.start for h in (*inside, hit))
    end = max(h.chunk.end for h in (*inside, hit))
    return any(abs(h.position - hit.position) == 1 for h in inside) and end - start <= JOINED_CHARS


def _passage(group: Sequence[Found], text_between: TextBetween) -> Passage:
    best, hit = group[0]
    first = min((h.chunk for _, h in group), key=lambda chunk: chunk.start)
    end = max(h.chunk.end for _, h in group)
    return Passage(
        source=hit.source,
        start=first.start,
        end=end,
        text=first.text if len(group) == 1 else text_between(hit.source.id, first.start, end),
        heading=hit.chunk.heading,
        page=first.page,
        score=best.score,
        found_by=frozenset(leg for candidate, _ in group for leg in candidate.found_by),
        page_breaks=tuple(start for start in hit.page_starts if first.start < start < end),
        headings=tuple(sorted((h.chunk.start, h.chunk.heading) for _, h in group)),
    )
