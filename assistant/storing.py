"""Stores a question even where the database's server goes away meanwhile, and stores it once."""

from itertools import count

from assistant.access import Principal
from assistant.conversations import Conversations
from assistant.request_ids import current_request_id
from retrieval.outage import through_outage


def begin(
    conversations: Conversations, conversation_id: str, principal: Principal, question: str, *, instead_of: int | None
) -> int:
    """As `Conversations.begin`. A server may have stored the question and gone before it said so."""
    request_id, tries = current_request_id(), count()

    def store() -> int:
        return conversations.begin(
            conversation_id,
            principal,
            question,
            instead_of=instead_of,
            request_id=request_id,
            is_again=next(tries) > 0 and request_id is not None,
        )

    return through_outage(store)()
