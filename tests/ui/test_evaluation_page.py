"""The evaluation page, drawn without a browser."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell, open_citewell
from assistant.evaluation import LabelledQuestion
from assistant.evaluation_runs import EVALUATE, GENERATE
from assistant.measuring import bring_in_sample_questions
from assistant.operations import OPERATIONS, Reporter
from assistant.running import RUNNING
from assistant.settings import Settings
from tests.assistant.handbook import read_handbook
from tests.assistant.mlflow_store import with_mlflow
from tests.assistant.test_question_sets import QUESTIONS as PLAIN
from tests.ui.test_app import ROOT, drawn, page, said, tables
from tests.ui.waiting import settled
from ui.words import counted

MEANT = LabelledQuestion("When do our pets get breakfast?", True, ("half past seven",), documents=("cats.md",))
"""It shares no word with its document."""
QUESTIONS = (*PLAIN, MEANT)
HOSTILE = LabelledQuestion("![x](https://evil.example/x.png) <b>E-4512</b>?", True, documents=("vpn.md",))


@pytest.fixture(scope="module")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three documents and a set of six questions."""
    home = with_mlflow(tmp_path_factory.mktemp("small") / "home")
    with closing(open_citewell(Settings.read(home=home, sample=False))) as citewell:
        collection = read_handbook(citewell)
        set_id = citewell.question_sets.create(collection, "Basics", LOCAL_USER)
        citewell.question_sets.add(set_id, QUESTIONS, LOCAL_USER)
    return home


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    RUNNING.close()
    monkeypatch.setenv("CITEWELL_SAMPLE", "0")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    yield monkeypatch
    RUNNING.close()


@pytest.fixture
def citewell(small_home: Path, env: pytest.MonkeyPatch, tmp_path: Path) -> Citewell:
    """A copy of that home, opened by the app."""
    shutil.copytree(small_home, tmp_path / "home")
    env.setenv("CITEWELL_HOME", str(tmp_path / "home"))
    return settled(EVALUATE, GENERATE)


@pytest.fixture(scope="module")
def measured_home(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That home with a hostile question too, measured as it answers now and by words alone."""
    home = Path(shutil.copytree(small_home, tmp_path_factory.mktemp("measured") / "home"))
    with closing(open_citewell(Settings.read(home=home, sample=False))) as citewell:
        citewell.question_sets.add(1, [HOSTILE], LOCAL_USER)
        OPERATIONS[EVALUATE](citewell, {"set_id": 1, "configs": ["present", "method=bm25"]}, Reporter())
    return home


@pytest.fixture
def measured(measured_home: Path, env: pytest.MonkeyPatch, tmp_path: Path) -> Citewell:
    """A copy of the measured home, opened by the app."""
    shutil.copytree(measured_home, tmp_path / "home")
    env.setenv("CITEWELL_HOME", str(tmp_path / "home"))
    return settled(EVALUATE, GENERATE)


def evaluation(part: str | None = None) -> AppTest:
    test = page().switch_page("views/evaluation.py").run()
    return test.segmented_control(key="evaluation_part").set_value(part).run() if part else test


def compared_with_words_alone() -> AppTest:
    """One click, and the page as it stands once both runs are done."""
    test = evaluation()
    test.selectbox(key="tried_method").set_value("bm25").run()
    test.button(key="compare_runs").click().run()
    settled(EVALUATE, GENERATE)
    return evaluation()


def told(test: AppTest) -> str:
    return json.dumps([info.value for info in test.info])


def test_without_a_set_it_says_what_will_be_here(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env.setenv("CITEWELL_HOME", str(tmp_path))
    assert "Question sets will be here" in said(evaluation())


def test_the_present_configuration_is_compared_only_with_another_one(citewell: Citewell) -> None:
    test = evaluation()
    assert "What answers now: Citewell, 8 passages, quotes" in said(test)
    assert test.button(key="compare_runs").disabled
    test.number_input(key="tried_passages").set_value(2).run()
    assert not test.button(key="compare_runs").disabled


def test_one_click_measures_both_and_shows_what_changed_first(citewell: Citewell) -> None:
    test = compared_with_words_alone()
    (rows,) = tables(test)
    assert rows[0]["Measure"] == "Answered as it should be"
    newer, older = citewell.runs.list(1, LOCAL_USER)
    assert (older.configuration.method, newer.configuration.method) == ("citewell", "bm25")
    assert rows[0]["Before"] == f"{older.figures['right'] or 0:.1%}"
    assert rows[0]["After"] == f"{newer.figures['right'] or 0:.1%}"
    compared = citewell.runs.compare(older.id, newer.id, LOCAL_USER)
    assert f"{counted(len(compared.won), 'question')} won, {counted(len(compared.lost), 'question')} lost" in said(test)
    assert compared.lost


def test_a_question_that_changed_opens_in_the_inspector_in_the_configuration_of_the_run(measured: Citewell) -> None:
    citewell = measured
    newer, older = citewell.runs.list(1, LOCAL_USER)
    compared = citewell.runs.compare(older.id, newer.id, LOCAL_USER)
    changed = [*compared.won, *compared.lost, *compared.moved]
    assert changed
    test = evaluation()
    test.button(key=f"look_into_{changed[0]}").click().run()
    asked = next(
        each.question for each in citewell.question_sets.questions(1, LOCAL_USER) if str(each.id) == changed[0]
    )
    assert test.text_area(key="inspected_question").value == asked.text
    assert test.selectbox(key="inspected_method").value == "bm25"
    assert drawn(test, "account")


def test_the_inspector_tells_how_it_was_found_and_that_no_model_was_asked(citewell: Citewell) -> None:
    test = evaluation("Inspector")
    test.text_area(key="inspected_question").set_value("What does error E-4512 mean?").run()
    test.button(key="inspect").click().run()
    (account,) = drawn(test, "account")
    assert account["rows"][0]["title"] == "VPN"
    assert tables(test)[0][0]["Verdict"] == "supported"
    assert "No model was asked" in said(test)


def test_a_question_by_hand_and_one_of_a_file_come_in_and_broken_lines_are_listed(citewell: Citewell) -> None:
    test = evaluation("Questions")
    next(each for each in test.text_input if each.label == "Question").set_value("Who feeds the cats?")
    test.button(key="FormSubmitter:question_by_hand-Add it").click().run()
    assert citewell.question_sets.get(1, LOCAL_USER).questions == 7
    test = evaluation("Questions")
    test.pills(key="add_questions").set_value("From a file").run()
    broken = b"question,documents\nWhere?,gone.md\n"
    test.file_uploader[0].set_value(("q.csv", broken, "text/csv")).run()
    assert tables(test) == [[{"Line": 2, "Because": "the collection has no document gone.md"}]]
    test.file_uploader[0].set_value(("q.csv", b"question,documents\nWhere?,vpn.md\n", "text/csv")).run()
    test.button(key="add_file").click().run()
    assert "1 question added." in told(test)
    assert citewell.question_sets.get(1, LOCAL_USER).questions == 8


def test_one_s_own_questions_come_with_what_their_answers_cited(citewell: Citewell) -> None:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    list(citewell.assistant.ask("When are the cats fed?", conversation_id=conversation_id, principal=LOCAL_USER))
    test = evaluation("Questions")
    test.pills(key="add_questions").set_value("From my chats").run()
    (row,) = test.dataframe[-1].value.to_dict("records")
    assert (row["Question"], row["Answerable"]) == ("When are the cats fed?", "yes")
    assert "cats.md" in row["Documents"]
    test.checkbox(key="only_liked").set_value(True).run()
    assert "Nobody else" in said(test)


def test_a_deleted_set_is_gone_and_recorded(citewell: Citewell) -> None:
    evaluation("Questions").button(key="delete_set").click().run()
    assert citewell.question_sets.list(LOCAL_USER) == ()
    assert citewell.audit.entries()[0].action == "question set deleted"


def test_what_a_question_says_is_never_markdown(measured: Citewell) -> None:
    assert HOSTILE in [each.question for each in measured.question_sets.questions(1, LOCAL_USER)]
    test = evaluation()
    assert "won" in said(test)
    assert "](https://evil.example" not in said(test)


def test_the_sample_s_questions_are_compared_by_one_click_and_by_one_command_with_the_same_figures(
    env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All 80 of them, but for those about a scan where there is no tesseract to read it."""
    home = with_mlflow(tmp_path / "home")
    with closing(open_citewell(Settings.read(home=home, sample=False))) as made:
        made.intake.read_paths([ROOT / "examples/company"], collection="Sample company")
        bring_in_sample_questions(made, made.library.collection_named("Sample company").id)
        (sample,) = made.question_sets.list(LOCAL_USER)
        assert sample.questions >= 78
        work = {"name": sample.name, "configs": ["present", "method=bm25"]}
        by_command = OPERATIONS[EVALUATE](made, work, Reporter())
    env.setenv("CITEWELL_HOME", str(home))
    compared_with_words_alone()
    citewell = settled(EVALUATE, GENERATE)
    newer, older, *_ = citewell.runs.list(sample.id, LOCAL_USER)
    for run, other in zip((older, newer), by_command["runs"], strict=True):
        assert run.configuration.as_json == other["configuration"]
        assert without_times(dict(run.figures)) == without_times(other["figures"])
    compared = citewell.runs.compare(older.id, newer.id, LOCAL_USER)
    assert [each["id"] for each in by_command["comparison"]["lost"]] == list(compared.lost)
    assert by_command["comparison"]["differences"]["ndcg@10"]["p"] == compared.differences["ndcg@10"].p


def without_times(figures: dict[str, float | None]) -> dict[str, float | None]:
    return {name: value for name, value in figures.items() if not name.endswith("_ms")}
