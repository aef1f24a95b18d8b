"""`python -m benchmarks.footprint DIRECTORY CHUNKS`: what a process weighs that has searched a synthetic home.

Prints its resident memory in bytes. In a process of its own, so that nothing else is counted.
"""

import sys
from pathlib import Path

import psutil

from benchmarks.bench import Bench

_QUESTIONS = 100


def main(directory: Path, chunks: int) -> None:
    """Search the home that is there already."""
    with Bench(directory).synthetic(chunks) as (citewell, corpus):
        scope = frozenset(collection.id for collection in citewell.library.collections())
        for question in corpus.questions[:_QUESTIONS]:
            citewell.search.passages(question, scope=scope)
        print(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
