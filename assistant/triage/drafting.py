"""A reply to a ticket from the documents, every sentence with its source, and a note for whoever takes it over.

The draft quotes, or is a verified answer where one answers the ticket: no model endpoint takes part. What customers
are told of a known issue comes first, in the desk's own words. Nothing is sent and nothing is promised; a person decides.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.access import Principal, scope_of
from assistant.errors import AssistantError
from assistant.events import Answer, AnswerFinished, PassagesFound, TurnFailed
from assistant.triage.assessment import Assessment
from assistant.triage.known import KnownIssue, told_to_customers
from assistant.triage.values import Ticket
from assistant.turn import Assistant
from assistant.verified.telling import marked
from retrieval.language import language_name
from retrieval.values import Passage, Scope

_ASKED_CHARS = 1_500
"""So much of a ticket is searched for: what it is about stands at its beginning."""
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n+")
_MOST_SENTENCES = 12
_FEWEST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """A draft: what the documents say, with the passages it rests on, and the questions that are still open."""

    answer: Answer
    passages: tuple[Passage, ...]
    questions: tuple[str, ...]
    known: tuple[KnownIssue, ...] = ()
    """What it may be about, as the desk knows."""

    @property
    def is_answered(self) -> bool:
        """Whether the documents say anything about it."""
        return bool(self.answer.citations)

    @property
    def text(self) -> str:
        """The draft as a letter; without an answer it only asks, or is empty where there is nothing to ask."""
        said = [told_to_customers(self.known), self.answer.text if self.is_answered else ""]
        said = [part for part in said if part]
        asked = ["So that we can help you, please tell us:\n" + "\n".join(f"- {each}" for each in self.questions)]
        parts = said + (asked if self.questions else [])
        return "\n\n".join(["Hello,", *parts, "Kind regards"]) if parts else ""


def draft_reply(
    assessed: Assessment,
    *,
    assistant: Assistant,
    principal: Principal,
    known: Sequence[KnownIssue] = (),
    from_documents: bool = False,
) -> Reply:
    """A draft from what this person may read: a verified answer, unless it is to be `from_documents`, else quotations.

    Raises AssistantError where the search itself fails.
    """
    scope, questions = scope_of(principal, assistant.library), tuple(fact.question for fact in assessed.missing)
    offered = None
    if assistant.verified is not None and not from_documents:
        offered = assistant.verified.offer(_asked_in(assessed.ticket), scope)
    if offered is not None:
        return Reply(marked(offered), offered.work.passages, questions, tuple(known))
    answer, passages = _quoted(assessed, scope, assistant, principal)
    return Reply(answer, passages, questions, tuple(known))


def _quoted(
    assessed: Assessment, scope: Scope, assistant: Assistant, principal: Principal
) -> tuple[Answer, tuple[Passage, ...]]:
    """What the documents say, and what was found."""
    quoting = replace(assistant, model=None, inventory=None)
    passages: tuple[Passage, ...] = ()
    turn = quoting.answer(_asked(assessed.ticket), scope=scope, principal=principal, from_documents=True)
    for event in turn:
        match event:
            case PassagesFound():
                passages = event.passages
            case AnswerFinished():
                return event.answer, passages
            case TurnFailed():
                raise AssistantError(event.reason)
    raise AssistantError("The reply was not finished; try again.")


def _asked(ticket: Ticket) -> str:
    """What is searched for: the ticket's own words, and never more than their beginning."""
    return (ticket.words[:_ASKED_CHARS].strip() or ticket.id or "?").strip()


def _asked_in(ticket: Ticket) -> tuple[str, ...]:
    """What a ticket may ask: its subject, each of its first sentences, and all of them."""
    asked = _asked(ticket)
    sentences = (ticket.subject, *_SENTENCE.split(asked))
    said = [each.strip() for each in sentences if len(each.split()) >= _FEWEST_WORDS]
    return tuple(dict.fromkeys((*said[:_MOST_SENTENCES], asked)))


def handover_note(assessed: Assessment, reply: Reply | None = None) -> str:
    """What a colleague needs to go on, in a few lines; everything in it is a guess or a quotation."""
    lines = [
        f"{name.capitalize()}: {found.best.label} ({found.best.probability:.0%})"
        for name, found in assessed.findings.items()
    ]
    if assessed.is_out_of_scope:
        lines = ["Out of scope: it is like no ticket that was learned from."]
    if assessed.language and assessed.language != "en":
        lines.append(f"Language: {language_name(assessed.language)}")
    lines.append(f"Tone: {assessed.tone.mood}")
    lines += [f"Perhaps the same as {each.ticket.id or each.ticket.subject}" for each in assessed.duplicates]
    lines += [
        f"Before: {each.ticket.id} {each.ticket.subject}; solved by: {each.ticket.resolution}".replace("  ", " ")
        for each in assessed.similar[:2]
        if each.ticket.resolution
    ]
    lines += [f"Missing: {fact.name}" for fact in assessed.missing]
    if reply is not None:
        lines += [f"Known issue: {known.issue.title}" for known in reply.known]
        sources = dict.fromkeys(citation.passage.source.title for citation in reply.answer.citations)
        lines.append(f"Documents: {', '.join(sources)}" if sources else "The documents do not answer it.")
    lines += [f"Needs a person because {reason}." for reason in assessed.needs_person]
    return "\n".join(lines)
