"""Text out of pictures, by the Tesseract program where it is installed; the only file that runs it.

The picture goes in and the text comes out through pipes, so that nothing is written anywhere.
"""

import os
import shutil
import subprocess
from functools import cache

PLACES = ("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin", "/bin", r"C:\Program Files\Tesseract-OCR")
"""Where the program is looked for: the process that reads files has no search path of its own."""

REMEDY = "install Tesseract (the package tesseract-ocr) on Citewell's machine to have the text in pictures read"
PAGE_S = 25.0
_MOST_LANGUAGES = 3
_NO_LANGUAGES = frozenset({"osd", "equ", "snum"})
_ENVIRONMENT = {"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}


def tesseract() -> str | None:
    """The program's path, None where it is not installed."""
    return shutil.which("tesseract", path=os.pathsep.join(PLACES))


def text_in(picture: bytes, *, program: str, dpi: int | None = None) -> str:
    """The text in a picture (PNG, JPEG, TIFF, WEBP, PNM), pages parted by form feeds; "" where none can be read.

    A page that takes longer than `PAGE_S` counts as one without text. `dpi` helps where the picture does not say it.
    """
    resolution = ["--dpi", str(dpi)] if dpi else []
    command = [program, "stdin", "stdout", "-l", _languages(program), *resolution]
    return _run(command, picture)


@cache
def _languages(program: str) -> str:
    """The installed languages, English first, as Tesseract wants them; each more costs time."""
    listed = _run([program, "--list-langs"], b"").splitlines()[1:]
    found = sorted({line.strip() for line in listed} - _NO_LANGUAGES, key=lambda name: (name != "eng", name))
    return "+".join([name for name in found if name.isidentifier()][:_MOST_LANGUAGES]) or "eng"


def _run(command: list[str], data: bytes) -> str:
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=PAGE_S, env=_ENVIRONMENT, check=False)
    except (subprocess.TimeoutExpired, OSError):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
