"""The printed page: drawn in the sandbox, the very file, the cited words found on it."""

import base64
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from retrieval.errors import ParseError, UnknownDocument
from retrieval.intake import Intake
from retrieval.originals import Originals
from retrieval.page_images import PageImages
from retrieval.printed import SCALE, PrintedPage, letters_of, marks_on, page_received
from retrieval.sandbox import Limits, Sandbox
from retrieval.values import ParsedDocument, Section
from tests.conftest import Shelf

TRAVEL = Path("examples/company/hr/travel-and-expenses-2026.pdf")
WORDS = "Trips that began before 1 February 2026 are settled under version 2.1."


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One child for all tests that draw."""
    with Sandbox() as opened:
        yield opened


def drawn(sandbox: Sandbox, data: bytes, number: int = 1) -> PrintedPage:
    return sandbox.draw_page(data, "note.pdf", number=number, width_px=700)


def picture_of(page: PrintedPage) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(page.picture))).convert("L")


def ink_under(page: PrintedPage, document: ParsedDocument, words: str) -> float:
    """The share of dark pixels under the marks of these words."""
    start = document.text.index(words)
    marks = marks_on(page, document, document.page_at(start) or 0, start, start + len(words))
    assert marks
    image, dark, all_ = picture_of(page), 0, 0
    for mark in marks:
        left, top = int(mark.left * page.width / 100), int(mark.top * page.height / 100)
        size = max(1, int(mark.width * page.width / 100)), max(1, int(mark.height * page.height / 100))
        pixels = image.crop((left, top, left + size[0], top + size[1])).tobytes()
        dark += sum(pixel < 140 for pixel in pixels)
        all_ += len(pixels)
    return dark / all_


def test_a_page_is_a_picture_of_the_width_that_was_asked_for(sandbox: Sandbox) -> None:
    page = drawn(sandbox, TRAVEL.read_bytes())
    assert picture_of(page).size == (page.width, page.height)
    assert abs(page.width - 700) <= 1
    assert len(page.picture) < 200_000


def test_the_marks_lie_over_the_printed_words(sandbox: Sandbox) -> None:
    """A line each for words that go over the end of a line, and ink under every one of them."""
    data = TRAVEL.read_bytes()
    document, page = sandbox.parse_data(data, "travel.pdf"), drawn(sandbox, data)
    start = document.text.index(WORDS)
    marks = marks_on(page, document, 1, start, start + len(WORDS))
    assert len(marks) == 2
    assert marks[0].top < marks[1].top
    assert 0.08 < ink_under(page, document, WORDS) < 0.6


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_the_marks_turn_with_the_page(sandbox: Sandbox, rotation: int) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=18)
    pdf.text(20, 40, "The anchor stands on the shore")
    data = bytes(pdf.output()).replace(b"/Type /Page\n", b"/Type /Page\n/Rotate %d\n" % rotation, 1)
    document, page = sandbox.parse_data(data, "turned.pdf"), drawn(sandbox, data)
    assert ink_under(page, document, "anchor") > 0.05


def test_words_that_stand_twice_are_marked_where_they_are_cited(sandbox: Sandbox) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    for place, words in ((40, "The fee is 30 pounds."), (140, "The other fee is 30 pounds.")):
        pdf.text(20, place, words)
    data = bytes(pdf.output())
    document, page = sandbox.parse_data(data, "fees.pdf"), drawn(sandbox, data)
    first, second = document.text.index("30 pounds"), document.text.rindex("30 pounds")
    (upper,), (lower,) = (marks_on(page, document, 1, at, at + 9) for at in (first, second))
    assert lower.top - upper.top > 20


def test_a_span_is_marked_as_far_as_it_stands_on_the_page() -> None:
    document = ParsedDocument("T", "one two three", (Section((), 0, 13),), page_starts=(0, 8))
    boxes = tuple(edge for n in range(6) for edge in (n * 100, 0, n * 100 + 90, 200))
    page = PrintedPage("", 10, 10, "onetwo", boxes)
    assert len(marks_on(page, document, 1, 4, 13)) == 1
    assert marks_on(page, document, 2, 4, 8) == ()
    assert marks_on(page, document, 3, 0, 13) == ()


@settings(max_examples=200, deadline=None)
@given(st.text("ab -\n", max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_marks_cover_the_letters_of_any_span(text: str, start: int, length: int) -> None:
    """Whatever the repetitions: the marked boxes are those of the letters that were asked for."""
    letters = letters_of(text)
    boxes = tuple(edge for n in range(len(letters)) for edge in (n * 200, 0, n * 200 + 100, 10))
    page = PrintedPage("", 10, 10, letters, boxes)
    document = ParsedDocument("T", text, (), page_starts=(0,))
    end = min(len(text), start + length)
    marks = marks_on(page, document, 1, start, end)
    before, wanted = len(letters_of(text[:start])), len(letters_of(text[start:end]))
    places = [round(mark.left * SCALE / 100) // 200 for mark in marks]
    assert places == list(range(before, before + wanted))


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"width": 0, "height": 1, "letters": "", "boxes": []},
        {"width": 1, "height": 1, "letters": "a", "boxes": []},
        {"width": 1, "height": 1, "letters": "a", "boxes": [0, 0, SCALE + 1, 1]},
        {"width": 1, "height": 1, "letters": 5, "boxes": [0, 0, 1, 1]},
        {"width": 1, "height": 1, "letters": "a", "boxes": ["0", 0, 1, 1]},
    ],
)
def test_what_is_no_page_is_refused(header: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        page_received(header, "")


def test_a_picture_that_is_no_base64_is_refused() -> None:
    with pytest.raises(ValueError, match="no printed page"):
        page_received({"width": 1, "height": 1, "letters": "", "boxes": []}, '"><script>')


@pytest.mark.parametrize("number", [0, -1, 99])
def test_a_page_that_is_not_there_is_refused(sandbox: Sandbox, number: int) -> None:
    with pytest.raises(ParseError, match="no page"):
        drawn(sandbox, TRAVEL.read_bytes(), number)


def test_a_page_of_absurd_size_stays_small(sandbox: Sandbox) -> None:
    pdf = FPDF(unit="pt", format=(20, 14_000))
    pdf.add_page()
    page = drawn(sandbox, bytes(pdf.output()))
    assert page.width * page.height < 3_000_000


def test_a_damaged_file_gives_a_reason(sandbox: Sandbox) -> None:
    with pytest.raises(ParseError, match="damaged"):
        drawn(sandbox, b"%PDF-1.7 broken")


def test_a_page_that_takes_too_long_is_given_up() -> None:
    with Sandbox(Limits(page_s=0.01, total_s=0.02)) as hasty, pytest.raises(ParseError):
        drawn(hasty, TRAVEL.read_bytes())


@pytest.fixture
def images(shelf: Shelf, tmp_path: Path) -> PageImages:
    """Pages of a library with one PDF and one text file."""
    originals = Originals(tmp_path / "originals")
    folder = tmp_path / "files"
    folder.mkdir()
    shutil.copy(TRAVEL, folder / "travel.pdf")
    (folder / "leave.md").write_text("# Leave\n\nEveryone has 26 days of leave.\n", "utf-8")
    Intake(shelf.library, shelf.indexes, None, originals).read_paths([folder], collection="HR")
    return PageImages(shelf.catalogue, originals)


def scope_of_all(shelf: Shelf) -> frozenset[str]:
    return frozenset(c.id for c in shelf.library.collections())


def test_the_page_of_a_kept_pdf_is_drawn_once(shelf: Shelf, images: PageImages, tmp_path: Path) -> None:
    scope = scope_of_all(shelf)
    document_id = shelf.library.document_at("travel.pdf", scope)
    page = images.page(document_id, 2, scope)
    assert page is not None
    shutil.rmtree(tmp_path / "originals")
    assert images.page(document_id, 2, scope) is page
    with pytest.raises(ParseError, match="not kept"):
        images.page(document_id, 1, scope)


def test_a_file_that_is_not_the_one_that_was_read_is_not_shown(
    shelf: Shelf, images: PageImages, tmp_path: Path
) -> None:
    scope = scope_of_all(shelf)
    for kept in (tmp_path / "originals").glob("??/*"):
        kept.write_bytes(kept.read_bytes() + b"\n% changed")
    with pytest.raises(ParseError, match="not the one"):
        images.page(shelf.library.document_at("travel.pdf", scope), 1, scope)


def test_a_text_file_has_no_printed_page(shelf: Shelf, images: PageImages) -> None:
    scope = scope_of_all(shelf)
    assert images.page(shelf.library.document_at("leave.md", scope), 1, scope) is None


def test_whoever_may_not_read_the_document_gets_no_page(shelf: Shelf, images: PageImages) -> None:
    document_id = shelf.library.document_at("travel.pdf", scope_of_all(shelf))
    images.page(document_id, 1, scope_of_all(shelf))
    with pytest.raises(UnknownDocument):
        images.page(document_id, 1, frozenset({"another"}))
