"""What a turn says of itself: the refusal, what is missing, what disagrees, why an answer was replaced."""

import re
from textwrap import shorten

from assistant.conversations import State
from assistant.events import Answer
from assistant.extractive import Quote
from retrieval.dates import full_date
from retrieval.evidence import Evidence
from retrieval.plain import plain_text
from retrieval.trace import Found

_NEAREST = 3
_MOST_NAMED_CHARS = 120
_TAGS = re.compile(r"<[a-zA-Z/!][^>]*>?")
_IN_PART = "As far as Citewell can see, the documents answer this only in part."
BUDGET_SPENT = "What the model may cost in this month is used up."
REPLACED = "Most of what the model wrote is not in the documents. These are sentences from the documents instead."
ENDINGS = {
    "length": "The answer reached its length limit and stops in the middle; ask for the rest.",
    "content_filter": "The model's provider cut this answer short by its content filter.",
}
"""Notices for a reply that did not end by itself, by its reason."""
INSTEAD = "These are sentences from the documents instead."
"""Ends the notice about a model that did not answer; what stands before it is for whoever asked alone."""
_STOPPED = "Stopped. What was written until then is kept."
_STOPPED_EARLY = "Stopped before anything was written."
_PARTIAL = "The documents answer only part of this, or touch it only in passing."
_UNPROVEN = "No statement here is backed by a document."


def is_refusal(answer: Answer) -> bool:
    """Whether it says no more than that the documents do not say."""
    claims_nothing = all(sentence.support == "not_a_claim" for sentence in answer.sentences)
    return answer.status == "unanswerable" and claims_nothing and not answer.citations and answer.listed is None


def standing_notice(state: State, text: str, answer: Answer | None) -> str | None:
    """What a reader has to know of a stored answer beside its text: that it was stopped, is partial or unproven."""
    notices = []
    if state == "stopped":
        notices.append(_STOPPED if text else _STOPPED_EARLY)
    if answer is not None:
        notices += [answer.notice] if answer.notice else []
        if answer.status == "unanswerable" and answer.text and answer.listed is None:
            notices.append(_UNPROVEN)
        elif answer.status == "partial" and state == "done" and not answer.notice:
            notices.append(_PARTIAL)
    return " ".join(notices) or None


def shortened_prompt(kept: int, found: int, *, has_history: bool) -> str:
    """What was left out of a prompt that the endpoint found too long."""
    history = ", and nothing of what was said before" if has_history else ""
    return (
        f"The model takes less text than CITEWELL_WINDOW_TOKENS says, so it was given the best {kept} "
        f"of {found} passages{history}."
    )


def disagree(newer: Quote, older: Quote) -> str:
    """Name the two documents that disagree, with their dates."""

    def named(quote: Quote) -> str:
        source = quote.passage.source
        return f"“{source.title}”" + (f" of {full_date(source.dated)}" if source.dated else "")

    return f"The documents disagree: {named(newer)} and {named(older)} give different figures."


def missing(found: Found, evidence: Evidence) -> str | None:
    """What of the question the documents leave open, as a sentence; None where they seem to answer all of it."""
    parts = found.trace.parts
    open_parts = [part.text for part in parts if not part.has_support]
    if open_parts and len(open_parts) < len(parts):
        named = "; ".join(f"“{_in_short(text)}”" for text in open_parts)
        return f"Nothing that was found bears on: {named}."
    return _IN_PART if evidence.status == "partly" else None


def _in_short(text: str) -> str:
    """What a person wrote, as a sentence can name it: a few words, without markup."""
    return shorten(_TAGS.sub(" ", plain_text(text, "markdown")), _MOST_NAMED_CHARS, placeholder=" …")


def not_in_documents(found: Found) -> str:
    """The designed refusal: what was searched and which documents come nearest."""
    nearest = tuple(dict.fromkeys(passage.source.title for passage in found.passages))[:_NEAREST]
    if not nearest:
        return "There are no documents to answer from yet. Read some in first."
    titles = "; ".join(f"“{title}”" for title in nearest)
    return f"The documents do not say. The nearest are {titles}."
