"""F12, F13, F17: several processes share a database, and a worker and an app among them are stopped and killed.

Everything is real: PostgreSQL, Chroma's server, `citewell worker` and an app that answers by a scripted model.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell, open_citewell
from assistant.job_table import Job
from assistant.readiness import NO_WORKER, readiness_of
from assistant.settings import Settings, environment
from tests.assistant.scripted_endpoint import HANG, HEAD, ScriptedEndpoint, chunk
from tests.chroma_server import chroma_server
from tests.postgres import Cluster

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 120
STOPS_WITHIN_S = 20
MANY = 400
LEAVE = "How many days of paid leave does everybody have?"
ASKING = f"""
from assistant.access import LOCAL_USER
from assistant.bootstrap import open_citewell
citewell = open_citewell()
conversation = citewell.conversations.create(LOCAL_USER)
print(conversation, flush=True)
for event in citewell.assistant.ask({LEAVE!r}, conversation_id=conversation, principal=LOCAL_USER):
    pass
"""
"""An app in which somebody asks; its own end is that it is killed."""


class Shared:
    """What several processes share, and a way to begin one that does."""

    def __init__(self, directory: Path, database: str, chroma: str) -> None:
        self.directory = directory
        self._variables = {
            "DATABASE_URL": database,
            "CHROMA_URL": chroma,
            "CITEWELL_FILES": str(directory / "files"),
            "CITEWELL_SAMPLE": "0",
            "OPENAI_API_KEY": "",
            "OPENAI_BASE_URL": "",
        }

    def app(self, name: str) -> Citewell:
        """An app in this process."""
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in self._variables.items():
                patch.setenv(variable, value)
            return open_citewell(Settings.read(home=self.directory / name))

    @contextmanager
    def process(self, name: str, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """Another process, which does not outlive the block."""
        changes = {**self._variables, "CITEWELL_HOME": str(self.directory / name), **variables}
        with (
            (self.directory / f"{name}.log").open("w") as log,
            subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT, env=environment(**changes), stdout=subprocess.PIPE, stderr=log, text=True,
            ) as process,
        ):  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    def worker(self, name: str) -> "contextmanager[subprocess.Popen[str]]":
        return self.process(name, "-m", "assistant", "worker")


@pytest.fixture(scope="module")
def shared(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    directory = tmp_path_factory.mktemp("shared")
    with chroma_server(directory / "chroma") as chroma:
        yield Shared(directory, postgres.url("several"), chroma.url)


@pytest.fixture(scope="module")
def app(shared: Shared) -> Iterator[Citewell]:
    with closing(shared.app("app")) as citewell:
        yield citewell


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for number in range(MANY):
        (folder / f"{number:04}.md").write_text(f"# Rule {number}\n\nRule {number} is about subject {number}.\n")
    (folder / "leave.md").write_text("# Leave policy\n\nEverybody has 30 days of paid leave a year.\n")
    return folder


def until(condition: Callable[[], bool]) -> None:
    since = time.monotonic()
    while not condition():
        assert time.monotonic() - since < WAIT_S, "it did not come about in time"
        time.sleep(0.05)


def ended(citewell: Citewell, job_id: int) -> Job:
    until(lambda: not citewell.jobs.get(job_id).is_open)
    job = citewell.jobs.get(job_id)
    assert job.state == "done", job.problem
    return job


@pytest.mark.timeout(600)
def test_jobs_and_answers_outlive_the_processes_that_were_at_them(shared: Shared, app: Citewell, many: Path) -> None:
    assert NO_WORKER in readiness_of(app).degraded
    job_id = app.jobs.add("ingest", {"paths": [str(many)], "collection": "rules"}, owner=LOCAL_USER.key)

    # A worker that is told to stop puts its job back, within its time.
    with shared.worker("first") as first:
        until(lambda: app.jobs.get(job_id).done > 0)
        assert NO_WORKER not in readiness_of(app).degraded
        first.terminate()
        assert first.wait(STOPS_WITHIN_S) == 0
    assert app.jobs.get(job_id).state == "waiting"
    assert app.processes.living() == {"app": 1, "worker": 0}

    # One that is killed leaves it running; another takes it up, and what was read is not read again.
    with shared.worker("second") as second:
        until(lambda: app.jobs.get(job_id).state == "running" and app.jobs.get(job_id).done > 0)
        second.kill()
        second.wait()
    assert app.jobs.get(job_id).state == "running"
    with shared.worker("third"):
        result = ended(app, job_id).result
        assert result["added"] + result["unchanged"] == MANY + 1
        assert result["unchanged"] > 0
        collection = app.library.collection_named("rules")
        assert app.library.document_count(frozenset({collection.id})) == MANY + 1

        # An app that is killed while it answers: its question is there, and what it wrote, told by another one.
        with ScriptedEndpoint([(HEAD, chunk("Everybody has 30 days "), 1.2, chunk("of paid "), HANG)]) as endpoint:
            model = {"OPENAI_BASE_URL": endpoint.url, "OPENAI_API_KEY": "key"}
            with shared.process("asking", "-c", ASKING, **model) as asking:
                conversation = asking.stdout.readline().strip()
                until(lambda: (app.conversations.newest(conversation, LOCAL_USER) or _NOTHING).chars > 0)
                assert app.conversations.newest(conversation, LOCAL_USER).state == "streaming"
                asking.kill()
                asking.wait()
        until(lambda: app.conversations.newest(conversation, LOCAL_USER).state == "interrupted")
    question, answer = app.conversations.messages(conversation, LOCAL_USER)
    assert question.text == LEAVE
    assert answer.text.startswith("Everybody has 30 days")
    assert answer.reason


class _Nothing:
    chars = 0


_NOTHING = _Nothing()
