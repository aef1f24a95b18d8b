"""Makes the sample company's PDF, DOCX, PPTX and XLSX files from the Markdown in examples/sources.

    python examples/make_documents.py [--out FOLDER]

Dates and metadata come from the sources, so two runs write the same bytes.
Needs fpdf2 (the extra "test").
"""

import argparse
import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from docx import Document
from docx.document import Document as DocxDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as DocxParagraph
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace
from fpdf.outline import OutlineSection
from markdown_it import MarkdownIt
from markdown_it.token import Token
from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pptx import Presentation
from pptx.util import Cm
from pptx.util import Pt as SlidePt

HERE = Path(__file__).resolve().parent
COMPANY = "Skerrivane Instruments"
INK, MUTED, TEAL, PALE, SAND = (27, 31, 36), (92, 100, 112), (15, 92, 87), (233, 241, 239), (250, 244, 228)

TARGETS = {
    "travel-and-expenses-2024": "hr/travel-and-expenses-2024.docx",
    "travel-and-expenses-2026": "hr/travel-and-expenses-2026.pdf",
    "parental-leave": "hr/parental-leave.docx",
    "laptops-and-devices": "it/laptops-and-devices.docx",
    "incident-response": "security/incident-response.pdf",
    "visitor-policy": "security/visitor-policy.docx",
    "evacuation-notice-scan": "security/evacuation-notice-scan.pdf",
    "whimbrel-3-manual": "product/whimbrel-3-manual.pdf",
    "service-levels": "support/service-levels.pdf",
    "2026-04-14-product-council": "minutes/2026-04-14-product-council.pdf",
    "2026-09-22-support-review": "minutes/2026-09-22-support-review.docx",
    "probation": "hr/probation.docx",
    "calibration-service": "product/calibration-service.docx",
    "datasheet-whimbrel-3": "product/datasheet-whimbrel-3.pdf",
    "datasheet-dunlin": "product/datasheet-dunlin.pdf",
    "warranty-terms": "support/warranty-terms.pdf",
    "spare-parts-2025": "support/spare-parts-2025.pdf",
    "spare-parts-2026": "support/spare-parts-2026.xlsx",
    "2026-10-13-support-rules": "minutes/2026-10-13-support-rules.docx",
    "2026-10-all-hands": "minutes/2026-10-all-hands.pptx",
}
"""Source (without .md) → the file made from it, below the folder of the company."""


# --- sources -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one style."""

    text: str
    bold: bool = False
    italic: bool = False


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A heading (level 1 is the outermost), a paragraph, a list, a boxed note or a table of cells."""

    kind: Literal["heading", "paragraph", "bullets", "numbers", "note", "table"]
    runs: Runs = ()
    level: int = 0
    items: tuple[Runs, ...] = ()
    rows: tuple[tuple[Runs, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One source file: its front matter and its blocks."""

    meta: dict[str, str]
    blocks: tuple[Block, ...]

    @property
    def title(self) -> str:
        """What the document is called."""
        return self.meta["title"]

    @property
    def dated(self) -> datetime:
        """Nine in the morning (UTC) of the document's date: what the metadata of the file says."""
        return datetime.fromisoformat(self.meta["date"]).replace(hour=9, tzinfo=UTC)

    @property
    def stamp(self) -> str:
        """The line below the title."""
        day = f"{self.dated.day} {self.dated:%B %Y}"
        return f"{self.meta['version']} \u00b7 {day} \u00b7 {self.meta['owner']}"


def read_source(path: Path) -> Source:
    """The source at `path`; its version is written out ("3.0" becomes "Version 3.0")."""
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    meta = dict(line.split(": ", 1) for line in front.strip().splitlines())
    if meta["version"][0].isdigit():
        meta["version"] = f"Version {meta['version']}"
    return Source(meta, tuple(blocks(MarkdownIt().enable("table").parse(body))))


def blocks(tokens: list[Token]) -> Iterator[Block]:
    """The blocks of a document's tokens, in order."""
    position = 0
    while position < len(tokens):
        end = closing(tokens, position)
        yield block(tokens[position : end + 1])
        position = end + 1


def closing(tokens: list[Token], start: int) -> int:
    """Where the block that opens at `start` closes."""
    depth = 0
    for index in range(start, len(tokens)):
        depth += tokens[index].nesting
        if depth == 0:
            return index
    raise ValueError(f"{tokens[start].type} is never closed")


def block(tokens: list[Token]) -> Block:
    """The one block that `tokens` open and close."""
    texts = tuple(runs(token) for token in tokens if token.type == "inline")
    match tokens[0].type:
        case "heading_open":
            return Block("heading", texts[0], level=int(tokens[0].tag[1]) - 1)
        case "paragraph_open":
            return Block("paragraph", texts[0])
        case "bullet_list_open":
            return Block("bullets", items=texts)
        case "ordered_list_open":
            return Block("numbers", items=texts)
        case "blockquote_open":
            return Block("note", texts[0])
        case "table_open":
            return Block("table", rows=rows(tokens))
        case other:
            raise ValueError(f"sources have no {other}")


def rows(tokens: list[Token]) -> tuple[tuple[Runs, ...], ...]:
    """The cells of a table, row by row, the heading row first."""
    found: list[tuple[Runs, ...]] = []
    row: list[Runs] = []
    for token in tokens:
        if token.type == "inline":
            row.append(runs(token))
        elif token.type == "tr_close":
            found.append(tuple(row))
            row = []
    return tuple(found)


def runs(inline: Token) -> Runs:
    """The runs of one line of text."""
    found: list[Run] = []
    bold = italic = 0
    for child in inline.children or ():
        bold += child.nesting if child.tag == "strong" else 0
        italic += child.nesting if child.tag == "em" else 0
        if child.type in ("text", "code_inline"):
            found.append(Run(child.content, bold > 0, italic > 0))
        elif child.type == "softbreak":
            found.append(Run(" "))
    return tuple(run for run in found if run.text)


def plain(line: Runs) -> str:
    """The text without its styles."""
    return "".join(run.text for run in line)


# --- PDF -----------------------------------------------------------------------------------------------


class Paper(FPDF):
    """An A4 document in the company's style."""

    def __init__(self, source: Source) -> None:
        super().__init__(format="A4")
        self.source = source
        self.has_cover = source.meta.get("layout") == "manual"
        self.set_compression(False)
        self.core_fonts_encoding = "windows-1252"
        self.set_margins(24, 22, 24)
        self.set_auto_page_break(True, margin=22)
        self.c_margin = 0
        self.set_title(source.title)
        self.set_author(COMPANY)
        self.set_subject(source.meta["subject"])
        self.set_creator("examples/make_documents.py")
        self.set_lang("en-GB")
        self.set_creation_date(source.dated)

    def footer(self) -> None:
        """Document and page number, below every page but a cover and a scan."""
        if self.source.meta.get("layout") == "scan" or (self.has_cover and self.page_no() == 1):
            return
        self.set_y(-15)
        self.set_font("Helvetica", size=8)
        self.set_text_color(*MUTED)
        self.cell(w=self.epw / 2, text=f"{COMPANY} \u00b7 {self.source.title}")
        unknown = self.get_string_width("{nb}") - self.get_string_width("9")
        self.cell(w=self.epw / 2 + unknown, text=f"page {self.page_no()} of {{nb}}", align="R")

    def line_of(self, text: str, *, size: float, colour: tuple[int, int, int], bold: bool = False) -> None:
        """`text` in one style, over the whole width, wrapped where it must be."""
        self.set_font("Helvetica", "B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.46, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def body(self, text: str, *, indent: float = 0, fill: bool = False) -> None:
        """A paragraph of running text; ** and __ in it are bold and italic."""
        self.set_font("Helvetica", size=10)
        self.set_text_color(*INK)
        self.set_x(self.l_margin + indent)
        self.multi_cell(
            self.epw - indent,
            5.1,
            text,
            align="L",
            markdown=True,
            fill=fill,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def make_room(self, height: float) -> None:
        """Go to the next page unless `height` millimetres are left on this one."""
        if self.get_y() + height > self.page_break_trigger:
            self.add_page()


def marked(line: Runs) -> str:
    """The text with the marks that fpdf2 reads as bold and italic."""
    return "".join(f"**{run.text}**" if run.bold else f"__{run.text}__" if run.italic else run.text for run in line)


def pdf_bytes(source: Source) -> bytes:
    """The source as a PDF with headings, bookmarks, tables and page numbers."""
    paper = Paper(source)
    paper.add_page()
    if paper.has_cover:
        draw_cover(paper)
        paper.add_page()
        paper.insert_toc_placeholder(draw_contents, pages=1)
    else:
        draw_letterhead(paper)
    for index, part in enumerate(source.blocks):
        paper.make_room(room(source.blocks[index:]))
        PDF_DRAWERS[part.kind](paper, part)
    return bytes(paper.output())


def room(parts: tuple[Block, ...]) -> float:
    """The millimetres to keep together from the first part on: a heading stays with what it heads, a
    paragraph with the table it announces."""
    first, rest = parts[0], parts[1:]
    if first.kind == "heading" and rest:
        return height(first) + room(rest)
    if first.kind == "paragraph" and rest and rest[0].kind == "table":
        return height(first) + height(rest[0])
    return height(first)


def height(part: Block) -> float:
    """About how many millimetres of one page a part needs."""
    match part.kind:
        case "heading":
            return 14
        case "table":
            return min(8.0 * len(part.rows), 120)
        case "bullets" | "numbers":
            return 13
        case _:
            return 5.1 * (1 + len(plain(part.runs)) // 95) + 2.4


def draw_letterhead(paper: Paper) -> None:
    """The company's name and mark, the title and the line of version, date and owner."""
    draw_mark(paper, x=paper.l_margin + 4, y=20, radius=4)
    paper.set_xy(paper.l_margin + 11, 17)
    paper.line_of(COMPANY, size=11, colour=TEAL, bold=True)
    paper.set_x(paper.l_margin + 11)
    paper.line_of(paper.source.meta["subject"], size=8.5, colour=MUTED)
    paper.set_y(36)
    paper.line_of(paper.source.title, size=22, colour=INK, bold=True)
    paper.ln(2)
    paper.line_of(paper.source.stamp, size=9, colour=MUTED)
    paper.set_draw_color(*TEAL)
    paper.line(paper.l_margin, paper.get_y() + 2.5, paper.w - paper.r_margin, paper.get_y() + 2.5)
    paper.ln(6)


def draw_mark(paper: Paper, *, x: float, y: float, radius: float) -> None:
    """The company's mark: a disc with three gusts."""
    paper.set_fill_color(*TEAL)
    paper.circle(x, y, radius, style="F")
    paper.set_draw_color(255, 255, 255)
    paper.set_line_width(radius / 8)
    for row, (left, right) in enumerate(((0.6, 0.35), (0.35, 0.65), (0.6, 0.15))):
        height = y + (row - 1) * radius * 0.42
        paper.line(x - left * radius, height, x + right * radius, height)
    paper.set_line_width(0.2)


def draw_cover(paper: Paper) -> None:
    """The first page of the manual."""
    draw_mark(paper, x=paper.l_margin + 5, y=30, radius=5)
    paper.set_xy(paper.l_margin + 14, 27.5)
    paper.line_of(COMPANY, size=13, colour=TEAL, bold=True)
    draw_station(paper, x=paper.w / 2, y=62)
    paper.set_y(208)
    paper.line_of(paper.source.title, size=28, colour=INK, bold=True)
    paper.ln(2)
    paper.line_of(paper.source.meta["subtitle"], size=15, colour=MUTED)
    paper.ln(8)
    paper.line_of(paper.source.stamp, size=10, colour=INK)


def draw_station(paper: Paper, *, x: float, y: float) -> None:
    """A picture of the station on its mast, `y` at the top of the vane."""
    paper.set_draw_color(*TEAL)
    paper.set_line_width(0.9)
    paper.line(x, y + 14, x, y + 125)
    for side in (-1, 1):
        paper.line(x, y + 72, x + side * 42, y + 125)
        paper.line(x, y + 22, x + side * 22, y + 22)
    paper.line(x - 60, y + 125, x + 60, y + 125)
    draw_sensors(paper, x=x, y=y)
    paper.set_line_width(0.2)


def draw_sensors(paper: Paper, *, x: float, y: float) -> None:
    """Cups, vane, radiation shield, battery box and solar panel."""
    paper.set_fill_color(*PALE)
    paper.line(x - 27, y + 17, x - 17, y + 17)
    for offset in (-6, 6):
        paper.circle(x - 22 + offset, y + 17, 3, style="FD")
    paper.line(x - 22, y + 22, x - 22, y + 17)
    paper.line(x + 22, y + 22, x + 22, y + 16)
    paper.polygon(((x + 10, y + 16), (x + 30, y + 16), (x + 36, y + 11), (x + 36, y + 21), (x + 30, y + 16)))
    for plate in range(6):
        paper.line(x + 5, y + 50 + plate * 2.4, x + 15, y + 50 + plate * 2.4)
    paper.line(x, y + 56, x + 10, y + 56)
    paper.rect(x - 6, y + 82, 12, 17, style="FD")
    paper.polygon(((x - 32, y + 48), (x - 12, y + 58), (x - 12, y + 62), (x - 32, y + 52)), style="FD")
    paper.line(x - 12, y + 60, x, y + 60)


def draw_contents(pdf: FPDF, outline: list[OutlineSection]) -> None:
    """The page of contents, one line for each heading, joined to it."""
    paper = cast(Paper, pdf)
    paper.set_xy(paper.l_margin, paper.t_margin)
    paper.line_of("Contents", size=18, colour=INK, bold=True)
    paper.ln(4)
    for section in outline:
        paper.set_font("Helvetica", "B" if section.level == 0 else "", 10.5 if section.level == 0 else 9.5)
        paper.set_text_color(*(INK if section.level == 0 else MUTED))
        link = paper.add_link(page=section.page_number)
        indent = 6 * section.level
        paper.set_x(paper.l_margin + indent)
        paper.cell(paper.epw - indent - 12, 5.8, section.name, link=link)
        paper.cell(12, 5.8, str(section.page_number), align="R", link=link, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def draw_heading(paper: Paper, part: Block) -> None:
    """A heading and its bookmark."""
    if paper.get_y() > paper.t_margin:
        paper.ln(4.5 if part.level == 1 else 2.5)
    paper.start_section(plain(part.runs), level=part.level - 1)
    paper.line_of(plain(part.runs), size=15 if part.level == 1 else 12, colour=TEAL, bold=True)
    paper.ln(1.8)


def draw_paragraph(paper: Paper, part: Block) -> None:
    """Running text."""
    paper.body(marked(part.runs))
    paper.ln(2.4)


def draw_list(paper: Paper, part: Block) -> None:
    """Items with bullets or numbers, indented."""
    for number, item in enumerate(part.items, start=1):
        paper.make_room(11)
        paper.set_font("Helvetica", size=10)
        paper.set_text_color(*TEAL)
        paper.set_x(paper.l_margin + 2)
        paper.cell(6, 5.1, f"{number}." if part.kind == "numbers" else "\u2022")
        paper.body(marked(item), indent=8)
        paper.ln(0.8)
    paper.ln(1.8)


def draw_note(paper: Paper, part: Block) -> None:
    """Text on a sand-coloured ground."""
    paper.set_fill_color(*SAND)
    paper.body(marked(part.runs), fill=True)
    paper.ln(3)


def draw_table(paper: Paper, part: Block) -> None:
    """A table whose heading row is repeated on the next page."""
    paper.set_font("Helvetica", size=9.5)
    paper.set_text_color(*INK)
    paper.set_draw_color(201, 204, 209)
    paper.set_fill_color(255, 255, 255)
    paper.set_line_width(0.2)
    head = FontFace(emphasis="BOLD", color=TEAL, fill_color=PALE)
    with paper.table(
        headings_style=head,
        line_height=5,
        padding=1.3,
        text_align="LEFT",
        col_widths=shares(part),
        markdown=True,
    ) as table:
        for row in part.rows:
            cells = table.row()
            for cell in row:
                cells.cell(marked(cell))
    paper.ln(4)


def shares(part: Block) -> tuple[int, ...]:
    """How wide each column of a table is, by its longest cell, within limits."""
    longest = [max(len(plain(row[column])) for row in part.rows) for column in range(len(part.rows[0]))]
    return tuple(min(max(letters, 11), 56) for letters in longest)


PDF_DRAWERS: dict[str, Callable[[Paper, Block], None]] = {
    "heading": draw_heading,
    "paragraph": draw_paragraph,
    "bullets": draw_list,
    "numbers": draw_list,
    "note": draw_note,
    "table": draw_table,
}


# --- a scan --------------------------------------------------------------------------------------------

SCAN_WIDTH, SCAN_HEIGHT = 868, 1228


def scan_bytes(source: Source) -> bytes:
    """The source as a PDF whose only page is a picture of a printed notice, a little askew."""
    paper = Paper(source)
    paper.set_auto_page_break(False)
    paper.add_page()
    paper.image(io.BytesIO(scanned(source)), x=0, y=0, w=paper.w, h=paper.h)
    return bytes(paper.output())


def scanned(source: Source) -> bytes:
    """A greyscale JPEG of the notice as a copier sees it: askew, soft, with specks."""
    page = Image.new("L", (SCAN_WIDTH, SCAN_HEIGHT), 248)
    draw = ImageDraw.Draw(page)
    height = written(draw, COMPANY, y=84, size=22) + 46
    height = written(draw, source.title.upper(), y=height, size=50) + 22
    for part in source.blocks:
        for number, line in enumerate(part.items or (part.runs,), start=1):
            text = f"{number}.  {plain(line)}" if part.kind == "numbers" else plain(line)
            height = written(draw, text, y=height, size=28) + 16
    written(draw, f"{source.meta['owner']}, {source.dated.day} {source.dated:%B %Y}", y=height + 8, size=20)
    draw.rectangle((54, 56, SCAN_WIDTH - 54, SCAN_HEIGHT - 70), outline=60, width=3)
    page = page.rotate(0.8, resample=Image.Resampling.BICUBIC, fillcolor=232)
    speckle(page)
    buffer = io.BytesIO()
    page.filter(ImageFilter.GaussianBlur(0.5)).save(buffer, "JPEG", quality=52)
    return buffer.getvalue()


def written(draw: ImageDraw.ImageDraw, text: str, *, y: float, size: int) -> float:
    """Write `text` from `y` on, wrapped; returns where the next line begins."""
    font = ImageFont.load_default(size)
    line = ""
    for word in text.split():
        if font.getlength(f"{line} {word}") > SCAN_WIDTH - 200:
            draw.text((96, y), line, font=font, fill=34)
            line, y = "", y + size * 1.35
        line = f"{line} {word}".strip()
    draw.text((96, y), line, font=font, fill=34)
    return y + size * 1.35


def speckle(page: Image.Image) -> None:
    """Specks of dust, always the same."""
    dust = random.Random(1998)
    for _ in range(140):
        page.putpixel((dust.randrange(SCAN_WIDTH), dust.randrange(SCAN_HEIGHT)), dust.randrange(90, 200))


# --- DOCX ----------------------------------------------------------------------------------------------


def docx_bytes(source: Source) -> bytes:
    """The source as a Word document with styles, tables and page numbers."""
    document = Document()
    set_properties(document, source)
    set_styles(document)
    document.add_paragraph(source.title, style="Title")
    document.add_paragraph(source.stamp, style="Subtitle")
    for part in source.blocks:
        add_block(document, part)
    document.sections[0].header.paragraphs[0].text = f"{COMPANY} \u00b7 {source.meta['subject']}"
    add_page_numbers(document.sections[0].footer.paragraphs[0])
    buffer = io.BytesIO()
    document.save(buffer)
    return with_fixed_times(buffer.getvalue(), source.dated)


def set_properties(document: DocxDocument, source: Source) -> None:
    """The document's properties, none of which is the time of the run."""
    properties = document.core_properties
    properties.title, properties.subject = source.title, source.meta["subject"]
    properties.author = properties.last_modified_by = COMPANY
    properties.created = properties.modified = source.dated.replace(tzinfo=None)
    properties.language, properties.revision = "en-GB", 1
    properties.comments = properties.keywords = ""


def set_styles(document: DocxDocument) -> None:
    """The company's type: one family, teal headings, A4."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    sizes = {"Normal": 11.0, "Title": 24.0, "Subtitle": 9.5, "Heading 1": 15.0, "Heading 2": 12.0}
    for name, size in sizes.items():
        style = cast(Any, document.styles[name])
        style.font.name, style.font.size = "Calibri", Pt(size)
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "Calibri")
    for name, colour in {"Title": INK, "Subtitle": MUTED, "Heading 1": TEAL, "Heading 2": TEAL}.items():
        cast(Any, document.styles[name]).font.color.rgb = RGBColor(*colour)


def add_block(document: DocxDocument, part: Block) -> None:
    """Append the part in the style that belongs to its kind."""
    match part.kind:
        case "heading":
            document.add_heading(plain(part.runs), level=part.level)
        case "paragraph":
            add_runs(document.add_paragraph(), part.runs)
        case "note":
            add_runs(document.add_paragraph(style="Intense Quote"), part.runs)
        case "bullets" | "numbers":
            style = "List Bullet" if part.kind == "bullets" else "List Number"
            for item in part.items:
                add_runs(document.add_paragraph(style=style), item)
        case "table":
            add_table(document, part)


def add_runs(paragraph: DocxParagraph, line: Runs) -> None:
    """Append the runs with their styles."""
    for run in line:
        added = paragraph.add_run(run.text)
        added.bold, added.italic = run.bold or None, run.italic or None


def add_table(document: DocxDocument, part: Block) -> None:
    """Append a table and the space below it."""
    table = document.add_table(rows=0, cols=len(part.rows[0]), style="Light List Accent 5")
    for row in part.rows:
        for cell, line in zip(table.add_row().cells, row, strict=True):
            add_runs(cell.paragraphs[0], line)
    document.add_paragraph()


def add_page_numbers(paragraph: DocxParagraph) -> None:
    """The fields that Word and others turn into "2 of 4"."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for text, field in (("page ", "PAGE"), (" of ", "NUMPAGES")):
        paragraph.add_run(text)
        element = OxmlElement("w:fldSimple")
        element.set(qn("w:instr"), field)
        paragraph._p.append(element)


def with_fixed_times(data: bytes, dated: datetime) -> bytes:
    """The same archive with every member dated `dated` instead of now."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(buffer, "w") as after:
        for name in before.namelist():
            member = zipfile.ZipInfo(name, dated.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 0
            content = before.read(name)
            if name == "docProps/core.xml":  # openpyxl writes the time of the run
                content = _SAVED.sub(rb"\g<1>" + f"{dated:%Y-%m-%dT%H:%M:%SZ}".encode(), content)
            after.writestr(member, content)
    return buffer.getvalue()


# --- PPTX ----------------------------------------------------------------------------------------------


def pptx_bytes(source: Source) -> bytes:
    """The source as slides, one for each heading; a note in it is what the speaker reads."""
    slides = Presentation()
    slides.slide_width, slides.slide_height = Cm(33.867), Cm(19.05)
    properties = slides.core_properties
    properties.title, properties.subject = source.title, source.meta["subject"]
    properties.author = properties.last_modified_by = COMPANY
    properties.created = properties.modified = source.dated.replace(tzinfo=None)
    properties.revision = 1
    cover = slides.slides.add_slide(slides.slide_layouts[0])
    cover.shapes.title.text, cover.placeholders[1].text = source.title, source.stamp
    for parts in slide_parts(source.blocks):
        add_slide(slides, parts)
    buffer = io.BytesIO()
    slides.save(buffer)
    return with_fixed_times(buffer.getvalue(), source.dated)


def slide_parts(parts: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """The parts of each slide, its heading first."""
    starts = [index for index, part in enumerate(parts) if part.kind == "heading"]
    for start, end in zip(starts, [*starts[1:], len(parts)], strict=True):
        yield parts[start:end]


def add_slide(slides: Any, parts: tuple[Block, ...]) -> None:
    """Append a slide with title, points, table and the speaker's notes."""
    has_table = any(part.kind == "table" for part in parts)
    slide = slides.slides.add_slide(slides.slide_layouts[5 if has_table else 1])
    slide.shapes.title.text = plain(parts[0].runs)
    for part in parts[1:]:
        match part.kind:
            case "bullets" | "numbers":
                slide.placeholders[1].text = "\n".join(plain(item) for item in part.items)
            case "table":
                add_slide_table(slide, part)
            case "note":
                slide.notes_slide.notes_text_frame.text = plain(part.runs)
            case other:
                raise ValueError(f"slides have no {other}")


def add_slide_table(slide: Any, part: Block) -> None:
    """Put a table below the title."""
    size = len(part.rows), len(part.rows[0])
    table = slide.shapes.add_table(*size, Cm(2), Cm(5), Cm(29), Cm(1.4 * size[0])).table
    for number, row in enumerate(part.rows):
        for column, cell in enumerate(row):
            frame = table.cell(number, column).text_frame
            frame.text = plain(cell)
            frame.paragraphs[0].font.size = SlidePt(20)


# --- XLSX ----------------------------------------------------------------------------------------------

_SAVED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def xlsx_bytes(source: Source) -> bytes:
    """The source as a workbook with a sheet for each heading, title and version above its table."""
    book = Workbook()
    book.remove(book.worksheets[0])
    properties = book.properties
    properties.title, properties.creator, properties.lastModifiedBy = source.title, COMPANY, COMPANY
    properties.created = source.dated.replace(tzinfo=None)
    for heading, table in zip(source.blocks[::2], source.blocks[1::2], strict=True):
        add_sheet(book.create_sheet(plain(heading.runs)), source, table)
    buffer = io.BytesIO()
    book.save(buffer)
    return with_fixed_times(buffer.getvalue(), source.dated)


def add_sheet(sheet: Worksheet, source: Source, table: Block) -> None:
    """Fill a sheet."""
    sheet.append([source.title])
    sheet.append([source.stamp])
    sheet["A1"].font = Font(bold=True, size=14)
    for row in table.rows:
        sheet.append([plain(cell) for cell in row])
    for cell in sheet[3]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", start_color="E9F1EF")
    for letter, width in zip("ABCDE", (12, 44, 12, 10, 18), strict=True):
        sheet.column_dimensions[letter].width = width


# --- the door ------------------------------------------------------------------------------------------


def made(source: Source, target: str) -> bytes:
    """The bytes of the file named `target`."""
    if target.endswith(".docx"):
        return docx_bytes(source)
    if target.endswith(".pptx"):
        return pptx_bytes(source)
    if target.endswith(".xlsx"):
        return xlsx_bytes(source)
    return scan_bytes(source) if source.meta.get("layout") == "scan" else pdf_bytes(source)


def make_documents(out: Path) -> tuple[Path, ...]:
    """Write every file of TARGETS below `out`; returns the files written."""
    written_files = []
    for name, target in TARGETS.items():
        path = out / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made(read_source(HERE / "sources" / f"{name}.md"), target))
        written_files.append(path)
    return tuple(written_files)


def main() -> None:
    """Make the files and print what was written."""
    parser = argparse.ArgumentParser(description="Make the sample company's PDF, DOCX, PPTX and XLSX files.")
    parser.add_argument("--out", type=Path, default=HERE / "company", help="the folder to write to")
    for path in make_documents(parser.parse_args().out):
        print(f"{path.stat().st_size:>7,} bytes  {path}")


if __name__ == "__main__":
    main()
