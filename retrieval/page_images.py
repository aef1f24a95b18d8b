"""Pictures of the pages that documents were printed on, drawn in the sandbox from the kept files and remembered."""

import hashlib
import threading
from collections import OrderedDict

from retrieval.catalogue import Catalogue, Entry
from retrieval.errors import ParseError
from retrieval.originals import Originals
from retrieval.printed import PrintedPage
from retrieval.sandbox import Limits, Sandbox
from retrieval.values import Scope

_WIDTH_PX = 700
_MB = 1024 * 1024
_LIMITS = Limits(memory_bytes=384 * _MB, page_s=8.0, total_s=10.0, file_bytes=100 * _MB, output_chars=2 * _MB)
_MOST_REMEMBERED_CHARS = 12 * _MB
_PRINTED = frozenset({"PDF"})


class PageImages:
    """Draws pages, one at a time; one that is remembered waits for no other. Safe to call from any thread."""

    def __init__(self, catalogue: Catalogue, originals: Originals) -> None:
        self._catalogue = catalogue
        self._originals = originals
        self._drawing, self._remembering = threading.Lock(), threading.Lock()
        self._pages: OrderedDict[tuple[str, int], PrintedPage] = OrderedDict()

    def page(self, document_id: int, number: int, scope: Scope) -> PrintedPage | None:
        """A page of a document, by number from 1; None for a kind of document that has no printed pages.

        Raises UnknownDocument where it is absent or outside the scope, ParseError where the page cannot be drawn.
        """
        entry = self._catalogue.entry(document_id, scope)
        if entry.format not in _PRINTED:
            return None
        key = (entry.sha256, number)
        if (known := self._remembered(key)) is not None:
            return known
        with self._drawing:
            page = self._remembered(key) or self._drawn(entry, number)
        self._remember(key, page)
        return page

    def forget(self) -> None:
        """Remember none any more: a document was removed for good."""
        with self._remembering:
            self._pages.clear()

    def _remembered(self, key: tuple[str, int]) -> PrintedPage | None:
        with self._remembering:
            if key in self._pages:
                self._pages.move_to_end(key)
            return self._pages.get(key)

    def _drawn(self, entry: Entry, number: int) -> PrintedPage:
        path = self._originals.path_of(entry.sha256)
        if path is None:
            raise ParseError(f"The file of {entry.path} is not kept here.")
        try:
            data = path.read_bytes() if path.stat().st_size <= _LIMITS.file_bytes else b""
        except OSError as error:
            raise ParseError(f"The file of {entry.path} cannot be opened ({error.strerror}).") from error
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise ParseError(f"The file of {entry.path} is not the one that was read in, or too large to be drawn.")
        with Sandbox(_LIMITS) as sandbox:
            return sandbox.draw_page(data, entry.path, number=number, width_px=_WIDTH_PX)

    def _remember(self, key: tuple[str, int], page: PrintedPage) -> None:
        """As the one used last; the one used longest ago goes where there are too many."""
        with self._remembering:
            self._pages[key] = page
            while len(self._pages) > 1 and sum(map(_size, self._pages.values())) > _MOST_REMEMBERED_CHARS:
                self._pages.popitem(last=False)


def _size(page: PrintedPage) -> int:
    return len(page.picture) + len(page.boxes) * 8
