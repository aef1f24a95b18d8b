"""Which questions are about the collection itself. An ordinary question must never be taken for one."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.inventory_questions import recognise
from assistant.periods import PERIOD, Period, read_period

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 22)  # A Sunday.
COLLECTIONS = ("HR", "Sample company")

LISTS = {
    "Which documents do we have about travel?": "travel",
    "what documents are there on remote work": "remote work",
    "Which files are available?": "",
    "What docs do you have regarding data protection?": "data protection",
    "Which policies do we have?": "policies",
    "which documents mention VPN?": "VPN",
    "Which documents mention the VPN?": "VPN",
    "Which of our documents talk about parental leave?": "parental leave",
    "Which documents contain the word “escalation”?": "escalation",
    "Which documents mention 'who must sign'?": "who must sign",
    "Which documents about travel do we have?": "travel",
    "Which documents cover parental leave?": "parental leave",
    "Which policies mention overtime?": "overtime policies",
    "List all policies on travel": "travel policies",
    "Please list all documents.": "",
    "List every document": None,
    "Show me all documents about the Whimbrel 3": "Whimbrel 3",
    "Show me all documents in the HR collection": "",
    "Give me a list of all documents about firmware, please": "firmware",
    "Find documents about expenses": "expenses",
    "find all files related to onboarding": "onboarding",
    "Can you list all the documents we have on refunds?": "refunds",
    "Are there any documents about wind?": "wind",
    "Do we have documents on insurance?": "insurance",
    "Which PDFs do we have?": "",
    "Which Word files mention leave?": "leave",
    "Which documents do we have about travel from 2026?": "travel",
    "Welche Dokumente haben wir über Reisekosten?": "Reisekosten",
    "Welche Dokumente erwähnen VPN?": "VPN",
    "Zeige mir alle Dokumente zum Thema Urlaub": "Urlaub",
    "Liste alle Dokumente auf": "",
}
COUNTS = {
    "How many documents do we have?": "",
    "How many documents are there in Sample company?": "",
    "How many documents mention travel?": "travel",
    "how many PDFs are there": "",
    "How many policies do we have on security?": "security policies",
    "How many documents about travel are there?": "travel",
    "Wie viele Dokumente gibt es?": "",
    "Wie viele Dokumente haben wir zu Reisen?": "Reisen",
}
CHANGES = {
    "What changed this week?": (date(2026, 11, 16), TODAY),
    "what's new?": None,
    "What is new?": None,
    "What’s new in the library?": None,
    "What is new today": (TODAY, TODAY),
    "What has been added since Monday?": (date(2026, 11, 16), TODAY),
    "What was added in March 2026?": (date(2026, 3, 1), date(2026, 3, 31)),
    "What changed in March 2026?": (date(2026, 3, 1), date(2026, 3, 31)),
    "What changed in the documents this year?": (date(2026, 1, 1), TODAY),
    "Which documents changed this week?": (date(2026, 11, 16), TODAY),
    "Which documents were added yesterday?": (date(2026, 11, 21), date(2026, 11, 21)),
    "What documents were added to the library last month?": (date(2026, 10, 1), date(2026, 10, 31)),
    "Which documents about travel were updated in the last 30 days?": (date(2026, 10, 24), TODAY),
    "How many documents were added last week?": (date(2026, 11, 9), date(2026, 11, 15)),
    "Which files were deleted since 1 November?": (date(2026, 11, 1), TODAY),
    "Are there any new documents?": None,
    "Show me the newest documents": None,
    "new documents this week": (date(2026, 11, 16), TODAY),
    "What are the latest documents about travel?": None,
    "Was ist neu?": None,
    "Was hat sich diese Woche geändert?": (date(2026, 11, 16), TODAY),
    "Was ist seit Montag neu?": (date(2026, 11, 16), TODAY),
}
CONTENT = (
    "Which documents do I need for onboarding?",
    "What documents do I have to bring on my first day?",
    "Which documents must be signed before travelling?",
    "Which documents do we have to keep for ten years?",
    "Which documents are required for a visa?",
    "Which documents are about to expire?",
    "Which documents should mention the customer's name?",
    "Which documents contain personal data?",
    "Which documents are confidential?",
    "Which documents are updated in January?",
    "Which documents do we have about travel and what do they say about meals?",
    "Which documents mention who approves leave?",
    "Which policies cover water damage?",
    "Which policy applies to contractors?",
    "Which policies do we have to follow abroad?",
    "Which reports do I send to finance?",
    "Which reports were updated in March?",
    "Which form do I use for expenses?",
    "Which files are deleted when I leave?",
    "Which files can I upload?",
    "Do we have a policy on remote work?",
    "Is there a document I can show at the border?",
    "Show me the guidelines on expenses",
    "Show me the policy on travel",
    "Show me how to connect to the VPN",
    "List the documents",
    "List the documents I need for a visa",
    "List all documents required for onboarding",
    "List all steps to reset a password",
    "List all holidays",
    "Find my payslip",
    "Give me a summary of all documents",
    "Summarise the documents about travel",
    "Compare the documents about travel",
    "How many documents do I need for a visa?",
    "How many documents can I upload at once?",
    "How many days of leave do we have?",
    "How many reports are there per year?",
    "How many policies do we have to read?",
    "How many files fit on the stick?",
    "What changed in the travel policy this year?",
    "What changed in the travel policy since March 2026?",
    "What has changed between firmware 4.1 and 4.2?",
    "What changed?",
    "What has changed?",
    "What changed this year?",
    "What changed in 2026?",
    "What is new in firmware 4.2?",
    "What's new in version 4.2 this week?",
    "What is the new meal allowance?",
    "What was decided this week?",
    "What was added to the manual in March 2026?",
    "Who changed the password policy this week?",
    "When was the travel policy updated?",
    "What changed on 31 February?",
    "What happens to documents about customers when they leave?",
    "New employees this week",
    "What are the new rules?",
    "Which new documents must I sign?",
    "What is our policy on documents?",
    "Welche Dokumente brauche ich für die Anmeldung?",
    "Welche Dokumente haben wir zu unterschreiben?",
    "Wie viele Dokumente muss ich einreichen?",
    "Was ist neu in Firmware 4.2?",
    "Was hat sich an der Reiserichtlinie geändert?",
    "documents",
    "",
    "😀",
    "which documents do we have about " + "travel " * 100,
)


@pytest.mark.parametrize(("question", "words"), [pair for pair in LISTS.items() if pair[1] is not None])
def test_a_question_for_a_list_is_recognised_with_its_subject(question: str, words: str) -> None:
    asked = recognise(question, today=TODAY, collections=COLLECTIONS)
    assert asked is not None
    assert (asked.kind, asked.words) == ("list", words)


@pytest.mark.parametrize(("question", "words"), COUNTS.items())
def test_a_question_for_a_number_is_recognised_with_its_subject(question: str, words: str) -> None:
    asked = recognise(question, today=TODAY, collections=COLLECTIONS)
    assert asked is not None
    assert (asked.kind, asked.words) == ("count", words)


@pytest.mark.parametrize(("question", "days"), CHANGES.items())
def test_a_question_for_changes_is_recognised_with_its_days(question: str, days: tuple[date, date] | None) -> None:
    asked = recognise(question, today=TODAY, collections=COLLECTIONS)
    assert asked is not None
    assert asked.kind == "changed"
    assert asked.period == (Period(*days) if days else None)


@pytest.mark.parametrize("question", CONTENT)
def test_an_ordinary_question_is_none(question: str) -> None:
    assert recognise(question, today=TODAY, collections=COLLECTIONS) is None


@pytest.mark.parametrize(
    "question",
    ["What's new?", "What changed this month?", "What changed in March 2026?", "Which documents mention it?"],
)
def test_a_follow_up_that_may_mean_what_was_spoken_of_is_none(question: str) -> None:
    assert recognise(question, today=TODAY, is_follow_up=True) is None


@pytest.mark.parametrize("question", ["What changed this week?", "Which documents mention VPN?", "Any new documents?"])
def test_a_follow_up_that_can_mean_nothing_else_is_recognised(question: str) -> None:
    assert recognise(question, today=TODAY, is_follow_up=True) is not None


def test_collection_type_and_dates_are_read_from_the_question() -> None:
    in_hr = recognise(
        "Which Word files do we have about leave in the HR collection?", today=TODAY, collections=COLLECTIONS
    )
    assert in_hr is not None
    assert (in_hr.words, in_hr.formats, in_hr.collection) == ("leave", {"DOCX"}, "HR")
    dated = recognise("Which documents do we have about travel from 2026?", today=TODAY)
    assert dated is not None
    assert (dated.words, dated.dated) == ("travel", Period(date(2026, 1, 1), date(2026, 12, 31)))
    deleted = recognise("What was deleted this week?", today=TODAY)
    assert deleted is not None
    assert deleted.change == "removed"


def test_no_question_of_the_evaluation_sets_is_taken_for_one() -> None:
    """Some 1,000 questions that people asked of documents."""
    files = [*ROOT.glob("examples/**/*.json"), *ROOT.glob("examples/**/*.jsonl"), *ROOT.glob("tests/**/*.jsonl")]
    texts = {text for file in files for text in questions_in(file)}
    assert len(texts) >= 5
    assert [text for text in texts if recognise(text, today=TODAY)] == []


def questions_in(file: Path) -> set[str]:
    """Every string of a JSON file, or of the lines of one, that ends in a question mark."""
    text = file.read_text("utf-8")

    def strings(value: object) -> list[str]:
        if isinstance(value, str):
            return [value]
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [found for child in children for found in strings(child)]

    values = [json.loads(each) for each in ([text] if file.suffix == ".json" else text.splitlines()) if each]
    return {found for value in values for found in strings(value) if found.endswith("?")}


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", TODAY, TODAY),
        ("since Monday", date(2026, 11, 16), TODAY),
        ("since Sunday", TODAY, TODAY),
        ("in December", date(2025, 12, 1), date(2025, 12, 31)),
        ("in february 2024", date(2024, 2, 1), date(2024, 2, 29)),
        ("in the last two weeks", date(2026, 11, 9), TODAY),
        ("since 4 March 2026", date(2026, 3, 4), TODAY),
        ("since March 4th", date(2026, 3, 4), TODAY),
        ("on 2026-03-04", date(2026, 3, 4), date(2026, 3, 4)),
        ("last year", date(2025, 1, 1), date(2025, 12, 31)),
        ("im März 2026", date(2026, 3, 1), date(2026, 3, 31)),
        ("in den letzten 3 Tagen", date(2026, 11, 20), TODAY),
    ],
)
def test_days_are_read_as_a_person_means_them(text: str, first: date, last: date) -> None:
    assert read_period(text, TODAY) == Period(first, last)


@pytest.mark.parametrize("text", ["on 31 February 2026", "since 2099-01-01", "in the last 999 months", "soon", PERIOD])
def test_days_that_do_not_exist_are_none(text: str) -> None:
    assert read_period(text, TODAY) is None or text == "in the last 999 months"


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_weeks_and_months_follow_each_other_without_a_gap(today: date) -> None:
    for unit in ("week", "month", "year"):
        this, last = read_period(f"this {unit}", today), read_period(f"last {unit}", today)
        assert this is not None
        assert last is not None
        assert last.last + timedelta(1) == this.first
        assert this.last == today


@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from(
            ["which", "documents", "mention", "about", "new", "the", "this", "week", "in", "all", "list", "what"]
        )
    ).map(" ".join)
)
def test_any_text_is_read_without_an_error(text: str) -> None:
    asked = recognise(text, today=TODAY)
    assert asked is None or asked.kind in {"list", "count", "changed"}
