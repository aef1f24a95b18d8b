import os
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from assistant.schema import metadata
from retrieval.database import open_database
from retrieval.errors import HomeError, HomeTooNew


def test_the_migrations_make_exactly_the_tables_of_the_code(database):
    engine = open_database(database)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path):
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    open_database(url).dispose()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from-the-future'"))
    engine.dispose()
    before = (tmp_path / "a.sqlite").read_bytes()
    with pytest.raises(HomeTooNew, match="newer Citewell"):
        open_database(url)
    assert (tmp_path / "a.sqlite").read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path):
    file = tmp_path / "a.sqlite"
    file.write_bytes(b"not a database at all" * 100)
    before = file.read_bytes()
    with pytest.raises(HomeError, match="backup"):
        open_database(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_what_was_acknowledged_survives_a_killed_process(tmp_path):
    program = (
        "import os, sys\n"
        "from retrieval.database import open_database\n"
        "from retrieval.library import Library\n"
        "Library(open_database(sys.argv[1])).create_collection('kept')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    assert subprocess.run([sys.executable, "-c", program, url], cwd=root, check=False).returncode == -9
    engine = open_database(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM collections")).scalars().all() == ["kept"]
    engine.dispose()
