"""How many processor cores there are to work on, and a core of one's own."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def usable_cores() -> int:
    """Those that this thread may use: a service manager or `taskset` may have given it fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_core(claim: str = "citewell") -> Iterator[int | None]:
    """Keep this thread, and every thread that it begins meanwhile, to one core, and give that core's number.

    Threads that take turns with Python's interpreter gain nothing from a second core, and lose where each turn wakes it.
    Threads that were there before keep every core: they work beside the interpreter.

    No two processes choose the same core, as far as they see each other: a core is claimed by an abstract socket, which
    the kernel takes back with the process. None, and nothing is changed, where only one core may be used, where all are
    claimed, and where the system does not know of this.
    """
    if not hasattr(os, "sched_getaffinity"):
        yield None
        return
    before = os.sched_getaffinity(0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as claimed:
        core = _claim(claimed, claim, before) if len(before) > 1 else None
        try:
            yield core if core is not None and _keep_to({core}) else None
        finally:
            _keep_to(before)


def _claim(claimed: socket.socket, claim: str, cores: set[int]) -> int | None:
    """The last core that nobody claimed: the first ones take the machine's interrupts."""
    for core in sorted(cores, reverse=True):
        with suppress(OSError):
            claimed.bind(f"\0{claim}-core-{core}")
            return core
    return None


def _keep_to(cores: set[int]) -> bool:
    """False where a system call filter does not let it."""
    try:
        os.sched_setaffinity(0, cores)
    except OSError:
        return False
    return True
