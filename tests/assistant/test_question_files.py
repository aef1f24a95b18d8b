"""Question sets as files: what is read, and how every line at fault is named with nothing half taken."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation import LabelledQuestion
from assistant.question_files import MOST_QUESTIONS, QuestionFileRefused, as_csv, questions_in_file

KNOWN = {"hr/leave.md", "it/vpn.md"}


def read(text: str, name: str = "questions.csv") -> tuple[LabelledQuestion, ...]:
    return questions_in_file(text.encode(), name, KNOWN)


def refused(text: str, name: str = "questions.csv") -> QuestionFileRefused:
    with pytest.raises(QuestionFileRefused) as error:
        read(text, name)
    return error.value


def test_a_table_is_read_by_the_names_of_its_columns_in_any_order_and_with_any_usual_delimiter() -> None:
    lines = ["Answers,Question,Documents,Answerable", "26 days|26,How much leave?,hr/leave.md,", ",Who cooks?,,no"]
    expected = (
        LabelledQuestion("How much leave?", True, ("26 days", "26"), documents=("hr/leave.md",)),
        LabelledQuestion("Who cooks?", False),
    )
    for delimiter in ",;\t":
        assert read("\n".join(lines).replace(",", delimiter)) == expected
    assert read("\ufeff" + "\r\n".join(lines)) == expected


def test_json_lines_are_read_as_the_command_for_answers_reads_them() -> None:
    line = '{"kind": "unanswerable", "question": "Who cooks?", "documents": [], "history": [{"role": "user", "text": "Hi."}]}'
    assert read(line + "\n\n", "q.jsonl") == (
        LabelledQuestion("Who cooks?", False, earlier=("Hi.",), kind="unanswerable"),
    )


def test_unknown_documents_and_broken_lines_are_all_named_with_line_and_reason_and_nothing_is_taken() -> None:
    table = (
        "question,documents,answerable\n"
        "How much leave?,hr/leave.md,\n"
        '"A question\nover two lines?",hr/gone.md,\n'
        ",hr/leave.md,\n"
        "Who cooks?,,perhaps\n"
        "Who sings?,,\n"
    )
    error = refused(table)
    assert [(each.line, each.reason) for each in error.broken] == [
        (3, "the collection has no document hr/gone.md"),
        (5, "there is no question"),
        (6, "answerable is yes or no, not 'perhaps'"),
        (7, "it says neither which document answers it nor that none does (answerable: no)"),
    ]
    assert error.hint.startswith(
        "Nothing was taken from questions.csv. Line 3: the collection has no document hr/gone.md"
    )


def test_broken_lines_of_json_are_named() -> None:
    lines = ['{"question": "A?", "answerable": true}', "{nothing", "[1]", '{"answerable": true}', '{"question": "B?"}']
    reasons = {each.line: each.reason for each in refused("\n".join(lines), "q.jsonl").broken}
    assert reasons == {
        2: "this is no JSON object",
        3: "this is no JSON object",
        4: "'question' is missing",
        5: '"answerable" is neither true nor false',
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no question"),
        ("question\n", "holds no question"),
        ("frage;x\n", "holds no question"),
        ("title,documents\nA,hr/leave.md\n", "no column called question"),
        ('question,documents\n"A?,hr/leave.md\n', "cannot be read"),
        ("question,answerable\n" + "A?,no\n" * (MOST_QUESTIONS + 1), "more than 10,000 questions"),
        ("question,answerable\n" + "A" * 8_001 + ",no\n", "more than 8,000 characters"),
    ],
)
def test_what_is_no_set_is_refused_with_its_reason(text: str, said: str) -> None:
    assert said in refused(text).hint


def test_ten_thousand_questions_are_read() -> None:
    assert len(read("question,answerable\n" + "A?,no\n" * MOST_QUESTIONS)) == MOST_QUESTIONS


PLAIN = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=20)
WORDS = PLAIN.filter(lambda text: "|" not in text and text[0] not in "=+-@＝＋－＠" and ";" not in text)


@given(WORDS, st.booleans(), st.lists(st.sampled_from(sorted(KNOWN)), unique=True), st.lists(WORDS, max_size=3))
def test_a_set_that_was_taken_home_comes_in_again_as_it_was(
    text: str, answerable: bool, documents: list[str], answers: list[str]
) -> None:
    question = LabelledQuestion(text, answerable, tuple(answers), documents=tuple(documents))
    assert read("".join(as_csv([question]))) == (question,)


def test_no_cell_of_a_set_that_is_taken_home_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO("".join(as_csv([LabelledQuestion("=1+1", False, ("@x",), kind="-k")])))))
    assert rows[1] == ["'=1+1", "", "'@x", "no", "'-k"]
