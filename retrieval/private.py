"""Collections that hold the files of one conversation: no list names them, and only their owner's scope has them."""

import uuid
from contextlib import suppress

from sqlalchemy import ColumnElement, case, insert, select
from sqlalchemy.exc import IntegrityError

from retrieval.chunk_reader import ChunkReader
from retrieval.dates import utc_now
from retrieval.schema import collections
from retrieval.values import Scope

CALLED = "Files of this chat"
"""What a reader sees as the name of such a collection."""


class PrivateCollections(ChunkReader):
    """Makes them, and finds them for whoever owns them."""

    def private(self, owner: str, *, conversation_id: str | None = None) -> Scope:
        """The private collections of this owner; with `conversation_id`, that of this conversation alone."""
        query = select(collections.c.id).where(collections.c.owner == owner, collections.c.conversation_id.is_not(None))
        if conversation_id is not None:
            query = query.where(collections.c.conversation_id == conversation_id)
        with self._engine.connect() as connection:
            return frozenset(connection.execute(query).scalars())

    def create_private(self, conversation_id: str, owner: str) -> str:
        """The id of the collection of this conversation's files, made if it is new."""
        # No collection of everybody's can have this name: theirs lose the space at the beginning.
        values = {"id": uuid.uuid4().hex, "name": f" {conversation_id}", "conversation_id": conversation_id}
        created_at = utc_now()
        if not (found := self.private(owner, conversation_id=conversation_id)):
            # A second tab may have made it since: then theirs is found.
            with suppress(IntegrityError), self._engine.begin() as connection:
                connection.execute(insert(collections).values(**values, owner=owner, created_at=created_at))
            found = self.private(owner, conversation_id=conversation_id)
        return next(iter(found))

    def private_by_conversation(self) -> dict[str, str]:
        """The id of every private collection, by the conversation that it belongs to."""
        query = select(collections.c.conversation_id, collections.c.id).where(
            collections.c.conversation_id.is_not(None)
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def every_collection(self) -> tuple[str, ...]:
        """The ids of all collections, the private ones with them: for keeping indexes in step, for no reader."""
        with self._engine.connect() as connection:
            return tuple(connection.execute(select(collections.c.id).order_by(collections.c.name)).scalars())


def shown_name() -> ColumnElement[str]:
    """The name of a collection as a reader sees it."""
    return case((collections.c.conversation_id.is_not(None), CALLED), else_=collections.c.name)
