"""ZIP: everything readable inside, and nothing that an archive can do to its reader."""

import io
import os
import time
import zipfile
from pathlib import Path

import docx
import pytest
from fpdf import FPDF
from openpyxl import Workbook

from retrieval.errors import ParseError
from retrieval.parsing import inside, parse_bytes, zipped
from retrieval.parsing.names import shown_path

MB = 1024 * 1024


def zip_of(*members: tuple[str | zipfile.ZipInfo, bytes | str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def docx_bytes() -> bytes:
    document = docx.Document()
    document.add_heading("Leave", 1)
    document.add_paragraph("Thirty days a year.")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def xlsx_bytes() -> bytes:
    workbook = Workbook()
    workbook.active.append(["Plan", "Price"])
    workbook.active.append(["Basic", 5])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def pdf_bytes() -> bytes:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    for words in ("The first page says this.", "The second page says that."):
        pdf.add_page()
        pdf.cell(0, 6, words)
    return bytes(pdf.output())


def refusal(data: bytes) -> str:
    with pytest.raises(ParseError) as caught:
        parse_bytes(data, "files.zip")
    assert caught.value.hint.startswith("files.zip")
    assert "\n" not in caught.value.hint
    return caught.value.hint


def test_each_file_is_read_under_its_path() -> None:
    data = zip_of(
        ("hr/leave.docx", docx_bytes()), ("prices.xlsx", xlsx_bytes()), ("notes/a.md", "# One\n\nFirst **bold**.")
    )
    document = parse_bytes(data, "files.zip")
    assert [section.heading for section in document.sections if section.heading[1:]] == [
        ("hr/leave.docx", "Leave"),
        ("prices.xlsx", "Sheet", "Row 2"),
        ("notes/a.md", "One"),
    ]
    assert "Plan | Price\nBasic | 5" in document.text
    assert "First bold." in document.text
    assert document.markup == "plain"
    assert document.notes == ()


def test_pages_are_named_in_the_heading() -> None:
    headings = [section.heading for section in parse_bytes(zip_of(("a.pdf", pdf_bytes())), "files.zip").sections]
    assert ("a.pdf", "page 1") in headings
    assert ("a.pdf", "page 2") in headings


def test_what_cannot_be_read_is_listed_with_its_reason() -> None:
    document = parse_bytes(zip_of(("a.txt", "words"), ("run.exe", b"MZ\x90\0"), ("empty.txt", b"")), "files.zip")
    assert any(note.startswith("run.exe is a .exe file, which Citewell does not read") for note in document.notes)
    assert any(note.startswith("empty.txt is empty") for note in document.notes)


def test_an_archive_of_nothing_readable_says_why() -> None:
    assert "holds no file that can be read: run.exe is a .exe file" in refusal(zip_of(("run.exe", b"MZ\x90\0")))
    assert "is an empty archive" in refusal(zip_of())


def test_a_zip_in_a_zip_is_read_and_one_deeper_is_noted() -> None:
    inner = zip_of(("deep.txt", "found me"))
    assert "found me" in parse_bytes(zip_of(("inner.zip", inner)), "files.zip").text
    deeper = zip_of(("a.txt", "words"), ("mid.zip", zip_of(("b.txt", "more"), ("inner.zip", inner))))
    document = parse_bytes(deeper, "files.zip")
    assert "found me" not in document.text
    assert "more" in document.text
    assert any("inner.zip stands too deep" in note for note in document.notes)


HOSTILE_NAMES = [
    "../../etc/passwd.txt",
    "/etc/shadow.txt",
    "\\\\server\\share\\a.txt",
    "C:\\Windows\\win.txt",
    "CON.txt",
    "pay\u202etxt.exe.txt",
    "line\nbreak.txt",
    "x" * 4096 + ".txt",
    "..",
]


def test_hostile_names_write_nothing_and_are_shown_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = zip_of(*((name, f"words {i}") for i, name in enumerate(HOSTILE_NAMES)))
    document = parse_bytes(data, "files.zip")
    shown = (
        "".join(" ".join(section.heading) for section in document.sections) + document.text + "".join(document.notes)
    )
    assert "words 0" in document.text
    assert ".." not in shown
    assert "\u202e" not in shown
    assert "\\" not in shown
    assert not any(len(part) > 130 for section in document.sections for part in section.heading)
    assert os.listdir(tmp_path) == []


def test_a_path_is_shown_without_what_leads_out_of_it() -> None:
    assert shown_path("../../etc/passwd") == "etc/passwd"
    assert shown_path("C:\\temp\\a\u202eb.txt") == "temp/a�b.txt"
    assert shown_path("..") == "a file without a name"
    assert len(shown_path("d/" * 3000 + "x.txt")) <= 120


def test_names_that_unicode_makes_equal_stay_apart() -> None:
    document = parse_bytes(zip_of(("Zu\u0308rich.txt", "one"), ("Z\u00fcrich.txt", "two")), "files.zip")
    assert len({section.heading for section in document.sections}) == 2
    assert "one" in document.text
    assert "two" in document.text


def test_links_and_encrypted_members_are_not_opened() -> None:
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    data = bytearray(zip_of(("a.txt", "words"), (link, "/etc/passwd"), ("secret.txt", "locked")))
    directory = data.rfind(b"PK\x01\x02", 0, data.rfind(b"secret.txt"))
    data[directory + 8] |= 1
    document = parse_bytes(bytes(data), "files.zip")
    assert "link.txt is a link, and links are not followed." in document.notes
    assert any(note.startswith("secret.txt is encrypted") for note in document.notes)
    assert "/etc/passwd" not in document.text


def test_files_of_the_operating_system_are_noted() -> None:
    document = parse_bytes(zip_of(("a.txt", "words"), ("__MACOSX/._a.txt", b"\0"), (".DS_Store", b"\0")), "files.zip")
    assert len(document.notes) == 2


def test_a_damaged_member_costs_only_itself() -> None:
    data = bytearray(zip_of(("a.txt", "words"), ("b.txt", os.urandom(500).hex())))
    position = data.find(b"b.txt") + 60
    data[position : position + 20] = bytes(20)
    document = parse_bytes(bytes(data), "files.zip")
    assert "words" in document.text
    assert document.notes == ("b.txt is damaged, or packed in a way that is not known; it was not read.",)


@pytest.mark.parametrize("name", ["bomb.txt", "bomb.docx", "bomb.bin"])
def test_a_bomb_is_refused_whole(name: str) -> None:
    started = time.process_time()
    assert "unpacks to more than" in refusal(zip_of(("a.txt", "words"), (name, bytes(60 * MB))))
    assert time.process_time() - started < 5


def test_a_nested_bomb_is_refused_whole() -> None:
    inner = zip_of(("zeros.txt", bytes(60 * MB)))
    assert "unpacks to more than" in refusal(zip_of(("a.txt", "words"), ("inner.zip", inner)))


def test_many_small_bombs_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "MAX_UNPACKED_BYTES", 30 * MB)
    padded = io.BytesIO(docx_bytes())
    with zipfile.ZipFile(padded, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/x.bin", bytes(6 * MB))
    members = [(f"{i}.docx", padded.getvalue()) for i in range(10)]
    with pytest.raises(ParseError, match="unpacks to more than 30 MB"):
        parse_bytes(zip_of(*members), "files.zip")


def test_overlapping_members_are_counted_each_time() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"word " * (6 * MB // 5))
        first = archive.getinfo("a.txt")
        for i in range(500):
            twin = zipfile.ZipInfo(f"b{i}.txt")
            for field in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(twin, field, getattr(first, field))
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
    started = time.process_time()
    document_or_hint = ""
    try:
        document_or_hint = " ".join(parse_bytes(stream.getvalue(), "files.zip").notes)
    except ParseError as error:
        document_or_hint = error.hint
    assert "damaged" in document_or_hint or "unpacks to more than" in document_or_hint
    assert time.process_time() - started < 10


@pytest.mark.parametrize("count", [zipped.MAX_FILES + 1, 100_000])
def test_too_many_members_are_refused_quickly(count: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for i in range(count):
            archive.writestr(f"{i}.txt", b"")
    started = time.process_time()
    assert "holds" in refusal(stream.getvalue())
    assert time.process_time() - started < 2


def test_what_was_opened_before_does_not_count_for_the_next_file() -> None:
    data = zip_of(("inner.zip", zip_of(("a.txt", "words"))))
    for _ in range(5):
        assert "words" in parse_bytes(data, "files.zip").text
