"""What is personal leaves for a model elsewhere only as a placeholder, and comes back in its reply.

E-mail addresses, phone, card and account numbers. Within one request the same text always has the same placeholder,
so a model can still tell two people apart; what it writes is restored before anything else reads it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.llm import ChatModel, Message, Piece, TextPiece
from assistant.personal import Kind, find_personal
from prompts import render
from retrieval.embedding import Embedder
from retrieval.rerank import Reranker

_PLACEHOLDER = re.compile(r"<([A-Z]+)_(\d+)>")


@dataclass(slots=True)
class Masking:
    """The placeholders of one request. Texts that it is to mask are given first: none of what they say is taken."""

    texts: Sequence[str]
    countries: tuple[str, ...] = ()
    placeholders: dict[str, str] = field(default_factory=dict)
    """By what they stand for."""
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._taken = {found[0] for text in self.texts for found in _PLACEHOLDER.finditer(text)}

    def masked(self) -> tuple[str, ...]:
        """The texts with placeholders in place of what is personal."""
        return tuple(map(self._mask, self.texts))

    def _mask(self, text: str) -> str:
        pieces, at = [], 0
        for each in find_personal(text, self.countries):
            pieces += [text[at : each.start], self._placeholder(text[each.start : each.end], each.kind)]
            at = each.end
        return "".join([*pieces, text[at:]])

    def _placeholder(self, value: str, kind: Kind) -> str:
        if value not in self.placeholders:
            number = next(n for n in count(len(self.placeholders) + 1) if f"<{kind}_{n}>" not in self._taken)
            self.placeholders[value] = f"<{kind}_{number}>"
            self._taken.add(self.placeholders[value])
        return self.placeholders[value]

    def restoring(self) -> "Restoring":
        """Restores one reply."""
        return Restoring({placeholder: value for value, placeholder in self.placeholders.items()})


@dataclass(slots=True)
class Restoring:
    """Puts back what placeholders stand for, in a text that comes in pieces of any length."""

    values: Mapping[str, str]
    """By placeholder."""
    _held: str = ""

    def feed(self, piece: str) -> str:
        """What is sure by now: an end that may be the beginning of a placeholder is held back."""
        text = self._held + piece
        keep = self._sure(text)
        self._held = text[keep:]
        return self._restored(text[:keep])

    def finish(self) -> str:
        """What was held back."""
        held, self._held = self._held, ""
        return self._restored(held)

    def _sure(self, text: str) -> int:
        at = text.rfind("<")
        is_open = at >= 0 and any(placeholder.startswith(text[at:]) for placeholder in self.values)
        return at if is_open and text[at:] not in self.values else len(text)

    def _restored(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: self.values.get(found[0], found[0]), text)


@dataclass(frozen=True, slots=True)
class MaskedModel:
    """A model that is told nothing personal; whoever asks it does not notice."""

    model: ChatModel
    countries: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The model as the endpoint calls it."""
        return self.model.name

    @property
    def window_tokens(self) -> int:
        """How many tokens prompt and reply may have together."""
        return self.model.window_tokens

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        cancelled: Callable[[], bool],
        schema: Mapping[str, Any] | None = None,
    ) -> Iterator[Piece]:
        """The model's reply with what was masked put back; raises ModelError."""
        sent, restoring = self.masked(messages)
        pieces = self.model.stream(sent, max_tokens=max_tokens, cancelled=cancelled, schema=schema)
        yield from _restored(pieces, restoring)

    def masked(self, messages: Sequence[Message]) -> tuple[tuple[Message, ...], Restoring]:
        """What is sent in place of these, and what restores the reply."""
        masking = Masking([message.text for message in messages], self.countries)
        texts = masking.masked()
        sent = [replace(message, text=text) for message, text in zip(messages, texts, strict=True)]
        if masking.placeholders:
            sent[0] = replace(sent[0], text=f"{render('masked', {})}\n\n{sent[0].text}")
        return tuple(sent), masking.restoring()


def _restored(pieces: Iterable[Piece], restoring: Restoring) -> Iterator[Piece]:
    for piece in pieces:
        text = restoring.feed(piece.text) if isinstance(piece, TextPiece) else restoring.finish()
        if text:
            yield TextPiece(text)
        if not isinstance(piece, TextPiece):
            yield piece
    if rest := restoring.finish():
        yield TextPiece(rest)


@dataclass(frozen=True, slots=True)
class MaskedReranker:
    """A reranker that is told nothing personal."""

    reranker: Reranker
    countries: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How a person knows it."""
        return self.reranker.name

    def relevance(self, query: str, documents: Sequence[str]) -> tuple[float, ...]:
        """The relevance of each document, in their order; raises RerankFailed."""
        query, *documents = Masking([query, *documents], self.countries).masked()
        return self.reranker.relevance(query, documents)


@dataclass(frozen=True, slots=True)
class MaskedEmbedder:
    """An embedding that is told nothing personal."""

    embedder: Embedder
    countries: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Which model this is."""
        return self.embedder.name

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return self.embedder.dimension

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Embedder; each text has placeholders of its own."""
        return self.embedder.embed_documents([self._masked(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See Embedder."""
        return self.embedder.embed_query(self._masked(text))

    def _masked(self, text: str) -> str:
        return Masking([text], self.countries).masked()[0]
