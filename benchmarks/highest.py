"""`python -m benchmarks.highest ARGUMENT…`: runs that `citewell` command here and prints the most memory it held, in bytes.

In a process of its own, and by what the system notes of its memory: what `wait4` tells of a child holds its parent, too.
"""

import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

from assistant.__main__ import main

_BYTES_IN_KB = 1024


def highest_bytes() -> int:
    """The most resident memory that this process has held."""
    noted = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if noted is None:
        raise RuntimeError("this system does not note the highest memory of a process")
    return int(noted[1]) * _BYTES_IN_KB


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        try:
            main()
        except SystemExit as ended:
            if ended.code:
                raise
    print(highest_bytes())
