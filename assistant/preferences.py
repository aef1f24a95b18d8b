"""How a person's new conversations begin: with the style and the collection that they chose for themselves."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from assistant.access import Principal, scope_of
from assistant.choices import Choice, Chosen
from assistant.narrowed import Narrowed
from assistant.threads import Choices
from prompts import Style
from retrieval.library import Collection, Library

STYLE: Choice[Style] = Choice("style", TypeAdapter(Style))
COLLECTION: Choice[str] = Choice("collection", TypeAdapter(str))
"""By its id, so that it may be renamed."""


@dataclass(frozen=True, slots=True)
class Preference:
    """What somebody chose; None: an answer as the question asks for it, and all collections."""

    style: Style | None = None
    collection: Collection | None = None

    @property
    def choices(self) -> Choices:
        """What a new conversation begins with; it may be changed there."""
        return Choices(Narrowed(self.collection.name if self.collection else None), self.style)


class Preferences:
    """Reads and changes what people chose, each for themselves."""

    def __init__(self, chosen: Chosen, library: Library) -> None:
        self._chosen = chosen
        self._library = library

    def of(self, principal: Principal) -> Preference:
        """What this person chose. A collection that is gone, or that they may not read any more, is none."""
        collection_id = self._chosen.get(COLLECTION, principal)
        return Preference(self._chosen.get(STYLE, principal), self._readable(collection_id, principal))

    def choose(self, principal: Principal, *, style: Style | None, collection_id: str | None) -> None:
        """Begin new conversations so; raises ChoiceRefused for a style that is none."""
        collection = self._readable(collection_id, principal)
        self._chosen.set(STYLE, style, principal)
        self._chosen.set(COLLECTION, collection.id if collection else None, principal)

    def _readable(self, collection_id: str | None, principal: Principal) -> Collection | None:
        if collection_id is None or collection_id not in (scope := scope_of(principal, self._library)):
            return None
        return self._library.collection(collection_id, scope)
