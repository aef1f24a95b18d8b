"""Tickets, and what is thought of them, as the data that the component draws. Sureness is told in words, not in decimals."""

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.markup import visible
from assistant.triage.assessment import Assessment, Finding
from assistant.triage.model import Alike, TriageModel
from assistant.triage.queue import Queued
from assistant.triage.values import SURE, LabelName, Ticket
from retrieval.language import language_name
from ui.words import shortened

Data = dict[str, Any]
MOST_SHOWN_CHARS = 20_000
_TITLE_CHARS, _SAID_CHARS = 90, 240
_VERY_SURE, _UNSURE = 0.9, 0.4
_MOST_REASONS, _MOST_ALIKE = 3, 3
_STATUS = {"new": "", "open": "in work", "done": "decided"}


def sure_words(share: float) -> str:
    """How sure a guess is, in words."""
    if share >= _VERY_SURE:
        return "very sure"
    if share >= SURE:
        return "fairly sure"
    return "unsure" if share >= _UNSURE else "hardly more than a guess"


def title_of(ticket: Ticket) -> str:
    """A ticket on one line."""
    return visible(shortened(ticket.subject or ticket.text, _TITLE_CHARS)) or "(no subject)"


def row_data(queued: Queued) -> Data:
    """A ticket in the list."""
    return {
        "id": queued.id,
        "title": title_of(queued.ticket),
        "label": visible(_label_words(queued)),
        "status": _STATUS[queued.status],
        "doubt": "needs a person" if queued.needs_person and queued.status != "done" else "",
    }


def _label_words(queued: Queued) -> str:
    labels = {name: guess.label for name, guess in queued.guesses.items()}
    if queued.is_out_of_scope:
        labels["category"] = "Like no known ticket"
    labels |= queued.decided
    shown: tuple[LabelName, ...] = ("category", "severity")
    return " · ".join(labels[name] for name in shown if name in labels) or "not looked at yet"


def ticket_data(queued: Queued) -> Data:
    """A ticket as it was written."""
    ticket = queued.ticket
    line = f"line {ticket.line}" if ticket.line else ""
    given = [f"{name}: {label}" for name, label in ticket.labels.items()]
    cut = len(ticket.text) - MOST_SHOWN_CHARS
    return {
        "title": visible(ticket.subject) or title_of(ticket),
        "where": visible(" · ".join(part for part in (ticket.id, line, *given, _STATUS[queued.status]) if part)),
        "text": visible(ticket.text[:MOST_SHOWN_CHARS]),
        "more": f"{cut:,} more characters are in the file." if cut > 0 else "",
    }


def thoughts_data(
    queued: Queued,
    assessed: Assessment,
    *,
    model: TriageModel | None,
    labels: Mapping[LabelName, Sequence[str]],
) -> Data:
    """Everything that is thought of a ticket; `labels` may be chosen."""
    return {
        "id": queued.id,
        "title": title_of(queued.ticket),
        "status": queued.status,
        "decided": {name: visible(label) for name, label in queued.decided.items()},
        "out": "Like no ticket that was learned from." if assessed.is_out_of_scope else "",
        "labels": [
            _label_data(name, assessed, model, labels.get(name, ()))
            for name in ("category", "type", "severity", "product")
            if name in assessed.findings or name in labels
        ],
        "person": [visible(reason) for reason in assessed.needs_person],
        "missing": [{"name": visible(fact.name), "said": visible(fact.question)} for fact in assessed.missing],
        "duplicates": [_alike_data(alike) for alike in assessed.duplicates[:_MOST_ALIKE]],
        "similar": [_alike_data(alike) for alike in assessed.similar[:_MOST_ALIKE]],
        "facts": _facts(assessed),
    }


def _label_data(name: LabelName, assessed: Assessment, model: TriageModel | None, labels: Sequence[str]) -> Data:
    found = assessed.findings.get(name)
    is_out = name == "category" and assessed.is_out_of_scope
    data: Data = {"name": name, "title": name.capitalize(), "choices": [visible(label) for label in labels]}
    if found is None or is_out:
        return data | {
            "label": "",
            "sure": "none of them" if is_out else "no guess",
            "share": 0,
            "words": [],
            "near": [],
        }
    return data | {
        "label": visible(found.best.label),
        "sure": sure_words(found.best.probability) if found.is_trained else "not trained yet",
        "is_sure": found.is_sure,
        "share": round(found.best.probability * 100) if found.is_trained else 0,
        "words": [visible(word.term) for word in found.reasons.words],
        "near": _near(found, model),
    }


def _near(found: Finding, model: TriageModel | None) -> list[str]:
    if model is None:
        return []
    return [title_of(model.tickets[near.index]) for near in found.reasons.tickets[:_MOST_REASONS]]


def _alike_data(alike: Alike) -> Data:
    ticket = alike.ticket
    solved = f"Solved by: {shortened(ticket.resolution, _SAID_CHARS)}" if ticket.resolution else ""
    return {"name": title_of(ticket), "where": visible(ticket.id), "said": visible(solved)}


def _facts(assessed: Assessment) -> str:
    tone = assessed.tone
    words = f" ({', '.join(tone.words)})" if tone.words else ""
    language = f"{language_name(assessed.language)} · " if assessed.language else ""
    return visible(f"{language}{tone.mood} in tone{words}")
