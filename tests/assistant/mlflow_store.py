"""MLflow's own tables, made once: it takes seconds to make them, and every home of a test that measures wants some."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant.mlflow_client import DATABASE_FILE, open_tracking
from assistant.settings import Settings


def with_mlflow(home: Path) -> Path:
    """The home, with an empty store in it."""
    home.mkdir(parents=True, exist_ok=True)
    (home / DATABASE_FILE).write_bytes(_empty())
    return home


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        with open_tracking(Settings(home=home, sample=False)).client() as client:
            client.search_experiments()
        return (home / DATABASE_FILE).read_bytes()
