"""The stored answer, kept in step with the events of its turn."""

import logging
import time
from dataclasses import dataclass, field, replace

from assistant.conversations import Conversations, State, Work
from assistant.events import (
    Answer,
    AnswerFinished,
    AnswerReplaced,
    Event,
    FilesAwaited,
    ModelWaiting,
    PassagesFound,
    SentenceChecked,
    TextDelta,
    TurnFailed,
    TurnStarted,
    TurnStopped,
)
from assistant.turn_log import log_end
from retrieval.errors import HomeUnreachable
from retrieval.outage import through_outage

log = logging.getLogger(__name__)
_SAVE_EVERY_S = 0.8


@dataclass(slots=True)
class Record:
    """Keeps the stored answer in step with the events, at least once a second while text arrives."""

    conversations: Conversations
    message_id: int
    work: Work = field(default_factory=Work)
    text: str = ""
    saved_at: float = 0.0
    has_found: bool = False
    """Whether passages were found that are not stored yet: they are with the first text, so that no model waits for that."""
    answer: Answer | None = None
    """The answer, once the turn ended well."""

    def keep(self, event: Event) -> None:
        """Store what the event changes, and tell the log of an end."""
        log_end(self.message_id, event, self.work.trace)
        match event:
            case PassagesFound(passages, trace, rewrite):
                self.work = replace(self.work, passages=passages, trace=trace, rewrite=rewrite)
                self.has_found = True
            case TextDelta(text):
                self.text += text
                if time.monotonic() - self.saved_at >= _SAVE_EVERY_S:
                    self._save()
            case AnswerReplaced(answer):
                self.text, self.work = "", replace(self.work, replaced=answer)
                through_outage(self.conversations.save)(self.message_id, state="streaming", text="", work=self.work)
            case AnswerFinished(answer):
                self.answer = answer
                self._close("done", answer)
            case TurnStopped(answer):
                self._close("stopped", answer)
            case TurnFailed(reason, answer):
                self._close("failed", answer, reason)
            case TurnStarted() | FilesAwaited() | ModelWaiting() | SentenceChecked():
                return

    def _save(self) -> None:
        self.saved_at = time.monotonic()
        work = self.work if self.has_found else None
        try:
            self.conversations.save(self.message_id, state="streaming", text=self.text, work=work)
            self.has_found = False
        except HomeUnreachable:  # The next time, or the end, stores this too.
            log.warning("what was written of answer %d could not be stored yet", self.message_id, exc_info=True)

    def _close(self, state: State, answer: Answer | None, reason: str | None = None) -> None:
        work = replace(self.work, answer=answer)
        through_outage(self.conversations.save)(self.message_id, state=state, text=self.text, work=work, reason=reason)
