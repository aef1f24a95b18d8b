"""The page that an opened source stands on, as it was printed, beside what was read of it."""

from assistant.markup import visible
from assistant.places import page_of
from retrieval.errors import RetrievalError
from retrieval.printed import Mark, PrintedPage, marks_on
from ui.component import mount
from ui.source_view import Source
from ui.visit import Visit
from ui.words import shortened

_ALT_CHARS = 240
_FAILED = "The printed page cannot be shown here; its text is above."
_UNMARKED = "The words could not be found on the printed page, so they are not marked."


def draw_page(visit: Visit, source: Source) -> None:
    """Draw it under the text; nothing where the document has no printed pages."""
    passage = source.passage
    number = passage.page_at(source.start)
    if number is None:
        return
    try:
        page = visit.citewell.page_images.page(passage.source.id, number, visit.readable)
    except RetrievalError:
        mount("printed", {"failure": _FAILED}, key="printed")
        return
    if page is not None:
        mount("printed", page_data(visit, source, page, number), key="printed")


def page_data(visit: Visit, source: Source, page: PrintedPage, number: int) -> dict[str, object]:
    """What is drawn: the picture, and where the cited words stand on it."""
    passage, cited = source.passage, source.cited
    marks: tuple[Mark, ...] = ()
    if cited is not None:
        _, document = visit.citewell.library.document(passage.source.id, visit.readable)
        marks = marks_on(page, document, number, cited.start, cited.end)
    words = passage.text[cited.start - passage.start : cited.end - passage.start] if cited else ""
    name = page_of(passage.source.path, number).capitalize()
    marked = f" Marked on it: “{shortened(words, _ALT_CHARS)}”" if marks else ""
    return {
        "image": page.image,
        "width": page.width,
        "height": page.height,
        "alt": visible(f"{name} of “{passage.source.title}”.{marked}"),
        "label": f"{name}, as printed",
        "marks": [list(mark) for mark in marks],
        "note": _UNMARKED if cited and not marks else "",
    }
