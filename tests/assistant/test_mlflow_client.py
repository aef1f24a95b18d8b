"""The store of models and runs, as far as others notice it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASKED_MEANWHILE = """
import sys, threading
from sqlalchemy import String, column
import assistant.mlflow_client

sys.setswitchinterval(1e-6)
failures, ended = [], threading.Event()

def ask():
    while not ended.is_set():
        try:
            column("id", String).in_([])
        except Exception as error:
            failures.append(repr(error))

asking = threading.Thread(target=ask)
asking.start()
import sqlalchemy.orm  # As MLflow does where it is first used.
ended.set()
asking.join()
print(*failures[:1], end="")
"""


def test_statements_of_others_hold_while_it_is_used_for_the_first_time() -> None:
    command = [sys.executable, "-c", ASKED_MEANWHILE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
