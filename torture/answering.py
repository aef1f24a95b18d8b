"""Writes many answers at once and ends as the app does when a service manager stops it: the process that gets SIGTERM.

`python -m torture.answering HOME URL COUNT` prints "streaming" once each answer has words, then ten times a second what
a reader has received of each, waits for SIGTERM, closes the home and prints "closed".
"""

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell
from assistant.events import Event, TextDelta, TurnStarted
from assistant.jobs import JOBS, AnswerJob, Cancelled
from assistant.running import RUNNING
from assistant.settings import Settings
from torture.victim import say

QUESTION = "How long do unused days of leave hold, and who is to be asked?"
_TELLS_EVERY_S = 0.1


def main(home: Path, url: str, count: int) -> None:
    """Answer until it is told to end; exits with 0."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    settings = Settings.read(home=home, sample=False, openai_base_url=url, model="paced")
    RUNNING.start(lambda: settings)
    citewell = RUNNING.get()
    assert citewell is not None
    jobs = [_begin(citewell) for _ in range(count)]
    while not all(any(isinstance(event, TextDelta) for event in job.events()) for job in jobs):
        time.sleep(0.05)
    say("streaming")
    while not told.wait(_TELLS_EVERY_S):
        say(json.dumps([time.monotonic(), _received(jobs)]))
    RUNNING.close()
    say("closed")


def _begin(citewell: Citewell) -> AnswerJob:
    conversation = citewell.conversations.create(LOCAL_USER)
    return JOBS.start(LOCAL_USER, conversation, QUESTION, partial(_turn, citewell, conversation))


def _received(jobs: Sequence[AnswerJob]) -> dict[int, int]:
    """How many characters a reader has of each answer, by its id."""
    received = {}
    for events in (job.events() for job in jobs):
        (message_id,) = (event.message_id for event in events if isinstance(event, TurnStarted))
        received[message_id] = sum(len(event.text) for event in events if isinstance(event, TextDelta))
    return received


def _turn(citewell: Citewell, conversation: str, cancelled: Cancelled) -> Iterator[Event]:
    return citewell.assistant.ask(QUESTION, conversation_id=conversation, principal=LOCAL_USER, cancelled=cancelled)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
