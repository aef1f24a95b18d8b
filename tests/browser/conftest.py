"""One home with the sample company, read in once; each app gets a copy of it."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from assistant.access import LOCAL_USER
from assistant.bootstrap import SAMPLE_COLLECTION, open_citewell
from assistant.evaluation_runs import EVALUATE
from assistant.measuring import bring_in_sample_questions
from assistant.operations import OPERATIONS, Reporter
from assistant.settings import Settings
from assistant.triage.sample import bring_in_sample, resolved_tickets
from tests.browser.serving import CHROMIUM, PATIENCE_MS, ROOT, App, chromium, served
from tests.homes import made_once, new_home

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser these tests say so instead of failing."""
    if CHROMIUM is None:
        reason = "needs Debian's chromium (apt install chromium)"
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def sample_home() -> Path:
    """A home in which the sample company has been read, by the command line; closed, and shared by all."""
    return made_once("sample", lambda place: read_sample_company(new_home(place / "home"))) / "home"


def read_sample_company(home: Path) -> Path:
    """Read the sample company into a new home."""
    command = [
        sys.executable,
        "-m",
        "assistant",
        "ingest",
        "examples/company",
        "--collection",
        "Sample company",
    ]
    done = subprocess.run([*command, "--home", str(home)], cwd=ROOT, capture_output=True, text=True, check=False)
    # 3: without tesseract the one document that is a picture is listed, the others are in.
    assert done.returncode in {0, 3}, done.stderr
    set_up_desk(home)
    set_up_evaluation(home)
    return home


def set_up_desk(home: Path) -> None:
    """The sample's tickets in that home, looked at by a model of those it has resolved."""
    citewell = open_citewell(Settings.read(home=home, sample=False))
    try:
        bring_in_sample(citewell)
        citewell.teaching.train(resolved_tickets())
        citewell.teaching.guess(lambda _done, _total: None, threading.Event())
    finally:
        citewell.close()


def set_up_evaluation(home: Path) -> None:
    """Some of the sample's questions as a set in that home, measured as it answers now and by words alone."""
    citewell = open_citewell(Settings.read(home=home, sample=False))
    try:
        bring_in_sample_questions(citewell, citewell.library.collection_named(SAMPLE_COLLECTION).id)
        (sample,) = citewell.question_sets.list(LOCAL_USER)
        kept = citewell.question_sets.questions(sample.id, LOCAL_USER)
        left = [each.id for at, each in enumerate(kept) if at % 5]
        citewell.question_sets.remove(sample.id, left, LOCAL_USER)
        OPERATIONS[EVALUATE](citewell, {"set_id": sample.id, "configs": ["present", "method=bm25"]}, Reporter())
    finally:
        citewell.close()


def copy_of(sample_home: Path, directory: Path) -> Path:
    """A home of one's own with the sample company."""
    return Path(shutil.copytree(sample_home, directory / "home", symlinks=True))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a file: what drives it holds the event loop of its thread, and leaves with it."""
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="session")
def app(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app over the sample company, quoting, without a model."""
    with served(copy_of(sample_home, tmp_path_factory.mktemp("app"))) as running:
        yield running
