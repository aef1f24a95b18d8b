"""One document out of several files: the members of an archive, a mail and its attachments.

Its text is plain, for its parts may be written in different ways; what cannot be read becomes a note.
"""

from dataclasses import replace
from itertools import pairwise

from retrieval.errors import ParseError
from retrieval.parsing.archive import Overfull
from retrieval.parsing.inside import TooMuchUnpacked
from retrieval.parsing.names import shown_name
from retrieval.parsing.pieces import Pieces
from retrieval.plain import plain_text
from retrieval.values import ParsedDocument, Section

_MOST_NOTES = 50


class Parts:
    """Add files in order; each is a heading with its own headings below it."""

    def __init__(self, whole: str, pieces: Pieces | None = None) -> None:
        """`whole` is the name of the file that holds the others."""
        self._whole = whole
        self.pieces = pieces or Pieces()
        self.read = 0
        self._notes: list[str] = []

    def add(self, data: bytes, name: str) -> None:
        """Read one file; `name` may be shown and is what its sections are under. Raises ParseError for a bomb."""
        from retrieval.parsing import format_of, parse_bytes  # the door, which opens files in files again

        try:
            document = parse_bytes(data, name)
            self._add(document, name, format_of(data, name).page_word)
        except (Overfull, TooMuchUnpacked) as error:
            raise TooMuchUnpacked(f"{self._whole}: {error.hint}") from error
        except ParseError as error:
            self.leave_out(name, error.hint.removeprefix(shown_name(name)).strip())

    def leave_out(self, name: str, reason: str) -> None:
        """Note that a file was not read; `reason` goes on after its name."""
        self._notes.append(f"{name} {reason}")

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out and what was odd, a sentence each, not more than a person would read."""
        rest = len(self._notes) - _MOST_NOTES
        more = (f"{rest} more files were not read or looked odd.",) if rest > 0 else ()
        return (*self._notes[:_MOST_NOTES], *more)

    def _add(self, document: ParsedDocument, name: str, page_word: str) -> None:
        self.read += 1
        self.pieces.add((name,), name)
        for section, page in _by_page(document):
            words = plain_text(document.text[section.start : section.end], document.markup)
            place = (f"{page_word} {page}",) if page else ()
            self.pieces.add((name, *section.heading, *place), words)
        self._notes += [f"{name}: {note}" for note in document.notes]


def _by_page(document: ParsedDocument) -> list[tuple[Section, int | None]]:
    """The sections, cut where pages begin: the whole has no pages of its own."""
    if not document.page_starts:
        return [(section, None) for section in document.sections]
    found = []
    for section in document.sections:
        inside = (start for start in document.page_starts if section.start < start < section.end)
        cuts = [section.start, *dict.fromkeys(inside), section.end]
        for start, end in pairwise(cuts):
            found.append((replace(section, start=start, end=end), document.page_at(start)))
    return found
