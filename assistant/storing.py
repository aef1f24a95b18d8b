"""Stores a question even where the database's server goes away meanwhile, and stores it once."""

from assistant.access import Principal
from assistant.conversations import Conversations
from assistant.request_ids import current_request_id
from retrieval.outage import through_outage


def begin(
    conversations: Conversations, conversation_id: str, principal: Principal, question: str, *, instead_of: int | None
) -> int:
    """As `Conversations.begin`. A server may have stored the question and gone before it said so."""
    request_id, has_tried = current_request_id(), False

    def store() -> int:
        nonlocal has_tried
        if has_tried and request_id is not None:
            for newest in conversations.messages(conversation_id, principal, newest=1, with_work=False):
                if (newest.request_id, newest.state) == (request_id, "pending"):
                    return newest.id
        has_tried = True
        return conversations.begin(conversation_id, principal, question, instead_of=instead_of, request_id=request_id)

    return through_outage(store)()
