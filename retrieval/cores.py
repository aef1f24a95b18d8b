"""How many processor cores there are to work on."""

import os


def usable_cores() -> int:
    """Those that this process may use: a service manager or `taskset` may have given it fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
