"""A conversation as a tree. Messages that follow the same one are versions of each other.

A message is written after the one it follows, so its id is the larger of the two. The branch on screen is the way
from its newest message, the leaf, up to the first question.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from assistant.schema import messages


@dataclass(frozen=True, slots=True)
class Tree:
    """Which message each message follows, by id, oldest first; None for a first question."""

    parents: Mapping[int, int | None]

    def branch(self, leaf: int | None) -> tuple[int, ...]:
        """The messages that lead to this one, itself the last; nothing for one that is not in the tree."""
        way: list[int] = []
        at = leaf
        while at is not None and at in self.parents:
            way.append(at)
            at = self.parents[at]
        return tuple(reversed(way))

    def versions(self) -> Mapping[int | None, tuple[int, ...]]:
        """The messages that follow each message, oldest first; the first questions follow None."""
        following: dict[int | None, tuple[int, ...]] = {}
        for message_id, parent in self.parents.items():
            following[parent] = (*following.get(parent, ()), message_id)
        return following

    def newest_beneath(self, message_id: int) -> int:
        """The newest message of those that a message leads to, itself included."""
        beneath = {message_id}
        for below, parent in self.parents.items():
            if parent in beneath:
                beneath.add(below)
        return max(beneath)


def read_tree(connection: Connection, conversation_id: str) -> Tree:
    """The tree of a conversation. Read from an index alone: the messages themselves are heavy."""
    query = select(messages.c.id, messages.c.parent_id).where(messages.c.conversation_id == conversation_id)
    return Tree({row[0]: row[1] for row in sorted(connection.execute(query), key=lambda row: row[0])})
