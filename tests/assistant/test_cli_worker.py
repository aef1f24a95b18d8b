"""What `citewell worker` makes of being told to end."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENDS_WITHIN_S = 30
TOLD = """
import signal, threading, time
from assistant.cli.working import told_to_stop, wait_for

stopped = told_to_stop()

def tell_this_thread():
    time.sleep(0.5)  # The main thread waits by then.
    signal.pthread_kill(threading.get_ident(), signal.{number})
    time.sleep(60)

threading.Thread(target=tell_this_thread, daemon=True).start()
wait_for(stopped)
print("told")
"""


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_signal_that_another_thread_receives_is_heard(number: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", TOLD.format(number=number)],
        cwd=ROOT, capture_output=True, text=True, timeout=ENDS_WITHIN_S, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stdout, run.stderr) == (0, "told\n", "")
