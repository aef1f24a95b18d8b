"""Reads a folder into a home and says on standard output what is done: the process that gets killed.

`python -m torture.victim HOME FOLDER` prints "ready", waits for a line, then prints "done PATH" for every file
that is acknowledged, "failed PATH" and "said SENTENCE" where something went wrong, and "end".
"""

import sys
from pathlib import Path

COLLECTION = "torture"


def main(home: Path, folder: Path) -> None:
    """Read the folder in, telling every step."""
    from assistant.bootstrap import open_citewell
    from assistant.settings import Settings
    from retrieval.embedding import load_embedder
    from retrieval.errors import RetrievalError

    load_embedder("local", home / "cache").embed_query("warm")  # What is imported late, before it counts.
    say("ready")
    sys.stdin.readline()
    try:
        citewell = open_citewell(Settings.read(home=home, sample=False))
        say("open")
        try:
            report = citewell.intake.read_paths(
                [folder], collection=COLLECTION, on_progress=lambda p: say(f"done {p.path}")
            )
            for failed in report.failed:
                say(f"failed {failed.path}")
        finally:
            citewell.close()
    except RetrievalError as error:
        say(f"said {type(error).__name__} {error.hint}")
    say("end")


def say(line: str) -> None:
    """Print a line and have it out at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
