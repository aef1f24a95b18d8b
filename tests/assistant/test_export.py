"""Conversations as files: golden Markdown, the shape of the JSON, and a PDF read back by the PDF reader of the product."""

import json
import re
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.events import Answer
from assistant.export import Format, export, file_name
from assistant.transcript import Entry, Transcript, entries_of
from tests.ui.values import answer, citation, message, sentence

ON = date(2026, 11, 27)
TEXT = "Everyone has **26 days** of leave [1]. Unused days are paid out at £500 each. Half days are not possible [2]."
GOLDEN = Path(__file__).parent / "golden_export.md"
HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> ![x](https://evil.example/x.png) [a](javascript:alert(1)) "
    "$\\frac{1}{2}$ $$x$$ \\(y\\) \\[z\\] {{7*7}} {% raw %} `code` ~~no~~ | a | b | \n\n# Not a heading\n\n- not a list\n\n"
    "1. not numbered\n\n[1]: https://evil.example\n\n---\n\n{nb} \u202eevil\u202c \x00\x1b[31m"
)


def good() -> Answer:
    """One supported sentence, one that no document supports, one that is contradicted."""
    parts = re.split(r"(?<=[.]) ", TEXT)
    sentences = (
        sentence(parts[0], TEXT, "supported", 1),
        sentence(parts[1], TEXT, "unsupported"),
        sentence(parts[2], TEXT, "contradicted", 2),
    )
    return answer(TEXT, *sentences, citations=(citation(1), citation(2, title="Half days", text="Half days are fine.")))


def asked(text: str) -> Entry:
    return Entry("user", text, "done")


def answered(given: Answer | None, **other: Any) -> Entry:
    (entry,) = entries_of([message(given, **other)])
    return entry


def conversation(*entries: Entry, title: str = "Annual leave") -> Transcript:
    return Transcript(title, datetime(2026, 3, 4, 9, 30), entries)


def whole() -> Transcript:
    return conversation(
        asked("How many days of leave do I have?"),
        answered(good()),
        asked("And *half* days?\n\n- in spring\n- in autumn"),
        answered(answer("Only whole", status="partial"), state="stopped"),
        asked("What else?"),
        answered(None, state="failed", text="You", reason="The connection broke off; ask again."),
        asked("Who wins?"),
        answered(answer("The documents do not say. The nearest are “Leave policy”.", status="unanswerable")),
    )


def exported(transcript: Transcript, form: Format) -> str:
    return export(transcript, form, on=ON).content.decode()


def printed(transcript: Transcript) -> str:
    """The words of the PDF, page after page."""
    with closing(pypdfium2.PdfDocument(export(transcript, "pdf", on=ON).content)) as document:
        return "\n".join(_words(page) for page in document)


def _words(page: pypdfium2.PdfPage) -> str:
    with closing(page), closing(page.get_textpage()) as text:
        return str(text.get_text_range())


def flat(text: str) -> str:
    return " ".join(text.split())


def test_markdown_reads_as_the_golden_file() -> None:
    assert exported(whole(), "md") == GOLDEN.read_text("utf-8")


def test_json_has_every_sentence_with_its_verdict_and_every_citation_with_its_place() -> None:
    told = json.loads(exported(whole(), "json"))
    assert {key: told[key] for key in ("title", "created_at", "exported_on")} == {
        "title": "Annual leave",
        "created_at": "2026-03-04T09:30:00+00:00",
        "exported_on": "2026-11-27",
    }
    question, first = told["messages"][:2]
    assert question == {"role": "user", "text": "How many days of leave do I have?"}
    assert [s["support"] for s in first["sentences"]] == ["supported", "unsupported", "contradicted"]
    assert all(first["text"][s["start"] : s["end"]] == s["text"] for s in first["sentences"])
    assert [c["n"] for c in first["citations"]] == [1, 2]
    assert set(first["citations"][0]) == {
        "n", "document", "title", "dated", "page", "heading", "quote", "start", "end"
    }  # fmt: skip
    assert [m["state"] for m in told["messages"] if m["role"] == "assistant"] == ["done", "stopped", "failed", "done"]
    assert told["messages"][5]["reason"] == "The connection broke off; ask again."


def test_the_pdf_has_every_word_mark_source_and_page_number() -> None:
    words = flat(printed(whole()))
    for expected in (
        "Annual leave",
        "Conversation of 4 March 2026, exported from Citewell on 27 November 2026",
        "How many days of leave do I have?",
        "Everyone has 26 days of leave",
        "Unused days are paid out at £500 each. [? not supported by the documents]",
        "[≠ contradicted by its source]",
        "[1] Leave policy · Annual leave · page 2 · 1 January 2026",
        "hr/leave.md",
        "Leave is 26 days.",
        "Stopped. What was written until then is kept.",
        "The connection broke off; ask again.",
        "1 / 2",
        "2 / 2",
    ):
        assert expected in words


def test_a_link_says_where_it_leads() -> None:
    said = conversation(asked("Where?"), answered(answer("Look [here](https://evil.example/a) for it.")))
    assert "here (evil.example) for it" in flat(printed(said))
    assert "[here (evil.example)](<https://evil.example/a>)" in exported(said, "md").replace("\\", "")


@pytest.mark.parametrize(
    "text",
    ["Ελληνικά: καλημέρα", "Кириллица: доброе утро", "中文：早上好", "日本語 おはよう", "ćśźż ğışöü ½ → ≤"],
)
def test_the_pdf_prints_other_scripts(text: str) -> None:
    words = printed(conversation(asked(text), answered(answer(text))))
    assert flat(words).count(text) == 2
    assert "no font for" not in words


def test_the_pdf_joins_arabic_letters_and_runs_them_from_right_to_left() -> None:
    words = printed(conversation(asked("ما هو عدد أيام الإجازة؟"), title="إجازة"))
    assert "ما هو عدد" in words
    assert "no font for" not in words


def test_the_pdf_says_how_many_letters_it_could_not_print() -> None:
    words = flat(printed(conversation(asked("한국어 and 🙂"))))
    assert "4 letters of scripts that this PDF has no font for" in words
    assert "and" in words


@pytest.mark.parametrize("form", ["md", "json", "pdf"])
def test_an_empty_conversation_and_an_empty_answer_are_exported(form: Format) -> None:
    for transcript in (conversation(), conversation(asked("?"), answered(None)), conversation(title=" \n ")):
        file = export(transcript, form, on=ON)
        assert file.content
        assert file.name.endswith(f".{form}")


def test_a_long_conversation_breaks_into_pages_with_all_of_it() -> None:
    many = [entry for n in range(30) for entry in (asked(f"Question number {n}?"), answered(good()))]
    words = flat(printed(conversation(*many)))
    assert all(f"Question number {n}?" in words for n in range(30))
    assert words.count("Leave is 26 days.") == 30


def test_tables_lists_and_code_of_an_answer_are_on_paper() -> None:
    text = "## Rates\n\n| Class | Rate |\n|---|---|\n| A | 56 |\n| B | 64 |\n\n1. one\n   - inner\n2. two\n\n```\nx = {1}\n```\n\n> said"
    words = flat(printed(conversation(asked("?"), answered(answer(text)))))
    for expected in ("Rates", "Class", "64", "1. one", "inner", "2. two", "x = {1}", "said"):
        assert expected in words


HOSTILE_PLACES = (
    conversation(asked(HOSTILE), title=HOSTILE),
    conversation(asked("?"), answered(answer(HOSTILE, citations=(citation(1, title=HOSTILE, text=HOSTILE),)))),
    conversation(asked("?"), answered(answer("x", notice=HOSTILE), state="failed", reason=HOSTILE)),
)


@pytest.mark.parametrize("transcript", HOSTILE_PLACES, ids=["question", "answer", "notice"])
def test_nothing_in_the_markdown_runs_loads_or_sets_a_formula(transcript: Transcript) -> None:
    text = exported(transcript, "md")
    outside_code = re.sub(r"`[^`\n]*`", "", text)
    for live in ("<script", "<img", "![", "$", "{{", "{%", "\\(", "\\[", "\u202e", "\x1b"):
        assert live not in outside_code
    # What a permissive viewer makes of it: HTML on, links found by themselves.
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    assert not re.search(r"<(script|img|iframe|svg|object|style)\b", html)
    assert "javascript:" not in re.sub(r">[^<]*<", "><", html)
    assert 'href="https://evil' not in html


def test_an_exclamation_mark_before_a_link_makes_no_image_of_it() -> None:
    text = r"See \![x](http://evil.example/?q=1)"
    for transcript in (conversation(asked(text)), conversation(answered(answer(text)))):
        html = MarkdownIt("commonmark").render(exported(transcript, "md"))
        assert "<img" not in html
        assert "!<a href=" in html


def test_a_citation_before_a_parenthesis_is_no_link_and_a_link_no_citation() -> None:
    text = "Yes [1](https://evil.example) and [1] (perhaps)."
    html = MarkdownIt("commonmark").render(
        exported(conversation(answered(answer(text, citations=(citation(1),)))), "md")
    )
    assert ">1</a>" not in html
    assert ">1 (evil.example)</a>" in html
    assert "[1] (perhaps)" in html


@pytest.mark.parametrize("transcript", HOSTILE_PLACES, ids=["question", "answer", "notice"])
def test_a_hostile_text_is_printed_as_words(transcript: Transcript) -> None:
    words = flat(printed(transcript))
    assert "alert(1)" in words
    assert "{nb}" in words


@given(st.text(max_size=300))
@settings(deadline=None)
def test_any_text_reads_the_same_out_of_the_markdown(text: str) -> None:
    """The words of a question are the words that a viewer shows."""
    text = re.sub(r"[^\w\s.,<>$\[\]{}()!|~*`#&'\"=+-]", "", text)
    html = MarkdownIt("commonmark").render(exported(conversation(asked("?"), title=f"a{text}z"), "md").split("\n\n")[0])
    shown = re.fullmatch(r"<h1>(.*)</h1>\n", html, re.DOTALL)
    assert shown
    words = unescape(shown[1])
    assert flat(words) == flat(f"a{text}z")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Annual leave: how many days?", "annual-leave-how-many-days.md"),
        ("../../etc/passwd\x00", "etc-passwd.md"),
        ("中文 Ω", "中文-ω.md"),
        ("\u202e!!!", "conversation.md"),
        ("x" * 500, "x" * 60 + ".md"),
    ],
)
def test_a_file_is_named_by_the_letters_of_its_title(title: str, name: str) -> None:
    assert file_name(title, "md") == name


def test_an_export_is_the_same_each_time() -> None:
    assert all(export(whole(), form, on=ON) == export(whole(), form, on=ON) for form in ("md", "json", "pdf"))


def test_a_sentence_of_a_document_that_may_not_be_read_any_more_is_withheld_in_all_three() -> None:
    hidden = replace(whole(), entries=whole().entries).for_reader(frozenset())
    for words in (exported(hidden, "md"), exported(hidden, "json"), printed(hidden)):
        assert "26 days" not in words
        assert "withheld" in words
