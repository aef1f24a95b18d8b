"""What a sentence is: trimmed, in order, complete, and never across a blank line or a list item."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.sentences import sentence_spans

TEXTS = st.text(
    alphabet=st.sampled_from(list("abcXYZé😀。？0123456789 .!?…:;,'\"“”()[]|-*#>`~_=\t\n\r\u2028\u00a0\x0b")),
    max_size=300,
)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_spans_are_ordered_disjoint_trimmed_and_hold_every_character_that_is_not_space(text: str) -> None:
    position = 0
    for start, end in sentence_spans(text):
        assert position <= start < end <= len(text)
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


def test_offsets_are_code_points_after_letters_of_several_bytes() -> None:
    assert sentences("Café 😀 naïve. 你好世界。 Next one!") == ["Café 😀 naïve.", "你好世界。", "Next one!"]


@pytest.mark.parametrize("space", ["\x85", "\xa0", "\u2007", "\u2028", "\u202f", "\u3000"])
def test_a_wide_space_before_a_full_stop_is_a_space(space: str) -> None:
    assert sentences(f"Ask team X{space}. They answer.") == [f"Ask team X{space}.", "They answer."]


def test_abbreviations_numbers_and_initials_do_not_end_a_sentence() -> None:
    text = "Dr. Smith paid $3.50 on Jan. 5, e.g. for tea. The U.S. office opens at 9 a.m. on Monday."
    assert sentences(text) == [
        "Dr. Smith paid $3.50 on Jan. 5, e.g. for tea.",
        "The U.S. office opens at 9 a.m. on Monday.",
    ]


def test_short_questions_and_exclamations_are_sentences_of_their_own() -> None:
    assert sentences("It was e.g. long. OK? Yes! Good.") == ["It was e.g. long.", "OK?", "Yes!", "Good."]


def test_a_wrapped_line_goes_on() -> None:
    text = "Leave is granted by your manager, who\nanswers within two days. Ask the\r\nPeople team otherwise."
    assert sentences(text) == [
        "Leave is granted by your manager, who\nanswers within two days.",
        "Ask the\r\nPeople team otherwise.",
    ]


def test_a_blank_line_ends_a_sentence_without_a_full_stop() -> None:
    assert sentences("Opening hours\n\nWe open at nine") == ["Opening hours", "We open at nine"]


def test_carriage_return_and_newline_together_are_one_newline() -> None:
    assert sentences("one line that\r\ngoes on") == ["one line that\r\ngoes on"]


def test_each_list_item_is_apart_and_keeps_its_marker() -> None:
    text = "Bring:\n- a pass\n- a laptop. And its charger.\n1. first\n2. second"
    assert sentences(text) == [
        "Bring:",
        "- a pass",
        "- a laptop.",
        "And its charger.",
        "1. first",
        "2. second",
    ]


def test_a_wrapped_line_that_begins_with_a_number_is_no_list_item() -> None:
    text = "The limit was raised from ten days to\n12. Ask for more."
    assert sentences(text)[0].startswith("The limit was raised from ten days to\n12.")


def test_table_rows_and_headings_are_apart_and_whole() -> None:
    text = "# Fees. All of them\nBelow.\n| Plan | Price. Per month |\n|---|---|\n| Basic | 5 |"
    assert sentences(text) == [
        "# Fees. All of them",
        "Below.",
        "| Plan | Price. Per month |",
        "|---|---|",
        "| Basic | 5 |",
    ]


def test_lines_broken_on_purpose_are_apart() -> None:
    text = "Lindenhof GmbH\nHafenstrasse 12\n20457 Hamburg\nWe answer letters that reach us at this address within five days"
    assert sentences(text)[:3] == ["Lindenhof GmbH", "Hafenstrasse 12", "20457 Hamburg"]


def test_code_is_cut_by_lines() -> None:
    assert sentences("```sh\nnpm ci\nnpm start\n```") == ["```sh", "npm ci", "npm start", "```"]


def test_an_unmatched_quotation_mark_repeated_does_not_stop_the_app() -> None:
    started = time.process_time()
    text = "“" * 100_000
    assert sentences(text) == [text]
    assert time.process_time() - started < 20


def test_an_empty_text_has_no_sentences() -> None:
    assert sentence_spans("") == sentence_spans(" \n\t ") == ()
