"""The sample company keeps its promises: counts, the facts behind every question, files made again alike."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import ParseError
from retrieval.parsing import parse_bytes
from retrieval.parsing.ocr import tesseract
from retrieval.values import ParsedDocument

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
COMPANY = EXAMPLES / "company"
SCAN = "security/evacuation-notice-scan.pdf"
HIDING = "product/reseller-mounting-notes.html"
MANUAL = "product/whimbrel-3-manual.pdf"
FILES = tuple(sorted(path.relative_to(COMPANY).as_posix() for path in COMPANY.rglob("*") if path.is_file()))
READABLE = tuple(name for name in FILES if name != SCAN)
MADE = tuple(name for name in FILES if name.endswith((".pdf", ".docx", ".pptx", ".xlsx")))
RATES = "support/shipping-zones.csv"
"""A bare table: it has neither a title nor a date."""
TELLING = tuple(name for name in READABLE if name != RATES)
WITH_HEADINGS = tuple(name for name in TELLING if not name.endswith(".eml"))
QUESTIONS: tuple[dict[str, Any], ...] = tuple(
    json.loads(line) for line in (EXAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
)
DEMO: tuple[dict[str, Any], ...] = tuple(json.loads((EXAMPLES / "demo.json").read_text(encoding="utf-8")))


def parsed_file(path: Path) -> ParsedDocument:
    return parse_bytes(path.read_bytes(), path.name)


@pytest.fixture(scope="module")
def documents() -> dict[str, ParsedDocument]:
    """Every document that has text, as the product reads it."""
    return {name: parsed_file(COMPANY / name) for name in READABLE}


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders of two runs of make_documents.py, each in a process of its own."""
    folders = (tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second"))
    script = str(EXAMPLES / "make_documents.py")
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", script, "--out", str(folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for folder in folders
    ]
    for process in running:
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
    return folders


def in_questions(kind: str) -> list[dict[str, Any]]:
    return [question for question in QUESTIONS if question["kind"] == kind]


def test_there_are_45_documents_in_eight_formats() -> None:
    endings = Counter(name.rsplit(".", 1)[1] for name in FILES)
    assert endings == {"md": 16, "pdf": 10, "docx": 8, "html": 7, "xlsx": 1, "csv": 1, "eml": 1, "pptx": 1}


def test_every_folder_of_the_company_has_documents() -> None:
    folders = {name.split("/")[0] for name in FILES}
    assert folders == {"hr", "it", "security", "product", "support", "releases", "minutes"}


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_larger_than_150_kb(name: str) -> None:
    assert (COMPANY / name).stat().st_size < 150_000


@pytest.mark.parametrize("name", TELLING)
def test_a_document_is_read_with_title_date_and_length(name: str, documents: dict[str, ParsedDocument]) -> None:
    document = documents[name]
    words = len(document.text.split())
    assert document.title not in ("", Path(name).stem)
    assert document.dated is not None
    assert 2500 <= words <= 4000 if name == MANUAL else 250 <= words <= 1200


@pytest.mark.parametrize("name", WITH_HEADINGS)
def test_a_document_has_four_headings_or_more(name: str, documents: dict[str, ParsedDocument]) -> None:
    assert len({section.heading for section in documents[name].sections}) >= 4


def test_every_row_of_the_rates_is_read_under_the_table_s_head(documents: dict[str, ParsedDocument]) -> None:
    rates = documents[RATES].text
    assert all(f"| {zone} |" in rates for zone in "ABCDEFX")
    assert rates.count("| free of charge from |") == rates.count("| zone |") >= 1


@pytest.mark.parametrize("name", TELLING)
def test_a_document_says_its_date_near_the_top(name: str, documents: dict[str, ParsedDocument]) -> None:
    dated = documents[name].dated
    assert dated is not None
    assert f"{dated.day} {dated:%B %Y}" in documents[name].text[:600]


def test_the_scan_is_read_by_tesseract_alone() -> None:
    if tesseract() is not None:
        assert "ice house" in parsed_file(COMPANY / SCAN).text.lower()
        return
    with pytest.raises(ParseError) as failure:
        parsed_file(COMPANY / SCAN)
    assert "no text" in failure.value.hint


def test_the_hidden_instruction_is_in_the_file_but_not_in_what_is_read(
    documents: dict[str, ParsedDocument],
) -> None:
    hidden = "ignore previous instructions"
    assert hidden in (COMPANY / HIDING).read_text(encoding="utf-8")
    assert not [name for name, document in documents.items() if hidden in document.text.lower()]
    assert not [name for name, document in documents.items() if "unlimited" in document.text.lower()]
    assert documents[HIDING].notes


def test_the_manual_has_pages_and_a_heading_for_its_error_codes(documents: dict[str, ParsedDocument]) -> None:
    manual = documents[MANUAL]
    assert len(manual.page_starts) >= 8
    found = [section for section in manual.sections if "Error codes" in section.heading]
    assert any("E23" in manual.text[section.start : section.end] for section in found)


def test_there_are_80_questions_of_five_kinds() -> None:
    assert Counter(question["kind"] for question in QUESTIONS) == {
        "answerable": 33,
        "partial": 10,
        "unanswerable": 22,
        "conflicting": 6,
        "follow_up": 9,
    }
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS) == 80


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: str(question["id"]))
def test_every_answer_stands_word_for_word_in_an_expected_document(
    question: dict[str, Any], documents: dict[str, ParsedDocument]
) -> None:
    assert set(question["documents"]) <= set(READABLE)
    assert bool(question["answers"]) == bool(question["documents"]) == (question["kind"] != "unanswerable")
    for answer in question["answers"]:
        assert any(answer in documents[name].text for name in question["documents"]), answer


def test_the_fields_of_a_question_follow_its_kind() -> None:
    for question in QUESTIONS:
        assert ("missing" in question) == (question["kind"] == "partial")
        assert ("history" in question) == (question["kind"] == "follow_up")
    for question in in_questions("follow_up"):
        assert [turn["role"] for turn in question["history"]] == ["user", "assistant"]
        assert all(turn["text"] for turn in question["history"])


@pytest.mark.parametrize("question", in_questions("conflicting"), ids=lambda question: str(question["id"]))
def test_each_side_of_a_conflict_stands_in_one_document_alone(
    question: dict[str, Any], documents: dict[str, ParsedDocument]
) -> None:
    assert len(question["documents"]) == len(question["answers"]) == 2
    newer, older = (documents[name].dated for name in question["documents"])
    assert newer is not None
    assert older is not None
    assert newer > older
    for name, other, answer in zip(
        question["documents"], reversed(question["documents"]), question["answers"], strict=True
    ):
        assert answer in documents[name].text
        assert answer not in documents[other].text


WORDS_OF_THE_UNANSWERABLE = {
    "u01": r"\bpensions?\b",
    "u02": r"whimbrel 3 (costs|is sold)|price of (the|a) (station|whimbrel)",
    "u03": r"\b(dogs?|pets?)\b",
    "u04": r"\bresign|notice period|weeks' notice to leave",
    "u05": r"\bdent(al|ist)|health insurance",
    "u06": r"\bvisas?\b|work permits?",
    "u07": r"\bturnover\b|\brevenue\b|annual sales",
    "u08": r"charg(e|ing) (point|station|your (own )?(electric )?car|private)|wall ?box",
    "u09": r"harbour plan (costs|is sold)|£\d+ a month for the harbour",
    "u10": r"\bovernight\b|\bexpress\b",
    "u11": r"regatta was|won the|\bwinners?\b",
    "u12": r"\bcurlew\b",
    "u13": r"salary of (the managing director|moira)|moira tennant earns",
    "u14": r"parental (benefit|allowance)|\belterngeld\b",
    "u15": r"\bgym\b|fitness",
    "u16": r"\bcombination\b",
    "u17": r"\buv (index|radiation|sensor)|sunshine|solar radiation",
    "u18": r"\biban\b|account number|sort code",
    "u19": r"\bmac\b|\bmacos\b|printer (driver|queue)|(add|set up|install) (a|the) printer",
    "u20": r"firmware 5",
    "u21": r"\binsurers?\b.{0,40}\bcars?\b|\bcars?\b.{0,40}\binsured\b",
    "u22": r"\bcarer|leave to (nurse|care)|nurs(e|ing) (a|your|an) ",
}
"""What a document that answers an unanswerable question after all would have to say."""


@pytest.mark.parametrize("question", in_questions("unanswerable"), ids=lambda question: str(question["id"]))
def test_no_document_speaks_of_what_is_called_unanswerable(
    question: dict[str, Any], documents: dict[str, ParsedDocument]
) -> None:
    words = re.compile(WORDS_OF_THE_UNANSWERABLE[question["id"]], re.IGNORECASE)
    assert not [name for name, document in documents.items() if words.search(document.text)]


def test_every_readable_document_is_wanted_by_a_question() -> None:
    wanted = {name for question in QUESTIONS for name in question["documents"]}
    assert wanted == set(READABLE)


def test_the_demo_asks_one_question_of_each_kind_in_order() -> None:
    kinds = [step["kind"] for step in DEMO]
    assert kinds == ["answerable", "partial", "unanswerable", "conflicting", "follow_up"]
    asked = {(question["kind"], question["question"]) for question in QUESTIONS}
    assert {(step["kind"], step["question"]) for step in DEMO} <= asked
    assert all(step["point"].endswith(".") for step in DEMO)


def test_the_demo_s_follow_up_names_the_question_it_continues() -> None:
    follow_up = next(question for question in QUESTIONS if question["question"] == DEMO[4]["question"])
    assert DEMO[DEMO[4]["after"]]["question"] == follow_up["history"][0]["text"]


def test_two_runs_make_the_same_bytes(two_runs: tuple[Path, Path]) -> None:
    first, second = two_runs
    assert [name for name in MADE if (first / name).read_bytes() != (second / name).read_bytes()] == []


def test_the_files_in_the_repository_are_those_of_the_sources(
    two_runs: tuple[Path, Path], documents: dict[str, ParsedDocument]
) -> None:
    fresh = two_runs[0]
    made = tuple(sorted(path.relative_to(fresh).as_posix() for path in fresh.rglob("*") if path.is_file()))
    assert made == MADE
    for name in made:
        if name != SCAN:
            assert parsed_file(fresh / name).text == documents[name].text, f"{name}: run make_documents.py"
