"""A stored answer as the data that the component draws."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from assistant.conversations import StoredMessage, Work
from assistant.events import Answer, Citation
from assistant.referral import Referral, offers_referral, refer
from assistant.rewrite import Rewrite
from retrieval.library import Collection
from retrieval.values import Passage
from ui.comparison import comparison_data
from ui.markup import Element, Node, Sign, citation_signs, read_markup, safe_address, text_of, visible
from ui.verdict import Doubt, Verdict, verdict_of
from ui.words import place_and_date_of, shortened

Data = dict[str, Any]
_QUOTE_CHARS = 360
_LEGS = {"dense": "meaning", "lexical": "words"}
_NEAREST = 3
_OLD_DAYS = 731
_STOPPED = "Stopped. What was written until then is kept."
_STOPPED_EARLY = "Stopped before anything was written."
_PARTIAL = "The documents answer only part of this, or touch it only in passing."
_UNPROVEN = "No statement here is backed by a document."


def answer_data(
    message: StoredMessage,
    *,
    can_ask_again: bool,
    question: str = "",
    collections: Sequence[Collection] = (),
    today: date | None = None,
) -> Data:
    """Everything on screen for one answer, whatever its state.

    `question` and the reader's `collections` are what a question is handed over with; a source's age is told by `today`.
    """
    work = message.work
    answer = work.answer if work else None
    passages = work.passages if work else ()
    data: Data = {"failure": message.reason, "again": can_ask_again}
    if work and work.narrowed:
        data["narrowed"] = visible(shortened(" · ".join(work.narrowed.in_words()), 200))
    if work and answer and is_refusal(answer):
        data["refusal"] = _refusal(passages, work)
    elif answer and answer.listed and answer.listed.words and not answer.listed.total:
        data["refusal"] = _none_listed(answer, passages)
    else:
        data |= _text(message, answer, today)
    if work and answer and question and offers_referral(answer):
        data["referral"] = _referral(refer(question, work, collections))
    data["explains"] = work is not None and work.trace is not None and not (answer and answer.listed)
    data["rewrite"] = _rewrite(work.rewrite, can_change=can_ask_again) if work and work.rewrite else None
    return data


def is_refusal(answer: Answer) -> bool:
    """Whether it says no more than that the documents do not say."""
    claims_nothing = all(sentence.support == "not_a_claim" for sentence in answer.sentences)
    return answer.status == "unanswerable" and claims_nothing and not answer.citations and answer.listed is None


def spoken(message: StoredMessage) -> str:
    """What a screen reader is told when an answer is there: how it stands, then the answer."""
    answer = message.work.answer if message.work else None
    if message.reason:
        return f"The answer failed. {message.reason}"
    if answer is None:
        return ""
    facts = [] if is_refusal(answer) else verdict_of(answer).text.split(" · ")[:-1]  # not how long it took
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


def _text(message: StoredMessage, answer: Answer | None, today: date | None) -> Data:
    text = answer.text if answer else message.text
    citations = answer.citations if answer else ()
    signs = [*citation_signs(text, [c.n for c in citations]), *_unwritten_citations(answer), *_sentence_ends(answer)]
    verdict = verdict_of(answer) if answer and answer.text else None
    return {
        "blocks": as_json(read_markup(text, signs=signs)) if text else [],
        "support": [sentence.support for sentence in answer.sentences] if answer else [],
        "citations": [_citation(citation, today) for citation in citations],
        "notice": _notice(message, answer),
        "verdict": verdict and verdict_data(verdict, message.work),
    }


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


def _unwritten_citations(answer: Answer | None) -> Iterator[Sign]:
    """The sources of sentences that were supported without a number of their own."""
    for sentence in answer.sentences if answer else ():
        words = answer.text[sentence.start : sentence.end] if answer else ""
        written = {sign.name.rstrip("_") for sign in citation_signs(words, sentence.citations)}
        yield from (Sign(sentence.end, sentence.end, f"c{n}_") for n in sentence.citations if f"c{n}" not in written)


def _sentence_ends(answer: Answer | None) -> list[Sign]:
    """Only sentences in doubt need to be told apart, but each end bounds the next one."""
    if answer is None or all(s.support in {"supported", "not_a_claim"} for s in answer.sentences):
        return []
    return [Sign(sentence.end, sentence.end, f"s{i}") for i, sentence in enumerate(answer.sentences)]


def _notice(message: StoredMessage, answer: Answer | None) -> str | None:
    notices = []
    if message.state == "stopped":
        notices.append(_STOPPED if message.text else _STOPPED_EARLY)
    if answer is not None:
        notices += [answer.notice] if answer.notice else []
        if answer.status == "unanswerable" and answer.text and answer.listed is None:
            notices.append(_UNPROVEN)
        elif answer.status == "partial" and message.state == "done" and not answer.notice:
            notices.append(_PARTIAL)
    return " ".join(notices) or None


def _citation(citation: Citation, today: date | None) -> Data:
    dated = citation.passage.source.dated
    age = " · over two years old" if today and dated and (today - dated).days > _OLD_DAYS else ""
    return {
        "n": citation.n,
        "title": visible(citation.passage.source.title),
        "where": visible(place_and_date_of(citation.passage)) + age,
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
