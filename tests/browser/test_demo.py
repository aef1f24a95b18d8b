"""The demonstration, with the network cut off: five questions, Reset, visitors apart, nothing kept."""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.browser.serving import ROOT
from ui.guided import guided_questions

_PLAY = [sys.executable, "-m", "tests.browser.play_demo"]


def can_cut_the_network() -> bool:
    """Whether this user may have a network of their own, with nothing in it but loopback."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    tried = subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.fixture(scope="module")
def played() -> dict[str, Any]:
    """What the demonstration showed; cut off where the system lets us, else watched for foreign requests."""
    cut_off = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"] if can_cut_the_network() else []
    done = subprocess.run([*cut_off, *_PLAY], cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_the_five_questions_are_played_in_order(played: dict[str, Any]) -> None:
    assert [shown["question"] for shown in played["shown"]] == [guided.question for guided in guided_questions()]


def test_each_answer_shows_what_it_is_there_to_show(played: dict[str, Any]) -> None:
    answerable, partly, absent, conflicting, follow_up = played["shown"]
    assert answerable["chips"]
    assert not answerable["refused"]
    assert partly["chips"]
    assert partly["notice"]
    assert absent["refused"]
    assert not absent["chips"]
    assert conflicting["chips"] >= 2
    assert "disagree" in conflicting["notice"]
    assert follow_up["chips"]


def test_it_ends_with_a_reply_whose_wrong_figure_stands_beside_the_right_one(played: dict[str, Any]) -> None:
    assert played["checked"] == {"doubts": 1, "differs": ["£58", "£56"]}


def test_nothing_is_asked_of_another_origin(played: dict[str, Any]) -> None:
    assert played["foreign"] == []
    assert played["complaints"] == []


def test_visitors_are_apart_and_reset_forgets(played: dict[str, Any]) -> None:
    assert "?c=" in played["thread"]
    assert "There is no such conversation" in played["thread_for_another"]
    assert played["threads_of_another"] == 0
    assert played["threads_after_reset"] == 0


def test_nothing_is_kept(played: dict[str, Any]) -> None:
    assert played["homes_kept"] == 0
