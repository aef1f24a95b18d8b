"""Plain text: the document is its own text, decoded, so that a quotation is file[start:end]."""

import codecs
import re

from retrieval.errors import ParseError
from retrieval.invisible import note_invisible
from retrieval.parsing.names import stem
from retrieval.values import ParsedDocument, Section

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MAX_CONTROL_SHARE = 0.01
_NOT_UTF8 = "The file is not UTF-8; it was read as {}, so some letters may be wrong."
_SAMPLE_BYTES = 20_000
_HIGH = re.compile(rb"[\x80-\xff]")
_FOREIGN_SHARE = 0.4
"""Text of which so much is not ASCII is not written in Latin letters, so Windows-1252 is a poor guess."""

_FOREIGN = {
    "cp932": "Shift-JIS",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "big5hkscs": "Big5",
    "cp949": "Korean (949)",
    "euc_kr": "EUC-KR",
    "euc_jp": "EUC-JP",
    "cp1251": "Windows-1251",
}


def parse(data: bytes, name: str) -> ParsedDocument:
    """The file's text as one section without a heading."""
    text, notes = decode(data, name)
    return ParsedDocument(
        title=stem(name),
        text=text,
        sections=(Section((), 0, len(text)),),
        notes=notes + note_invisible(text),
    )


def decode(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """The text of `data` with its newlines and without its byte order mark, and notes on the way it was read.

    The byte order mark decides, else UTF-8, else what it looks like, else Windows-1252. Raises ParseError for binary data.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _printable(data[len(bom) :].decode(encoding, errors="replace"), name), ()
    try:
        return _printable(data.decode("utf-8"), name), ()
    except UnicodeDecodeError:
        if len(_CONTROL.findall(data)) > _MAX_CONTROL_SHARE * len(data):
            raise _binary(name) from None
        encoding = _guessed(data)
        note = _NOT_UTF8.format(_FOREIGN.get(encoding, "Windows-1252"))
        return _printable(data.decode(encoding, errors="replace"), name), (note,)


def _guessed(data: bytes) -> str:
    """An encoding of Asian or Cyrillic letters where the bytes look like one, else Windows-1252."""
    sample = data[:_SAMPLE_BYTES]
    if len(_HIGH.findall(sample)) < _FOREIGN_SHARE * len(sample):
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=list(_FOREIGN)).best()
    return best.encoding if best and best.encoding in _FOREIGN else "cp1252"


def _printable(text: str, name: str) -> str:
    if "\0" in text:
        raise _binary(name)
    return text


def _binary(name: str) -> ParseError:
    from retrieval.parsing import save_as  # the table of formats stands above its rows

    return ParseError(f"{name} holds binary data, not text; {save_as()}.")
