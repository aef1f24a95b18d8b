"""What an administrator chooses about what is recorded and shown."""

from pydantic import TypeAdapter

from assistant.choices import Choice

WORDS_KEPT: Choice[bool] = Choice("event_words_kept", TypeAdapter(bool))
"""Whether the words of searches, and of questions without a conversation, are kept with the event; yes where unset."""
QUESTIONS_SHOWN: Choice[bool] = Choice("questions_shown", TypeAdapter(bool))
"""Whether editors and administrators may read what other people asked; no where unset."""
EVENTS_KEPT_DAYS = 400
"""How long events are kept where nothing is chosen: a year can be compared with the one before it."""
