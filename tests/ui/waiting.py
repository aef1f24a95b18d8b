"""Waits for what the app's worker does beside the page."""

import time

from assistant.bootstrap import Citewell
from assistant.running import RUNNING


def settled(*kinds: str) -> Citewell:
    """The open home, once no job of these kinds waits or runs."""
    citewell = RUNNING.get()
    assert citewell is not None
    while citewell.jobs.open(kinds):
        time.sleep(0.05)
    return citewell
