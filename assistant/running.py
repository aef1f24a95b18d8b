"""The one open home of a serving process, opened beside the server's start and shared by all its sessions."""

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Literal

from assistant.bootstrap import Citewell, open_citewell
from assistant.errors import AssistantError
from assistant.gauges import gauges_of
from assistant.logs import log_event
from assistant.metrics import Metrics
from assistant.readiness import Readiness, readiness_of
from assistant.settings import Settings
from assistant.worker import Worker, warm_up
from retrieval.errors import RetrievalError

log = logging.getLogger(__name__)


class Running:
    """Opens a home in a thread of its own; whoever needs it waits for it.

    An ordinary object of this module: what Streamlit caches, any visitor may clear.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._citewell: Citewell | None = None
        self._metrics: Metrics | None = None
        self._problem: str | None = None
        self._started = False

    def start(self, read_settings: Callable[[], Settings] = Settings.read) -> None:
        """Begin to open the home; once."""
        with self._lock:
            if self._started:
                return
            self._started = True
            self._ready.clear()
        threading.Thread(target=self._open, args=(read_settings,), name="opening", daemon=True).start()

    def get(self, *, timeout_s: float | None = None) -> Citewell | None:
        """The open home; None where it is not open yet after the timeout. Raises AssistantError where it cannot be."""
        self.start()
        if not self._ready.wait(timeout_s):
            return None
        if self._citewell is None:
            raise AssistantError(self._problem or "Citewell is closing.")
        return self._citewell

    def status(self) -> Literal["ok", "starting", "failed"]:
        """Whether the home is open."""
        try:
            return "starting" if self.get(timeout_s=0) is None else "ok"
        except AssistantError:
            return "failed"

    def readiness(self) -> Readiness:
        """Whether questions can be answered, and if not, why."""
        status = self.status()
        return Readiness((status,)) if status != "ok" or self._citewell is None else readiness_of(self._citewell)

    def close(self) -> None:
        """Close the home; a later `start` opens it again."""
        with self._lock:
            if not self._started:
                return
        self._ready.wait()
        with self._lock:
            citewell, self._citewell, self._started = self._citewell, None, False
            metrics, self._metrics = self._metrics, None
        if metrics is not None:
            metrics.close()
        if citewell is not None:
            citewell.close()
            log_event("server_stopped")

    def _open(self, read_settings: Callable[[], Settings]) -> None:
        try:
            citewell = open_citewell(read_settings())
            settings, collections = citewell.settings, len(citewell.library.collections())
            if settings.metrics_port is not None:
                self._metrics = Metrics(partial(gauges_of, citewell))
                self._metrics.serve(settings.metrics_address, settings.metrics_port)
            if citewell.processes.carries_out:
                Worker(citewell).start()
            else:
                citewell.background.start(partial(warm_up, citewell))
            self._citewell, self._problem = citewell, None
            log_event("server_started", demo=settings.demo, has_model=settings.has_model, collections=collections)
        except (AssistantError, RetrievalError) as error:
            log_event("server_failed", error=type(error).__name__, reason=error.hint)
            self._problem = error.hint
        except Exception as error:
            log.exception("the home could not be opened")
            log_event("server_failed", error=type(error).__name__)
            self._problem = "Citewell could not start; its log says why."
        finally:
            self._ready.set()


RUNNING = Running()
