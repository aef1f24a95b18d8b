"""What a process weighs and takes while something is done to it, seen from outside."""

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Weight:
    """One look at a process and all below it."""

    processor_s: float
    memory_bytes: int
    threads: int
    files: int


def weigh(pid: int) -> Weight:
    """Processor time of users and system; memory shared between the processes is counted for each."""
    parent = psutil.Process(pid)
    looks = [_look(process) for process in (parent, *parent.children(recursive=True))]
    return Weight(*(sum(column) for column in zip(*looks, strict=True)))


def _look(process: psutil.Process) -> tuple[float, int, int, int]:
    try:
        with process.oneshot():
            times = process.cpu_times()
            return times.user + times.system, process.memory_info().rss, process.num_threads(), process.num_fds()
    except psutil.NoSuchProcess:  # A child that has ended meanwhile.
        return 0.0, 0, 0, 0
