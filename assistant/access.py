"""Who asks, and what they may see. The one place that turns a person into a scope."""

from dataclasses import dataclass

from retrieval.library import Library
from retrieval.values import Scope


@dataclass(frozen=True, slots=True)
class Principal:
    """A person, known by who vouches for them and by what name."""

    issuer: str
    subject: str

    @property
    def key(self) -> str:
        """How rows in the database name their owner."""
        return f"{self.issuer}|{self.subject}"


LOCAL_USER = Principal("local", "user")
"""The one person of the open single-user mode."""


def visitor(token: str) -> Principal:
    """A visitor of the demo, known by a random cookie."""
    return Principal("demo", token)


def scope_of(
    principal: Principal, library: Library, *, collection: str | None = None, conversation: str | None = None
) -> Scope:
    """The collections this person may search: all of everybody's while there is no login.

    With `collection`, of those only the one of that name; raises UnknownCollection. With the id of a `conversation`
    of this person, its own files with them.
    """
    if collection is not None:
        shared = frozenset({library.collection_named(collection).id})
    else:
        shared = frozenset(c.id for c in library.collections())
    return shared if conversation is None else shared | library.private(principal.key, conversation_id=conversation)


def readable_by(principal: Principal, library: Library) -> Scope:
    """The collections whose documents this person may open: those they may search, and the files of all their chats."""
    return scope_of(principal, library) | library.private(principal.key)
