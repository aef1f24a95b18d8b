"""Which letters of a PDF page its reader does not see: invisible, white on white, tiny, or beside the page.

Invisible letters over a picture are how recognised text lies over its scan: they stay. The page is drawn only where
letters are suspect, to look at what stands behind them.
"""

import ctypes
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pypdfium2 import raw

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

_TINY_PT = 2.0
_TINY_SHARE = 0.34
"""Of the largest on the page: where all are small, it is a large drawing, and nobody hides them by their size."""
_LIGHT = 240
_CLEAR = 16
_ALIKE = 24
"""So little apart, of 255, letters and what stands behind them look the same."""
_SCAN_SHARE = 0.5
_MOST_DEEP = 4
_SAMPLED = 12
_MOST_PIXELS = 2_000_000
_SPACES = frozenset({0, 9, 10, 13, 32, 160})
_INVISIBLE_MODES, _FILLED_MODES = frozenset({3, 7}), frozenset({0, 2, 4, 6})


class _Writing(NamedTuple):
    """What one piece of text looks like: whether it is drawn at all, how light, how large."""

    drawn: bool
    light: int
    """From 0 for black to 255 for white."""
    size: float
    is_beside: bool


def hidden_letters(page: "PdfPage", text_page: "PdfTextPage") -> frozenset[int]:
    """The indexes of the letters that nobody sees."""
    writings = _writings(page)
    largest = max((writing.size for writing in writings.values() if writing.size < float("inf")), default=0.0)
    tiny = min(_TINY_PT, _TINY_SHARE * largest)
    suspects = {a: w for a, w in writings.items() if w.is_beside or w.size < tiny or not w.drawn or w.light >= _LIGHT}
    if not suspects:
        return frozenset()
    letters = _letters_of(text_page, suspects.keys())
    looked = {a: w for a, w in suspects.items() if not (w.is_beside or w.size < tiny)}
    seen = _seen(page, text_page, {a: letters[a] for a in looked if a in letters}, looked) if looked else frozenset()
    return frozenset(letter for address, each in letters.items() if address not in seen for letter in each)


def _texts(holder: Any, *, depth: int) -> Iterator[tuple[int, Any, bool]]:
    """Every text object: its address, its handle, and whether it stands on the page itself."""
    count = raw.FPDFFormObj_CountObjects(holder) if depth else raw.FPDFPage_CountObjects(holder)
    for index in range(count):
        handle = raw.FPDFFormObj_GetObject(holder, index) if depth else raw.FPDFPage_GetObject(holder, index)
        kind = raw.FPDFPageObj_GetType(handle)
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            yield _address(handle), handle, depth == 0
        elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _MOST_DEEP:
            yield from _texts(handle, depth=depth + 1)


def _address(handle: Any) -> int:
    return ctypes.addressof(handle.contents) if handle else 0


class _Fields:
    """What PDFium writes into, made once for a page."""

    def __init__(self) -> None:
        self.red, self.green, self.blue, self.alpha = (ctypes.c_uint() for _ in range(4))
        self.left, self.bottom, self.right, self.top = (ctypes.c_float() for _ in range(4))
        self.size, self.matrix = ctypes.c_float(), raw.FS_MATRIX()


def _writings(page: "PdfPage") -> dict[int, _Writing]:
    fields, box = _Fields(), page.get_bbox()
    return {address: _writing(handle, is_top, box, fields) for address, handle, is_top in _texts(page, depth=0)}


def _writing(handle: Any, is_top: bool, box: tuple[float, float, float, float], into: _Fields) -> _Writing:
    """Sizes and places inside a form are its own, so they tell nothing."""
    has_fill = raw.FPDFPageObj_GetFillColor(handle, into.red, into.green, into.blue, into.alpha)
    mode = raw.FPDFTextObj_GetTextRenderMode(handle)
    is_filled = has_fill and mode in _FILLED_MODES
    drawn = mode not in _INVISIBLE_MODES and not (is_filled and into.alpha.value < _CLEAR)
    light = min(into.red.value, into.green.value, into.blue.value) if is_filled else 0
    if not is_top:
        return _Writing(drawn, light, float("inf"), False)
    raw.FPDFTextObj_GetFontSize(handle, into.size)
    raw.FPDFPageObj_GetMatrix(handle, into.matrix)
    scale = (into.matrix.c**2 + into.matrix.d**2) ** 0.5 or 1.0
    return _Writing(drawn, light, into.size.value * scale, _is_beside(handle, box, into))


def _is_beside(handle: Any, box: tuple[float, float, float, float], into: _Fields) -> bool:
    x1, y1, x2, y2 = box
    has_bounds = raw.FPDFPageObj_GetBounds(handle, into.left, into.bottom, into.right, into.top)
    return bool(has_bounds) and (
        into.right.value <= x1 or into.left.value >= x2 or into.top.value <= y1 or into.bottom.value >= y2
    )


def _letters_of(text_page: "PdfTextPage", addresses: Any) -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for index in range(text_page.count_chars()):
        address = _address(raw.FPDFText_GetTextObject(text_page, index))
        if address in addresses:
            found[address].append(index)
    return dict(found)


def _seen(
    page: "PdfPage", text_page: "PdfTextPage", letters: dict[int, list[int]], writings: dict[int, _Writing]
) -> frozenset[int]:
    """Which of the texts can be read where they stand, or lie over the picture that they were recognised in."""
    invisible = {address for address in letters if not writings[address].drawn}
    picture = _largest_picture(page) if invisible else 0.0
    if invisible == letters.keys() and picture >= _SCAN_SHARE:
        return frozenset(invisible)
    drawn = _drawn(page)
    looked = ((a, each) for a, each in letters.items() if picture or a not in invisible)
    return frozenset(a for a, each in looked if _is_readable(drawn, page, text_page, each, writings[a]))


def _largest_picture(page: "PdfPage") -> float:
    """The share of the page that its largest picture covers; 0 where it has none."""
    width, height = page.get_size()
    boxes = (image.get_bounds() for image in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_MOST_DEEP))
    covered = ((right - left) * (top - bottom) for left, bottom, right, top in boxes)
    return float(max(covered, default=0.0) / max(1.0, width * height))


class _Drawn(NamedTuple):
    """A page in grey, a pixel for each point."""

    pixels: bytes
    stride: int
    width: int
    height: int

    def inside(self, x1: int, y1: int, x2: int, y2: int) -> bytes:
        """The pixels of a box, its edges included."""
        rows = range(max(0, y1), min(self.height, y2 + 1))
        return b"".join(
            self.pixels[y * self.stride + max(0, x1) : y * self.stride + min(self.width, x2 + 1)] for y in rows
        )


def _drawn(page: "PdfPage") -> _Drawn:
    scale = min(1.0, (_MOST_PIXELS / max(1.0, page.get_width() * page.get_height())) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
    try:
        return _Drawn(bytes(bitmap.buffer), bitmap.stride, bitmap.width, bitmap.height)
    finally:
        bitmap.close()


def _is_readable(
    drawn: _Drawn, page: "PdfPage", text_page: "PdfTextPage", letters: Sequence[int], writing: _Writing
) -> bool:
    """Whether most of a few letters stand on something else than their own colour, or, never drawn, over something."""
    step = max(1, len(letters) // _SAMPLED)
    places = [place for letter in letters[::step] if (place := _place(drawn, page, text_page, letter))]
    if writing.drawn:
        apart = [abs(sorted(place)[len(place) // 2] - writing.light) >= _ALIKE for place in places]
    else:
        apart = [max(place) - min(place) >= _ALIKE for place in places]
    return 2 * sum(apart) > len(places)


def _place(drawn: _Drawn, page: "PdfPage", text_page: "PdfTextPage", letter: int) -> bytes:
    """What is drawn where a letter stands; nothing for a space."""
    if raw.FPDFText_GetUnicode(text_page, letter) in _SPACES:
        return b""
    box, corners = raw.FS_RECTF(), []
    raw.FPDFText_GetLooseCharBox(text_page, letter, box)
    for x, y in ((box.left, box.top), (box.right, box.bottom)):
        right, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, drawn.width, drawn.height, 0, x, y, right, down)
        corners.append((right.value, down.value))
    (x1, y1), (x2, y2) = corners
    return drawn.inside(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
