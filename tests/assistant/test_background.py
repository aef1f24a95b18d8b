"""Closing waits for the work beside the page, so that nothing writes a home that is closed."""

import time

from assistant.background import Background
from assistant.bootstrap import open_citewell
from assistant.settings import Settings
from assistant.worker import Worker


def test_closing_asks_the_work_to_end_and_waits_for_it():
    background, steps = Background(), []

    def work() -> None:
        while not background.stopping.wait(0.01):
            steps.append("step")
        steps.append("ended")

    background.start(work)
    time.sleep(0.05)
    background.close()
    assert steps[0] == "step"
    assert steps[-1] == "ended"


def test_waiting_is_for_what_ends_by_itself_and_not_for_what_lasts():
    background, steps = Background(), []

    def work() -> None:
        time.sleep(0.05)
        steps.append("done")

    background.keep(background.stopping.wait)
    background.start(work)
    background.wait()
    assert steps == ["done"]
    background.close()


def test_nothing_starts_once_closing_has_begun():
    background, steps = Background(), []
    background.close()
    background.start(lambda: steps.append("started"))
    assert steps == []


def test_work_that_fails_is_logged_and_harms_nothing(caplog):
    background = Background()
    background.start(lambda: 1 // 0)
    background.close()
    assert "ZeroDivisionError" in caplog.text


def test_a_demonstration_closed_while_it_reads_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    citewell = open_citewell(Settings.read(demo=True))
    Worker(citewell).start()
    while not citewell.library.collections():
        time.sleep(0.005)
    citewell.close()
    assert list(tmp_path.glob("citewell-demo-*")) == []
