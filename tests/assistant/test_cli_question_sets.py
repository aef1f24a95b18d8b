"""`citewell eval set` as its users meet it: a set by name or as a file, and the exit code of a threshold."""

import json
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER
from assistant.bootstrap import open_citewell
from assistant.settings import Settings
from tests.assistant.test_cli import Done, citewell
from tests.assistant.test_question_sets import DOCUMENTS, QUESTIONS
from tests.conftest import document

TABLE = (
    "question,documents,answers,answerable\n"
    "How many days of annual leave do staff have?,leave.md,26 days,\n"
    "What does error E-4512 mean?,vpn.md,certificate has expired,\n"
    "Who won the regatta of 1911?,,,no\n"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three documents and a set."""
    path = tmp_path_factory.mktemp("sets") / "home"
    opened = open_citewell(Settings(home=path, sample=False))
    collection = opened.library.create_collection("Handbook").id
    read = [(name, document(text, title=title)) for name, (title, text) in DOCUMENTS.items()]
    opened.intake.add_parsed(collection, read)
    set_id = opened.question_sets.create(collection, "Basics", LOCAL_USER)
    opened.question_sets.add(set_id, QUESTIONS, LOCAL_USER)
    opened.close()
    return path


def measured(home: Path, folder: Path, thresholds: str, *more: str) -> Done:
    file, questions = folder / "t.toml", folder / "questions.csv"
    file.write_text(thresholds, "utf-8")
    questions.write_text(TABLE, "utf-8")
    return citewell(home, "eval", "set", str(questions), "--thresholds", str(file), *more)


def test_two_configurations_of_a_set_are_compared_by_one_command(home: Path) -> None:
    done = citewell(
        home, "eval", "set", "Basics", "--config", "present", "--config", "method=bm25,passages=1", "--json"
    )
    assert done.code == 0
    told = done.json
    assert (told["set"], told["questions"], told["missed"]) == ("Basics", 5, [])
    assert [run["configuration"]["method"] for run in told["runs"]] == ["citewell", "bm25"]
    assert told["runs"][0]["figures"]["recall@10"] == 1.0
    assert set(told["comparison"]) == {"questions", "differences", "won", "lost", "moved"}
    sets = citewell(home, "eval", "sets", "--json").json["sets"]
    assert sets == [{"name": "Basics", "collection": "Handbook", "questions": 5}]


def test_a_threshold_that_is_kept_ends_with_0_and_one_that_is_not_with_3(home: Path, tmp_path: Path) -> None:
    kept = measured(home, tmp_path, '"recall@10" = { min = 0.9 }', "--json")
    assert (kept.code, kept.json["missed"]) == (0, [])
    assert kept.json["runs"][0]["id"] is None
    missed = measured(home, tmp_path, "p95_ms = { max = 0.0001 }")
    assert missed.code == 3
    assert "Threshold not kept: p95_ms is" in missed.err
    assert "| right |" in missed.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("No such set",), "There is no question set 'No such set' (there: Basics)"),
        (("Basics", "--config", "method=best"), "The method of a configuration is citewell, dense, bm25, rrf"),
        (("Basics", "--config", "model=usual"), "No model is connected"),
        (("none.csv",), "could not be read"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(home: Path, arguments: tuple[str, ...], said: str) -> None:
    done = citewell(home, "eval", "set", *arguments)
    assert done.code == 1
    assert said in done.err


def test_broken_lines_of_a_file_are_named_and_nothing_is_measured(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(json.dumps({"question": "Where?", "answerable": True, "documents": ["gone.md"]}) + "\n{\n", "utf-8")
    done = citewell(home, "eval", "set", str(file))
    assert done.code == 1
    assert "Line 1: the collection has no document gone.md; line 2: this is no JSON object." in done.err
