"""PDF: the text of each page by PDFium, which Chromium reads PDF files with."""

import base64
import ctypes
import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from retrieval.errors import ParseError
from retrieval.invisible import note_removed, visible
from retrieval.parsing.dates import day_in_pdf
from retrieval.parsing.hidden import note_hidden
from retrieval.parsing.names import sensible_title, stem
from retrieval.parsing.ocr import REMEDY, tesseract, text_in
from retrieval.parsing.pdf_layout import CELL, CELL_GAP, LaidOut, Line, Place, lay_out
from retrieval.parsing.pdf_pictures import recognised
from retrieval.parsing.progress import page_done
from retrieval.parsing.sections import Heading, sections_under
from retrieval.printed import SCALE, PrintedPage
from retrieval.values import ParsedDocument

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

_WITHIN = 1024
_HYPHEN = "\ufffe"
"""What PDFium writes for the hyphen of a word cut at the end of a line."""

_BOLD = re.compile(rb"bold|black|heavy|demi|cmbx", re.IGNORECASE)
_BOLD_WEIGHT = 600
_ITEM_MARK = re.compile(r"[-*•◦‣▪●–]|\(?(?:\d{1,3}|[a-zA-Z])[.)]|\d+(?:\.\d+)+\.?")
_NAME_BYTES = 64
_MAX_TITLE_CHARS = 150
_TITLE_SIZE = 1.15
_TITLE_WITHIN_LINES = 12
_NUMBERING = re.compile(r"(?:\d+|[A-Z]|[IVX]+)(?:\.\d+)*[.)]?\s+")
_MAX_BOOKMARKS = 20_000
_DPI = 300
_POINTS_PER_INCH = 72
_MOST_PIXELS = 16_000_000
_MOST_HIGH_PX = 4_000
_MOST_LETTERS = 30_000
_QUALITY = 80
_SURROGATES, _SURROGATES_END = 0xD800, 0xE000


def is_pdf(data: bytes) -> bool:
    """Whether the bytes begin as a PDF file does, a little rubbish before it allowed."""
    return b"%PDF-" in data[:_WITHIN]


def parse(data: bytes, name: str) -> ParsedDocument:
    """The text of all pages with where each begins; sections from the bookmarks, else from the type.

    Raises ParseError for a file that is encrypted, damaged or made of pictures only.
    """
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(data) as document:
            return _read(document, name)
    except pypdfium2.PdfiumError as error:
        raise ParseError(_reason(name, error.err_code)) from error


def _reason(name: str, code: int | None) -> str:
    from pypdfium2 import raw

    if code == raw.FPDF_ERR_PASSWORD:
        return f"{name} is encrypted; save it without a password and add it again."
    if code == raw.FPDF_ERR_SECURITY:
        return f"{name} is encrypted in a way Citewell does not know; save it without protection and add it again."
    return f"{name} is damaged and cannot be opened; save it again from its program."


def _read(document: "PdfDocument", name: str) -> ParsedDocument:
    read = [_page(document, index) for index in range(len(document))]
    raw_pages = [page.lines for page in read]
    notes = _notes(raw_pages) + note_hidden(page.hidden for page in read)
    printed = [[line for line in map(_shown, page) if line] for page in raw_pages]
    pages = _with_pictures(document, printed)
    without_text = sum(not page for page in pages)
    if without_text == len(pages):
        raise ParseError(_no_text(document, name))
    if without_text:
        notes += (f"{without_text} of {len(pages)} pages hold no text that can be read; they may be pictures.",)
    if drawn := sum(map(bool, pages)) - sum(map(bool, printed)):
        notes += (f"The text of {drawn} of {len(pages)} pages was recognised in pictures; it may have errors.",)
    laid_out = lay_out(pages)
    return ParsedDocument(
        title=_metadata_title(document) or _large_title(pages) or stem(name),
        text=laid_out.text,
        sections=sections_under(_headings(document, laid_out), laid_out.text),
        page_starts=laid_out.page_starts,
        dated=_dated(document),
        notes=notes,
    )


def _with_pictures(document: "PdfDocument", pages: Sequence[Sequence[Line]]) -> Sequence[Sequence[Line]]:
    """The pages with what can be recognised on those without text, where that is installed and not forbidden."""
    program = tesseract()
    if program is None or all(pages) or _is_protected(document):
        return pages
    return recognised(pages, lambda index: text_in(_drawn(document, index), program=program, dpi=_DPI))


def _drawn(document: "PdfDocument", index: int) -> bytes:
    """The page as a grey picture in the PGM format, which needs no library to write; b"" for a broken one."""
    import pypdfium2

    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return b""
    points = max(1.0, page.get_width() * page.get_height())
    scale = min(_DPI / _POINTS_PER_INCH, (_MOST_PIXELS / points) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
    try:
        pixels = memoryview(bitmap.buffer)
        rows = (bytes(pixels[row * bitmap.stride :][: bitmap.width]) for row in range(bitmap.height))
        return b"P5\n%d %d\n255\n" % (bitmap.width, bitmap.height) + b"".join(rows)
    finally:
        bitmap.close()
        page.close()


def printed_page(data: bytes, name: str, *, number: int, width_px: int) -> PrintedPage:
    """A page, by number from 1, as a picture about so wide, with its letters and where they stand; raises ParseError."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(data) as document:
            if not 1 <= number <= len(document):
                raise ParseError(f"{name} has no page {number}.")
            page = document[number - 1]
            text_page = page.get_textpage()
            letters = tuple(_letters(page, text_page))
            text_page.close()
            picture = _webp(page, width_px)
            page.close()
    except pypdfium2.PdfiumError as error:
        raise ParseError(_reason(name, error.err_code)) from error
    boxes = tuple(edge for letter in letters for edge in letter.box)
    return PrintedPage(picture.data, picture.width, picture.height, "".join(x.sign for x in letters), boxes)


class _Webp(NamedTuple):
    data: str
    width: int
    height: int


def _webp(page: "PdfPage", width_px: int) -> _Webp:
    scale = min(width_px / max(1.0, page.get_width()), _MOST_HIGH_PX / max(1.0, page.get_height()))
    bitmap = page.render(scale=scale, may_draw_forms=False)
    written = io.BytesIO()
    image = bitmap.to_pil().convert("RGB")
    image.save(written, "WEBP", quality=_QUALITY)
    bitmap.close()
    return _Webp(base64.b64encode(written.getvalue()).decode("ascii"), *image.size)


class _Letter(NamedTuple):
    sign: str
    box: tuple[int, int, int, int]


def _letters(page: "PdfPage", text_page: "PdfTextPage") -> Iterator[_Letter]:
    """The letters and digits of a page, each with the place where it is drawn, whichever way the page is turned."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    for index in range(min(text_page.count_chars(), _MOST_LETTERS)):
        code = raw.FPDFText_GetUnicode(text_page, index)
        sign = chr(code) if code < _SURROGATES or _SURROGATES_END <= code <= sys.maxunicode else ""
        if sign.isalnum() and raw.FPDFText_GetLooseCharBox(text_page, index, box):
            (x1, y1), (x2, y2) = _on_paper(page, box.left, box.top), _on_paper(page, box.right, box.bottom)
            yield _Letter(sign, (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))


def _on_paper(page: "PdfPage", x: float, y: float) -> tuple[int, int]:
    """A point of the page in parts of `SCALE`, from its upper left corner as it is drawn."""
    from pypdfium2 import raw

    right, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, SCALE, SCALE, 0, x, y, right, down)
    return min(max(0, right.value), SCALE), min(max(0, down.value), SCALE)


def _is_protected(document: "PdfDocument") -> bool:
    from pypdfium2 import raw

    return bool(raw.FPDF_GetSecurityHandlerRevision(document) >= 0)


def _no_text(document: "PdfDocument", name: str) -> str:
    """Why nothing was read, and what to do."""
    pages = len(document)
    run = "un it through OCR (text recognition) and add it again."
    if not tesseract():
        run = f"{run.removesuffix('.')}, or {REMEDY}."
    if not pages:
        return f"{name} has no pages; save it again from its program."
    are = "its page is a picture" if pages == 1 else f"its {pages} pages are pictures"
    if _is_protected(document):
        return f"{name} has no text that can be read: it is protected, or {are}. Save it without protection, or r{run}"
    if tesseract():
        return f"{name} has no text: {are}, and none could be recognised. Add a sharper scan."
    return f"{name} has no text: {are}. R{run}"


def _notes(pages: Sequence[Sequence[Line]]) -> tuple[str, ...]:
    found = (note_removed(line.text) for page in pages for line in page)
    return next((notes for notes in found if notes), ())


def _shown(line: Line) -> Line | None:
    text = " ".join(visible(line.text).split())
    return Line(text, line.left, line.right, line.baseline, line.size, line.bold, line.hyphened) if text else None


# Lines


class _Page(NamedTuple):
    """What was read on a page: its lines, and what nobody sees of it."""

    lines: tuple[Line, ...] = ()
    hidden: str = ""


def _page(document: "PdfDocument", index: int) -> _Page:
    import pypdfium2

    from retrieval.parsing.pdf_hidden import hidden_letters

    try:
        page = document[index]
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        return _Page()  # One broken page is counted among those without text; the others are still worth reading.
    try:
        hidden = hidden_letters(page, text_page)
        runs = list(_runs(text_page, hidden))
        lines = tuple(_line(text_page, run) for run in runs if not run.hidden)
        return _Page(lines, " ".join(run.text for run in runs if run.hidden))
    finally:
        text_page.close()
        page.close()
        page_done()


def _line(text_page: "PdfTextPage", run: "_Run") -> Line:
    start, end = _glyph(text_page, run.first), _glyph(text_page, run.last)
    middle = _glyph(text_page, (run.first + run.last) // 2)
    size = sorted((start.size, middle.size, end.size))[1] or 1.0
    bold = start.bold and middle.bold and end.bold
    return Line(_with_cells(text_page, run, size), start.left, end.right, start.baseline, size, bold, run.hyphened)


class _Run(NamedTuple):
    """A line as PDFium gives it: its text, where it starts in the page's text, its first and last letter."""

    text: str
    position: int
    first: int
    last: int
    hyphened: bool
    """It ends in the middle of a word."""
    hidden: bool
    """Nobody sees it."""


def _runs(text_page: "PdfTextPage", hidden: Set[int]) -> Iterator[_Run]:
    from pypdfium2 import raw

    count = text_page.count_chars()
    if count <= 0:
        return
    units = (ctypes.c_ushort * (2 * count + 1))()
    written = raw.FPDFText_GetText(text_page, 0, count, units)
    text = bytes(memoryview(units)[: max(0, written - 1)]).decode("utf-16-le", errors="surrogatepass")
    parts = [*re.split(f"([\r\n{_HYPHEN}])", text), ""]
    position = 0
    for part, separator in zip(parts[::2], parts[1::2], strict=True):
        for stretch in _stretches(text_page, part, position, hidden) if hidden else ((part, position),):
            if stretch[0].strip():
                yield _run(text_page, *stretch, separator == _HYPHEN, hidden)
        position += _units(part) + 1


def _run(text_page: "PdfTextPage", text: str, position: int, hyphened: bool, hidden: Set[int]) -> _Run:
    lead = _units(text) - _units(text.lstrip())
    first = _char_index(text_page, position + lead)
    last = _char_index(text_page, position + _units(text.rstrip()) - 1)
    return _Run(text, position, first, max(first, last), hyphened, first in hidden)


def _stretches(text_page: "PdfTextPage", part: str, position: int, hidden: Set[int]) -> Iterator[tuple[str, int]]:
    """A line cut where letters that are seen and such that are not meet; spaces go with what is before them."""
    begun = 0
    is_hidden: bool | None = None
    for at, sign in enumerate(part):
        if sign.isspace():
            continue
        before, is_hidden = is_hidden, _char_index(text_page, position + _units(part[:at])) in hidden
        if before is not None and before != is_hidden:
            yield part[begun:at], position + _units(part[:begun])
            begun = at
    yield part[begun:], position + _units(part[:begun])


def _with_cells(text_page: "PdfTextPage", run: _Run, size: float) -> str:
    """The line's text with " | " where the words stand so far apart that they are cells of a row."""
    cells: list[str] = []
    begun = 0
    for gap in re.finditer(r"(?<=\S)[ \xa0]+(?=\S)", run.text):
        before = run.position + _units(run.text[: gap.start()]) - 1
        after = run.position + _units(run.text[: gap.end()])
        _, right = _extent(text_page, _char_index(text_page, before))
        left, _ = _extent(text_page, _char_index(text_page, after))
        if left - right > CELL_GAP * size:
            cells.append(run.text[begun : gap.start()])
            begun = gap.end()
    cells.append(run.text[begun:])
    is_item = len(cells) > 1 and _ITEM_MARK.fullmatch(cells[0].strip())
    return f"{cells[0]} {CELL.join(cells[1:])}" if is_item else CELL.join(cells)


def _units(text: str) -> int:
    """Length in UTF-16, in which PDFium counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def _char_index(text_page: "PdfTextPage", text_index: int) -> int:
    from pypdfium2 import raw

    return max(0, int(raw.FPDFText_GetCharIndexFromTextIndex(text_page, text_index)))


class _Glyph(NamedTuple):
    left: float
    right: float
    baseline: float
    size: float
    bold: bool


def _glyph(text_page: "PdfTextPage", index: int) -> _Glyph:
    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text_page, index, x, y)
    box, matrix = raw.FS_RECTF(), raw.FS_MATRIX()
    raw.FPDFText_GetLooseCharBox(text_page, index, box)
    raw.FPDFText_GetMatrix(text_page, index, matrix)
    scale = (matrix.c**2 + matrix.d**2) ** 0.5 or 1.0
    size = float(raw.FPDFText_GetFontSize(text_page, index)) * scale
    return _Glyph(x.value, float(box.right), y.value, size, _is_bold(text_page, index))


def _extent(text_page: "PdfTextPage", index: int) -> tuple[float, float]:
    """How far a letter reaches to the left and to the right."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(text_page, index, box)
    return float(box.left), float(box.right)


def _is_bold(text_page: "PdfTextPage", index: int) -> bool:
    from pypdfium2 import raw

    font_name = ctypes.create_string_buffer(_NAME_BYTES)
    raw.FPDFText_GetFontInfo(text_page, index, font_name, _NAME_BYTES, ctypes.c_int())
    return bool(_BOLD.search(font_name.value)) or raw.FPDFText_GetFontWeight(text_page, index) >= _BOLD_WEIGHT


# Title, day and bookmarks


def _metadata_title(document: "PdfDocument") -> str:
    return sensible_title(visible(document.get_metadata_value("Title")))


def _large_title(pages: Sequence[Sequence[Line]]) -> str:
    """The largest line at the top of the first page, with the lines of the same size that go on from it."""
    page = next(iter(pages), ())
    if not page:
        return ""
    sizes = [line.size for line in page]
    largest = max(sizes[:_TITLE_WITHIN_LINES])
    if largest < sorted(sizes)[len(sizes) // 2] * _TITLE_SIZE:
        return ""
    first = next(i for i, line in enumerate(page) if line.size == largest)
    title = page[first].text
    for above, below in pairwise(page[first:]):
        if abs(below.size - largest) > 0.5 or not 0 < above.baseline - below.baseline < 2 * largest:
            break
        title += f" {below.text}"
    return sensible_title(title) if len(title) <= _MAX_TITLE_CHARS else ""


def _dated(document: "PdfDocument") -> date | None:
    found = (day_in_pdf(document.get_metadata_value(key)) for key in ("ModDate", "CreationDate"))
    return next((day for day in found if day), None)


class _Bookmark(NamedTuple):
    level: int
    title: str
    page: int
    height: float | None


def _headings(document: "PdfDocument", laid_out: LaidOut) -> tuple[Heading, ...]:
    """By the bookmarks where they are found in the text, else by the type, else by the pages the bookmarks lead to."""
    bookmarks = tuple(_bookmarks(document))
    return _outline(bookmarks, laid_out.places) or laid_out.headings or tuple(_by_page(bookmarks, laid_out.page_starts))


def _by_page(bookmarks: Sequence[_Bookmark], page_starts: Sequence[int]) -> Iterator[Heading]:
    """Bookmarks as headings at the beginning of their pages, the innermost where several lead to one."""
    for bookmark in sorted(bookmarks, key=lambda bookmark: bookmark.page):
        if bookmark.page < len(page_starts):
            yield Heading(page_starts[bookmark.page], bookmark.level, bookmark.title)


def _outline(bookmarks: Sequence[_Bookmark], places: Sequence[Place]) -> tuple[Heading, ...]:
    """The bookmarks that can be found in the text, none where fewer than half can be."""
    by_page: defaultdict[int, list[Place]] = defaultdict(list)
    for place in places:
        by_page[place.page].append(place)
    found: dict[int, Heading] = {}
    for bookmark in bookmarks:
        if located := _located(bookmark, by_page[bookmark.page]):
            found.setdefault(located.start, Heading(located.start, bookmark.level, bookmark.title))
    return tuple(found[start] for start in sorted(found)) if 2 * len(found) >= len(bookmarks) else ()


def _bookmarks(document: "PdfDocument") -> Iterator[_Bookmark]:
    import pypdfium2

    try:
        for item, _ in zip(document.get_toc(), range(_MAX_BOOKMARKS), strict=False):
            destination = item.get_dest()
            page = destination.get_index() if destination else None
            title = " ".join(visible(item.get_title()).split())
            if destination and page is not None and title:
                yield _Bookmark(item.level + 1, title, page, _height(*destination.get_view()))
    except pypdfium2.PdfiumError:
        return


def _height(mode: int, place: Sequence[float]) -> float | None:
    """How far up the page a bookmark leads, None where it leads to the whole page."""
    from pypdfium2 import raw

    if mode == raw.PDFDEST_VIEW_XYZ and len(place) > 1:
        return place[1]
    return place[0] if mode == raw.PDFDEST_VIEW_FITH and place else None


def _located(bookmark: _Bookmark, places: Sequence[Place]) -> Place | None:
    """The paragraph of the page that begins with the bookmark's title, the one nearest to where it leads."""
    title = _NUMBERING.sub("", bookmark.title).casefold()
    matching = [place for place in places if _NUMBERING.sub("", place.text).casefold().startswith(title)]
    height = bookmark.height
    if height is None:
        return matching[0] if matching else None
    return min(matching, key=lambda place: abs(place.baseline - height), default=None)
