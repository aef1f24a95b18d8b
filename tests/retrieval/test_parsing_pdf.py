"""PDF: paragraphs as they read, pages and sections where they are, and clear lines for what has no text."""

import io
from datetime import UTC, date, datetime

import pytest
from fpdf import FPDF
from PIL import Image

from retrieval.errors import ParseError
from retrieval.parsing import ocr, parse_bytes
from retrieval.parsing.pdf_layout import Line, lay_out
from retrieval.values import ParsedDocument

PROSE = (
    "Annual leave is agreed with your manager at least ten working days ahead, and it is entered in the "
    "people portal once it has been agreed. Unused days are carried over until the end of March. "
)


def new_pdf() -> FPDF:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    return pdf


def write(pdf: FPDF, text: str, *, size: float = 11, style: str = "") -> None:
    pdf.set_font("Helvetica", style=style, size=size)
    pdf.multi_cell(0, size * 0.5, text, align="L", new_x="LMARGIN", new_y="NEXT")


def read(pdf: FPDF) -> ParsedDocument:
    return parse_bytes(bytes(pdf.output()), "note.pdf")


def refusal(data: bytes) -> str:
    with pytest.raises(ParseError) as caught:
        parse_bytes(data, "note.pdf")
    return caught.value.hint


def picture() -> Image.Image:
    return Image.new("RGB", (40, 40), "teal")


def test_the_lines_of_a_paragraph_are_joined() -> None:
    pdf = new_pdf()
    write(pdf, PROSE * 3)
    assert read(pdf).text == (PROSE * 3).strip()


def test_paragraphs_list_items_and_short_lines_stay_apart() -> None:
    pdf = new_pdf()
    write(pdf, PROSE)
    pdf.ln(4)
    write(pdf, "Bring with you:\n- a pass\n- a laptop that you have charged\n1. then sign\nRoom 12")
    assert read(pdf).text == (
        PROSE.strip() + "\n\nBring with you:\n- a pass\n- a laptop that you have charged\n1. then sign\nRoom 12"
    )


def test_a_word_cut_at_the_end_of_a_line_is_mended() -> None:
    pdf = new_pdf()
    write(
        pdf, "The portal holds all the infor-\nmation that you need. It is a well-known place, and a well-\nknown one."
    )
    text = read(pdf).text
    assert "information" in text
    assert "a well-known one" in text


def test_pages_are_known_by_their_offsets() -> None:
    pdf = new_pdf()
    write(pdf, "First page.")
    pdf.add_page()
    pdf.add_page()
    write(pdf, "Third page.")
    document = read(pdf)
    assert document.text == "First page.\n\nThird page."
    assert document.page_starts == (0, 11, 13)
    assert document.page_at(document.text.index("Third")) == 3
    assert "1 of 3 pages hold no text" in document.notes[0]


def test_a_sentence_goes_on_on_the_next_page() -> None:
    pdf = new_pdf()
    write(pdf, "It begins on the first page and")
    pdf.add_page()
    write(pdf, "ends on the second one. Then more.")
    assert read(pdf).text == "It begins on the first page and\nends on the second one. Then more."


def test_running_headers_and_page_numbers_stay_on_the_first_page_only() -> None:
    class Manual(FPDF):
        def header(self) -> None:
            self.set_font("Helvetica", size=9)
            self.cell(0, 8, "House rules, version 3", new_x="LMARGIN", new_y="NEXT")

        def footer(self) -> None:
            self.set_y(-15)
            self.cell(0, 8, f"Page {self.page_no()} of 4")

    pdf = Manual()
    for number in range(4):
        pdf.add_page()
        write(pdf, f"Words of part {number}.")
    text = read(pdf).text
    assert text.count("House rules, version 3") == 1
    assert "Page 3" not in text
    assert all(f"Words of part {number}." in text for number in range(4))


def test_bookmarks_make_sections_and_the_table_of_contents_is_not_mistaken_for_them() -> None:
    pdf = new_pdf()
    write(pdf, "Contents\nLeave ........................ 1\nTravel ........................ 1")
    for title in ("Leave", "Travel"):
        pdf.ln(10)
        pdf.start_section(title)
        write(pdf, title)
        pdf.ln(4)
        write(pdf, PROSE)
    document = read(pdf)
    assert [section.heading for section in document.sections] == [(), ("Leave",), ("Travel",)]
    assert document.text[document.sections[1].start :].startswith("Leave\n")
    assert "Annual leave" in document.text[document.sections[1].start : document.sections[1].end]
    assert "…" in document.text
    assert "......" not in document.text


def test_larger_type_makes_sections_where_there_are_no_bookmarks() -> None:
    pdf = new_pdf()
    write(pdf, "House rules", size=22)
    for title in ("Leave", "Travel"):
        write(pdf, title, size=15)
        write(pdf, PROSE)
        write(pdf, "Exceptions", style="B")
        write(pdf, PROSE)
    document = read(pdf)
    assert [section.heading for section in document.sections] == [
        ("House rules",),
        ("House rules", "Leave"),
        ("House rules", "Leave", "Exceptions"),
        ("House rules", "Travel"),
        ("House rules", "Travel", "Exceptions"),
    ]
    assert document.title == "House rules"


def test_sections_hold_every_letter_in_order() -> None:
    pdf = new_pdf()
    for title in ("A", "B"):
        write(pdf, PROSE)
        write(pdf, f"{title} chapter", size=18)
    document = read(pdf)
    assert "".join(document.text[s.start : s.end] for s in document.sections) == document.text


def test_metadata_gives_title_and_day() -> None:
    pdf = new_pdf()
    pdf.set_title("Leave policy")
    pdf.set_creation_date(datetime(2026, 3, 1, tzinfo=UTC))
    write(pdf, "Large words", size=30)
    write(pdf, PROSE)
    document = read(pdf)
    assert document.title == "Leave policy"
    assert document.dated == date(2026, 3, 1)


@pytest.mark.parametrize("junk", ["untitled", "Microsoft Word - letter.doc", "letter.pdf", "(anonymous)"])
def test_a_title_that_a_program_wrote_is_none(junk: str) -> None:
    pdf = new_pdf()
    pdf.set_title(junk)
    write(pdf, PROSE)
    assert read(pdf).title == "note"


@pytest.mark.threat("T11")
def test_a_file_of_pictures_says_that_it_needs_ocr() -> None:
    pdf = new_pdf()
    pdf.image(picture(), w=30)
    pdf.add_page()
    pdf.image(picture(), w=30)
    advice = ", and none could be recognised. Add a sharper scan." if ocr.tesseract() else ". Run it through OCR"
    assert refusal(bytes(pdf.output())).startswith(f"note.pdf has no text: its 2 pages are pictures{advice}")


@pytest.mark.threat("T11")
def test_a_protected_file_without_text_is_told_apart() -> None:
    pdf = new_pdf()
    pdf.image(picture(), w=30)
    pdf.set_encryption(owner_password="o")
    assert "it is protected, or its page is a picture. Save it without protection" in refusal(bytes(pdf.output()))


@pytest.mark.threat("T11")
def test_a_password_is_needed() -> None:
    pdf = new_pdf()
    write(pdf, "Secret.")
    pdf.set_encryption(owner_password="o", user_password="u")
    assert refusal(bytes(pdf.output())) == "note.pdf is encrypted; save it without a password and add it again."


def test_an_empty_user_password_opens_the_file() -> None:
    pdf = new_pdf()
    write(pdf, "For all.")
    pdf.set_encryption(owner_password="o")
    assert read(pdf).text == "For all."


@pytest.mark.threat("T11")
@pytest.mark.parametrize("keep", [20, 200, 600])
def test_half_a_file_is_damaged(keep: int) -> None:
    pdf = new_pdf()
    write(pdf, PROSE)
    assert refusal(bytes(pdf.output())[:keep]).startswith("note.pdf ")


def column(*texts: str, left: float = 50, top: float = 700, size: float = 10, width: float = 200) -> list[Line]:
    """Lines below one another; each as wide as its text, at most as the column."""
    return [Line(text, left, left + min(width, len(text) * 5), top - i * 12, size) for i, text in enumerate(texts)]


def test_two_columns_are_read_one_after_the_other() -> None:
    left = column("The left column begins here and goes on", "for two lines; it has an end, though the")
    right = column("sentence goes on in the right column and", "only ends here.", left=300)
    assert lay_out([left + right]).text == (
        "The left column begins here and goes on for two lines; it has an end, though the "
        "sentence goes on in the right column and only ends here."
    )


def test_words_on_one_row_are_joined() -> None:
    row = [Line("Name:", 50, 80, 700, 10), Line("Lindenhof", 90, 140, 700.5, 10)]
    assert lay_out([row]).text == "Name: Lindenhof"


def test_cells_of_a_table_are_told_apart_and_its_rows_too() -> None:
    pdf = new_pdf()
    write(pdf, PROSE)
    for row in (("Plan", "First response", "Loan station"), ("Basic", "2 working days", "none")):
        for cell in row:
            pdf.cell(60, 7, cell)
        pdf.ln()
    write(pdf, PROSE)
    assert "\nPlan | First response | Loan station\nBasic | 2 working days | none\n" in read(pdf).text


def test_justified_prose_has_no_cells() -> None:
    pdf = new_pdf()
    pdf.multi_cell(60, 6, PROSE * 2, align="J")
    assert " | " not in read(pdf).text


def test_no_pages_no_text() -> None:
    assert lay_out([]) == ("", (), (), ())
    assert lay_out([[], []]) == ("", (0, 0), (), ())


def test_a_picture_file_is_no_pdf() -> None:
    stream = io.BytesIO()
    picture().save(stream, "PNG")
    assert "is a picture file by its content" in refusal(stream.getvalue())


def test_bookmarks_that_are_not_in_the_text_head_their_pages_where_the_type_shows_no_headings() -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    for title, words in (("Refunds", "Five working days."), ("Returns", "Free of charge.")):
        pdf.add_page()
        pdf.start_section(title)
        pdf.cell(0, 6, words)
    document = parse_bytes(bytes(pdf.output()), "note.pdf")
    assert [section.heading for section in document.sections] == [("Refunds",), ("Returns",)]
    assert document.text == "Five working days.\n\nFree of charge."
