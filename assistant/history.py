"""What was said before a question, as search and model take it."""

from collections.abc import Sequence

from assistant.conversations import StoredMessage
from assistant.llm import Message


def before(question: str, history: Sequence[Message]) -> Sequence[Message]:
    """What was said before a question; asked again, it is no context of itself, and neither is what it was told."""
    users = [at for at, message in enumerate(history) if message.role == "user"]
    while users and history[users[-1]].text.strip() == question:
        history = history[: users.pop()]
    return history


def questions_in(history: Sequence[Message]) -> tuple[str, ...]:
    """What was asked, oldest first."""
    return tuple(message.text for message in history if message.role == "user")


def as_messages(history: Sequence[StoredMessage]) -> tuple[Message, ...]:
    """What is stored of a conversation, as a model reads it."""
    return tuple(Message(message.role, message.text) for message in history if message.text)
