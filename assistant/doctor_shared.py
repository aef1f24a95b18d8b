"""What `citewell doctor` says of the parts that several processes share: vectors on a server, one directory of files."""

import tempfile
from contextlib import closing

from assistant.finding import Finding
from assistant.home import files_of
from assistant.settings import Settings
from retrieval.vectors import SharedVectorIndex

_VECTORS, _FILES = "Vectors", "Shared files"


def look_at_vectors(settings: Settings) -> Finding:
    """Whether the server of vectors answers, where there is one."""
    if settings.chroma_url is None:
        return Finding(_VECTORS, True, "in the app's own process; no server is needed")
    with closing(SharedVectorIndex(settings.chroma_url, model="", dimension=1)) as server:
        if server.came_back():
            return Finding(_VECTORS, True, "the Chroma server answers")
    remedy = (
        "Start it (chroma run), or correct CHROMA_URL. It is used again by itself, and nothing has to be embedded anew."
    )
    return Finding(_VECTORS, False, "the Chroma server does not answer; words answer meanwhile", remedy)


def look_at_shared_files(settings: Settings) -> Finding:
    """Whether the directory that several processes share is there and can be written."""
    if settings.files is None:
        return Finding(_FILES, True, "none; they lie in the data directory")
    directory = files_of(settings)
    remedy = "Mount it where every replica and worker runs, and let the user that they run as write it."
    if not directory.is_dir():
        return Finding(_FILES, False, f"{directory} is not there", remedy)
    try:
        with tempfile.TemporaryFile(dir=directory):
            return Finding(_FILES, True, f"{directory} can be written")
    except OSError as error:
        return Finding(_FILES, False, f"{directory} cannot be written ({error.strerror or error})", remedy)
