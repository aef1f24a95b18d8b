"""Question sets and their runs: kept, measured by the product's own search and turn, compared, and known to erasure."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER
from assistant.asking import Asking, present
from assistant.bootstrap import Citewell, open_citewell
from assistant.carrying_out import Begun, carry_out
from assistant.configuration import Configuration, ConfigurationRefused, parsed
from assistant.evaluation import LabelledQuestion, evaluate_answers
from assistant.evaluation_runs import EVALUATE, GENERATE, RunNotFound
from assistant.generated_questions import questions_of, read_reply
from assistant.measuring import comparison_json
from assistant.mlflow_client import open_tracking
from assistant.operations import Reporter
from assistant.question_sets import SetNotFound, SetRefused
from assistant.set_evaluation import Outcome, compare, evaluate_set
from assistant.settings import Settings
from retrieval.errors import UnknownCollection
from tests.assistant.handbook import DOCUMENTS, read_handbook
from tests.assistant.mlflow_store import with_mlflow
from tests.assistant.people import anna, boss, erase, opened
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.assistant.turns import model_at
from tests.conftest import document

QUESTIONS = (
    LabelledQuestion("How many days of annual leave do staff have?", True, ("26 days",), documents=("leave.md",)),
    LabelledQuestion("What does error E-4512 mean?", True, ("certificate has expired",), documents=("vpn.md",)),
    LabelledQuestion("When are the office cats fed?", True, ("half past seven",), documents=("cats.md",)),
    LabelledQuestion("Who won the regatta of 1911?", False),
    LabelledQuestion("What does Moira earn?", False),
)
BY_WORDS = Configuration(method="bm25", passages=1)


@pytest.fixture(scope="module")
def shelved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three documents."""
    home = with_mlflow(tmp_path_factory.mktemp("shelved") / "home")
    with closing(open_citewell(Settings(home=home, sample=False))) as citewell:
        read_handbook(citewell)
    return home


@pytest.fixture
def citewell(shelved: Path, tmp_path: Path) -> Iterator[Citewell]:
    home = Path(shutil.copytree(shelved, tmp_path / "home"))
    with closing(open_citewell(Settings(home=home, sample=False))) as made:
        yield made


def handbook(citewell: Citewell) -> str:
    return citewell.library.collection_named("Handbook").id


def with_set(citewell: Citewell, questions: tuple[LabelledQuestion, ...] = QUESTIONS) -> int:
    set_id = citewell.question_sets.create(handbook(citewell), "Basics", LOCAL_USER)
    citewell.question_sets.add(set_id, questions, LOCAL_USER)
    return set_id


def work_off(citewell: Citewell) -> list[dict[str, object]]:
    """Do the jobs that wait, as the worker does."""
    results = []
    while (job := citewell.jobs.claim((EVALUATE, GENERATE))) is not None:
        results.append(carry_out(citewell, job.kind, job.work, Reporter(), begun=Begun(job.owner, job=job.id)))
        citewell.jobs.finish(job.id, results[-1])
    return results


# Sets.


def test_a_set_keeps_its_questions_once_each_and_counts_them(citewell: Citewell) -> None:
    set_id = with_set(citewell)
    assert citewell.question_sets.add(set_id, QUESTIONS[:2], LOCAL_USER) == 0
    kept = citewell.question_sets.questions(set_id, LOCAL_USER)
    assert tuple(each.question for each in kept) == QUESTIONS
    citewell.question_sets.remove(set_id, [kept[0].id], LOCAL_USER)
    assert citewell.question_sets.get(set_id, LOCAL_USER).questions == len(QUESTIONS) - 1


def test_a_question_about_an_unknown_document_adds_none_of_its_list(citewell: Citewell) -> None:
    set_id = with_set(citewell, ())
    unknown = replace(QUESTIONS[1], documents=("gone.md",))
    with pytest.raises(SetRefused, match=r"Question 2: the collection has no document gone\.md"):
        citewell.question_sets.add(set_id, [QUESTIONS[0], unknown], LOCAL_USER)
    assert citewell.question_sets.get(set_id, LOCAL_USER).questions == 0


def test_names_are_there_once_in_a_collection_and_never_empty(citewell: Citewell) -> None:
    with_set(citewell)
    for name in (" ", "Basics", "x" * 201):
        with pytest.raises(SetRefused):
            citewell.question_sets.create(handbook(citewell), name, LOCAL_USER)
    with pytest.raises(UnknownCollection):
        citewell.question_sets.create("none", "Basics", LOCAL_USER)


def test_an_empty_set_is_not_run(citewell: Citewell) -> None:
    with pytest.raises(SetRefused, match="no question yet"):
        citewell.runs.start(with_set(citewell, ()), [Configuration()], LOCAL_USER)


def test_a_deleted_collection_takes_its_sets_and_runs_with_it(citewell: Citewell) -> None:
    set_id = with_set(citewell)
    citewell.runs.start(set_id, [Configuration()], LOCAL_USER)
    work_off(citewell)
    (run,) = citewell.runs.list(set_id, LOCAL_USER)
    citewell.library.delete_collection(handbook(citewell))
    for act in (
        lambda: citewell.question_sets.get(set_id, LOCAL_USER),
        lambda: citewell.runs.list(set_id, LOCAL_USER),
        lambda: citewell.runs.outcomes(run.id, LOCAL_USER),
    ):
        with pytest.raises((SetNotFound, RunNotFound)):
            act()


def test_a_set_whose_collection_goes_while_it_waits_fails_with_a_sentence(citewell: Citewell) -> None:
    citewell.runs.start(with_set(citewell), [Configuration()], LOCAL_USER)
    citewell.library.delete_collection(handbook(citewell))
    with pytest.raises(SetNotFound, match="no such question set"):
        work_off(citewell)


# Runs.


def test_the_figures_are_those_of_the_command_for_answers(citewell: Citewell) -> None:
    """The same documents and questions in its temporary index, to the last digit."""
    assert citewell.embedder is not None
    corpus = {name: document(text, title=title) for name, (title, text) in DOCUMENTS.items()}
    by_command = evaluate_answers(corpus, QUESTIONS, citewell.embedder).result
    citewell.runs.start(with_set(citewell), [Configuration()], LOCAL_USER)
    (told,) = work_off(citewell)
    figures = told["runs"][0]["figures"]  # type: ignore[index]
    for name in (
        "auroc",
        "false_answer_rate",
        "false_refusal_rate",
        "answer_in_first_sentence",
        "answer_in_three_sentences",
    ):
        assert figures[name] == getattr(by_command, name), name


def test_a_run_is_kept_with_every_question_and_in_mlflow_without_their_words(citewell: Citewell) -> None:
    set_id = with_set(citewell)
    citewell.runs.start(set_id, [Configuration(), BY_WORDS], LOCAL_USER)
    work_off(citewell)
    newer, older = citewell.runs.list(set_id, LOCAL_USER)
    assert (older.configuration, newer.configuration) == (Configuration(), BY_WORDS)
    assert older.figures["recall@10"] == 1.0
    outcomes = citewell.runs.outcomes(older.id, LOCAL_USER)
    kept = citewell.question_sets.questions(set_id, LOCAL_USER)
    assert list(outcomes) == [str(each.id) for each in kept]
    assert outcomes[str(kept[0].id)].documents[0] == "leave.md"
    tracking = open_tracking(citewell.settings.model_copy(update={"home": citewell.home.path}))
    with tracking.client() as client:
        logged = client.get_run(older.mlflow_run)
    assert logged.data.metrics["recall_at_10"] == 1.0
    assert logged.data.params["set"] == "Basics"
    assert "annual leave" not in str(logged.to_dictionary())
    recorded = [entry.action for entry in citewell.audit.entries()]
    assert recorded == ["question set measured"]


def test_a_cancelled_run_keeps_nothing(citewell: Citewell) -> None:
    set_id = with_set(citewell)
    citewell.runs.start(set_id, [Configuration()], LOCAL_USER)
    job = citewell.jobs.claim((EVALUATE,))
    assert job is not None
    seen: list[int] = []
    reporter = Reporter(on_progress=lambda progress: (seen.append(progress.done), reporter.stopping.set())[0])
    assert carry_out(citewell, EVALUATE, job.work, reporter, begun=Begun(job.owner, job=job.id)) == {}
    assert seen == [0]
    assert citewell.runs.list(set_id, LOCAL_USER) == ()


def test_a_document_that_is_gone_by_now_counts_as_not_found_and_is_named(citewell: Citewell) -> None:
    set_id = with_set(citewell)
    scope = frozenset({handbook(citewell)})
    citewell.library.remove(citewell.library.document_at("vpn.md", scope))
    citewell.indexes.catch_up(handbook(citewell))
    citewell.runs.start(set_id, [Configuration()], LOCAL_USER)
    work_off(citewell)
    (run,) = citewell.runs.list(set_id, LOCAL_USER)
    assert run.notes == ("Expected, and no longer in the collection: vpn.md. They count as not found.",)
    assert run.figures["recall@10"] == pytest.approx(2 / 3)


def test_two_runs_side_by_side_tell_what_was_won_and_lost_with_intervals(citewell: Citewell) -> None:
    set_id = with_set(citewell)
    citewell.runs.start(set_id, [Configuration(), Configuration()], LOCAL_USER)
    work_off(citewell)
    newer, older = citewell.runs.list(set_id, LOCAL_USER)
    same = citewell.runs.compare(older.id, newer.id, LOCAL_USER)
    assert (same.won, same.lost, same.moved, same.questions) == ((), (), (), len(QUESTIONS))
    assert same.differences["ndcg@10"].p == 1.0
    other = citewell.question_sets.create(handbook(citewell), "Others", LOCAL_USER)
    citewell.question_sets.add(other, QUESTIONS[:1], LOCAL_USER)
    citewell.runs.start(other, [Configuration()], LOCAL_USER)
    work_off(citewell)
    (foreign,) = citewell.runs.list(other, LOCAL_USER)
    with pytest.raises(RunNotFound):
        citewell.runs.compare(older.id, foreign.id, LOCAL_USER)


def outcome(*, right: bool, ndcg: float, probability: float = 0.5, answerable: bool = True) -> Outcome:
    return Outcome(probability, right, answerable, (), (), {"ndcg@10": ndcg, "right": float(right)})


def test_what_changed_is_sorted_into_won_lost_and_moved() -> None:
    one = {"a": outcome(right=False, ndcg=0.0), "b": outcome(right=True, ndcg=1.0), "c": outcome(right=True, ndcg=1.0)}
    other = {
        "a": outcome(right=True, ndcg=1.0),
        "b": outcome(right=False, ndcg=1.0),
        "c": outcome(right=True, ndcg=0.5),
    }
    compared = compare(one | {"gone": outcome(right=True, ndcg=1.0)}, other)
    assert (compared.won, compared.lost, compared.moved) == (("a",), ("b",), ("c",))
    assert compared.questions == 3
    assert compared.differences["right"].mean == 0.0
    assert compared.auroc is None
    told = comparison_json(compared, {"a": QUESTIONS[0], "b": QUESTIONS[1], "c": QUESTIONS[2]})
    assert told["won"] == [{"id": "a", "text": QUESTIONS[0].text}]


def test_a_set_without_documents_answers_or_unanswerable_questions_says_that_these_were_not_measured(
    citewell: Citewell,
) -> None:
    asking = Asking(citewell, Configuration(), frozenset({handbook(citewell)}))
    evaluated = evaluate_set({"1": LabelledQuestion("What does error E-4512 mean?", True)}, asking.see)
    unmeasured = {name for name, value in evaluated.figures.items() if value is None}
    assert unmeasured == {
        "ndcg@10", "recall@10", "mrr@10", "recall_shown", "answer_in_first_sentence", "answer_in_three_sentences",
        "auroc", "false_answer_rate",
    }  # fmt: skip
    assert evaluated.figures["right"] == 1.0


# Configurations.


def test_a_configuration_changes_what_it_names_of_the_present_one(citewell: Citewell) -> None:
    now = present(citewell)
    assert now == Configuration(passages=8, reranks=False, model=None)
    assert parsed("", now) == parsed("present", now) == now
    assert parsed("method=bm25, passages=4", now) == Configuration("bm25", 4)
    for wrong in ("method=best", "passages=0", "passages=51", "passages=x", "depth=3", "method", "reranker=maybe"):
        with pytest.raises(ConfigurationRefused):
            parsed(wrong, now)


@pytest.mark.parametrize("wrong", ["reranker=on", "model=usual", "model=gpt"])
def test_a_configuration_for_what_is_not_there_is_refused(citewell: Citewell, wrong: str) -> None:
    from assistant.errors import AssistantError

    with pytest.raises(AssistantError):
        Asking(citewell, parsed(wrong, present(citewell)), frozenset())


@pytest.mark.parametrize("method", ["dense", "bm25", "rrf"])
def test_each_method_finds_by_itself(citewell: Citewell, method: str) -> None:
    asking = Asking(citewell, parsed(f"method={method}", present(citewell)), frozenset({handbook(citewell)}))
    seen = asking.see(LabelledQuestion("What does error E-4512 mean?", True))
    assert seen.shown[0] == "vpn.md"


def test_a_model_writes_the_answers_of_a_configuration_and_its_statements_are_held_against_the_documents(
    citewell: Citewell,
) -> None:
    said = reply("Staff have 26 days of annual leave [1]. They also get a boat [1].")
    with ScriptedEndpoint([said]) as endpoint:
        citewell.models.lineup = replace(citewell.models.lineup, model=model_at(endpoint.url))
        asking = Asking(citewell, Configuration(model=""), frozenset({handbook(citewell)}))
        seen = asking.see(QUESTIONS[0])
    assert (seen.verdicts, seen.is_fallback) == ((True, False), False)
    assert "26 days" in seen.told.sentences[0]


def test_a_model_that_fails_is_told_of_and_never_taken_for_an_answer_of_its_own(citewell: Citewell) -> None:
    with ScriptedEndpoint([]) as endpoint:
        url = endpoint.url
    citewell.models.lineup = replace(citewell.models.lineup, model=model_at(url))
    set_id = with_set(citewell, QUESTIONS[:1])
    citewell.runs.start(set_id, [Configuration(model="")], LOCAL_USER)
    work_off(citewell)
    (run,) = citewell.runs.list(set_id, LOCAL_USER)
    assert "Quoted, or not answered, in place of the model's own words: 1 of the questions." in run.notes


# Made of documents.


def test_without_a_model_figures_are_left_out_of_sentences_and_asked_for(citewell: Citewell) -> None:
    made = list(questions_of(citewell, frozenset({handbook(citewell)}), 10, lambda: False))
    leave = next(each for each in made if each.documents == ("leave.md",))
    assert leave.text == "Which figure stands in “Staff have … of annual leave each calendar year.” of “Leave policy”?"
    assert leave.answers == ("26 days",)
    assert list(questions_of(citewell, frozenset({handbook(citewell)}), 1, lambda: False)) == made[:1]


def test_a_model_s_question_is_taken_only_where_its_answer_stands_in_the_passage(citewell: Citewell) -> None:
    scope = frozenset({handbook(citewell)})
    passage = citewell.search.passages("annual leave", scope=scope).passages[0]
    said = '{"questions": [{"question": "How long may I be away?", "answer": "26 days"}, {"question": "And a boat?", "answer": "a boat"}, {"question": "No question", "answer": "26 days"}]}'
    (made,) = read_reply(f"Here: {said}", passage)
    assert (made.text, made.answers, made.documents) == ("How long may I be away?", ("26 days",), ("leave.md",))
    assert list(read_reply("no JSON", passage)) == []


def test_generated_questions_come_into_the_set_by_a_job(citewell: Citewell) -> None:
    set_id = with_set(citewell, ())
    citewell.runs.generate(set_id, 5, LOCAL_USER)
    (result,) = work_off(citewell)
    assert result["added"] == citewell.question_sets.get(set_id, LOCAL_USER).questions > 0


# A person's own.


def test_what_was_taken_from_somebody_s_conversation_is_theirs_to_take_home_and_goes_with_them(
    fresh_home: Path,
) -> None:
    import io
    import json
    from zipfile import ZipFile

    from tests.assistant.canaries import files_with
    from tests.assistant.people import CANARY

    with closing(opened(fresh_home)) as citewell:
        by, who = boss_of(citewell), anna(citewell)
        collection = citewell.library.create_collection("Open").id
        set_id = citewell.question_sets.create(collection, "Basics", LOCAL_USER)
        asked = LabelledQuestion(f"Where is the {CANARY}lamp?", False)
        citewell.question_sets.add(set_id, [asked], LOCAL_USER, asked_by=who.key)
        citewell.question_sets.add(set_id, [QUESTIONS[3]], LOCAL_USER)
        archive = io.BytesIO()
        citewell.personal_data.export(who.person_id, who, archive)
        told = json.loads(ZipFile(archive).read("about.json"))
        assert [each["text"] for each in told["questions_in_sets"]] == [asked.text]
        citewell.runs.start(set_id, [Configuration()], LOCAL_USER)
        work_off(citewell)
        erase(citewell, who.person_id, by)
        left = [each.question.text for each in citewell.question_sets.questions(set_id, LOCAL_USER)]
        assert left == [QUESTIONS[3].text]
        (run,) = citewell.runs.list(set_id, LOCAL_USER)
        assert len(citewell.runs.outcomes(run.id, LOCAL_USER)) == 1
        assert files_with(citewell.home.path, CANARY) == []


def boss_of(citewell: Citewell):  # type: ignore[no-untyped-def]
    from assistant.access import Role
    from assistant.claims import Claims

    citewell.accounts.recognise(Claims("https://login", "b", "Boss", "", None, Role.ADMIN, "boss"))
    return boss(citewell)
