"""What holds of the check whatever the texts: it is deterministic, quotations are backed, changed numbers never are."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.verify import check_sentence, is_claim
from retrieval.sentences import sentence_spans
from tests.assistant.test_check_pairs import PASSAGES

ODD_TEXTS = (
    "| City | Limit |\n|---|---|\n| Munich | EUR 140 |\n| Oslo | EUR 165 |",
    "1. Do not open the cover.\n2. Wait 3 minutes.\n   - never alone\n   - with gloves",
    "**Note:** the *limit* is `30 days`; see [the policy](https://x.test/a_(b)).\n\n> Quoted: no refunds.",
    "The carried-\nover days ex-\npire on 31 March.\nNo others do.",
    "Die Frist beträgt 14 Tage. Elle n’est pas prolongée. 期限は14日です。延長されません。Срок 14 дней.",
    "ﬁnal ofﬁce “quoted” text… It’s 5 µm (±0.2 µm) — not 6 µm! H₂O costs €1 234,50.",
    "GET /v1/items?limit=30 HTTP/1.1\nHost: a.test\n\n    if (n >= 14) { return false; }",
    'You may not, however, leave. "Never," she said. It is false that staff share keys. Staff share keys.',
)


@pytest.mark.parametrize("text", [*ODD_TEXTS, *PASSAGES.values()])
def test_every_sentence_of_a_text_is_backed_by_it(text: str) -> None:
    claims = [text[start:end] for start, end in sentence_spans(text) if is_claim(text[start:end])]
    assert [
        claim for claim in claims if check_sentence(claim, [text]).support not in {"supported", "not_a_claim"}
    ] == []


WORDS = st.sampled_from(
    [
        "the",
        "not",
        "no",
        "never",
        "staff",
        "keys",
        "14",
        "days",
        "30",
        "%",
        "|",
        "-",
        "**bold**",
        "must",
        "may",
        "Berlin",
        "EUR",
        "5",
        "(",
        ")",
        ".",
        ";",
        ",",
        "\n\n",
        "#",
        "before",
        "least",
    ]
)


@given(st.lists(WORDS, min_size=1, max_size=60).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_every_sentence_of_any_text_is_backed_by_it(text: str) -> None:
    for start, end in sentence_spans(text):
        assert check_sentence(text[start:end], [text]).support in {"supported", "not_a_claim"}


@given(st.text(max_size=120), st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_the_same_texts_get_the_same_check(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]) == check_sentence(sentence, [passage])


NUMBER = re.compile(r"(?<![\w.,-])[0-9][0-9,]*(?:\.[0-9]+)?(?![\w-])")


def changed_numbers(count: int) -> list[tuple[str, str]]:
    """Sentences of the passages with one number changed to any other, and the passage of each."""
    choose = random.Random(7)
    numbers = [
        (passage[start:end], found, passage)
        for passage in PASSAGES.values()
        for start, end in sentence_spans(passage)
        for found in NUMBER.finditer(passage[start:end])
    ]
    changed = []
    for i in range(count):
        sentence, found, passage = numbers[i % len(numbers)]
        is_time = re.match(r"(?:th)? (?:am|pm|March|May)", sentence[found.end() :])
        most = 12 if is_time else 3_000
        other = str(choose.randint(1, most)) if is_time or i % 2 else f"{choose.uniform(0, 99):.1f}"
        if float(other) != float(found[0].replace(",", "")):
            changed.append((sentence[: found.start()] + other + sentence[found.end() :], passage))
    return changed


def test_a_changed_number_is_never_backed_by_its_own_passage() -> None:
    changed = changed_numbers(10_500)
    assert len(changed) > 10_000
    assert [
        sentence for sentence, passage in changed if check_sentence(sentence, [passage]).support == "supported"
    ] == []


@given(
    st.sampled_from(["days", "euros", "%", "users", "km", "o'clock", "mg"]), st.integers(2, 500), st.integers(2, 500)
)
@settings(max_examples=150, deadline=None)
def test_a_number_stands_for_itself_alone_among_others(unit: str, mine: int, theirs: int) -> None:
    passage = f"The north store keeps {theirs} {unit} in reserve. The south store lends {mine} {unit} to partners."
    check = check_sentence(f"The north store keeps {mine} {unit} in reserve.", [passage])
    assert (check.support == "supported") is (mine == theirs)
