"""The door: content decides what a file is, and what cannot be read is refused with one clear line."""

import io
import zipfile
from collections.abc import Callable

import docx
import openpyxl
import pptx
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from retrieval.errors import ParseError
from retrieval.parsing import ENDINGS, FORMATS, ocr, parse_bytes
from retrieval.parsing.names import ending, shown_name, stem


def pdf_bytes(*lines: str) -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    for line in lines:
        pdf.cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def docx_bytes(text: str = "Hello there.") -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def pptx_bytes() -> bytes:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    slide.shapes.add_textbox(0, 0, 9999, 9999).text_frame.text = "Hello there."
    presentation.core_properties.title = ""
    stream = io.BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def xlsx_bytes() -> bytes:
    workbook = openpyxl.Workbook()
    workbook.active.append(["Greeting", "Count"])
    workbook.active.append(["Hello there.", 1])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def picture_bytes(text: str) -> bytes:
    picture = Image.new("L", (600, 160), 255)
    ImageDraw.Draw(picture).text((40, 50), text, fill=0, font=ImageFont.load_default(size=44))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def zip_bytes(*names: str, content: str = "x") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return stream.getvalue()


def refusal(data: bytes, name: str) -> str:
    with pytest.raises(ParseError) as caught:
        parse_bytes(data, name)
    assert str(caught.value) == caught.value.hint
    return caught.value.hint


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def test_every_row_of_the_table_is_read() -> None:
    samples: dict[str, Callable[[], bytes]] = {
        "PDF": lambda: pdf_bytes("Hello there."),
        "DOCX": docx_bytes,
        "PPTX": pptx_bytes,
        "XLSX": xlsx_bytes,
        "ZIP": lambda: zip_bytes("note.txt", content="Hello there."),
        "picture": lambda: picture_bytes("Hello there."),
        "CSV": lambda: b"Hello there.",
        "mail": lambda: b"Subject: note\n\nHello there.",
        "HTML": lambda: b"<p>Hello there.",
        "Markdown": lambda: b"Hello there.",
        "text": lambda: b"Hello there.",
    }
    assert set(samples) == {row.name for row in FORMATS}
    for row in FORMATS:
        if row.name == "picture" and ocr.tesseract() is None:
            assert "install Tesseract" in refusal(samples[row.name](), "note.png")
            continue
        for file_ending in row.endings:
            document = parse_bytes(samples[row.name](), f"note{file_ending.upper()}")
            assert "Hello there." in document.text
            assert document.title == "note"
            assert document.format == row.name


def test_endings_are_listed_once_each() -> None:
    assert len(set(ENDINGS)) == len(ENDINGS)
    assert {".pdf", ".docx", ".html", ".md", ".txt"} <= set(ENDINGS)


@pytest.mark.parametrize("name", ["scan", "upload.tmp"])
def test_content_decides_where_the_name_says_nothing(name: str) -> None:
    assert parse_bytes(pdf_bytes("From a PDF."), name).text == "From a PDF."
    assert parse_bytes(docx_bytes("From a DOCX."), name).text == "From a DOCX."


def test_text_without_any_ending_is_text() -> None:
    assert parse_bytes(b"Apache License", "LICENSE").text == "Apache License"


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.txt", "a.txt is empty"),
        (b" \n\t\n", "a.txt", "a.txt has no text"),
        (b"<html><body><script>x</script></body></html>", "a.html", "a.html has no text"),
        (b"MZ\x90\0" + bytes(200), "a.pdf", "holds a Windows program"),
        (b"<!DOCTYPE html><html><body>x</body></html>", "a.pdf", "is not a PDF file: it holds HTML"),
        (b"just words", "a.docx", "is not a DOCX file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "a.md", "is a picture file by its content; rename it to end in .png"),
        (b"GIF89a" + bytes(20), "a.md", "holds a picture (GIF)"),
        (b"PNG or not", "a.png", "is not a picture file: it holds something else"),
        (b"{}", "a.json", "save it as PDF, DOCX, PPTX, XLSX, CSV, HTML, Markdown or text."),
        (b"MZ\x90\0" + bytes(200), "a.xlsx", "holds a Windows program"),
        (b"<html><table></table></html>", "a.xlsx", "is not a XLSX file: it holds HTML"),
        (b"\x7fELF" + bytes(200), "a.eml", "holds a Linux program"),
        (b"{}", "a.json", "is a .json file"),
        (b"{\\rtf1 hello}", "a.txt", "holds rich text"),
        (b"word\0word" * 20, "a.txt", "holds binary data"),
        (bytes(range(1, 32)) * 40 + b"\xff\xfe\x81", "a.txt", "holds binary data"),
        (zip_bytes("xl/workbook.xml"), "a.docx", "holds an Excel workbook"),
        (zip_bytes("ppt/presentation.xml"), "a.pdf", "holds a PowerPoint presentation"),
        (zip_bytes("readme.txt"), "a.docx", "is a ZIP file by its content; rename it to end in .zip"),
        (zip_bytes("META-INF/container.xml"), "a.zip", "holds an e-book (EPUB)"),
        (zip_bytes("xl/workbook.bin"), "a.xlsx", "holds a binary Excel workbook"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "a.xlsx is encrypted"),
        (b"PK\x03\x04 and then nothing", "a.docx", "is damaged"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a.docx", "is encrypted"),
        (OLE + "WordDocument".encode("utf-16-le"), "a.docx", "holds an old Word document (.doc)"),
        (OLE, "a.doc", "is a .doc file"),
        (b"%PDF-1.7 and then nothing", "a.pdf", "is damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(data: bytes, name: str, reason: str) -> None:
    hint = refusal(data, name)
    assert reason in hint
    assert hint.startswith(name)
    assert "\n" not in hint
    assert hint.endswith(".")


def test_a_file_that_is_not_what_its_name_says_is_refused() -> None:
    assert "is a PDF file by its content" in refusal(pdf_bytes("x"), "a.docx")
    assert "is a DOCX file by its content" in refusal(docx_bytes(), "a.md")
    assert "is a PPTX file by its content" in refusal(pptx_bytes(), "a.docx")
    assert "is a XLSX file by its content" in refusal(xlsx_bytes(), "a.zip")


def test_an_office_file_inside_an_archive_does_not_make_it_one() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("note.docx", docx_bytes())
    assert parse_bytes(stream.getvalue(), "a.zip").format == "ZIP"


def test_names_are_shown_without_what_could_deceive() -> None:
    assert shown_name("../../etc/pass\u202egnp.txt") == "pass�gnp.txt"
    assert shown_name("C:\\temp\\a\nb.txt") == "a�b.txt"
    assert len(shown_name("x" * 4096 + ".txt")) <= 120
    assert shown_name("x" * 4096 + ".txt").endswith(".txt")
    assert shown_name("a/") == "The file"
    assert stem("leave.policy.md") == "leave.policy"
    assert ending("UP.PDF") == ".pdf"
    assert refusal(b"", "evil\u202etxt.exe\n.txt").startswith("evil�txt.exe�.txt is empty")


def outcome(data: bytes, name: str) -> str:
    """The text read, or the one sentence that says why not."""
    try:
        return parse_bytes(data, name).text
    except ParseError as error:
        return error.hint


@given(
    st.binary(max_size=400),
    st.sampled_from(["a.txt", "a.md", "a.html", "a.pdf", "a.docx", "a.csv", "a.eml", "a.zip", "a.xlsx", "a"]),
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_end_as_text_or_as_one_sentence(data: bytes, name: str) -> None:
    read = outcome(data, name)
    assert read.strip()
    assert read.encode("utf-8")


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8), st.sampled_from(["pdf", "docx", "pptx", "xlsx", "zip"]))
@settings(max_examples=100, deadline=None)
def test_a_damaged_file_ends_as_text_or_as_one_sentence(at: int, rubbish: bytes, kind: str) -> None:
    whole = SAMPLES[kind]
    position = at % len(whole)
    damaged = whole[:position] + rubbish + whole[position + len(rubbish) :]
    assert outcome(damaged, f"a.{kind}").strip()


SAMPLES = {
    "pdf": pdf_bytes("One line.", "Another line."),
    "docx": docx_bytes(),
    "pptx": pptx_bytes(),
    "xlsx": xlsx_bytes(),
    "zip": zip_bytes("a.txt", "b.csv", content="one,two"),
}
