"""PDF pages that are pictures: what is recognised on them, as printed lines that can be laid out with the others."""

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from retrieval.invisible import visible
from retrieval.parsing.pdf_layout import Line
from retrieval.parsing.progress import page_done

MOST_PAGES = 200
"""Recognition takes seconds a page."""

_SIZE_PT = 10.0
_LETTER_WIDTH = 0.5
_LEADING = 1.2
_LEFT_PT = 72.0
_TOP_PT = 800.0


def recognised(pages: Sequence[Sequence[Line]], text_of: Callable[[int], str]) -> list[Sequence[Line]]:
    """The pages with the text of those that had none, as `text_of` recognises it; at most `MOST_PAGES`."""
    size = median([line.size for page in pages for line in page] or [_SIZE_PT])
    read = list(pages)
    without_text = [index for index, page in enumerate(pages) if not page]
    for index in without_text[:MOST_PAGES]:
        read[index] = tuple(_lines(text_of(index), size))
        page_done()
    return read


def _lines(text: str, size: float) -> Iterator[Line]:
    """Lines one below the other, a gap where recognition saw one: the layout joins them to paragraphs."""
    for number, line in enumerate(text.splitlines()):
        if words := " ".join(visible(line).split()):
            right = _LEFT_PT + len(words) * size * _LETTER_WIDTH
            yield Line(words, _LEFT_PT, right, _TOP_PT - number * size * _LEADING, size)
