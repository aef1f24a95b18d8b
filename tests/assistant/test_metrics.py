"""What Prometheus is told: the same as the log, nothing of anybody, and by the names that alerts and runbook use."""

import re
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from assistant.audit import Action
from assistant.bootstrap import Citewell, open_citewell
from assistant.gauges import gauges_of
from assistant.logs import log_event
from assistant.metrics import SEARCH_PARTS, Gauge, Metrics
from assistant.readiness import Readiness, readiness_of
from assistant.running import Running
from assistant.settings import Settings
from assistant.usage import Prices
from retrieval.errors import HomeDamaged
from tests.assistant.scripted_endpoint import RESET, ScriptedEndpoint, reply
from tests.assistant.test_logs import logged
from tests.assistant.turns import ANNA, FOREIGN, LEAVE, RIGHT, asked, model_at
from tests.homes import new_home
from ui.account_view import _TIMINGS

ROOT = Path(__file__).resolve().parents[2]
CANARY = "kanaria"


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    """Those of the events from now on."""
    with logged():
        made = Metrics(lambda: [Gauge("info", "The version that runs.", 1, {"version": "1"})])
        yield made
        made.close()


@pytest.fixture(scope="module")
def citewell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    opened = open_citewell(Settings.read(home=new_home(tmp_path_factory.mktemp("gauges") / "home"), sample=False))
    yield opened
    opened.close()


def figure(metrics: Metrics, sample: str) -> float:
    """The value of a sample, by its name and labels as they stand in the text; 0 where it is not there yet."""
    for line in metrics.rendered().splitlines():
        if line.startswith(f"citewell_{sample} "):
            return float(line.rpartition(" ")[2])
    return 0.0


def test_a_turn_counts_its_question_answer_times_tokens_and_cost(metrics, assistant):
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        asked(replace(assistant, model=model_at(endpoint.url), prices=Prices(1e6, 2e6, "EUR")), LEAVE)
    asked(assistant, FOREIGN)
    assert figure(metrics, "questions_total") == 2
    assert figure(metrics, 'answers_total{outcome="answered"}') == 1
    assert figure(metrics, 'answers_total{outcome="unanswerable"}') == 1
    assert figure(metrics, "answer_seconds_count") == 2
    assert figure(metrics, "first_token_seconds_count") == 1
    assert figure(metrics, 'tokens_total{direction="prompt"}') == 7
    assert figure(metrics, 'cost_total{currency="EUR"}') == 9
    for part in ("embed", "dense", "lexical", "read"):
        assert figure(metrics, f'search_seconds_count{{part="{part}"}}') == 2


def test_failures_are_counted_by_their_kind(metrics, assistant):
    with ScriptedEndpoint([RESET]) as endpoint:
        asked(replace(assistant, model=model_at(endpoint.url)), LEAVE)
    log_event("job_failed", kind="ingest", error="HomeFull", seconds=0.5)
    log_event("answer_failed", answer=1, error="HomeFull")
    errors = [line for line in metrics.rendered().splitlines() if line.startswith("citewell_model_errors_total{")]
    assert [line.rpartition(" ")[2] for line in errors] == ["1.0"]
    assert figure(metrics, 'jobs_total{kind="ingest",outcome="failed"}') == 1
    assert figure(metrics, 'answer_failures_total{kind="HomeFull"}') == 1


@pytest.mark.threat("T3")
@pytest.mark.threat("T19")
def test_no_word_of_a_question_a_document_or_a_person_is_a_label(metrics, assistant):
    asked(assistant, f"{LEAVE} {CANARY}")
    log_event("limit_reached", limit="questions_a_day", who=CANARY)
    log_event("signed_in", person=CANARY, role="admin")
    text = metrics.rendered().casefold()
    assert CANARY not in text
    assert not {"leave", "anna", ANNA.key, "company"} & set(re.findall(r'"([^"]*)"', text))


def test_every_part_of_a_search_that_the_page_tells_of_is_measured():
    assert set(_TIMINGS) == SEARCH_PARTS


def test_an_event_that_lacks_a_fact_stops_nothing(metrics, capsys):
    log_event("job_finished")
    log_event("question_asked")
    assert figure(metrics, "questions_total") == 1
    assert "KeyError" in capsys.readouterr().err


def test_a_closed_one_counts_no_more(metrics):
    metrics.close()
    log_event("question_asked")
    assert figure(metrics, "questions_total") == 0


def test_they_are_served_on_this_machine_alone_at_a_port_of_their_own(metrics):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    metrics.serve("127.0.0.1", port)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        body = answer.read().decode()
    assert 'citewell_info{version="1"} 1.0' in body
    metrics.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_port_that_is_taken_is_told_and_nothing_else_comes_of_it():
    with socket.create_server(("127.0.0.1", 0)) as taken, logged() as stream:
        metrics = Metrics(lambda: ())
        metrics.serve("127.0.0.1", taken.getsockname()[1])
        metrics.close()
    assert "metrics_failed" in stream.getvalue()


def test_gauges_of_a_home_say_when_the_last_backup_was_and_what_waits(citewell):
    before = {gauge.name: gauge.value for gauge in gauges_of(citewell)}
    citewell.audit.record(ANNA, Action.BACKED_UP)
    citewell.jobs.add("nothing", {}, owner=ANNA.key)
    after = {gauge.name: gauge.value for gauge in gauges_of(citewell)}
    assert before["last_backup_timestamp_seconds"] == 0
    assert after["last_backup_timestamp_seconds"] > 1e9
    assert (before["jobs_waiting"], after["jobs_waiting"]) == (0, 1)
    assert (after["ready"], after["active_answers"], after["index_lag_documents"]) == (1, 0, 0)


def test_a_home_that_is_closing_is_not_ready_and_says_so(tmp_path):
    opened = open_citewell(Settings.read(home=tmp_path, sample=False))
    assert readiness_of(opened) == Readiness()
    opened.background.stopping.set()
    assert readiness_of(opened).not_ready == ("closing",)
    opened.close()


def test_a_home_that_cannot_be_opened_is_not_ready_and_says_so(tmp_path):
    (tmp_path / "citewell.sqlite").write_bytes(b"no database" * 1000)
    running = Running()
    running.start(lambda: Settings.read(home=tmp_path, sample=False))
    running._ready.wait()
    assert running.status() == "failed"
    assert running.readiness() == Readiness(("failed",))
    with pytest.raises(HomeDamaged):
        open_citewell(Settings.read(home=tmp_path, sample=False))


# Alerts.

RULES = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
_NAME = re.compile(r"\bcitewell_\w+")


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_alert_asks_for_metrics_that_exist_and_has_its_section_in_the_runbook(rule, metrics, citewell):
    families = re.findall(r"^# TYPE (\w+) (\w+)", metrics.rendered(), re.MULTILINE)
    known = {name for name, _ in families} | {f"citewell_{gauge.name}" for gauge in gauges_of(citewell)}
    known |= {f"{name}_bucket" for name, kind in families if kind == "histogram"}
    assert set(_NAME.findall(rule["expr"])) <= known
    assert rule["labels"]["severity"] in {"page", "ticket"}
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (\w+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert anchor in {heading.casefold() for heading in headings}
    assert anchor == rule["alert"].casefold()


def test_the_runbook_has_no_section_for_an_alert_that_is_gone():
    headings = re.findall(r"^## (Citewell\w+)$", (ROOT / "docs/runbook.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(rule["alert"] for rule in RULES)


def test_a_gauge_with_several_values_is_told_as_one_family():
    kinds = [Gauge("processes", "They.", count, {"kind": kind}) for kind, count in (("app", 2), ("worker", 3))]
    lines = Metrics(lambda: kinds).rendered().splitlines()
    assert [line for line in lines if line.startswith(("# TYPE citewell_processes", "citewell_processes"))] == [
        "# TYPE citewell_processes gauge",
        'citewell_processes{kind="app"} 2.0',
        'citewell_processes{kind="worker"} 3.0',
    ]
