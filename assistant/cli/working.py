"""`citewell worker`."""

import logging
import os
import signal
import threading
from types import FrameType

from assistant.bootstrap import Citewell, open_citewell
from assistant.cli.output import HomeDir, WrongUsage
from assistant.logs import log_event, start_logging
from assistant.settings import Settings
from assistant.worker import Worker

log = logging.getLogger(__name__)
_CLOSES_WITHIN_S = 18.0
"""It promises to end within twenty seconds; what is left is for leaving."""
_LOOKS_EVERY_S = 0.5


def worker(home: HomeDir = None) -> None:
    """Take jobs from a database that several processes share, until it is stopped."""
    settings = Settings.read(home=home)
    if settings.database_url is None:
        raise WrongUsage(
            "There is nothing for a worker here: without DATABASE_URL the app does its own work, as citewell serve."
        )
    stopped = told_to_stop()
    start_logging(settings.log)
    citewell = open_citewell(settings, kind="worker")
    Worker(citewell).start()
    log_event("worker_started", process=citewell.processes.id, pid=os.getpid())
    wait_for(stopped)
    is_closed = closes_in_time(citewell)
    log_event("worker_stopped", process=citewell.processes.id)
    if not is_closed:
        logging.shutdown()
        os._exit(0)  # An orderly end would wait for the threads of the job that does not end.


def closes_in_time(citewell: Citewell, *, within_s: float = _CLOSES_WITHIN_S) -> bool:
    """Let jobs under way be put back or finished; what does not end in time is left to the other workers."""
    closing = threading.Thread(target=citewell.close, name="closing", daemon=True)
    closing.start()
    closing.join(within_s)
    if closing.is_alive():
        log.warning("a job did not end within %d seconds; another worker takes it up", within_s)
        citewell.processes.leave()
    return not closing.is_alive()


def told_to_stop() -> threading.Event:
    """Set by whatever asks the process to end."""
    event = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        event.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return event


def wait_for(stopped: threading.Event) -> None:
    """Wait in the main thread, which alone runs what a signal calls.

    The system may give a signal to any thread. The main thread then goes on waiting, so it has to look.
    """
    while not stopped.wait(_LOOKS_EVERY_S):
        pass
