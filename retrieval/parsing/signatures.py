"""What a file holds, by its first bytes, in words for a message: the kinds Citewell does not read."""

from retrieval.parsing.archive import member_names

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNATURES = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"GIF8", "a picture (GIF)"),
    (b"{\\rtf", "rich text (RTF)"),
    (b"%!PS", "PostScript"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"ID3", "sound (MP3)"),
    (b"OggS", "sound (Ogg)"),
    (b"SQLite format 3\0", "an SQLite database"),
)
DAMAGED_ZIP = "a damaged zip archive"
_ZIPS = (
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
    ("word/", "a Word document"),
    ("xl/", "an Excel workbook"),
    ("ppt/", "a PowerPoint presentation"),
    ("META-INF/container.xml", "an e-book (EPUB)"),
    ("content.xml", "an OpenDocument file"),
)


def foreign_kind(data: bytes) -> str | None:
    """What the bytes hold, None where nothing known to be foreign."""
    if data.startswith(_OLE):
        return _ole_kind(data)
    if data.startswith(b"PK"):
        return zip_kind(data) or DAMAGED_ZIP
    if data[4:8] == b"ftyp":
        return "a film or sound (MP4)"
    if data.startswith(b"RIFF") and data[8:12] in {b"WAVE", b"AVI "}:
        return "sound or a film (RIFF)"
    return next((kind for mark, kind in _SIGNATURES if data.startswith(mark)), None)


def is_encrypted_office(data: bytes) -> bool:
    """Whether this is the container that Office puts a password-protected document into."""
    return data.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in data


def _ole_kind(data: bytes) -> str:
    if "WordDocument".encode("utf-16-le") in data:
        return "an old Word document (.doc)"
    if "Workbook".encode("utf-16-le") in data:
        return "an old Excel workbook (.xls)"
    return "an old Office document or an Outlook message"


def zip_kind(data: bytes) -> str | None:
    """What document the parts of a zip archive make up, None for an archive of ordinary files."""
    names = member_names(data)
    return next((kind for start, kind in _ZIPS if any(name.startswith(start) for name in names)), None)
