"""EML: the mail as a person reads it, and its attachments."""

import io
from datetime import date
from email.message import EmailMessage

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.errors import ParseError
from retrieval.parsing import parse_bytes


def mail(body: str = "The refund is on its way.") -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Refund for Müller"
    message["From"] = "Jo Berg <jo@example.org>"
    message["To"] = "support@example.org"
    message["Date"] = "Sun, 01 Mar 2026 09:00:00 +0100"
    message.set_content(body)
    return message


def docx_bytes() -> bytes:
    document = docx.Document()
    document.add_heading("Terms", 1)
    document.add_paragraph("Thirty days.")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def test_a_mail_is_its_headers_and_its_text() -> None:
    document = parse_bytes(mail().as_bytes(), "a.eml")
    assert document.title == "Refund for Müller"
    assert document.text == (
        "Subject: Refund for Müller\nFrom: Jo Berg <jo@example.org>\nTo: support@example.org\n"
        "Date: Sun, 01 Mar 2026 09:00:00 +0100\n\nThe refund is on its way."
    )
    assert document.dated == date(2026, 3, 1)


def test_plain_text_goes_before_html_and_html_is_read_as_a_page() -> None:
    message = mail()
    message.add_alternative("<p>Not <b>this</b>.</p>", subtype="html")
    assert "Not this" not in parse_bytes(message.as_bytes(), "a.eml").text
    only = mail()
    only.set_content("<style>p {}</style><p>Only <b>this</b>, Grüße.</p><script>x()</script>", subtype="html")
    assert parse_bytes(only.as_bytes(), "a.eml").text.endswith("Only this, Grüße.")


def test_readable_attachments_are_sections_and_the_others_notes() -> None:
    message = mail()
    message.add_attachment(docx_bytes(), maintype="application", subtype="octet-stream", filename="terms.docx")
    message.add_attachment(b"MZ\x90\0", maintype="application", subtype="octet-stream", filename="../run.exe")
    document = parse_bytes(message.as_bytes(), "a.eml")
    assert ("terms.docx", "Terms") in [section.heading for section in document.sections]
    assert "Thirty days." in document.text
    assert any(note.startswith("run.exe is a .exe file") for note in document.notes)


def test_a_forwarded_mail_is_read() -> None:
    message = mail()
    message.add_attachment(mail("The first answer."))
    document = parse_bytes(message.as_bytes(), "a.eml")
    assert "The first answer." in document.text


def test_mails_in_mails_end_at_some_depth() -> None:
    message = mail("innermost")
    for _ in range(5):
        outer = mail("outer")
        outer.add_attachment(message)
        message = outer
    document = parse_bytes(message.as_bytes(), "a.eml")
    assert "innermost" not in document.text
    assert any("too deep" in note for note in document.notes)


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-8", "x-unknown"])
def test_any_charset_is_read(charset: str) -> None:
    encoded = "Grüße".encode("utf-8" if charset == "utf-8" else "iso-8859-1")
    head = f"Subject: Hi\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    assert parse_bytes(head.encode() + encoded, "a.eml").text.endswith("Grüße")


def test_a_mail_without_subject_is_named_by_its_file() -> None:
    assert parse_bytes(b"From: a@example.org\n\nwords", "note.eml").title == "note"


def test_what_is_no_mail_is_refused() -> None:
    with pytest.raises(ParseError, match=r"a\.eml is not a mail"):
        parse_bytes(b"just words without headers", "a.eml")


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_end_as_text_or_as_one_sentence(data: bytes) -> None:
    try:
        ended = parse_bytes(b"Subject: x\n" + data, "a.eml").text
    except ParseError as error:
        ended = error.hint
    assert ended.strip()
