"""PPTX: each slide's title, text, tables and notes, in order; slides are its pages."""

import io
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from retrieval.invisible import note_removed, visible
from retrieval.parsing.archive import check_archive, member_names
from retrieval.parsing.escape import escaped, escaped_line
from retrieval.parsing.names import sensible_title, stem
from retrieval.parsing.pieces import Pieces
from retrieval.parsing.progress import page_done
from retrieval.parsing.tables import Row, table_blocks
from retrieval.values import ParsedDocument

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import Slide

_MAX_INDENT = 8
NOT_READ = "Charts and diagrams were left out; only text and tables are read."


def is_pptx(data: bytes) -> bool:
    """Whether the bytes are a zip archive with a PowerPoint presentation in it."""
    names = member_names(data)
    return "[Content_Types].xml" in names and "ppt/presentation.xml" in names


def parse(data: bytes, name: str) -> ParsedDocument:
    """A section for each slide under its title, with its speaker's notes; hidden slides are read and noted."""
    from pptx import Presentation

    check_archive(data, name)
    presentation = Presentation(io.BytesIO(data))
    reader = _Reader()
    for slide in presentation.slides:
        reader.slide(slide)
    text, sections, page_starts = reader.pieces.finish()
    title, dated = _properties(presentation, has_any="docProps/core.xml" in member_names(data))
    first_title = next((section.heading[0] for section in sections if section.heading), "")
    return ParsedDocument(
        title=title or first_title or stem(name),
        text=text,
        sections=sections,
        markup="markdown",
        page_starts=page_starts,
        dated=dated,
        notes=tuple(reader.notes),
    )


def _properties(presentation: "Presentation", *, has_any: bool) -> tuple[str, date | None]:
    """Title and day of the last change; python-pptx would make up both where the part is missing."""
    if not has_any:
        return "", None
    properties = presentation.core_properties
    day = properties.modified or properties.created
    return sensible_title(visible(properties.title)), day.date() if day else None


class _Reader:
    """Writes slide after slide."""

    def __init__(self) -> None:
        self.pieces = Pieces()
        self.notes: dict[str, None] = {}
        self._number = 0

    def slide(self, slide: "Slide") -> None:
        """The slide's title as a heading, what else it says, and its notes."""
        self._number += 1
        self.pieces.page_begins()
        title_shape = slide.shapes.title
        title = " ".join(self._text(title_shape.text_frame.text).split()) if title_shape is not None else ""
        heading = (title,) if title else ()
        if title:
            self.pieces.add(heading, f"## {escaped(title)}")
        for piece in self._shapes(slide.shapes, title_shape):
            self.pieces.add(heading, piece)
        for piece in self._speaker_notes(slide):
            self.pieces.add(heading, piece)
        if slide._element.get("show") in {"0", "false"}:
            self.notes[f"Slide {self._number} is hidden in the presentation; it was read."] = None
        page_done()

    def _shapes(self, shapes: Iterable[Any], title_shape: Any) -> Iterator[str]:
        for shape in shapes:
            if title_shape is not None and shape.shape_id == title_shape.shape_id:
                continue
            if hasattr(shape, "shapes"):
                yield from self._shapes(shape.shapes, title_shape)
            elif shape.has_text_frame:
                yield self._paragraphs(shape)
            elif shape.has_table:
                yield self._table(shape.table)
            elif shape._element.tag.endswith("}graphicFrame"):
                self.notes[NOT_READ] = None

    def _paragraphs(self, shape: Any) -> str:
        """A placeholder's paragraphs are list items where there are several, as they look on the slide."""
        written = [(paragraph.level, self._text(paragraph.text)) for paragraph in shape.text_frame.paragraphs]
        words = [(level, text) for level, text in written if text.strip()]
        if shape.is_placeholder and len(words) > 1:
            return "\n".join(f"{'  ' * min(level, _MAX_INDENT)}- {escaped_line(text)}" for level, text in words)
        return "\n\n".join(escaped_line(text) for _, text in words)

    def _table(self, table: Any) -> str:
        rows = (
            Row(number, tuple(" ".join(self._text(cell.text).split()) for cell in row.cells))
            for number, row in enumerate(table.rows, start=1)
        )
        return "\n\n".join(block.text for block in table_blocks(rows))

    def _speaker_notes(self, slide: "Slide") -> Iterator[str]:
        frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        lines = [self._text(line) for line in frame.text.splitlines()] if frame is not None else []
        words = [escaped_line(line) for line in lines if line.strip()]
        if words:
            yield "\n\n".join([f"Notes: {words[0]}", *words[1:]])

    def _text(self, text: str) -> str:
        self.notes.update(dict.fromkeys(note_removed(text)))
        return visible(text.replace("\v", " "))
