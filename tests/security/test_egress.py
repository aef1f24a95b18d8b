"""T32: nothing is resolved and nothing connected to but the endpoints that the settings name.

The browser's side is watched in every browser test (`Watched.foreign`).
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assistant.settings import environment

pytestmark = pytest.mark.threat("T32")

ROOT = Path(__file__).resolve().parents[2]
IN_A_NETWORK_OF_ITS_OWN = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
CONFIGURED = {"localhost", "127.0.0.1"}


def can_cut_the_network() -> bool:
    """Whether this user may have a network with nothing in it but loopback."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run([*IN_A_NETWORK_OF_ITS_OWN, "true"], capture_output=True, check=False).returncode == 0


def run(home: Path, code: str | None = None, *, cut_off: bool) -> dict[str, Any]:
    program = [sys.executable, "-c", code] if code else [sys.executable, "-m", "tests.security.egress", str(home)]
    clean = environment(OPENAI_API_KEY="", OPENAI_BASE_URL="", CITEWELL_HOME="", PYTHONPATH=str(ROOT))
    done = subprocess.run([*(IN_A_NETWORK_OF_ITS_OWN if cut_off else []), *program], cwd=ROOT, env=clean, capture_output=True, text=True, check=False, timeout=280)  # fmt: skip
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What happened; in a network of its own where the system lets us."""
    return run(tmp_path_factory.mktemp("egress") / "home", cut_off=can_cut_the_network())


def test_everything_was_done(told: dict[str, Any]) -> None:
    assert told["done"] == ["read in", "asked", "checked", "exported", "examined"]
    assert told["asked"] >= 2


def test_no_other_name_is_resolved_than_those_of_the_settings(told: dict[str, Any]) -> None:
    assert "localhost" in told["names"]
    assert set(told["names"]) <= CONFIGURED


def test_nothing_else_is_connected_to(told: dict[str, Any]) -> None:
    assert told["elsewhere"] == []


@pytest.mark.skipif(not can_cut_the_network(), reason="needs the right to a network namespace (unshare -n)")
def test_nothing_at_all_was_sent_towards_another_machine(told: dict[str, Any]) -> None:
    """Parsers in their own processes and libraries that are not Python included."""
    assert told["unroutable"] == 0


@pytest.mark.skipif(not can_cut_the_network(), reason="needs the right to a network namespace (unshare -n)")
def test_a_packet_towards_another_machine_would_have_been_counted(tmp_path: Path) -> None:
    code = (
        "import json, socket; from contextlib import suppress; from tests.security.egress import _unroutable\n"
        "before = _unroutable()\n"
        "with suppress(OSError): socket.create_connection(('192.0.2.1', 80), 1)\n"
        "print(json.dumps({'unroutable': _unroutable() - before}))"
    )
    assert run(tmp_path, code, cut_off=True)["unroutable"] >= 1
