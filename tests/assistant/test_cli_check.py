"""`citewell check` as its users meet it."""

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.settings import environment
from tests.assistant.test_cli import ROOT, TIMEOUT_S, citewell
from tests.homes import new_home

LEAVE = "# Leave policy\n\nEverybody has 30 days of paid leave a year. Unused days lapse on 31 March.\n"
RIGHT = "Everybody has 30 days of paid leave a year."
WRONG = "Everybody has 28 days of paid leave a year."
MAIL = f"From: a@b.example\nSubject: 99 days\nContent-Type: text/plain\n\nHi Tom,\n\n{WRONG}\n\nKind regards,\nAnna\n"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one document."""
    home, folder = new_home(tmp_path_factory.mktemp("check") / "home"), tmp_path_factory.mktemp("files")
    (folder / "leave.md").write_text(LEAVE, "utf-8")
    assert citewell(home, "ingest", str(folder), "--collection", "hr").code == 0
    return home


def written(directory: Path, name: str, text: str) -> str:
    (directory / name).write_text(text, "utf-8")
    return str(directory / name)


def test_a_right_text_exits_0_with_its_source(stocked, tmp_path):
    done = citewell(stocked, "check", written(tmp_path, "reply.txt", RIGHT), "--json")
    assert done.code == 0
    (sentence,) = done.json["sentences"]
    assert (sentence["support"], sentence["citations"], sentence["differences"]) == ("supported", [1], [])
    (citation,) = done.json["citations"]
    assert LEAVE[citation["start"] : citation["end"]] == citation["quote"]


@pytest.mark.parametrize(("name", "text"), [("reply.md", f"## Leave\n\n- {WRONG}\n"), ("reply.eml", MAIL)])
def test_a_wrong_figure_exits_3_and_the_right_one_is_told(name, text, stocked, tmp_path):
    done = citewell(stocked, "check", written(tmp_path, name, text), "--collection", "hr", "--json")
    assert done.code == 3
    (wrong,) = [sentence for sentence in done.json["sentences"] if sentence["support"] != "not_a_claim"]
    assert wrong["support"] == "contradicted"
    assert [(each["claimed"], each["stated"]) for each in wrong["differences"]] == [("28 days", "30 days")]
    assert wrong["compared"]["document"] == "leave.md"
    assert LEAVE[wrong["compared"]["start"] : wrong["compared"]["end"]] == wrong["compared"]["quote"]
    assert done.json["counts"]["contradicted"] == 1


def test_a_person_reads_each_sentence_with_its_mark_and_what_the_source_says(stocked, tmp_path):
    done = citewell(
        stocked, "check", written(tmp_path, "reply.txt", f"{WRONG} Unused days lapse on 31 March. Dogs may come.")
    )
    assert done.code == 3
    assert f"≠ {WRONG} [1]" in done.out
    assert "“28 days” here, “30 days” in the source" in done.out
    assert "✓ Unused days lapse on 31 March. [2]" in done.out
    assert "? Dogs may come." in done.out
    assert "3 statements: 1 supported, 1 contradicted, 1 not supported." in done.err


def test_standard_input_is_read(stocked):
    command = [sys.executable, "-m", "assistant", "check", "-", "--home", str(stocked), "--json"]
    clean = environment(OPENAI_API_KEY="", OPENAI_BASE_URL="", OMP_NUM_THREADS="2")
    done = subprocess.run(
        command, cwd=ROOT, env=clean, input=RIGHT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert (done.returncode, '"support": "supported"' in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("name", "text"), [("tool.exe", "MZ\x00\x01"), ("empty.txt", ""), ("long.txt", "word " * 9_000)]
)
def test_a_file_that_cannot_be_checked_is_one_sentence(name, text, stocked, tmp_path):
    assert citewell(stocked, "check", written(tmp_path, name, text)).is_one_sentence()


def test_an_absent_file_and_a_home_without_documents_are_one_sentence(stocked, tmp_path):
    assert citewell(stocked, "check", str(tmp_path / "absent.txt")).is_one_sentence()
    assert citewell(stocked, "check", str(tmp_path)).is_one_sentence()
    done = citewell(tmp_path / "new", "check", written(tmp_path, "reply.txt", RIGHT))
    assert done.is_one_sentence()
    assert "no documents" in done.err


def test_asks_sentences_say_what_they_were_held_against(stocked):
    (sentence, *_) = citewell(stocked, "ask", "How many days of paid leave does everybody have?", "--json").json[
        "sentences"
    ]
    assert {"text", "support", "citations", "differences", "compared"} == set(sentence)
