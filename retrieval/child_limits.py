"""What a process that reads files allows itself: memory, processor time, no files written."""

import re
import sys
from pathlib import Path

_MB = 1024 * 1024
_CODE_BYTES = 48 * _MB
"""What the libraries' own code takes up, which the limit on data does not count."""

_LEAST_DATA_BYTES = 64 * _MB


def is_worn(memory_bytes: int) -> bool:
    """Whether this process has ever taken more than half of its memory: better to start afresh."""
    # Not getrusage: its peak is the parent's at first, passed on by fork.
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:  # No Linux: no limit on memory either.
        return False
    peak = re.search(r"VmHWM:\s*(\d+) kB", status)
    return peak is not None and int(peak[1]) * 1024 > memory_bytes // 2


def limit_resources(memory_bytes: int) -> None:
    """Memory as far as the platform enforces it; no core dumps, no file written, few files open."""
    if sys.platform == "win32":
        return
    import resource  # absent on Windows

    wanted = {
        resource.RLIMIT_DATA: max(_LEAST_DATA_BYTES, memory_bytes - _CODE_BYTES),
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, value in wanted.items():
        try:
            resource.setrlimit(kind, (value, value))
        except (OSError, ValueError):  # A platform without this limit; `sandbox_limits_available` says so.
            continue


def limit_cpu(seconds: float) -> None:
    """End this process after so much more work, even where its parent is gone and nobody watches the clock."""
    if sys.platform == "win32":
        return
    import resource  # absent on Windows

    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))
