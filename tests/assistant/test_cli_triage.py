"""`citewell triage` and `citewell eval triage` as their users meet them, with the sample company's tickets."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.settings import environment
from tests.assistant.test_cli import ROOT, TIMEOUT_S, Done, citewell
from tests.homes import new_home

RESOLVED, NEW = ROOT / "examples/tickets/resolved.csv", ROOT / "examples/tickets/new.csv"
LABELS = {row["category"] for row in csv.DictReader(RESOLVED.read_text("utf-8").splitlines())}
SERVED = """
import sys, mlflow.pyfunc, pandas
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/triage@champion")
print(model.predict(pandas.DataFrame({"text": ["The funnel of the rain gauge is cracked"]}))[0]["category"]["label"])
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_home(tmp_path_factory.mktemp("triage") / "home")


@pytest.fixture(scope="module")
def trained(home) -> Done:
    """The first training of a new home."""
    return citewell(home, "triage", "train", str(RESOLVED), "--json")


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def test_nothing_is_guessed_before_anything_was_learned(tmp_path):
    done = citewell(tmp_path / "empty", "triage", "run", str(NEW), "-o", str(tmp_path / "out.csv"))
    assert done.is_one_sentence()
    assert "citewell triage train" in done.err
    assert not (tmp_path / "out.csv").exists()


def test_the_first_model_is_used_at_once_and_says_how_good_it_is(trained):
    assert trained.code == 0
    assert (trained.json["version"], trained.json["is_champion"]) == (1, True)
    assert trained.json["tickets"] + trained.json["held_back"] == 150
    assert trained.json["figures"]["category"]["accuracy"] > 0.7
    assert set(trained.json["figures"]) == {"category", "type", "severity", "product"}


def test_new_tickets_come_out_with_labels_that_were_learned_and_nothing_obeyed(trained, home, tmp_path):
    out = tmp_path / "out.csv"
    done = citewell(home, "triage", "run", str(NEW), "-o", str(out), "--json")
    assert (done.code, done.json["tickets"], done.json["rejected"]) == (0, 30, [])
    rows = rows_of(out)
    assert {row["category"] for row in rows} <= LABELS | {""}
    assert {row["severity"] for row in rows} <= {"P1", "P2", "P3", "P4"}
    pizza = next(row for row in rows if row["subject"] == "Pizza")
    assert (pizza["out of scope"], pizza["category"]) == ("yes", "")
    router = next(row for row in rows if row["subject"] == "Offline after router swap")
    assert (router["out of scope"], router["category"]) == ("no", "Station offline")


def test_rows_that_are_no_tickets_are_listed_and_exit_3(trained, home, tmp_path):
    (tmp_path / "new.csv").write_text("text,id\nThe rain gauge is stuck,=1+1\n,2\n", "utf-8")
    done = citewell(home, "triage", "run", str(tmp_path / "new.csv"), "-o", str(tmp_path / "out.csv"))
    assert done.code == 3
    assert "Line 3 was left out: it has no text." in done.err
    assert [row["id"] for row in rows_of(tmp_path / "out.csv")] == ["'=1+1"]


def test_a_table_without_the_needed_column_is_asked_for_it(home):
    done = citewell(home, "triage", "train", str(NEW))
    assert done.is_one_sentence()
    assert "--column category=NAME" in done.err


def test_a_challenger_is_compared_and_used_after_it_was_promoted(trained, home, tmp_path):
    lines = RESOLVED.read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "fewer.csv").write_text("".join(lines[:121]), "utf-8")
    second = citewell(home, "triage", "train", str(tmp_path / "fewer.csv"), "--json").json
    assert (second["version"], second["is_champion"]) == (2, False)
    assert set(second["comparison"]) == {"held_back.accuracy", "held_back.champion_accuracy"}
    assert second["fingerprint"] != trained.json["fingerprint"]

    def used() -> int:
        done = citewell(home, "triage", "run", str(NEW), "-o", str(tmp_path / "out.xlsx"), "--json")
        return int(done.json["version"])

    assert used() == 1
    assert citewell(home, "triage", "promote", "2").code == 0
    assert used() == 2
    listed = citewell(home, "triage", "models", "--json").json["models"]
    assert [(each["number"], each["is_champion"]) for each in listed] == [(2, True), (1, False)]
    assert citewell(home, "triage", "promote", "9").is_one_sentence()


def test_mlflow_itself_loads_the_champion(trained, home):
    command = [sys.executable, "-c", SERVED, f"sqlite:///{home / 'mlflow.sqlite'}"]
    clean = environment(PYTHONPATH=str(ROOT), MLFLOW_DISABLE_TELEMETRY="true")
    done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, cwd=home)
    assert done.stdout.strip().splitlines()[-1:] == ["Rain gauge"], done.stderr


def test_a_model_that_names_another_loader_is_never_loaded(tmp_path):
    home = tmp_path / "home"
    assert citewell(home, "triage", "train", str(RESOLVED)).code == 0
    (described,) = (home / "mlflow").rglob("MLmodel")
    described.write_text(described.read_text("utf-8").replace("assistant.triage.model_files", "os"), "utf-8")
    done = citewell(home, "triage", "run", str(NEW), "-o", str(tmp_path / "out.csv"))
    assert done.is_one_sentence()
    assert "was not made by Citewell" in done.err


def test_a_measurement_has_the_figures_that_are_promised(home, tmp_path):
    rows = [(row["text"], row["category"]) for row in csv.DictReader(RESOLVED.read_text("utf-8").splitlines())]
    for name, part in (("train", rows[::2]), ("test", rows[1::2]), ("oos", [("Two pizzas please", "none")])):
        lines = [json.dumps({"text": text, "label": label}) for text, label in part]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
    files = ["--train", str(tmp_path / "train.jsonl"), "--test", str(tmp_path / "test.jsonl")]
    whole = citewell(home, "eval", "triage", *files, "--oos", str(tmp_path / "oos.jsonl"), "--json").json
    assert whole["oos_auroc"] == 1.0
    assert whole["oos_recall"] in (0.0, 1.0)
    assert 0.5 < whole["in_scope_accuracy"] <= whole["accuracy"] <= 1
    without = citewell(home, "eval", "triage", *files, "--json").json
    assert (without["oos_recall"], without["oos_auroc"]) == (None, None)
    assert {name: without[name] for name in ("accuracy", "macro_f1", "in_scope_accuracy", "ece")} == {
        name: whole[name] for name in ("accuracy", "macro_f1", "in_scope_accuracy", "ece")
    }
