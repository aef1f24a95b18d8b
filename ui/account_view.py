"""How an answer was found, as the data that the component draws in a dialog: in words, with every candidate.

It is built when it is opened: the documents may have changed since, so every place is read anew.
"""

from collections.abc import Iterator, Mapping, Sequence

import streamlit as st

from assistant.conversations import StoredMessage, Work
from assistant.events import Answer
from assistant.markup import visible
from assistant.notices import is_refusal
from assistant.places import page_of
from assistant.rewrite import Rewrite
from assistant.usage import Usage
from retrieval.chunk_reader import Hit
from retrieval.evidence import ANSWERABLE_FROM, PARTLY_FROM, Evidence
from retrieval.fusion import CHUNK_WEIGHT, DENSE_WEIGHT, DOCUMENT_WEIGHT
from retrieval.parts import Part
from retrieval.queries import Kind, Query
from retrieval.trace import Candidate, SearchTrace
from retrieval.values import Leg
from ui.answer_view import Data
from ui.component import mount
from ui.inspector_link import draw_way_to_inspector
from ui.state import OpenSource
from ui.visit import Visit, current_visit
from ui.words import counted, seconds, shortened

MOST_ROWS = 40
_QUERY_CHARS = 400
_GONE = "No longer there"
_KINDS: Mapping[Kind, str] = {
    "asked": "Your question",
    "with_previous": "With the question before it",
    "rewritten": "In the model’s words",
}
_LEGS: Mapping[Leg, str] = {"dense": "meaning", "lexical": "words"}
_OUTCOMES = {
    "joined": "Stands beside it, joined to passage {passage}",
    "below": "Ranked below the passages shown",
    "copy": "Says what two passages say already",
    "crowded": "Its document has most places already",
    "gone": "Was being deleted",
}
_SIGNALS = {
    "top_cosine": "Closeness in meaning of the best piece",
    "cosine_gap": "Its lead over the fifth best",
    "title_cosine": "Closeness of its document’s title",
    "document_cosine": "Closeness of the two best pieces of its document",
    "coverage": "Share of the question’s words in the best piece, rare words counting more",
    "unknown": "Share of the question’s words that no document has",
}
_SHARES = {"coverage", "unknown"}
_TIMINGS = {
    "embed": "reading the question",
    "dense": "search by meaning",
    "lexical": "search by words",
    "complete": "completing scores",
    "fuse": "adding up",
    "read": "fetching passages",
    "evidence": "weighing the evidence",
    "parts": "weighing its parts",
    "rerank": "reranking",
}


def draw_account(visit: Visit) -> None:
    """The dialog with the account of the answer it was opened for, if it was."""
    state = visit.state
    message = next((m for m in state.conversation.messages if m.id == state.explained), None)
    if message is None or message.work is None or message.work.trace is None:
        state.explained = None
        return

    def dismissed() -> None:
        state.explained = None

    def open_passage(target: dict[str, object]) -> None:
        state.explained = None
        state.source = OpenSource(message.id, "passage", int(str(target["n"])))

    def body() -> None:
        if state.explained is None:  # A passage was opened: a dialog closes with the whole page's next run.
            st.rerun()
        assert message.work is not None
        assert message.work.trace is not None
        chunk_ids = [candidate.chunk_id for candidate in message.work.trace.candidates[:MOST_ROWS]]
        hits = visit.citewell.library.hits(chunk_ids, current_visit().scope)
        mount("account", account_data(message, hits), key=f"account_{message.id}", on={"open": open_passage})
        draw_way_to_inspector(visit, message)

    st.dialog("How this was found", width="medium", on_dismiss=dismissed)(body)()


def account_data(message: StoredMessage, hits: Mapping[int, Hit]) -> Data:
    """Everything on screen. `hits` has the candidates that are still there for this reader."""
    work = message.work
    assert work is not None
    assert work.trace is not None
    trace = work.trace
    more = len(trace.candidates) - MOST_ROWS
    return {
        "notes": [visible(note) for note in trace.notes],
        "searched": _searched(trace),
        "queries": [_query(query, work.rewrite) for query in trace.queries],
        "decision": _decision(trace, work.answer),
        "scoring": _scoring(trace),
        "rows": [_row(rank, c, hits, work) for rank, c in enumerate(trace.candidates[:MOST_ROWS], 1)],
        "more": f"And {counted(more, 'piece')} ranked lower." if more > 0 else "",
        "facts": list(_facts(trace, work.answer)),
    }


def _searched(trace: SearchTrace) -> str:
    if not trace.queries:
        return "Nothing was searched: there are no documents yet."
    return f"Searched {counted(trace.collections, 'collection')}, by meaning and by words."


def _query(query: Query, rewrite: Rewrite | None) -> Data:
    is_readers = query.kind == "rewritten" and rewrite is not None and rewrite.by == "reader"
    found = [f"{query.found[leg]} by {name}" for leg, name in _LEGS.items() if leg in query.found]
    share = f"counts {query.weight:.0%}" if query.weight < 1 else ""
    return {
        "name": "In your own words" if is_readers else _KINDS[query.kind],
        "text": visible(shortened(query.text, _QUERY_CHARS)),
        "facts": " · ".join(fact for fact in (share, f"found {' and '.join(found)}" if found else "") if fact),
    }


def _decision(trace: SearchTrace, answer: Answer | None) -> Data:
    evidence = (answer.evidence if answer else None) or trace.evidence
    judged = f" It was judged by “{visible(shortened(trace.asked, _QUERY_CHARS))}”." if len(trace.queries) > 1 else ""
    return {
        "text": f"{_verdict(evidence, answer)}{judged} Citewell answers from {ANSWERABLE_FROM:.0%} upwards, in part from "
        f"{PARTLY_FROM:.0%}, and below that says that the documents do not say.",
        "parts": [_part(part) for part in trace.parts],
        "signals": list(_signals(trace)),
    }


def _verdict(evidence: Evidence, answer: Answer | None) -> str:
    if evidence.probability == 0:
        return "Nothing was found that could hold an answer."
    likely = f"Taken together, the documents hold the answer with a likelihood of {evidence.probability:.0%}."
    refused = answer is not None and is_refusal(answer)
    return f"{likely} That was too little, so nothing was written." if refused else likely


def _part(part: Part) -> Data:
    """One of several things that were asked."""
    facts = f"{'something' if part.has_support else 'nothing'} found bears on it · likelihood {part.probability:.0%}"
    return {"name": "One part of the question", "text": visible(shortened(part.text, _QUERY_CHARS)), "facts": facts}


def _signals(trace: SearchTrace) -> Iterator[tuple[str, str]]:
    if trace.signals is None:
        return
    for name, words in _SIGNALS.items():
        value = getattr(trace.signals, name, None)
        if value is not None:
            yield words, f"{value:.0%}" if name in _SHARES else f"{value:.2f}"


def _scoring(trace: SearchTrace) -> str:
    several = (
        " Where several texts were searched for, figures stand in their order, and scores are added by their shares."
        if len(trace.queries) > 1
        else ""
    )
    return (
        f"A score is {DENSE_WEIGHT:.0%} closeness in meaning (1 is the same; the question is first moved a little "
        f"towards the piece that fits it best), {CHUNK_WEIGHT:.0%} how well the words of the piece match and {DOCUMENT_WEIGHT:.0%} how well those of its whole document do, both measured against "
        f"the best match. Among words, more is better and 0 is none in common.{several}"
    )


def _row(rank: int, candidate: Candidate, hits: Mapping[int, Hit], work: Work) -> Data:
    hit = hits.get(candidate.chunk_id)
    parts = candidate.parts
    return {
        "rank": rank,
        **_place(candidate, hit, work),
        "dense": _figures([part.dense for part in parts], 2),
        "words": _figures([part.lexical for part in parts], 1),
        "document": _figures([part.document for part in parts], 1),
        "score": f"{candidate.score:.3f}",
        "passage": candidate.passage if candidate.outcome == "shown" else None,
        "outcome": _outcome(candidate, work),
    }


def _place(candidate: Candidate, hit: Hit | None, work: Work) -> Data:
    """The document and the place in it; what was deleted since is known by the passage it went into, if any."""
    if hit is not None:
        headings = [part for part in hit.chunk.heading if part.strip() and part != hit.source.title]
        where = " · ".join(part for part in (" › ".join(headings), page_of(hit.source.path, hit.chunk.page)) if part)
        return {"title": visible(hit.source.title), "where": visible(where)}
    shown = work.passages[candidate.passage - 1 : candidate.passage] if candidate.passage else ()
    return {"title": visible(shown[0].source.title) if shown else _GONE, "where": _GONE if shown else ""}


def _figures(values: Sequence[float | None], digits: int) -> str:
    return " · ".join("–" if value is None else f"{value:.{digits}f}" for value in values)


def _outcome(candidate: Candidate, work: Work) -> str:
    if candidate.outcome == "shown":
        fused = work.passages[candidate.passage - 1].fused_score if candidate.passage else None
        return f"Passage {candidate.passage}" + (", by the reranker" if fused is not None else "")
    return _OUTCOMES[candidate.outcome].format(passage=candidate.passage)


def _facts(trace: SearchTrace, answer: Answer | None) -> Iterator[tuple[str, str]]:
    times = [f"{name} {trace.timings_ms[part]:.0f} ms" for part, name in _TIMINGS.items() if part in trace.timings_ms]
    if answer and "first_token" in answer.timings_ms:
        times.append(f"first word after {seconds(answer.timings_ms['first_token'])}")
    if answer and "total" in answer.timings_ms:
        times.append(f"{seconds(answer.timings_ms['total'])} in all")
    yield "Took", ", ".join(times)
    if answer and answer.usage.model:
        by = "Also asked" if answer.is_quoted else "Written by"
        yield by, f"{visible(answer.usage.model)} · {_spent(answer.usage)}"
    if answer and (opinions := _opinions(answer)):
        yield "Judged by the model", f"{counted(opinions, 'statement')} that the rules left undecided"


def _opinions(answer: Answer) -> int:
    return sum(sentence.is_opinion for sentence in answer.sentences)


def _spent(usage: Usage) -> str:
    """Tokens, and what they cost where prices are set."""
    tokens = f"{usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out"
    estimated = ", estimated" if usage.is_estimate else ""
    cost = "" if usage.cost is None else f" · {usage.cost:.4f} {visible(usage.currency)}"
    return f"{tokens}{estimated}{cost}"
