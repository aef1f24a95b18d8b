"""Keeps what a process has of its own in step with what other processes write: its index of words, and vectors in memory.

One small query says which collections have changed since; most of the time that is none.
"""

import logging
import threading
from dataclasses import dataclass, field

from retrieval.indexes import Indexes
from retrieval.library import Library

log = logging.getLogger(__name__)
LOOK_EVERY_S = 0.5
_AFTER_FAILURE_S = 2.0


@dataclass(slots=True)
class FollowingOthers:
    """Looks at the versions of all collections."""

    library: Library
    indexes: Indexes
    _known: dict[str, int] = field(default_factory=dict)
    _unsettled: set[str] = field(default_factory=set)

    def keep_up(self, stopping: threading.Event) -> None:
        """Look again and again, until stopped."""
        pause_s = 0.0
        while not stopping.wait(pause_s):
            try:
                self.look()
                pause_s = LOOK_EVERY_S
            except Exception:  # The database may be restarting; what was missed is seen at the next look.
                log.warning("It could not be seen what other processes have written.", exc_info=True)
                pause_s = _AFTER_FAILURE_S

    def look(self) -> None:
        """Take up whatever has changed since the last look."""
        versions = self.library.versions()
        for collection_id in self._known.keys() - versions.keys():
            self.indexes.leave(collection_id)
            del self._known[collection_id]
        for collection_id, version in versions.items():
            if self._known.get(collection_id) != version:
                self.indexes.follow(collection_id)
                self._known[collection_id] = version
                self._unsettled.add(collection_id)
            elif collection_id in self._unsettled:
                # Its language is found out once nothing more comes in, for it takes a look at every document.
                self.indexes.adapt(collection_id)
                self._unsettled.discard(collection_id)
        self._unsettled.intersection_update(versions)
        self.indexes.look_at_vectors()
