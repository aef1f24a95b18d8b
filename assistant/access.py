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


def scope_of(principal: Principal, library: Library, *, collection: str | None = None) -> Scope:
    """The collections this person may search: all of them while there is no login.

    With `collection`, only the one of that name; raises UnknownCollection.
    """
    del principal
    if collection is not None:
        return frozenset({library.collection_named(collection).id})
    return frozenset(c.id for c in library.collections())
