"""In a pasted mail only what its writer says counts: no header, salutation, signature or quoted line."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.pasted import stretches


def own(text: str) -> str:
    return "".join(text[start:end] for start, end, is_own in stretches(text) if is_own).strip()


@pytest.mark.parametrize(
    "text",
    [
        "Hi Anna,\n\nLeave is 26 days.",
        "Hello Anna, Leave is 26 days.",
        "Dear Ms Calder:\nLeave is 26 days.",
        "Good morning!\nLeave is 26 days.",
        "Leave is 26 days.\n\nKind regards,\nAnna Finch\nHead of People\n+44 1632 960 220",
        "Leave is 26 days.\n\nMany thanks\n\nAnna",
        "Leave is 26 days.\n-- \nSkerrivane Instruments, 12 Quay Street, founded in 1921.",
        "> Is it 24 days?\n\nLeave is 26 days.\n\n> How much leave is there?",
        "Leave is 26 days.\n\nOn Mon, 3 Mar 2026 at 10:00, Anna wrote:\n> Leave is 99 days.\nSome more.",
        "Leave is 26 days.\n\n-----Original Message-----\nLeave is 99 days.",
        "Leave is 26 days.\n\nFrom: Anna\nSent: Monday\nSubject: Leave\n\nLeave is 99 days.",
        "Subject: Your 99 days\nFrom: anna@example.org\nDate: 3 March 2026\n\nLeave is 26 days.",
        "---\ntitle: Leave\nversion: 99\n---\nLeave is 26 days.",
    ],
)
def test_what_the_writer_says_is_left(text: str) -> None:
    assert own(text) == "Leave is 26 days."


@pytest.mark.parametrize(
    "text",
    [
        "Hi-fi sets are lent for 3 days.",
        "Dear customers may return a product.",
        "Dear customers have 30 days to return a product.",
        "From the sixth day we need a doctor's note.\nTo be paid, hand it in.",
        "Date: to be agreed.",
        "Regards and thanks are no statement, but 26 days is one.",
        "Thanks\n" + "\n".join(f"Leave of kind {n} lasts {n} days." for n in range(1, 12)),
    ],
)
def test_what_only_looks_like_a_part_of_a_mail_counts(text: str) -> None:
    assert own(text) == text


@given(
    st.text(alphabet="aDH:>- \n,.", max_size=60)
    | st.lists(st.sampled_from(["Hi A,", "> x", "-- ", "Thanks,", "b."])).map("\n".join)
)
def test_the_stretches_are_the_whole_text_in_order(text: str) -> None:
    found = stretches(text)
    assert "".join(text[start:end] for start, end, _ in found) == text
    assert all(one.end == other.start and one.is_own != other.is_own for one, other in pairwise(found))
