"""A sheet of A4 that text flows down on, in fonts that come from packages.

Fira Sans has Latin, Greek and Cyrillic letters. Arabic comes from a font of its own, Chinese, Japanese kana and most
signs from another, each opened when it is needed. A letter that none of them has is shown as a box and counted.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont

Colour = tuple[int, int, int]
INK: Colour = (27, 31, 36)
QUIET: Colour = (96, 103, 112)
ACCENT: Colour = (15, 118, 110)
AMBER: Colour = (146, 84, 0)
RED: Colour = (159, 31, 24)
LINE: Colour = (214, 212, 205)
SHEET: Colour = (244, 242, 236)

_MARGIN_MM, _TOP_MM, _BOTTOM_MM = 24.0, 22.0, 24.0
_FAMILY = "fira"
_FIRA = "fontpkg_fira_sans"
_FACES = {"": "files/FiraSans-Regular.ttf", "B": "files/FiraSans-SemiBold.ttf", "I": "files/FiraSans-Italic.ttf"}
_ARABIC = ("fontpkg_noto_sans_arabic", "files/NotoSansArabic[wdth,wght].ttf")
_CHINESE = ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf")
_BOX = "□"
_UNSEEN = "\ufffd"
"""What stands in a text already for a letter that is not to be seen."""
_RIGHT_TO_LEFT = frozenset(("R", "AL"))
_PAGES = "\ue000" * 4
"""Stands for the number of pages, of up to three digits, until that is known; no text has it, for no font has it."""


@dataclass(frozen=True, slots=True)
class Type:
    """How letters look: points, colour, and "B" or "I" or neither."""

    size: float = 10.0
    colour: Colour = INK
    emphasis: str = ""

    @property
    def line_mm(self) -> float:
        """From one line to the next."""
        return self.size * (0.56 if self.size < 16 else 0.46)

    def bold(self) -> "Type":
        """The same in bold."""
        return replace(self, emphasis="B")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text of one look; `link` is an address that may be followed."""

    text: str
    type: Type
    link: str = ""


class Paper(FPDF):
    """Pages with a running foot; what is written flows down them."""

    def __init__(self, title: str, on: date) -> None:
        super().__init__(format="A4")
        self.unknown = 0
        """How many letters no font has."""
        self._title = title
        self.c_margin = 0
        self._open_fonts()
        self.alias_nb_pages(_PAGES)
        self.set_margins(_MARGIN_MM, _TOP_MM)
        self.set_auto_page_break(True, _BOTTOM_MM)
        self.set_title(title)
        self.set_creator("Citewell")
        self.set_creation_date(datetime(on.year, on.month, on.day, tzinfo=UTC))
        self.add_page()

    def footer(self) -> None:
        """Title and number of the page."""
        self.set_y(-14)
        self._look(Type(8, QUIET))
        self.cell(self.epw - 30, 4, self._fitting(self.shown(self._title), self.epw - 32))
        self.cell(30, 4, f"{self.page_no()} / {_PAGES}", align="R")

    def printed(self) -> bytes:
        """The finished PDF; nothing can be written on it any more."""
        try:
            return bytes(self.output())
        finally:
            for face in self._faces():
                face.ttfont.close()

    def flow(self, runs: Sequence[Run], *, indent: float = 0, bullet: str = "", after: float = 2.4) -> None:
        """A paragraph of runs, `indent` millimetres from the left, with its bullet before it."""
        shown = [replace(run, text=self.shown(run.text)) for run in runs if run.text]
        if not shown:
            return
        line_mm = shown[0].type.line_mm
        self.set_left_margin(_MARGIN_MM + indent)
        self.keep_together(line_mm)
        if bullet:
            self._look(replace(shown[0].type, emphasis=""))
            self.set_x(_MARGIN_MM + indent - 6)
            self.cell(4.2, line_mm, bullet, align="R")
        self.set_x(_MARGIN_MM + indent)
        if is_right_to_left("".join(run.text for run in shown)):
            self._look(shown[0].type)
            self.multi_cell(0, line_mm, "".join(run.text for run in shown), align="R", new_x="LMARGIN", new_y="NEXT")
        else:
            for run in shown:
                self._look(run.type)
                self.write(line_mm, run.text, run.link)
            self.ln(line_mm)
        self.set_left_margin(_MARGIN_MM)
        self.ln(after)

    def code(self, text: str, *, indent: float = 0) -> None:
        """Text as it stands, on a tinted ground."""
        self._look(Type(9))
        self.set_fill_color(*SHEET)
        self.set_x(_MARGIN_MM + indent)
        self.multi_cell(0, 5, self.shown(text), fill=True, align="L", new_x="LMARGIN", new_y="NEXT", padding=2)
        self.ln(2.4)

    def grid(self, rows: Sequence[Sequence[str]]) -> None:
        """A table whose first row is its head."""
        self._look(Type(9))
        self.set_draw_color(*LINE)
        shown = [[self.shown(cell) for cell in row] for row in rows]
        with self.table(
            borders_layout="HORIZONTAL_LINES", line_height=5, text_align="LEFT", v_align="TOP", padding=(1, 2, 1, 0)
        ) as table:
            for row in shown:
                table.row(row)
        self.ln(2.4)

    def rule(self) -> None:
        """A thin line across the page."""
        self.set_draw_color(*LINE)
        self.line(_MARGIN_MM, self.y, self.w - _MARGIN_MM, self.y)

    def bar(self, top: float, page: int, *, indent: float = 0, colour: Colour = ACCENT, width: float = 0.8) -> None:
        """A line along the left of what was written since `top`; on a later page from where that page begins."""
        self.set_draw_color(*colour)
        self.set_line_width(width)
        start = top if page == self.page else _TOP_MM
        x = _MARGIN_MM + indent - 3
        self.line(x, start, x, self.y - 1)
        self.set_line_width(0.2)

    def keep_together(self, height_mm: float) -> None:
        """Begin a new page where less than this is left of this one."""
        if self.will_page_break(height_mm):
            self.add_page()

    def shown(self, text: str) -> str:
        """The text in letters that the fonts have, and a box for any other; marks without a form of their own go."""
        text = unicodedata.normalize("NFC", text)
        text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
        if not self.text_shaping and any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text):
            # Only then: it takes three times as long.
            self.set_text_shaping(True)
        missing = self._missing(text)
        if any(_is_arabic(letter) for letter in missing):
            self._open_further("arabic", _ARABIC)
            missing = self._missing(text)
        if missing:
            self._open_further("chinese", _CHINESE)
            missing = self._missing(text)
        self.unknown += sum(letter in missing and letter != _UNSEEN for letter in text)
        return "".join(_BOX if letter in missing else letter for letter in text)

    def _missing(self, text: str) -> frozenset[str]:
        return frozenset(letter for letter in text if not self._has(letter))

    def _has(self, letter: str) -> bool:
        return letter == "\n" or any(ord(letter) in face.cmap for face in self._faces())

    def _faces(self) -> Iterator[TTFFont]:
        return (font for font in self.fonts.values() if isinstance(font, TTFFont))

    def _open_fonts(self) -> None:
        for emphasis, name in _FACES.items():
            self.add_font(_FAMILY, emphasis, _path((_FIRA, name)))

    def _open_further(self, name: str, font: tuple[str, str]) -> None:
        if name not in self.fonts:
            self.add_font(name, "", _path(font))
            self.set_fallback_fonts([key for key in ("arabic", "chinese") if key in self.fonts], exact_match=False)

    def _look(self, type_: Type) -> None:
        self.set_font(_FAMILY, type_.emphasis, type_.size)
        self.set_text_color(*type_.colour)

    def _fitting(self, text: str, width_mm: float) -> str:
        """The beginning of a text that fits on a line of this width."""
        if self.get_string_width(text) <= width_mm:
            return text
        while text and self.get_string_width(text + "…") > width_mm:
            text = text[:-1]
        return text.rstrip() + "…"


def is_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction runs from right to left."""
    directions = (unicodedata.bidirectional(letter) for letter in text)
    return next((found in _RIGHT_TO_LEFT for found in directions if found in {"L", *_RIGHT_TO_LEFT}), False)


def _is_arabic(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("ARABIC")


def _path(font: tuple[str, str]) -> Path:
    package, name = font
    return Path(str(files(package).joinpath(name)))
