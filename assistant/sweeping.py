"""What a process that is gone left open is brought to an end: its answers, its jobs, its places among the counted.

Every process does it, at its start and every few seconds; done twice it comes to the same.
"""

import logging
import threading
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from assistant.conversations import Conversations
from assistant.job_table import JobTable
from assistant.jobs import JOBS
from assistant.limits import Limits
from assistant.processes import Processes
from retrieval.errors import RetrievalError

log = logging.getLogger(__name__)
_EVERY_S = 3.0


@dataclass(frozen=True, slots=True)
class Sweeping:
    """Looks for what is nobody's any more."""

    processes: Processes
    conversations: Conversations
    jobs: JobTable
    limits: Limits

    def sweep(self) -> None:
        """Answers are interrupted, jobs wait again, and who asked may ask."""
        self.processes.forget_gone()
        self.conversations.mark_interrupted()
        self.jobs.resume()
        self.limits.start_anew()

    def keep_sweeping(self, stopping: threading.Event) -> None:
        """Do so until the end, where there are others that may be gone."""
        while not self.processes.is_alone and not stopping.wait(_EVERY_S):
            JOBS.forget_ended()
            try:
                self.sweep()
            except (SQLAlchemyError, RetrievalError):
                log.warning("the database could not be asked what was left open", exc_info=True)
