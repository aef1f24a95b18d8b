"""A sentence is held against what it cites: what is said there, what is not, and what is said otherwise."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.events import Support
from assistant.verify import Check, check_sentence, is_claim, prepare

PASSAGES = (
    "Employees receive 30 days of paid leave per calendar year. Up to five unused days may be carried over until "
    "31 March of the following year. Carried-over days must be approved by the line manager in writing. "
    "Contractors are not eligible for paid leave.",
    "## Travel\n\nThe hotel limit is EUR 150 per night in Berlin and EUR 120 elsewhere. Receipts must be submitted "
    "within 14 days. Alcohol is not reimbursed. Travel by train is preferred for journeys under 4 hours.\n\n"
    "| City | Limit |\n|---|---|\n| Munich | 140 |",
    "Passwords must have at least 14 characters. Passwords must not be shared. Multi-factor authentication is "
    "mandatory for remote access. The VPN client 5.2.1 supports Windows 11 and macOS 14. Error E-4012 means that "
    "the license server cannot be reached. The help desk is open on Monday from 9 am to 5 pm.",
)


@pytest.mark.parametrize(
    ("sentence", "support"),
    [
        # Word for word, whatever the dress.
        ("Employees receive 30 days of paid leave per calendar year.", "supported"),
        ("employees receive  30 days of paid leave", "supported"),
        ("**Alcohol** is *not* reimbursed.", "supported"),
        ("- Receipts must be submitted within 14 days", "supported"),
        ("Carried\u2011over days must be approved by the line manager in writing.", "supported"),
        # In other words, other numbers for the same amount.
        ("Employees get thirty days of paid leave each year.", "supported"),
        ("Contractors aren't eligible for paid leave.", "supported"),
        ("You must submit receipts within two weeks.", "supported"),
        ("The hotel limit in Berlin is \u20ac150 a night.", "supported"),
        ("A password needs at least 14 characters.", "supported"),
        ("Version 5.2.1 of the VPN client supports macOS 14.", "supported"),
        ("The line manager has to approve carried-over days in writing.", "supported"),
        ("Yes, multi-factor authentication is required for remote access.", "supported"),
        # From two places.
        ("Employees have 30 days of paid leave, and receipts must be submitted within 14 days.", "supported"),
        # Another number of the same thing.
        ("Employees receive 25 days of paid leave per calendar year.", "contradicted"),
        ("You must submit receipts within 30 days.", "contradicted"),
        ("Receipts must be submitted within 14 weeks.", "contradicted"),
        ("The hotel limit in Berlin is \u20ac180 a night.", "contradicted"),
        ("Up to five unused days may be carried over until 30 April of the following year.", "contradicted"),
        # The opposite.
        ("Contractors are eligible for paid leave.", "contradicted"),
        ("Alcohol is reimbursed.", "contradicted"),
        ("Passwords may be shared.", "contradicted"),
        ("Multi-factor authentication is optional for remote access.", "contradicted"),
        ("A password needs at most 14 characters.", "contradicted"),
        ("Employees do not receive 30 days of paid leave.", "contradicted"),
        ("The help desk is open on Tuesday from 9 am to 5 pm.", "contradicted"),
        # A part of it.
        ("Employees receive 30 days of paid leave and a company car with free fuel.", "partly"),
        # Nothing of it, or a name or a number that is nowhere.
        ("The office dog is called Bruno.", "unsupported"),
        ("The company reimburses gym memberships.", "unsupported"),
        ("The hotel limit in Hamburg is \u20ac150 per night.", "unsupported"),
        ("The VPN client 5.3.0 supports Windows 11.", "unsupported"),
        ("Error E-4013 means the license server cannot be reached.", "unsupported"),
        # No claims.
        ("The documents do not say how many sick days there are.", "not_a_claim"),
        ("I could not find anything about sick leave in the passages.", "not_a_claim"),
        ("Here are the rules:", "not_a_claim"),
        ("What is the limit?", "not_a_claim"),
        ("## Paid leave", "not_a_claim"),
        ("**Paid leave**", "not_a_claim"),
        ("Hello!", "not_a_claim"),
        ("Let me know if you have further questions.", "not_a_claim"),
        ("3.", "not_a_claim"),
        ("---", "not_a_claim"),
        ("", "not_a_claim"),
    ],
)
def test_the_verdict_fits_the_sentence(sentence: str, support: Support) -> None:
    assert check_sentence(sentence, PASSAGES).support == support


def test_a_silence_with_a_claim_behind_it_is_a_claim() -> None:
    assert is_claim("The documents do not mention sick leave, but paid leave is 30 days.")


def test_the_span_is_the_stretch_that_says_it() -> None:
    for sentence, passage, words in (
        ("Alcohol is not reimbursed", 1, "Alcohol is not reimbursed"),
        ("You must submit receipts within two weeks.", 1, "Receipts must be submitted within 14 days."),
        ("Contractors are eligible for paid leave.", 0, "Contractors are not eligible for paid leave."),
    ):
        best = check_sentence(sentence, PASSAGES).best
        assert best is not None
        assert (best.passage, PASSAGES[best.passage][best.start : best.end]) == (passage, words)


def test_fourteen_days_are_never_found_in_ninety() -> None:
    check = check_sentence("The warranty lasts 14 days.", ("The warranty lasts 90 days.",))
    assert check.support == "contradicted"


def test_a_quotation_under_a_negation_is_no_quotation() -> None:
    check = check_sentence(
        "Staff share passwords.", ("It is false that staff share passwords.", "Never share passwords.")
    )
    assert check.support != "supported"


def test_the_words_of_title_and_headings_count_as_said() -> None:
    text = ("It lasts 14 weeks and is fully paid.",)
    sentence = "Parental leave lasts 14 weeks and is fully paid."
    assert check_sentence(sentence, text).support != "supported"
    assert check_sentence(sentence, text, contexts=("Parental leave policy",)).support == "supported"


def test_without_passages_a_claim_is_unsupported() -> None:
    assert check_sentence("Leave is 30 days.", ()) == Check("unsupported", None)


def test_two_negations_affirm() -> None:
    passage = ("Days may be carried over only with written approval.",)
    assert check_sentence("Days may not be carried over without written approval.", passage).support == "supported"


@given(st.text(max_size=120), st.lists(st.text(max_size=200), max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_text_gets_a_verdict_and_a_span_that_exists(sentence: str, passages: list[str]) -> None:
    support, best, _ = check_sentence(sentence, passages)
    assert support in {"supported", "partly", "unsupported", "contradicted", "not_a_claim"}
    if best:
        assert 0 <= best.start < best.end <= len(passages[best.passage])


@given(st.integers(2, 9_999), st.integers(2, 9_999))
@settings(max_examples=100, deadline=None)
def test_a_changed_number_is_never_supported(said: int, stated: int) -> None:
    check = check_sentence(f"The stock room holds {said} chairs.", (f"The stock room holds {stated} chairs.",))
    assert (check.support == "supported") is (said == stated)


def test_a_long_answer_is_checked_quickly() -> None:
    words = " ".join(f"Rule {n} says that item number {n} must be kept for {n} days." for n in range(2, 40))
    passages = [f"Part {n}. {words}"[:1_500] for n in range(8)]
    prepare(passages)
    start = time.process_time()
    for n in range(2, 22):
        check_sentence(f"According to rule {n}, item number {n} has to be kept for {n} days.", passages)
    assert (time.process_time() - start) / 20 < 0.5


@pytest.mark.parametrize(
    "evil", ["1 " * 4_000, "not " * 4_000, "a, " * 4_000, "**" * 4_000, "x" * 20_000, "1" * 20_000]
)
def test_a_monstrous_sentence_ends_soon(evil: str) -> None:
    start = time.process_time()
    check_sentence(evil, (evil, *PASSAGES))
    check_sentence(f"{evil[:2_900]} dogs", PASSAGES)
    check_sentence("Dogs may not stay 5 days before 6 pm in Berlin.", (evil, *PASSAGES))
    assert check_sentence(f"{evil} dogs", PASSAGES).support in {"unsupported", "not_a_claim"}
    assert time.process_time() - start < 30


def test_of_an_old_rule_and_a_new_one_a_claim_may_follow_either() -> None:
    old, new = "The hotel limit in Berlin is EUR 140 per night.", "The hotel limit in Berlin is EUR 165 per night."
    for passages in ((old, new), (new, old)):
        assert check_sentence("The hotel limit for Berlin is 165 euros a night.", passages).support == "supported"
        assert check_sentence("The hotel limit for Berlin is 150 euros a night.", passages).support == "contradicted"


def test_links_and_tags_do_not_stand_between_a_sentence_and_its_source() -> None:
    passage = "Fill in the [leave form](https://x.test/7/form.pdf) by <b>Friday</b>, not later."
    check = check_sentence("Fill in the leave form by Friday, not later.", (passage,))
    assert (check.support, check.best) == ("supported", (0, 0, len(passage) - 1))
