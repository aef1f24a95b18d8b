"""What is given away to get help has nothing in it that anybody wrote; and what `doctor` finds has its remedy."""

import json
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from assistant.access import LOCAL_USER
from assistant.audit import Action
from assistant.bootstrap import open_citewell
from assistant.doctor import examine
from assistant.finding import Finding
from assistant.settings import Settings
from assistant.settings_table import setting_rows, value_of, value_without_names
from assistant.support_bundle import clean_line, write_bundle

CANARY = "kanaria7f3a"
LOG = [
    json.dumps({"at": "2026-11-27T10:00:00.000Z", "level": "warning", "event": "answer_failed", "request": "0123456789ab",
                "error": "HomeFull", "who": "0123456789ab", "total_ms": 12.5, "answer": 7, "model": CANARY}),
    json.dumps({"at": "2026-11-27T10:00:01.000Z", "level": "error", "event": "message", "logger": f"a.{CANARY}",
                "message": f"{CANARY} could not be read", "error": "ValueError", "request": CANARY,
                "traceback": f'Traceback:\n  File "/home/{CANARY}/citewell/assistant/turn.py", line 12, in ask\n'
                f"    {CANARY}\nValueError: {CANARY}"}),
    f'{{"event": "{CANARY}"}}',
    f"plain words with {CANARY}",
    "[1]",
]  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a home in which every word that anybody wrote holds the canary, as every setting does that may hold words."""
    home = tmp_path / f"home-of-{CANARY}"
    read = Settings.read(
        home=home,
        sample=False,
        openai_api_key=SecretStr(f"{CANARY}-key"),
        openai_base_url=f"http://{CANARY}:{CANARY}@127.0.0.1:9/v1",
        model=CANARY,
        hosts=f"{CANARY}.example",
        admit=f"{CANARY}.example",
        mlflow_uri=f"http://{CANARY}.example",
        groups_claim=CANARY,
        currency=CANARY[:8],
    )
    with closing(
        open_citewell(read.model_copy(update={"openai_base_url": None, "openai_api_key": None, "mlflow_uri": None}))
    ) as citewell:
        collection = citewell.library.create_collection(CANARY)
        (tmp_path / f"{CANARY}.md").write_text(f"# {CANARY}\n\nThe code word is {CANARY}.")
        citewell.intake.read_paths([tmp_path / f"{CANARY}.md"], collection=collection.name)
        (tmp_path / f"{CANARY}.pdf").write_bytes(b"no pdf")
        citewell.intake.read_paths([tmp_path / f"{CANARY}.pdf"], collection=collection.name)
        conversation = citewell.conversations.create(LOCAL_USER)
        tuple(citewell.assistant.ask(f"Who is {CANARY}?", conversation_id=conversation, principal=LOCAL_USER))
        job = citewell.jobs.add("ingest", {"paths": [CANARY]}, owner=CANARY)
        citewell.jobs.fail(job, f"{CANARY} could not be read")
    return read


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(settings)}


@pytest.mark.threat("T19")
@pytest.mark.threat("T3")
def test_nothing_that_anybody_wrote_or_named_is_in_the_bundle(settings, tmp_path):
    file = tmp_path / "bundle.zip"
    write_bundle(settings, file, LOG)
    with zipfile.ZipFile(file) as bundle:
        parts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert [name for name, text in parts.items() if CANARY[:8] in text.casefold()] == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    counts, log = json.loads(parts["counts.json"]), json.loads(parts["log.json"])
    assert counts["rows"]["documents"] == 1
    assert {"kind": "ingest", "state": "failed", "count": 1} in counts["jobs"]
    assert log[0]["request"] == "0123456789ab"
    assert (log[0]["error"], log[0]["total_ms"], log[0]["answer"]) == ("HomeFull", 12.5, 7)
    assert log[1]["places"] == ["assistant/turn.py:12:ask"]
    assert len(log) == 2
    assert json.loads(parts["settings.json"])["CITEWELL_MODEL"] == "set"
    assert json.loads(parts["settings.json"])["CITEWELL_WINDOW_TOKENS"] == "16384"


@given(st.dictionaries(st.text(max_size=12), st.text() | st.integers() | st.none()), st.text(min_size=6))
def test_no_sentence_comes_through_a_line_whatever_it_is_called(facts, sentence):
    line = json.dumps({**facts, "event": "message", "message": f"{sentence} {sentence}", "answer": f"{sentence} !"})
    clean = clean_line(line)
    assert clean is not None
    assert "message" not in clean
    assert "answer" not in clean


def test_a_setting_s_value_is_shown_to_who_runs_it_but_no_secret_and_no_password(settings):
    shown = {row.variable: value_of(settings, row.name) for row in setting_rows()}
    assert shown["CITEWELL_MODEL"] == CANARY
    assert shown["OPENAI_API_KEY"] == shown["OPENAI_BASE_URL"] == "set"
    assert shown["CITEWELL_SAMPLE"] == "0"
    assert {value_without_names(settings, row.name) for row in setting_rows() if row.name in {"model", "hosts"}} == {
        "set"
    }


# What doctor says.


def test_a_backup_that_was_never_made_is_asked_for_and_one_that_was_is_told(settings):
    assert "citewell backup" in findings(settings)["Backup"].remedy
    with closing(open_citewell(settings.model_copy(update={"openai_base_url": None, "mlflow_uri": None}))) as citewell:
        citewell.audit.record(LOCAL_USER, Action.BACKED_UP)
    found = findings(settings)["Backup"]
    assert found.detail.startswith("the last one was made on 20")
    assert found.remedy == ""


def test_an_old_backup_is_told_with_its_age(settings):
    with closing(sqlite3.connect(settings.home / "citewell.sqlite")) as connection, connection:
        row = ("2020-01-01 10:00:00.000000", "local|user", "backed up", "", "", "done")
        connection.execute(
            "INSERT INTO audit (at, actor, action, target, address, outcome) VALUES (?, ?, ?, ?, ?, ?)", row
        )
    found = findings(settings)["Backup"]
    assert "days ago" in found.detail
    assert "citewell backup" in found.remedy


def test_files_that_were_not_read_and_jobs_that_wait_are_told_with_what_to_do(settings):
    with closing(open_citewell(settings.model_copy(update={"openai_base_url": None, "mlflow_uri": None}))) as citewell:
        citewell.jobs.add("ingest", {}, owner="")
    found = findings(settings)
    assert found["Files"].detail == "1 could not be read"
    assert "citewell serve" in found["Jobs"].remedy
    assert found["Database"].detail.startswith("schema 0")


def test_a_damaged_database_is_named_with_its_remedy(tmp_path):
    (tmp_path / "citewell.sqlite").write_bytes(b"no database" * 1000)
    found = findings(Settings.read(home=tmp_path))["Database"]
    assert not found.ok
    assert "backup" in found.remedy


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        (None, "there is no"),
        ("[auth", "cannot be read"),
        ("[auth]\nredirect_uri = 'x'", "no cookie_secret"),
        ("[auth]\nredirect_uri = 'x'\ncookie_secret = 'short'", "is short"),
        (f"[auth]\nredirect_uri = 'x'\ncookie_secret = '{'x' * 40}'", "by the provider"),
    ],
)
def test_a_sign_in_that_cannot_work_is_named(secrets, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    if secrets is not None:
        (tmp_path / ".streamlit").mkdir()
        (tmp_path / ".streamlit/secrets.toml").write_text(secrets)
        (tmp_path / ".streamlit/secrets.toml").chmod(0o600)
    found = findings(Settings.read(home=tmp_path / "home", sign_in="oidc"))["Signing in"]
    assert said in found.detail
    assert found.ok == (said == "by the provider")
    assert bool(found.remedy) == (said != "by the provider")


def test_metrics_that_others_reach_are_told_of(tmp_path):
    own = Settings.read(home=tmp_path, metrics_port=9464)
    assert findings(own)["Metrics"].detail == "at http://127.0.0.1:9464/metrics"
    open_to_all = own.model_copy(update={"metrics_address": "0.0.0.0"})
    assert "only Prometheus" in findings(open_to_all)["Metrics"].remedy
