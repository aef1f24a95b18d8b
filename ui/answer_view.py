"""A stored answer as the data that the component draws."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from assistant.answer_markup import marked_answer
from assistant.conversations import StoredMessage, Work
from assistant.events import Answer, Citation
from assistant.markup import Element, Node, citation_signs, read_markup, safe_address, text_of, visible
from assistant.notices import is_refusal, standing_notice
from assistant.places import place_and_date_of
from assistant.referral import Referral, offers_referral, refer
from assistant.rewrite import Rewrite
from retrieval.library import Collection
from retrieval.values import Passage
from ui.comparison import comparison_data
from ui.verdict import Doubt, Verdict, verdict_of
from ui.words import shortened

Data = dict[str, Any]
_QUOTE_CHARS = 360
_LEGS = {"dense": "meaning", "lexical": "words"}
_NEAREST = 3
_OLD_DAYS = 731


def answer_data(
    message: StoredMessage,
    *,
    can_ask_again: bool,
    question: str = "",
    collections: Sequence[Collection] = (),
    today: date | None = None,
    fates: Mapping[int, str] = MappingProxyType({}),
) -> Data:
    """Everything on screen for one answer, whatever its state.

    `question` and the reader's `collections` are what a question is handed over with; a source's age is told by `today`,
    and by `fates`, in words, what became of documents since they were quoted.
    """
    work = message.work
    answer = work.answer if work else None
    passages = work.passages if work else ()
    data: Data = {"failure": _failure(message), "again": can_ask_again}
    if work and work.narrowed:
        data["narrowed"] = visible(shortened(" · ".join(work.narrowed.in_words()), 200))
    if work and answer and is_refusal(answer):
        data["refusal"] = _refusal(passages, work)
    elif answer and answer.listed and answer.listed.words and not answer.listed.total:
        data["refusal"] = _none_listed(answer, passages)
    else:
        data |= _text(message, answer, today, fates)
    if work and answer and question and message.state != "stopped" and offers_referral(answer):
        data["referral"] = _referral(refer(question, work, collections))
    data["explains"] = (
        work is not None and work.trace is not None and not (answer and (answer.listed or answer.verified))
    )
    data["rewrite"] = _rewrite(work.rewrite, can_change=can_ask_again) if work and work.rewrite else None
    return data


def _failure(message: StoredMessage) -> str | None:
    """Why there is no whole answer, with what whoever runs Citewell finds it by."""
    if message.reason is None or message.request_id is None:
        return message.reason
    return f"{message.reason} Request {message.request_id}."


def spoken(message: StoredMessage) -> str:
    """What a screen reader is told when an answer is there: how it stands, then the answer."""
    answer = message.work.answer if message.work else None
    if message.reason:
        return f"The answer failed. {message.reason}"
    if answer is None:
        return ""
    facts = [] if is_refusal(answer) else verdict_of(replace(answer, timings_ms={})).text.split(" · ")
    ended = "Answer stopped" if message.state == "stopped" else "Answer ready"
    words = read_markup(answer.text, signs=citation_signs(answer.text, [citation.n for citation in answer.citations]))
    return f"{', '.join((ended, *facts))}. {text_of(words).strip()}"


def found_words(passage: Passage) -> str:
    """Which searches found a passage: `meaning and words`."""
    return " and ".join(_LEGS[leg] for leg in sorted(passage.found_by))


def as_json(nodes: Sequence[Node]) -> list[Any]:
    """A tree as the component reads it."""
    return [node if isinstance(node, str) else _element(node) for node in nodes]


def passage_row(n: int, passage: Passage) -> Data:
    """A passage in a list, to be opened by its number."""
    return {"n": n, "title": visible(passage.source.title), "where": visible(place_and_date_of(passage))}


def _element(node: Element) -> Data:
    data: Data = {"k": node.kind}
    if node.children:
        data["c"] = as_json(node.children)
    if node.value:
        data["v"] = node.value
    return data


def _rewrite(rewrite: Rewrite, *, can_change: bool) -> Data:
    """What was searched for beside the question, to be corrected."""
    label = "Searched for" if rewrite.by == "model" else "Searched for, in your words"
    return {"label": label, "text": visible(rewrite.text), "can_change": can_change}


def _referral(referral: Referral) -> Data:
    """What is handed over, and the way to whom."""
    return {
        "contact": visible(referral.contact),
        "address": safe_address(referral.address),
        "text": visible(referral.text),
    }


def _text(message: StoredMessage, answer: Answer | None, today: date | None, fates: Mapping[int, str]) -> Data:
    text = answer.text if answer else message.text
    citations = answer.citations if answer else ()
    verdict = verdict_of(answer) if answer and answer.text else None
    return {
        "blocks": as_json(marked_answer(text, answer)),
        "support": [sentence.support for sentence in answer.sentences] if answer else [],
        "citations": [_citation(citation, today, fates) for citation in citations],
        # Of a verified answer the mark says it.
        "notice": standing_notice(message.state, message.text, answer and _unnoticed(answer)),
        "verdict": verdict and verdict_data(verdict, message.work),
    }


def _unnoticed(answer: Answer) -> Answer:
    return replace(answer, notice=None) if answer.verified else answer


def verdict_data(verdict: Verdict, work: Work | None) -> Data:
    """The line under an answer, and what unfolds under it."""
    details = [_doubt(doubt, work) for doubt in verdict.doubts]
    return {"tone": verdict.tone, "text": verdict.text, "details": details}


def _doubt(doubt: Doubt, work: Work | None) -> Data:
    """A sentence in doubt, with the source beside it where one comes close."""
    data = {**asdict(doubt), "sentence": visible(doubt.sentence), "why": None}
    if work and work.answer:
        data["why"] = comparison_data(work.answer.sentences[doubt.index], work.passages)
    return data


def _citation(citation: Citation, today: date | None, fates: Mapping[int, str]) -> Data:
    source = citation.passage.source
    is_old = today and source.dated and (today - source.dated).days > _OLD_DAYS
    where = (
        visible(place_and_date_of(citation.passage, at=citation.start)),
        "over two years old" if is_old else "",
        fates.get(source.id, ""),
    )
    return {
        "n": citation.n,
        "title": visible(source.title),
        "where": " · ".join(part for part in where if part),
        "gone": source.id in fates,
        "quote": visible(shortened(citation.quote, _QUOTE_CHARS)),
    }


def _none_listed(answer: Answer, passages: Sequence[Passage]) -> Data:
    """No document has the words that were asked for."""
    return {
        "title": "No such document",
        "text": visible(answer.text.split(". ", 1)[0].rstrip(".") + "."),
        "nearest_label": "Nearest in meaning",
        "nearest": _nearest(passages),
    }


def _refusal(passages: Sequence[Passage], work: Work) -> Data:
    trace = work.trace
    if work.narrowed and trace and not trace.collections:
        text = visible(work.answer.text) if work.answer else ""
        return {"title": "No document fits the filters", "text": text, "nearest": []}
    several = trace is not None and trace.collections > 1
    searched = f"{trace.collections} collections" if trace and several else "everything you can read"
    if work.narrowed:
        searched = "the documents that fit the filters"
    return {
        "title": "The documents do not say",
        "text": f"Citewell searched {searched}, by meaning and by words, and found nothing that answers this. "
        "It does not answer from anywhere else.",
        "nearest_label": "Nearest, though they do not answer it",
        "nearest": _nearest(passages),
        "advice": "Try other words. If the answer ought to be in the documents, hand the question over.",
    }


def _nearest(passages: Sequence[Passage]) -> list[Data]:
    """The best passage of each of the nearest documents."""
    first: dict[int, Data] = {}
    for n, passage in enumerate(passages, 1):
        first.setdefault(passage.source.id, passage_row(n, passage))
    return list(first.values())[:_NEAREST]
