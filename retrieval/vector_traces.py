"""What Chroma leaves behind of deleted collections, removed: their vectors in its database, and their graphs.

Chroma deletes rows and forgets a graph; free pages and files keep what was in them. Its database is opened by a
process of its own: two SQLite libraries within one would take each other's locks away.
"""

import json
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from retrieval.errors import HomeInUse

_DATABASE = "chroma.sqlite3"
_GRAPH = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VACUUM = Path(__file__).with_name("vector_vacuum.py")
_MOST_S = 600.0


def remove_traces(directory: Path) -> None:
    """Remove them from Chroma's directory, which may be open; raises HomeInUse where it is too busy for that."""
    if not (directory / _DATABASE).is_file():
        return
    # Looked at first: a new collection is in the database before its graph is a file.
    graphs = [path for path in directory.iterdir() if path.is_dir() and _GRAPH.fullmatch(path.name)]
    known = _known_after_vacuum(directory / _DATABASE)
    for graph in graphs:
        if graph.name not in known:
            with suppress(OSError):  # Where open files cannot be removed, the next time.
                shutil.rmtree(graph)


def _known_after_vacuum(database: Path) -> frozenset[str]:
    command = [sys.executable, "-I", str(_VACUUM), str(database.absolute())]
    try:
        done = subprocess.run(command, check=True, capture_output=True, timeout=_MOST_S)
        return frozenset(json.loads(done.stdout))
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        raise HomeInUse("What vectors leave behind could not be removed yet; it will be tried again.") from error
