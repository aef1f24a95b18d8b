"""Gaps in the words that the page says them in."""

from collections.abc import Mapping

from assistant.gaps.values import Gap, GapQuestion, Reason, State
from ui.words import counted, shortened

STATES: Mapping[State, str] = {
    "open": "open",
    "written": "document written",
    "dismissed": "dismissed",
    "answered": "answered now",
}
REASONS: Mapping[Reason, str] = {
    "unanswered": "The documents did not say",
    "partly": "Answered in part",
    "unsupported": "Poorly supported",
    "disliked": "The answer did not help",
}
_EXAMPLE_CHARS = 140


def row_words(gap: Gap) -> str:
    """A gap in the list: how often, by how many, of late, and where it stands."""
    parts = ["asked once" if gap.size == 1 else f"asked {counted(gap.size, 'time')}"]
    if gap.people > 1:
        parts.append(f"by {gap.people} people")
    parts += [trend_words(gap.weeks), progress_words(gap)]
    if gap.owner:
        parts.append("yours" if gap.is_mine else gap.owner)
    return " · ".join(part for part in parts if part)


def progress_words(gap: Gap) -> str:
    """Where it stands; while it is open, how many of its questions have an answer now."""
    if gap.answered and gap.state != "answered":
        return f"{STATES[gap.state]}, {gap.answered} of {gap.size} answered now"
    return STATES[gap.state]


def trend_words(weeks: tuple[int, ...]) -> str:
    """How the last week was, beside the one before."""
    *_, before, last = weeks
    if not last:
        return "not this week"
    if last == before:
        return f"{last} this week, as last week"
    return f"{last} this week, {'up' if last > before else 'down'} from {before}"


def weeks_words(weeks: tuple[int, ...]) -> str:
    """The weeks one by one, the oldest first."""
    return f"Asked in each of the last {len(weeks)} weeks: {', '.join(map(str, weeks))}"


def example_of(gap: Gap) -> str:
    """One question of a gap, the shortest that was asked of those whose words may be read; empty where none may."""
    texts = [question.text for question in gap.questions if question.text]
    return shortened(min(texts, key=len), _EXAMPLE_CHARS) if texts else ""


def hidden_words(gap: Gap) -> str:
    """Of how many questions the words are not shown; empty where that is none."""
    if not gap.hidden:
        return ""
    whose = "all of them" if gap.hidden == gap.size else f"{gap.hidden} of them"
    return f"The words of {whose} are not shown: they were asked of more than you may read, or words are withheld."


def examples_of(gap: Gap) -> tuple[tuple[GapQuestion, int], ...]:
    """Its questions whose words may be read, each with how often it was asked in these words, the newest first."""
    found: dict[str, list[GapQuestion]] = {}
    for question in gap.questions:
        if question.text is not None:
            found.setdefault(" ".join(question.text.casefold().split()), []).append(question)
    return tuple((_best(same), len(same)) for same in found.values())


def _best(same: list[GapQuestion]) -> GapQuestion:
    """Of those in the same words, one that is still open, where there is one."""
    return next((question for question in same if question.proof is None), same[0])
