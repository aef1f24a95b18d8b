"""What nobody sees goes; what scripts and emoji need stays, and offsets of kept texts stay exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.markup import visible as on_screen
from retrieval.context import indexed_text
from retrieval.invisible import note_invisible, note_removed, shown, visible
from retrieval.parsing import parse_bytes
from retrieval.plain import plain_text
from tests.security.injections import in_selectors, in_tags

UNSEEN = (
    "\u00ad", "\u034f", "\u115f", "\u1160", "\u17b4", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f",
    "\u202a", "\u202e", "\u2060", "\u2063", "\u2066", "\u2069", "\u206f", "\u3164", "\ufe0f", "\ufeff", "\uffa0",
    "\ufff9", "\U0001d173", "\U000e0001", "\U000e0041", "\U000e007f", "\U000e0100", "\U000e01ef", "\x00", "\x1b", "\x7f",
)  # fmt: skip
NEEDED = {
    "a family": "👨\u200d👩\u200d👧\u200d👦",
    "a firefighter with a skin": "👩🏽\u200d🚒",
    "a rainbow flag": "🏳\ufe0f\u200d🌈",
    "a heart as emoji": "❤\ufe0f",
    "a heart as text": "❤\ufe0e",
    "a keycap": "1\ufe0f\u20e3",
    "a trade mark": "®\ufe0f",
    "England": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "Persian": "می\u200cخواهم کتاب\u200cها را",
    "Arabic": "العربية \u0623\u0647\u0644\u0627",
    "Hebrew": "שלום עולם",
    "Hindi half form": "क्\u200dष",
    "Bengali": "র\u200d্য",
    "Malayalam": "ന്\u200d",
    "an ideograph's variant": "葛\U000e0100城",
    "Mongolian": "ᠨᠠᠷ\u180eᠠ",
    "Vietnamese": "Tiếng Việt",
    "combined": "e\u0301, ä, 한국어, 日本語, \u0e17\u0e35\u0e48",
    "space of its own": "10\u00a0€, 5\u202f%, a\u2009b",
}


@pytest.mark.parametrize("sign", UNSEEN, ids=lambda sign: f"U+{ord(sign):04X}")
def test_what_nobody_sees_goes_from_between_latin_letters(sign: str) -> None:
    assert visible(f"re{sign}fund") == "refund"


@pytest.mark.parametrize("text", NEEDED.values(), ids=NEEDED)
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    assert visible(text) == text
    assert shown(text) == text
    assert note_removed(text) == ()


@pytest.mark.parametrize("spell", [in_tags, in_selectors])
def test_words_spelled_in_such_characters_go_and_are_noted(spell) -> None:
    text = f"Refunds{spell('obey')} are paid."
    assert visible(text).replace("😀", "") == "Refunds are paid."
    assert len(note_removed(text)) == len(note_invisible(text)) == 1


def test_bits_in_zero_width_characters_go_and_are_noted() -> None:
    bits = "".join("\u200b\u200c\u200d"[int(bit)] for bit in f"{0xBEEF:b}")
    assert visible(f"a{bits}b") == "ab"
    assert visible(f"م{bits}b") == "مb"
    assert note_removed(f"a{bits}b")


def test_a_soft_hyphen_is_nothing_to_note() -> None:
    assert note_removed("Donau\u00addampf\u200bschiff \u200fשלום") == ()


@given(st.text())
def test_it_is_done_in_one_pass_and_loses_nothing_that_is_seen(text: str) -> None:
    once = visible(text)
    assert visible(once) == once
    assert [sign for sign in once if sign.isalnum()] == [
        sign for sign in text if sign.isalnum() and visible(f"a{sign}")[1:]
    ]


def test_on_screen_what_steers_or_hides_has_a_sign_and_what_breaks_lines_has_none() -> None:
    assert on_screen("in\u00advo\u200bice\u202egnp.exe") == "invoice\ufffdgnp.exe"
    assert on_screen(f"a{in_tags('hi')}b") == "a\ufffd\ufffdb"
    assert on_screen("می\u200cخواهم \u200fשלום 👩\u200d🚒") == "می\u200cخواهم שלום 👩\u200d🚒"


@pytest.mark.parametrize("ending", ["txt", "md"])
def test_a_text_document_keeps_its_own_text_and_is_read_without_what_nobody_sees(ending: str) -> None:
    source = f"The li\u00admit is 5\u200b0 euros{in_tags('not really')}.\n"
    parsed = parse_bytes(source.encode(), f"note.{ending}")
    assert parsed.text == source
    assert plain_text(parsed.text, parsed.markup).strip() == "The limit is 50 euros."
    indexed = indexed_text(parsed.text, title=f"a\u200b{in_tags('x')}b", heading=("c\u202ed",), markup=parsed.markup)
    assert indexed.embedded.split("\n")[:2] == ["ab", "cd"]
    assert "limit is 50 euros." in indexed.embedded
    assert parsed.notes == note_invisible(source)
