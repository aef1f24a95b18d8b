"""CSV and TSV: one table, its delimiter found from its first lines."""

import csv
from collections.abc import Iterator

from retrieval.blocks import lines
from retrieval.errors import ParseError
from retrieval.invisible import note_removed, visible
from retrieval.parsing.names import stem
from retrieval.parsing.pieces import Pieces
from retrieval.parsing.progress import page_done
from retrieval.parsing.tables import MOST_CELLS, Counter, Row, table_blocks, too_many_cells
from retrieval.parsing.text import decode
from retrieval.values import ParsedDocument

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50
_SAMPLE_CHARS = 64_000
_MAX_FIELD_CHARS = 1_000_000
_ROWS_PER_PAGE = 1000


def parse(data: bytes, name: str) -> ParsedDocument:
    """The file as blocks of Markdown tables under "Rows 2–19"; raises ParseError for more than `MOST_CELLS` cells."""
    if data.count(b"\n") > MOST_CELLS:  # told at once, before anything is built
        raise too_many_cells(name)
    source, notes = decode(data, name)
    pieces = Pieces()
    for block in table_blocks(_rows(source, name)):
        pieces.add((block.rows,), block.text)
    text, sections, _ = pieces.finish()
    return ParsedDocument(
        title=stem(name), text=text, sections=sections, markup="markdown", notes=notes + note_removed(source)
    )


def _rows(source: str, name: str) -> Iterator[Row]:
    """The rows, numbered as a spreadsheet program numbers them; blank lines are rows."""
    written = (source[start:end] for start, end in lines(source))
    counter = Counter(name)
    csv.field_size_limit(_MAX_FIELD_CHARS)
    try:
        for number, row in enumerate(csv.reader(written, delimiter=delimiter_of(source)), start=1):
            shown = tuple(" ".join(visible(cell).split()) for cell in row)
            yield counter.row(number, shown)
            if number % _ROWS_PER_PAGE == 0:
                page_done()
    except csv.Error as error:
        raise ParseError(f"{name} has a cell that never ends; check its quotation marks and save it again.") from error


def delimiter_of(source: str) -> str:
    """The delimiter that splits most of the first lines into equally many cells; a comma where none does."""
    sample = source[:_SAMPLE_CHARS].splitlines()[:_SAMPLE_LINES]
    return max(_DELIMITERS, key=lambda delimiter: _fitness(sample, delimiter))


def _fitness(sample: list[str], delimiter: str) -> tuple[int, int]:
    """How many lines have the commonest count of cells above one, and that count."""
    counts = [len(row) for row in csv.reader(sample, delimiter=delimiter) if len(row) > 1]
    commonest = max(set(counts), key=lambda count: (counts.count(count), count), default=0)
    return counts.count(commonest), commonest
