"""Pictures (PNG, JPEG, TIFF, WEBP): the text in them, where text recognition is installed."""

from retrieval.errors import ParseError
from retrieval.invisible import visible
from retrieval.parsing.names import stem
from retrieval.parsing.ocr import REMEDY, tesseract, text_in
from retrieval.parsing.pieces import Pieces
from retrieval.parsing.progress import page_done
from retrieval.values import ParsedDocument

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
RECOGNISED = "The text was recognised in a picture; letters and numbers may be wrong."


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as a PNG, JPEG, TIFF or WEBP picture does."""
    return data.startswith(_BEGINNINGS) or (data.startswith(b"RIFF") and data[8:12] == b"WEBP")


def parse(data: bytes, name: str) -> ParsedDocument:
    """The text that is recognised, with pages where the picture has several.

    Raises ParseError where recognition is not installed or finds no text.
    """
    program = tesseract()
    if program is None:
        raise ParseError(f"{name} has no text: it is a picture; {REMEDY}.")
    pages = text_in(data, program=program).removesuffix("\f").split("\f")
    page_done()
    pieces = Pieces()
    for page in pages:
        pieces.page_begins()
        pieces.add((), visible(page))
    text, sections, page_starts = pieces.finish()
    if not text:
        raise ParseError(f"{name} has no text: it is a picture in which none could be recognised; add a sharper one.")
    starts = page_starts if len(pages) > 1 else ()
    return ParsedDocument(title=stem(name), text=text, sections=sections, page_starts=starts, notes=(RECOGNISED,))
