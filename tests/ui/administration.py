"""The app over a home of a test's own, and its administration page, without a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.bootstrap import Citewell
from assistant.running import RUNNING

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Citewell]:
    """What the app opens: this home, without the sample company."""
    monkeypatch.setenv("CITEWELL_HOME", str(home))
    monkeypatch.setenv("CITEWELL_SAMPLE", "0")
    RUNNING.close()
    opened = RUNNING.get()
    assert opened is not None
    yield opened
    RUNNING.close()


def admin_part(name: str) -> AppTest:
    """The administration page with this part chosen."""
    test = AppTest.from_file(str(ROOT / "chat_app.py"), default_timeout=60).run()
    test.switch_page("views/admin.py").run()
    test.session_state["admin_part"] = name
    return test.run()
