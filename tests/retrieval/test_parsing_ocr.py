"""Pictures: their text where Tesseract is installed, else the honest sentence that names the remedy."""

import io
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from retrieval.errors import ParseError
from retrieval.parsing import ocr, parse_bytes
from retrieval.sandbox import Sandbox

with_tesseract = pytest.mark.skipif(
    ocr.tesseract() is None, reason="Tesseract is not installed here, so no text can be recognised in pictures"
)
WORDS = "Refunds take five working days"


def drawn(*lines: str) -> Image.Image:
    picture = Image.new("L", (1000, 80 * len(lines) + 80), 255)
    for i, line in enumerate(lines):
        ImageDraw.Draw(picture).text((40, 40 + 80 * i), line, fill=0, font=ImageFont.load_default(size=44))
    return picture


def encoded(picture: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


def scanned(*pages: str) -> bytes:
    """A PDF whose pages are pictures; a page "text:…" is printed as text."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    for page in pages:
        pdf.add_page()
        if page.startswith("text:"):
            pdf.cell(0, 6, page.removeprefix("text:"))
        else:
            pdf.image(drawn(page), x=10, y=10, w=150)
    return bytes(pdf.output())


@pytest.fixture
def without_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which the program is in none of the places."""
    monkeypatch.setattr(ocr, "PLACES", (str(tmp_path),))


def refusal(data: bytes, name: str) -> str:
    with pytest.raises(ParseError) as caught:
        parse_bytes(data, name)
    assert caught.value.hint.startswith(name)
    return caught.value.hint


@with_tesseract
@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.tiff", "TIFF"), ("a.webp", "WEBP")]
)
def test_the_text_in_a_picture_is_read_within_the_sandbox(name: str, kind: str) -> None:
    with Sandbox() as sandbox:
        document = sandbox.parse_data(encoded(drawn(WORDS), kind), name)
    assert document.text == WORDS
    assert document.notes == ("The text was recognised in a picture; letters and numbers may be wrong.",)


@with_tesseract
def test_a_picture_of_several_pages_has_pages() -> None:
    stream = io.BytesIO()
    drawn("The first page").save(stream, "TIFF", save_all=True, append_images=[drawn("The second page")])
    document = parse_bytes(stream.getvalue(), "a.tif")
    assert document.page_at(document.text.index("second")) == 2


@with_tesseract
def test_a_pdf_of_pictures_is_read_within_the_sandbox() -> None:
    with Sandbox() as sandbox:
        document = sandbox.parse_data(scanned(WORDS, "Write to us for help"), "scan.pdf")
    assert WORDS in document.text
    assert document.page_at(document.text.index("Write")) == 2
    assert document.notes == ("The text of 2 of 2 pages was recognised in pictures; it may have errors.",)


@with_tesseract
def test_a_picture_among_printed_pages_is_read_in_its_place() -> None:
    document = parse_bytes(scanned("text:Printed before.", WORDS, "text:Printed after."), "mixed.pdf")
    places = [document.text.index(words) for words in ("Printed before", WORDS, "Printed after")]
    assert places == sorted(places)
    assert document.notes == ("The text of 1 of 3 pages was recognised in pictures; it may have errors.",)


@with_tesseract
def test_a_picture_without_words_says_so() -> None:
    assert "none could be recognised" in refusal(encoded(Image.new("L", (200, 200), 255), "PNG"), "a.png")


@with_tesseract
def test_a_damaged_picture_is_one_line() -> None:
    assert "none could be recognised" in refusal(encoded(drawn(WORDS), "PNG")[:200], "a.png")


@pytest.mark.usefixtures("without_tesseract")
def test_without_tesseract_a_picture_is_refused_with_the_remedy() -> None:
    hint = refusal(encoded(drawn(WORDS), "PNG"), "a.png")
    assert hint.startswith("a.png has no text: it is a picture; install Tesseract")


@pytest.mark.usefixtures("without_tesseract")
def test_without_tesseract_a_pdf_of_pictures_is_refused_with_the_remedy() -> None:
    hint = refusal(scanned(WORDS), "scan.pdf")
    assert hint.startswith("scan.pdf has no text: its page is a picture.")
    assert "Tesseract" in hint


@pytest.mark.usefixtures("without_tesseract")
def test_without_tesseract_pages_that_are_pictures_are_counted() -> None:
    document = parse_bytes(scanned("text:Printed.", WORDS), "mixed.pdf")
    assert document.notes == ("1 of 2 pages hold no text that can be read; they may be pictures.",)
