"""Other projects' pipelines are rebuilt by their rules, and measured as Citewell is."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.peer_pipelines import PEERS, PeerIndex, llama_sentences, recursive_characters
from benchmarks.peers import CITEWELL, PIPELINES, main, measure_documents, measure_spans, within
from retrieval.evaluation.spans import Piece
from retrieval.tokens import count_tokens

SENTENCE = "The committee meets in the large hall every second Tuesday of the month at noon. "
ANSWER = "Your data are deleted after ninety days."


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    spans, ranked = tmp_path / "spans" / "policies", tmp_path / "retrieval" / "notes"
    (spans / "docs").mkdir(parents=True)
    ranked.mkdir(parents=True)
    (spans / "docs" / "one.com.txt").write_text(f"{SENTENCE * 40}{ANSWER}")
    (spans / "docs" / "two.com.txt").write_text(SENTENCE * 40)
    start = len(SENTENCE * 40)
    question = {"site": "one.com", "question": "When are my data deleted?"}
    (spans / "questions.jsonl").write_text(
        json.dumps(question | {"references": [{"start_index": start, "end_index": start + len(ANSWER)}]})
    )
    documents = [
        {"_id": "a", "title": "Leave", "text": "25 days a year."},
        {"_id": "b", "title": "Cats", "text": "Zz."},
    ]
    (ranked / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)))
    (ranked / "queries.jsonl").write_text('{"_id": "q", "text": "How much leave is there?"}')
    (ranked / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta\t1\n")
    return tmp_path


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_every_pipeline_finds_the_answer_and_says_what_that_took(pipeline, sets, embedder, tmp_path):
    found = measure_spans(pipeline, sets / "spans" / "policies", embedder=embedder, directory=tmp_path, limit=None)
    assert found.measured.means["recall as shipped"] == 1.0
    assert found.measured.means["tokens as shipped"] > 0
    assert found.pieces >= 2
    assert found.ingest_s > 0
    assert found.latency.count == 1


@pytest.mark.parametrize("pipeline", [PEERS[0].name, CITEWELL])
def test_documents_are_ranked_by_their_best_piece(pipeline, sets, embedder, tmp_path):
    found = measure_documents(pipeline, sets / "retrieval" / "notes", embedder=embedder, directory=tmp_path, limit=1)
    assert found.measured.means == {"ndcg@10": 1.0, "recall@10": 1.0, "mrr@10": 1.0}


def test_a_run_prints_its_tables_and_stores_them_where_it_is_told(sets, tmp_path, capsys, monkeypatch):
    measured = (PEERS[0].name, CITEWELL)
    monkeypatch.setattr("benchmarks.peers.PIPELINES", measured)  # each costs 3 s
    out = tmp_path / "out"
    for unused in (sets / "retrieval" / "notes").iterdir():
        unused.unlink()
    (sets / "retrieval" / "notes").rmdir()
    assert main([str(sets), "--limit", "1", "--out", str(out)]) == 0
    table = capsys.readouterr().out
    assert (out / "peers.md").read_text().strip() == table.strip()
    assert all(name in table for name in measured)
    said = {row["what"] for row in json.loads((out / "peers.json").read_text())["rows"]}
    assert "policies, Citewell: recall@800 tokens" in said
    assert "policies, Citewell: peak memory" in said


def test_a_folder_without_sets_is_wrong_usage(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "neither" in capsys.readouterr().err


@given(st.lists(st.sampled_from([SENTENCE, "\n\n\n", "word " * 1500, "a,b;" * 400, "é" * 900]), max_size=12))
@settings(max_examples=15, deadline=None)
def test_llamaindex_pieces_keep_to_the_limit_and_leave_nothing_out(parts):
    text = "".join(parts)
    spans = list(llama_sentences(text, overlap=20))
    # Tokens are counted by sentence, as theirs are: a whole piece may differ by what joins at the seams.
    assert all(count_tokens(text[start:end]) <= 1024 + 16 for start, end in spans)
    covered = {at for start, end in spans for at in range(start, end)}
    assert all(text[at].isspace() for at in range(len(text)) if at not in covered)


def test_llamaindex_pieces_overlap_by_whole_sentences():
    spans = list(llama_sentences(SENTENCE * 300, overlap=200))
    assert len(spans) > 3
    overlaps = [earlier[1] - later[0] for earlier, later in pairwise(spans)]
    assert all(overlap > 0 and (overlap + 1) % len(SENTENCE) == 0 for overlap in overlaps)


def test_recursive_pieces_stand_where_they_say():
    text = f"{SENTENCE * 30}\n\n{SENTENCE * 10}"
    spans = recursive_characters(text, size=1000, overlap=200)
    assert all(0 < end - start <= 1000 for start, end in spans)
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text.rstrip())


def test_what_crosses_the_budget_is_cut():
    piece = Piece("a", 5, 5 + len(SENTENCE), SENTENCE)
    first, second = within([piece, piece, piece], count_tokens(SENTENCE) + 4)
    assert first == piece
    assert (second.start, second.end) == (5, 5 + len(second.text))
    assert 0 < count_tokens(second.text) <= 4


def test_llamaindex_embeds_the_path_of_files_and_nothing_in_front_of_other_texts(embedder, tmp_path):
    peer = PEERS[1]
    assert peer.in_front("one.com.txt") == "file_path: data/one.com.txt\n\n"
    for are_files in (True, False):
        index = PeerIndex(peer, embedder, tmp_path / str(are_files))
        index.add({"one.com.txt": ANSWER}, are_files=are_files)
        assert [piece.text for piece in index.retrieve("data", 5)] == [ANSWER]
        index.close()
