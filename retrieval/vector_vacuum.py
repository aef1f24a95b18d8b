"""Run as a process of its own: rewrites Chroma's database without what was deleted, and prints the graphs it knows."""

import json
import sqlite3
import sys
from contextlib import closing

_WAITS_S = 30.0

if __name__ == "__main__":
    with closing(sqlite3.connect(sys.argv[1], timeout=_WAITS_S, isolation_level=None)) as connection:
        connection.execute("VACUUM")
        json.dump([row[0] for row in connection.execute("SELECT id FROM segments")], sys.stdout)
