"""A few people on the server mode get the answers that were sent; `make bench-load` has a hundred of them."""

import shutil

import pytest

from benchmarks.load import QUICK_CROWD, crowd_rows
from benchmarks.server_mode import served
from torture.stack.postgres import server_programs

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(server_programs() is None, reason="needs PostgreSQL's server (apt install postgresql)"),
    pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx (apt install nginx-light)"),
]


def test_people_at_two_replicas_all_get_the_answer_that_was_sent() -> None:
    with served() as (processes, person):
        rows = {row.what: row for row in crowd_rows("two replicas", processes, person, QUICK_CROWD)}
    errors = rows["3 people, two replicas: errors"]
    assert errors.figure == 0
    assert "replica-1" in errors.note
    assert "replica-2" in errors.note
    assert "3 people, two replicas: our part of it p95" in rows
