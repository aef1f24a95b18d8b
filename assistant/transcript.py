"""A conversation on its way out, to paper, to a file or to another reader: what was asked, what was answered, on what it rests.

Whoever reads it gets what stands on documents that they may read, sentence by sentence, and no more.
"""

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from textwrap import shorten

from assistant.access import Principal
from assistant.conversations import Conversations, Role, State, StoredMessage
from assistant.events import Answer, CheckedSentence, Comparison
from retrieval.catalogue import Catalogue
from retrieval.values import Passage, Scope

WITHHELD = "[withheld: from a document that is gone, or that you may not read]"
"""What stands in place of a sentence that rests on such a document."""
_WITHHELD_MARKUP = f"*{WITHHELD}*"
_MOST_TITLE_CHARS = 120
_MARKERS = re.compile(r"\[\d{1,4}\]")
_MARKER = re.compile(r"[ \t]*\[(\d{1,4})\]")
_LIST_NUMBER = re.compile(r"(?m)^\s*\d{1,9}[.)](?=\s)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A question, or an answer with its proof; `answer` is None for a question and for what broke off early.

    `documents` are the ids of all that it may rest on: what its search found, and what was found before in the same
    conversation. `rests_on` says it more exactly for each sentence of the answer.
    """

    role: Role
    text: str
    state: State
    reason: str | None = None
    answer: Answer | None = None
    documents: tuple[int, ...] = ()
    rests_on: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation as it is read; `created_at` is when it began, in UTC."""

    title: str
    created_at: datetime
    entries: tuple[Entry, ...]

    @property
    def documents(self) -> frozenset[int]:
        """The ids of all documents that anything in it may rest on."""
        return frozenset(id_ for entry in self.entries for id_ in entry.documents)

    def for_reader(self, readable: Set[int]) -> "Transcript":
        """What of it stands on these documents.

        A title may have been made from the answers, so the first question stands for it where anything is withheld.
        """
        if self.documents <= readable:
            return self
        title = first_question(self.entries) or self.title
        return replace(self, title=title, entries=tuple(_readable_entry(entry, readable) for entry in self.entries))


def transcript_of(conversations: Conversations, conversation_id: str, principal: Principal) -> Transcript:
    """The person's conversation, whole; raises ConversationNotFound."""
    heading = conversations.heading(conversation_id, principal)
    entries = entries_of(conversations.messages(conversation_id, principal))
    return Transcript(heading.title or first_question(entries), heading.created_at, entries)


def readable_transcript(
    conversations: Conversations, catalogue: Catalogue, conversation_id: str, *, principal: Principal, scope: Scope
) -> Transcript:
    """The person's conversation as far as it stands on what they may read now; raises ConversationNotFound."""
    transcript = transcript_of(conversations, conversation_id, principal)
    return transcript.for_reader(catalogue.readable(transcript.documents, scope))


def entries_of(messages: Iterable[StoredMessage]) -> tuple[Entry, ...]:
    """Stored messages, with the documents that each may rest on."""
    entries: list[Entry] = []
    known: dict[int, None] = {}
    for message in messages:
        passages = message.work.passages if message.work else ()
        answer = message.work.answer if message.work else None
        cited = [citation.passage for citation in answer.citations] if answer else []
        known |= dict.fromkeys(passage.source.id for passage in (*passages, *cited))
        documents = tuple(known) if message.role == "assistant" else ()
        rests_on = _rests_on(answer, passages, documents) if answer else ()
        text = answer.text if answer else message.text
        entries.append(Entry(message.role, text, message.state, message.reason, answer, documents, rests_on))
    return tuple(entries)


def first_question(entries: Sequence[Entry]) -> str:
    """The first question in a few words; empty where nothing was asked."""
    asked = next((entry.text for entry in entries if entry.role == "user"), "")
    return shorten(asked, _MOST_TITLE_CHARS, placeholder=" …")


def _rests_on(answer: Answer, passages: Sequence[Passage], documents: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """For each sentence the documents behind it: a sentence in doubt may have come from any that was there."""
    cited = {citation.n: citation.passage.source.id for citation in answer.citations}

    def behind(sentence: CheckedSentence) -> tuple[int, ...]:
        if sentence.support != "supported" or not sentence.citations:
            return documents
        compared = _compared(passages, sentence.compared, sentence.opposed)
        return tuple(dict.fromkeys([*(cited[n] for n in sentence.citations if n in cited), *compared]))

    return tuple(behind(sentence) for sentence in answer.sentences)


def _compared(passages: Sequence[Passage], *comparisons: Comparison | None) -> Iterator[int]:
    for comparison in comparisons:
        if comparison is not None and 1 <= comparison.passage <= len(passages):
            yield passages[comparison.passage - 1].source.id


def _readable_entry(entry: Entry, readable: Set[int]) -> Entry:
    if set(entry.documents) <= readable:
        return entry
    if entry.answer is None:
        return replace(entry, text=_WITHHELD_MARKUP if entry.text.strip() else "")
    answer = _readable_answer(entry.answer, entry.rests_on, readable)
    return replace(entry, text=answer.text, answer=answer)


def _readable_answer(answer: Answer, rests_on: Sequence[Sequence[int]], readable: Set[int]) -> Answer:
    """The answer without what rests on other documents; its notice names some of them, so it goes as well."""
    citations = tuple(c for c in answer.citations if c.passage.source.id in readable)
    copy = _Copy(answer.text, frozenset(citation.n for citation in citations))
    for sentence, documents in zip(answer.sentences, rests_on, strict=True):
        copy.add(sentence, is_readable=readable >= set(documents))
    copy.gap(len(answer.text))
    sentences = tuple(copy.sentences)
    return replace(
        answer,
        text=copy.text,
        sentences=sentences,
        citations=citations,
        notice=None,
        listed=None,
        evidence=None,
        verified=None,
    )


class _Copy:
    """A text written again sentence by sentence, with something else in place of some."""

    def __init__(self, original: str, numbers: frozenset[int]) -> None:
        self._original, self._numbers = original, numbers
        self._at = 0
        self.text = ""
        self.sentences: list[CheckedSentence] = []

    def add(self, sentence: CheckedSentence, *, is_readable: bool) -> None:
        """The next sentence, with what stands before it."""
        self.gap(sentence.start)
        words, self._at = self._original[self._at : sentence.end], max(self._at, sentence.end)
        if not is_readable:
            self._withhold()
            return
        start = len(self.text)
        self.text += words
        citations = tuple(n for n in sentence.citations if n in self._numbers)
        self.sentences.append(replace(sentence, start=start, end=len(self.text), citations=citations))

    def gap(self, end: int) -> None:
        """What stands before the next sentence: marks of lists and citations; words there are nobody's sentence."""
        between = _MARKER.sub(self._known_marker, self._original[self._at : end])
        self._at = max(self._at, end)
        if re.search(r"\w", _LIST_NUMBER.sub("", _MARKERS.sub("", between))):
            self.text += "\n\n"
            self._withhold()
            self.text += "\n\n"
        else:
            self.text += between

    def _known_marker(self, marker: re.Match[str]) -> str:
        return marker[0] if int(marker[1]) in self._numbers and not self._just_withheld else ""

    def _withhold(self) -> None:
        if self._just_withheld:
            return
        start = len(self.text)
        self.text += _WITHHELD_MARKUP
        self.sentences.append(CheckedSentence(WITHHELD, start, len(self.text), "not_a_claim", ()))

    @property
    def _just_withheld(self) -> bool:
        return self.text.rstrip(" \t").endswith(_WITHHELD_MARKUP)
