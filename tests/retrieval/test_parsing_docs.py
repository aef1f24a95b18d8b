"""docs/formats.md: its table is the table of formats, and its worked example works."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from retrieval.errors import ParseError
from retrieval.language import _STEMMERS, language_name
from retrieval.parsing import FORMATS, Format, archive, parse_bytes, save_as, tables, zipped

PAGE = (Path(__file__).resolve().parents[2] / "docs/formats.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\w+) \| ((?:`\.\w+`(?:, )?)+) \|", PAGE, re.MULTILINE)
SUBTITLES = b"1\r\n00:00:01,000 --> 00:00:03,000\r\nRefunds take\r\nfive days.\r\n\r\n2\r\n00:01:10,500 --> 00:01:12,000\r\nBye."


def example() -> Format:
    """The format that the page adds, made from the page's own code."""
    module, row = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(module, "srt.py", "exec"), names)
    made = eval(row.strip(), {"Format": Format, "srt": SimpleNamespace(parse=names["parse"])})
    assert isinstance(made, Format)
    return made


def test_the_page_lists_every_format_with_its_endings() -> None:
    listed = {name: tuple(re.findall(r"`(\.\w+)`", endings)) for name, endings in ROWS}
    assert listed == {row.name: row.endings for row in FORMATS}


def test_the_example_is_read_once_its_row_is_in_the_table() -> None:
    document = parse_bytes(SUBTITLES, "film.srt", formats=(*FORMATS, example()))
    assert document.text == "Refunds take five days.\n\nBye."
    assert [section.heading for section in document.sections] == [("00:00",), ("00:01",)]
    assert (document.title, document.format) == ("film", "SRT")


def test_the_example_is_offered_in_the_advice_and_refused_without_its_row() -> None:
    assert save_as((*FORMATS, example())).endswith("text or SRT")
    with pytest.raises(ParseError, match=r"film\.srt is a \.srt file, which Citewell does not read"):
        parse_bytes(SUBTITLES, "film.srt")


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    for number in (tables.MOST_CELLS, tables.MOST_CHARS, archive.MAX_MEMBERS, zipped.MAX_FILES):
        assert f"{number:,}" in PAGE


def test_the_page_names_every_language_that_is_stemmed() -> None:
    assert [name for name in map(language_name, _STEMMERS) if name not in PAGE] == []
