"""Joins ranked chunks that stand next to each other into readable passages, and says what became of each.

No source speaks alone: of copies two are shown, and one document leaves a quarter of the places to others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval.chunk_reader import Hit
from retrieval.copies import are_copies
from retrieval.trace import Candidate
from retrieval.values import Passage

JOINED_CHARS = 800
"""Neighbouring chunks are joined up to this length."""
MOST_COPIES = 2
"""So many passages may say the same in the same words; what disagrees with them is then still found."""
_OTHERS_SHARE = 4
"""One in so many places is kept for other documents, where any was found."""

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
    share = limit - limit // _OTHERS_SHARE
    told = [_placed(c, hits.get(c.chunk_id), groups, limit, share) for c in candidates[:read]]
    for at, candidate in enumerate(told):
        if candidate.outcome == "crowded" and len(groups) < limit:
            told[at] = _placed(candidate, hits.get(candidate.chunk_id), groups, limit, limit)
    order = sorted(range(len(groups)), key=lambda at: -groups[at][0][0].score)
    numbers: dict[int | None, int] = {before + 1: now for now, before in enumerate(order, 1)}
    placed = (replace(c, passage=numbers[c.passage]) if c.passage else c for c in told)
    return Joined(tuple(_passage(groups[at], text_between) for at in order), (*placed, *candidates[read:]))


def _placed(
    candidate: Candidate, hit: Hit | None, groups: list[list[Found]], limit: int, each_document: int
) -> Candidate:
    """Put a chunk where it belongs, in one of the groups or a new one; returns it with its outcome."""
    if hit is None:
        return replace(candidate, outcome="gone")
    candidate = replace(candidate, outcome="below")
    for number, group in enumerate(groups, 1):
        if _extends(group, hit):
            group.append((candidate, hit))
            return replace(candidate, outcome="joined", passage=number)
    if len(groups) == limit:
        return candidate
    firsts = [group[0][1] for group in groups]
    if sum(first.source.id == hit.source.id for first in firsts) >= each_document:
        return replace(candidate, outcome="crowded")
    if sum(are_copies(first.chunk.text, hit.chunk.text) for first in firsts) >= MOST_COPIES:
        return replace(candidate, outcome="copy")
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
