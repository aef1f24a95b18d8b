"""MLflow: where triage models and evaluation runs are kept. The only file that imports it.

Its database is a file of its own, or a server's; it reports nothing to its makers.
"""

import logging
import sqlite3
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy.orm  # noqa: F401  MLflow needs it: half imported, it breaks statements of other threads.
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from assistant.errors import AssistantError
from assistant.home import files_of, home_of
from assistant.settings import Settings, keep_mlflow_quiet

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATABASE_FILE, ARTIFACTS = "mlflow.sqlite", "mlflow"
"""Where a home keeps them, unless a server does."""
_SCHEMA = "mlflow"
_MAKING = 4_711_002
_MOST_VALUE_CHARS = 250
_OPENING = threading.Lock()
"""The first to open a new store makes its tables."""


class RegistryFailed(AssistantError):
    """MLflow did not do what was asked of it."""


class Tracking:
    """An MLflow address. Each use asks it anew."""

    def __init__(self, address: str, artifacts: str | None) -> None:
        self._address = address
        self._artifacts = artifacts

    @contextmanager
    def client(self) -> Iterator["MlflowClient"]:
        """A client; its own errors become ours. It warns of its own use of SQLAlchemy, which nobody here can mend."""
        keep_mlflow_quiet()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow
            from mlflow.exceptions import MlflowException

            logging.getLogger("mlflow").setLevel(logging.ERROR)
            try:
                with _OPENING:
                    mlflow.set_tracking_uri(self._address)
                    client = mlflow.MlflowClient(self._address, self._address)
                yield client
            except MlflowException as error:
                first = (str(error).strip().splitlines() or ["no reason given"])[0][:200].rstrip(".")
                raise RegistryFailed(f"MLflow failed ({first}); check CITEWELL_MLFLOW_URI and try again.") from error

    def experiment(self, client: "MlflowClient", name: str) -> str:
        """The id of an experiment, made where there is none of that name."""
        known = client.get_experiment_by_name(name)
        return str(known.experiment_id if known else client.create_experiment(name, self._artifacts))

    def keep_run(self, experiment: str, name: str, facts: Mapping[str, Any], figures: Mapping[str, float]) -> str:
        """Keep a finished run; returns its id. Raises RegistryFailed."""
        with self.client() as client:
            run_id = str(client.create_run(self.experiment(client, experiment), run_name=name).info.run_id)
            for key, value in facts.items():
                client.log_param(run_id, key, str(value)[:_MOST_VALUE_CHARS])
            for key, figure in figures.items():
                client.log_metric(run_id, key.replace("@", "_at_"), figure)
            client.set_terminated(run_id)
        return run_id


def save_model(folder: Path, *, loader: str, data: Path) -> None:
    """Describe files as a model that a module of ours loads."""
    from mlflow import pyfunc

    pyfunc.save_model(str(folder), loader_module=loader, data_path=str(data), pip_requirements=[])


def open_tracking(settings: Settings) -> Tracking:
    """The MLflow of the settings: a server's, else a schema of the shared database, else the home's own file."""
    if settings.mlflow_uri:
        return Tracking(settings.mlflow_uri, None)
    files = files_of(settings)
    files.mkdir(parents=True, exist_ok=True)
    artifacts = (files / ARTIFACTS).as_uri()
    if settings.database_url is not None:
        return _InSchema(settings.database_url.get_secret_value(), artifacts)
    return Tracking(f"sqlite:///{home_of(settings) / DATABASE_FILE}", artifacts)


class _InSchema(Tracking):
    """MLflow's tables in a schema of their own, beside ours: both sides have a table of Alembic's."""

    def __init__(self, database: str, artifacts: str) -> None:
        url = make_url(database)
        options = f"{url.query.get('options', '')} -csearch_path={_SCHEMA}".strip()
        super().__init__(url.update_query_dict({"options": options}).render_as_string(hide_password=False), artifacts)
        self._database = database
        self._making = threading.Lock()
        self._is_made = False

    @contextmanager
    def client(self) -> Iterator["MlflowClient"]:
        """A client; for the first, the schema and MLflow's tables in it are made."""
        with self._making:
            if not self._is_made:
                self._make()
        with super().client() as client:
            yield client

    def _make(self) -> None:
        engine = create_engine(self._database, hide_parameters=True)
        try:
            # Held to the end: another process that did the same beside would be in the way.
            with engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING})
                with engine.begin() as making:
                    making.execute(text(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}"))
                with super().client() as client:
                    client.search_experiments(max_results=1)
        except SQLAlchemyError as error:
            raise RegistryFailed(
                "MLflow's part of the database cannot be reached; check DATABASE_URL and try again."
            ) from error
        finally:
            engine.dispose()
        self._is_made = True


def follow_home(database: Path, *, before: str, after: str) -> None:
    """MLflow stores whole addresses of files: let those below `before` be below `after`, where the home is now."""
    with closing(sqlite3.connect(database)) as connection, connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table, column in [(name, row[1]) for name in tables for row in _columns(connection, name)]:
            connection.execute(
                f'UPDATE "{table}" SET "{column}" = ? || substr("{column}", ?) WHERE substr("{column}", 1, ?) = ?',  # noqa: S608
                (f"{after}/", len(before) + 2, len(before) + 1, f"{before}/"),
            )


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[int, str, str]]:
    """The columns of words."""
    found = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    return [row for row in found if "CHAR" in row[2].upper() or "TEXT" in row[2].upper()]
