"""PPTX: slides in order with their titles, tables and notes."""

import io
import zipfile
from datetime import UTC, date, datetime

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.presentation import Presentation
from pptx.slide import Slide
from pptx.util import Inches

from retrieval.chunking import chunk_document
from retrieval.errors import ParseError
from retrieval.parsing import FORMATS, parse_bytes
from retrieval.tokens import count_tokens
from retrieval.values import ParsedDocument

TITLE_AND_CONTENT, TITLE_ONLY, BLANK = 1, 5, 6


def saved(presentation: Presentation) -> bytes:
    stream = io.BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def read(presentation: Presentation) -> ParsedDocument:
    return parse_bytes(saved(presentation), "talk.pptx")


def add_slide(presentation: Presentation, title: str, *lines: str) -> Slide:
    slide = presentation.slides.add_slide(presentation.slide_layouts[TITLE_AND_CONTENT])
    slide.shapes.title.text = title
    slide.placeholders[1].text_frame.text = "\n".join(lines)
    return slide


def box(slide: Slide, text: str) -> None:
    slide.shapes.add_textbox(Inches(1), Inches(1), Inches(3), Inches(1)).text_frame.text = text


def test_a_slide_is_a_page_and_a_section_under_its_title() -> None:
    presentation = pptx.Presentation()
    add_slide(presentation, "Refunds", "Five days", "By card")
    add_slide(presentation, "Returns", "Free of charge")
    document = read(presentation)
    assert document.text == "## Refunds\n\n- Five days\n- By card\n\n## Returns\n\nFree of charge"
    assert [section.heading for section in document.sections] == [("Refunds",), ("Returns",)]
    assert document.page_at(document.text.index("Free")) == 2
    assert document.title == "Refunds"


def test_pages_of_a_presentation_are_called_slides() -> None:
    assert next(row.page_word for row in FORMATS if row.name == "PPTX") == "slide"


def test_an_empty_slide_is_counted() -> None:
    presentation = pptx.Presentation()
    add_slide(presentation, "First", "a")
    presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    add_slide(presentation, "Third", "b")
    document = read(presentation)
    assert document.page_at(document.text.index("Third")) == 3
    chunks = chunk_document(document, count_tokens=count_tokens, min_tokens=1)
    assert [chunk.page for chunk in chunks] == [1, 3]


def test_notes_stand_under_their_slide() -> None:
    presentation = pptx.Presentation()
    slide = add_slide(presentation, "Refunds", "Five days")
    slide.notes_slide.notes_text_frame.text = "Say that bank holidays do not count.\n# not a heading"
    document = read(presentation)
    assert document.text.endswith("Five days\n\nNotes: Say that bank holidays do not count.\n\n\\# not a heading")
    assert document.sections[-1].heading == ("Refunds",)


def test_a_table_stays_a_table() -> None:
    presentation = pptx.Presentation()
    slide = add_slide(presentation, "Prices")
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    for cell, text in zip(table.iter_cells(), ["Plan", "Price", "Basic", "5"], strict=True):
        cell.text = text
    assert "| Plan | Price |\n| ---- | ---- |\n| Basic | 5 |" in read(presentation).text


def test_grouped_shapes_are_read_and_untitled_slides_have_no_heading() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    group = slide.shapes.add_group_shape().shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "Deep *inside*"
    document = read(presentation)
    assert document.text == "Deep \\*inside\\*"
    assert document.sections[0].heading == ()


def test_a_chart_is_left_out_and_noted() -> None:
    presentation = pptx.Presentation()
    slide = add_slide(presentation, "Sales", "Up")
    data = CategoryChartData()
    data.categories = ["2025", "2026"]
    data.add_series("Sales", (1, 2))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(3), Inches(3), data)
    assert read(presentation).notes == ("Charts and diagrams were left out; only text and tables are read.",)


def test_a_hidden_slide_is_read_and_noted() -> None:
    presentation = pptx.Presentation()
    add_slide(presentation, "Shown", "a")
    add_slide(presentation, "Backup", "b")._element.set("show", "0")
    document = read(presentation)
    assert "## Backup" in document.text
    assert document.notes == ("Slide 2 is hidden in the presentation; it was read.",)


def test_title_and_day_are_the_properties() -> None:
    presentation = pptx.Presentation()
    add_slide(presentation, "First", "a")
    presentation.core_properties.title = "All about refunds"
    presentation.core_properties.modified = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    document = read(presentation)
    assert (document.title, document.dated) == ("All about refunds", date(2026, 3, 1))


def test_characters_that_cannot_be_seen_go_and_are_noted() -> None:
    presentation = pptx.Presentation()
    box(presentation.slides.add_slide(presentation.slide_layouts[BLANK]), "pay\u202eevil\U000e0041 now")
    document = read(presentation)
    assert document.text == "payevil now"
    assert len(document.notes) == 1


def armed(data: bytes, part: str, doctype: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            content = old.read(member)
            if member == part:
                head, mark, rest = content.partition(b"?>")
                content = head + mark + doctype.encode() + rest
            new.writestr(member, content)
    return stream.getvalue()


@pytest.mark.parametrize("part", ["ppt/slides/slide1.xml", "ppt/presentation.xml", "[Content_Types].xml"])
def test_entities_are_refused(part: str) -> None:
    presentation = pptx.Presentation()
    add_slide(presentation, "First", "a")
    laughs = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
    with pytest.raises(ParseError, match="defines XML entities"):
        parse_bytes(armed(saved(presentation), part, laughs), "talk.pptx")


def test_a_presentation_without_words_says_so() -> None:
    presentation = pptx.Presentation()
    presentation.slides.add_slide(presentation.slide_layouts[TITLE_ONLY])
    with pytest.raises(ParseError, match=r"talk\.pptx has no text"):
        read(presentation)
