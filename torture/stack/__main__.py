"""`python -m torture.stack`: bring the server mode up on this machine, say where it is, and end it with Ctrl-C.

Everything lies in a temporary directory and is gone afterwards.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from torture.stack.part import StackError
from torture.stack.whole import stack


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to end, or until a part ends by itself, which is 1."""
    parser = argparse.ArgumentParser(prog="python -m torture.stack", description=__doc__)
    parser.add_argument("--port", type=int, default=8443, help="where nginx listens")
    given = parser.parse_args(arguments)
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    try:
        with stack(port=given.port) as running:
            say(f"Citewell's server mode is at {running.url} (nginx's certificate is its own, so the browser asks).")
            for part in running.parts:
                say(f"  {part.name}: log {part.log}")
            while not told.wait(1):
                if ended := [part for part in running.parts if not part.is_running]:
                    raise StackError(f"{ended[0].name} ended:\n{ended[0].last_lines()}")
    except StackError as error:
        say(str(error))
        return 1
    return 0


def say(line: str) -> None:
    """To whoever started it, at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
