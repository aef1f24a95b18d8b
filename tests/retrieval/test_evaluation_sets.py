"""Rankings, follow-ups, spans and answers are measured as their definitions say; a malformed set names its line."""

import json
from pathlib import Path

import pytest

from assistant.evaluation import (
    KindResult,
    LabelledQuestion,
    evaluate_answers,
    read_answer_set,
    read_foreign_questions,
)
from retrieval.errors import DatasetError
from retrieval.evaluation.conversation import evaluate_conversation, read_conversation_set
from retrieval.evaluation.datasets import read_retrieval_set
from retrieval.evaluation.retrieval import evaluate_retrieval
from retrieval.evaluation.spans import Piece, SpanQuestion, evaluate_spans, overlap, read_span_set, within_budget
from retrieval.tokens import count_tokens
from tests.conftest import document

QRELS = "query-id\tcorpus-id\tscore\n"
ANSWER = "We keep your data for ninety days."
CORPUS = [
    {"_id": "leave", "title": "Leave", "text": "Employees have 25 days of annual leave a year."},
    {"_id": "cats", "title": "Cats", "text": "Cats sleep most of the day and hunt at dusk."},
    {"_id": "vpn", "title": "VPN", "text": "The VPN needs a second factor at every sign-in."},
]


def write(folder: Path, **files: list[dict]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, rows in files.items():
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder


@pytest.fixture
def ranking(tmp_path: Path) -> Path:
    """Two questions in the BEIR layout, each with one document."""
    queries = [{"_id": "1", "text": "How much annual leave is there?"}, {"_id": "2", "text": "When do cats sleep?"}]
    (tmp_path / "qrels.tsv").write_text(f"{QRELS}1\tleave\t1\n2\tcats\t1\n")
    return write(tmp_path, corpus=CORPUS, queries=queries)


@pytest.fixture
def follow_up(tmp_path: Path) -> Path:
    """A follow-up that says nothing alone."""
    history = [{"role": "user", "text": "How many days of annual leave do employees have?"}]
    (tmp_path / "qrels.tsv").write_text(f"{QRELS}1\tleave\t1\n")
    return write(
        tmp_path,
        corpus=CORPUS,
        tasks=[{"task_id": "1", "history": history, "question": "And is that every year?"}],
        rewrites=[{"_id": "1", "text": "Do employees have annual leave every year?"}],
    )


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Two documents and a question that one of them answers."""
    (tmp_path / "docs").mkdir()
    for site, text in {"one.com": f"{ANSWER} We like cookies.", "two.com": "We sell nothing to anybody."}.items():
        (tmp_path / "docs" / f"{site}.txt").write_text(text)
    return write(
        tmp_path,
        questions=[
            {
                "id": "q1",
                "site": "one.com",
                "question_with_site": "one.com: How long do you keep my data?",
                "references": [{"start_index": 0, "end_index": len(ANSWER)}],
            }
        ],
    )


def test_every_part_is_measured_on_the_same_questions_and_says_what_it_retrieved(ranking, embedder):
    found = evaluate_retrieval(read_retrieval_set(ranking), embedder, compare=True)
    assert found.methods.keys() == {"dense", "bm25", "rrf", "citewell"}
    assert found.product.means == {"ndcg@10": 1.0, "recall@10": 1.0, "mrr@10": 1.0}
    first, second = found.per_query()
    assert (first["id"], first["relevant"], second["id"]) == ("1", {"leave": 1}, "2")
    assert all(method["retrieved"][0][0] == "leave" for method in first["methods"].values())
    assert first["methods"]["bm25"]["ndcg@10"] == 1.0


def test_progress_tells_of_reading_and_of_asking_to_the_end(ranking, embedder):
    told = []
    evaluate_retrieval(read_retrieval_set(ranking), embedder, on_progress=lambda *progress: told.append(progress))
    assert ("documents embedded and indexed", 3, 3) in told
    assert told[-1] == ("questions asked", 2, 2)


def test_a_follow_up_that_says_nothing_alone_is_found_with_the_question_before_it(follow_up, embedder):
    found = evaluate_conversation(read_conversation_set(follow_up), embedder)
    assert found.methods.keys() == {"last", "fused", "rewrite"}
    assert found.product.means["ndcg@10"] == 1.0
    assert found.methods["rewrite"].means["recall@10"] == 1.0


def test_the_last_question_is_also_searched_by_each_part_alone(follow_up, embedder):
    found = evaluate_conversation(read_conversation_set(follow_up), embedder, compare=True)
    assert found.methods.keys() == {"dense", "bm25", "rrf", "last", "fused", "rewrite"}
    (line,) = found.per_query()
    assert line["earlier"] == ("How many days of annual leave do employees have?",)


def test_overlap_counts_characters_and_text_of_other_documents_is_in_vain():
    question = SpanQuestion("?", "a.txt", ((0, 10), (5, 20)))
    measured = overlap([Piece("a.txt", 10, 30, ""), Piece("b.txt", 0, 20, "")], question)
    assert measured.recall == pytest.approx(10 / 20)
    assert measured.precision == pytest.approx(10 / 40)
    assert measured.iou == pytest.approx(10 / 50)


def test_overlapping_passages_are_counted_once():
    question = SpanQuestion("?", "a.txt", ((0, 10),))
    measured = overlap([Piece("a.txt", 0, 8, ""), Piece("a.txt", 4, 10, "")], question)
    assert (measured.recall, measured.precision, measured.iou) == (1.0, 1.0, 1.0)


def test_the_budget_ends_before_the_first_passage_that_would_exceed_it():
    long, short = (Piece("a.txt", 0, len(text), text) for text in ("word " * 50, "word"))
    room = count_tokens(long.text) + 1
    assert within_budget([long, short], room) == (long, short)
    assert within_budget([long, long, short], room) == (long,)


def test_spans_are_found_in_the_document_that_the_question_names(policies, embedder):
    found = evaluate_spans(read_span_set(policies), embedder, tokens=800, compare=True)
    assert found.methods.keys() == {"dense", "bm25", "rrf", "unjoined", "citewell"}
    assert found.product.means["recall"] == 1.0
    assert 0 < found.product.means["precision"] < 1
    (line,) = found.per_query()
    assert (line["id"], line["document"], line["references"]) == ("q1", "one.com.txt", ((0, len(ANSWER)),))
    assert {"document": "one.com.txt", "start": 0, "end": len(f"{ANSWER} We like cookies.")} in line["methods"][
        "citewell"
    ]["retrieved"]


def test_offsets_count_carriage_returns_and_not_the_byte_order_mark(policies):
    (policies / "docs" / "one.com.txt").write_bytes("\ufeffOne.\r\nTwo.".encode())
    (policies / "questions.jsonl").write_text(
        '{"site": "one.com", "question": "?", "references": [{"start_index": 6, "end_index": 10}]}'
    )
    data = read_span_set(policies)
    (start, end) = data.questions[0].references[0]
    assert data.corpus["one.com.txt"].text[start:end] == "Two."


def test_answerability_and_the_first_sentences_are_measured(tmp_path, embedder):
    write(
        tmp_path,
        corpus=CORPUS,
        questions=[
            {
                "question": "How many days of annual leave do employees have?",
                "answerable": True,
                "answers": ["25  Days"],
            },
            {"question": "What does the VPN need at sign-in?", "answerable": True, "answers": ["no such words"]},
            {"question": "Who won the chess championship in 1985?", "answerable": False},
        ],
    )
    found = evaluate_answers(*read_answer_set(tmp_path), embedder)
    assert found.result.auroc == 1.0
    assert found.result.false_answer_rate == 0.0
    assert found.result.answer_in_first_sentence == 0.5
    assert found.result.answer_in_three_sentences == 0.5
    assert found.result.with_answer_strings == 2
    assert found.result.foreign_auroc is None
    first, *_ = found.per_query()
    assert (first["status"], first["answer_in_first_sentence"]) == ("answerable", True)
    assert "25 days" in first["sentences"][0]


def test_a_folder_of_documents_is_measured_kind_by_kind(tmp_path, embedder):
    """A question says by its kind whether it can be answered; a file that cannot be read is left out."""
    files = tmp_path / "files" / "hr"
    files.mkdir(parents=True)
    (files / "leave.md").write_text("# Leave\n\nEmployees have 25 days of annual leave a year.")
    (files / "empty.md").write_text("")
    write(
        tmp_path,
        questions=[
            {"kind": "answerable", "question": "How many days of annual leave do I have?", "answers": ["25 days"]},
            {"kind": "unanswerable", "question": "Who won the chess championship in 1985?", "answers": []},
        ],
    )
    corpus, questions = read_answer_set(tmp_path, files.parent)
    assert set(corpus) == {"hr/leave.md"}
    assert [question.answerable for question in questions] == [True, False]
    kinds = evaluate_answers(corpus, questions, embedder).result.by_kind
    assert kinds["answerable"] == KindResult(1, 0.0, answer_in_first_sentence=1.0, answer_in_three_sentences=1.0)
    assert kinds["unanswerable"] == KindResult(1, 1.0, answer_in_first_sentence=None, answer_in_three_sentences=None)


def test_a_folder_without_a_readable_document_is_named(tmp_path):
    write(tmp_path, questions=[{"question": "?", "answerable": True}, {"question": "!", "answerable": False}])
    (tmp_path / "files").mkdir()
    with pytest.raises(DatasetError, match="files holds no document"):
        read_answer_set(tmp_path, tmp_path / "files")


def test_questions_foreign_to_the_corpus_are_held_against_the_answerable_ones(tmp_path, embedder):
    questions = (
        LabelledQuestion("How many days of annual leave do employees have?", True),
        LabelledQuestion("What does the VPN cost?", False),
    )
    file = write(tmp_path, foreign=[{"_id": "x", "text": "Who won the chess championship in 1985?"}]) / "foreign.jsonl"
    corpus = {row["_id"]: document(row["text"], title=row["title"]) for row in CORPUS}
    found = evaluate_answers(corpus, questions, embedder, foreign=read_foreign_questions(file))
    assert (found.result.foreign_questions, found.result.foreign_auroc) == (1, 1.0)
    assert found.result.foreign_answer_rate == 0.0
    assert found.result.questions == 2
    assert [line["foreign"] for line in found.per_query()] == [False, False, True]


def test_without_answer_strings_nothing_is_said_about_sentences(embedder):
    questions = (
        LabelledQuestion("Do cats sleep most of the day?", True),
        LabelledQuestion("Who won the chess championship in 1985?", False),
    )
    found = evaluate_answers({"cats": document("Cats sleep most of the day.", title="Cats")}, questions, embedder)
    assert found.result.answer_in_first_sentence is None
    assert found.result.answer_in_three_sentences is None


def test_of_answers_that_are_objects_the_marked_sentences_count(tmp_path):
    answers = [{"answer": "Nearly a month.", "selected_sentences": ["Employees have 25 days.", " "]}]
    rows = [{"question": "?", "answerable": True, "answers": answers}, {"question": "!", "answerable": False}]
    _, (question, _) = read_answer_set(write(tmp_path, corpus=CORPUS, questions=rows))
    assert question.answers == ("Employees have 25 days.",)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"question": "?"}, "answerable"),
        ({"question": "?", "answerable": 1}, "answerable"),
        ({"question": "?", "kind": 1}, "kind"),
        ({"answerable": True}, "question"),
        ({"question": ["?"], "answerable": True}, "question"),
        ({"question": "?", "answerable": True, "answers": "25"}, "answers"),
        ({"question": "?", "answerable": True, "answers": [25]}, "answers"),
        ({"question": "?", "answerable": True, "history": [1]}, "history"),
        ({"question": "?", "answerable": True, "history": [{"role": "user", "text": None}]}, "history"),
    ],
)
def test_a_malformed_question_names_its_line(row, named, tmp_path):
    write(tmp_path, corpus=CORPUS, questions=[{"question": "fine", "answerable": False}, row])
    with pytest.raises(DatasetError, match=rf"line 2.*{named}"):
        read_answer_set(tmp_path)


@pytest.mark.parametrize(
    ("site", "references", "named"),
    [
        ("gone.com", [{"start_index": 0, "end_index": 1}], "no docs/gone.com.txt"),
        (1, [{"start_index": 0, "end_index": 1}], "site"),
        ("one.com", [], "references"),
        ("one.com", "0-1", "references"),
        ("one.com", [{}], "start_index"),
        ("one.com", [{"start_index": 0.5, "end_index": 1}], "whole numbers"),
        ("one.com", [{"start_index": True, "end_index": 1}], "whole numbers"),
        ("one.com", [{"start_index": 5, "end_index": 5}], "5 to 5"),
        ("one.com", [{"start_index": 5, "end_index": 1}], "5 to 1"),
        ("one.com", [{"start_index": -1, "end_index": 1}], "-1 to 1"),
        ("one.com", [{"start_index": 0, "end_index": 999}], "0 to 999"),
    ],
)
def test_a_malformed_span_names_its_line(site, references, named, policies):
    write(policies, questions=[{"site": site, "question": "?", "references": references}])
    with pytest.raises(DatasetError, match=rf"line 1.*{named}"):
        read_span_set(policies)


@pytest.mark.parametrize(
    ("file", "line", "named"),
    [
        ("corpus.jsonl", '{"_id": "leave", "text": "again"}', "line 4: the _id 'leave' is already that of line 1"),
        ("corpus.jsonl", '{"_id": "x", "text": 5}', "line 4: 'text' is not a text"),
        ("corpus.jsonl", '{"_id": "", "text": "x"}', "line 4: '_id' is empty"),
        ("corpus.jsonl", "[1]", "line 4: not a JSON object"),
        ("queries.jsonl", '{"_id": "1", "text": "again"}', "line 3: the _id '1' is already that of line 1"),
        ("queries.jsonl", '{"_id": "3"}', "line 3: 'text' is missing"),
        ("queries.jsonl", '{"text": "?"}', "line 3: '_id' is missing"),
        ("qrels.tsv", "1\tleave", "line 4"),
        ("qrels.tsv", "1\tleave\tmuch", "line 4: the score 'much'"),
        ("qrels.tsv", "1\tleave\tinf", "line 4: the score 'inf'"),
        ("qrels.tsv", "1\tleave\t" + "9" * 200_000, "line 4"),
    ],
)
def test_a_malformed_line_of_a_ranking_is_named(file, line, named, ranking):
    path = ranking / file
    path.write_text(f"{path.read_text().rstrip()}\n{line}\n")
    with pytest.raises(DatasetError, match=rf"{file}, {named}"):
        read_retrieval_set(ranking)


def test_bytes_that_are_not_utf8_are_named_by_their_line(ranking):
    (ranking / "queries.jsonl").write_bytes(b'{"_id": "1", "text": "?"}\n{"_id": "2", "text": "caf\xe9"}\n')
    with pytest.raises(DatasetError, match=r"queries\.jsonl, line 2: not UTF-8"):
        read_retrieval_set(ranking)


@pytest.mark.parametrize("file", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_an_empty_file_of_a_ranking_is_refused(file, ranking):
    (ranking / file).write_text("")
    with pytest.raises(DatasetError):
        read_retrieval_set(ranking)


def test_judgements_of_documents_that_are_not_there_are_refused(ranking):
    (ranking / "qrels.tsv").write_text(f"{QRELS}1\tgone\t1\n")
    with pytest.raises(DatasetError, match="no judged document"):
        read_retrieval_set(ranking)


def test_empty_questions_are_refused(policies, tmp_path):
    (policies / "questions.jsonl").write_text("\n")
    with pytest.raises(DatasetError, match="no question"):
        read_span_set(policies)
    with pytest.raises(DatasetError, match="no question"):
        read_foreign_questions(policies / "questions.jsonl")


@pytest.mark.parametrize(
    ("file", "row", "named"),
    [
        ("tasks", {"task_id": "1", "question": "?", "history": "none"}, "line 1.*history"),
        ("tasks", {"task_id": "1", "question": None}, "line 1.*question"),
        ("rewrites", {"_id": "1", "text": []}, "line 1.*text"),
        ("rewrites", {"_id": "9", "text": "?"}, "no task '9'"),
    ],
)
def test_a_malformed_conversation_is_named(file, row, named, follow_up):
    write(follow_up, **{file: [row]})
    with pytest.raises(DatasetError, match=rf"{file}\.jsonl.*{named}"):
        read_conversation_set(follow_up)
