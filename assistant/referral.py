"""A question handed over to a person: what was asked, what was searched, what comes nearest. Nothing is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from assistant.conversations import Work
from assistant.events import Answer
from retrieval.addresses import is_web_address
from retrieval.library import Collection
from retrieval.plain import plain_text
from retrieval.values import Passage

_NEAREST = 3
_QUOTE_CHARS = 240
_SUBJECT_CHARS = 70
_MAIL_CHARS = 1_800
"""Longer addresses are cut by some mail programs."""


@dataclass(frozen=True, slots=True)
class Referral:
    """The text to hand over; `contact` is empty where no collection names one, `address` where it is only a name."""

    contact: str
    address: str
    text: str


def offers_referral(answer: Answer) -> bool:
    """Whether an answer leaves something for a person to answer."""
    return answer.status != "answered" and answer.listed is None


def refer(question: str, work: Work, collections: Sequence[Collection]) -> Referral:
    """Compose it for the contact of the collection that comes nearest; `collections` are those of the reader."""
    contact = _contact(work.passages, collections)
    text = "\n\n".join(part for part in (_asked(question), _searched(work, collections), _nearest(work)) if part)
    return Referral(contact, _address(contact, question, text), text)


def _contact(passages: Sequence[Passage], collections: Sequence[Collection]) -> str:
    contacts = {collection.id: collection.contact for collection in collections if collection.contact}
    near = next((contacts[p.source.collection] for p in passages if p.source.collection in contacts), "")
    return near or (next(iter(contacts.values())) if len(contacts) == 1 else "")


def _address(contact: str, question: str, text: str) -> str:
    """Where a click leads: a mail that is written but not sent, or the link."""
    if is_web_address(contact):
        return contact
    name, at, host = contact.partition("@")
    if not (name and at and "." in host) or any(letter.isspace() for letter in contact):
        return ""
    head = f"mailto:{quote(contact, safe='@+')}?subject={quote('Question: ' + question[:_SUBJECT_CHARS])}&body="
    body = text
    while len(head) + len(quote(body)) > _MAIL_CHARS:
        body = body[: len(body) * 9 // 10]
    return head + quote(body)


def _asked(question: str) -> str:
    return f"Question:\n{question.strip()}"


def _searched(work: Work, collections: Sequence[Collection]) -> str:
    where = ", ".join(work.narrowed.in_words()) if work.narrowed else ", ".join(c.name for c in collections)
    return f"Searched by Citewell, which found no full answer: {where or 'nothing, there are no documents'}"


def _nearest(work: Work) -> str:
    if not work.passages:
        return ""
    return "Nearest in the documents:\n" + "\n".join(_line(passage) for passage in work.passages[:_NEAREST])


def _line(passage: Passage) -> str:
    source = passage.source
    facts = (
        source.title,
        passage.heading[-1] if passage.heading and passage.heading[-1] != source.title else "",
        f"page {passage.page}" if passage.page else "",
        source.dated.isoformat() if source.dated else "",
    )
    words = " ".join(plain_text(passage.text, source.markup).split())
    said = words if len(words) <= _QUOTE_CHARS else words[:_QUOTE_CHARS].rsplit(" ", 1)[0] + " …"
    return f"- {', '.join(fact for fact in facts if fact)} ({source.path}): “{said}”"
