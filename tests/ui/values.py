"""Small values for the tests of the page."""

from datetime import date

from assistant.conversations import StoredMessage, Work
from assistant.events import Answer, CheckedSentence, Citation, Support, Usage
from retrieval.queries import Query
from retrieval.trace import SearchTrace
from retrieval.values import Markup, Passage, Source


def passage(text: str = "Leave is 26 days.", *, title: str = "Leave policy", markup: Markup = "plain") -> Passage:
    """A passage at offset 100 of its document."""
    source = Source(1, "c", "hr/leave.md", title, markup, date(2026, 1, 1))
    return Passage(source, 100, 100 + len(text), text, ("Annual leave",), 2, 0.8, frozenset({"dense", "lexical"}))


def citation(n: int = 1, **options: str) -> Citation:
    """A citation of the whole of such a passage."""
    cited = passage(**options)  # type: ignore[arg-type]
    return Citation(n, cited, cited.text, cited.start, cited.end)


def sentence(text: str, whole: str, support: Support, *citations: int) -> CheckedSentence:
    """A checked sentence where it stands in the whole answer."""
    start = whole.index(text)
    return CheckedSentence(text, start, start + len(text), support, citations)


def answer(text: str, *sentences: CheckedSentence, citations: tuple[Citation, ...] = (), **other: object) -> Answer:
    """An answer that took 1.2 seconds."""
    values: dict[str, object] = {
        "status": "answered",
        "usage": Usage(model="a model"),
        "timings_ms": {"total": 1234.0},
        "notice": None,
        **other,
    }
    return Answer(text, sentences=sentences, citations=citations, **values)  # type: ignore[arg-type]


def message(given: Answer | None, *passages: Passage, **other: object) -> StoredMessage:
    """A stored answer."""
    trace = SearchTrace(
        queries=(Query("how many days", 1.0, found={"dense": 3, "lexical": 2}),),
        collections=1,
        timings_ms={"dense": 8.0},
    )
    values: dict[str, object] = {
        "text": given.text if given else "",
        "state": "done",
        "reason": None,
        **other,
    }
    work = Work(passages or (passage(),), trace, given)
    return StoredMessage(7, "assistant", work=work, **values)  # type: ignore[arg-type]
