"""Triage models in MLflow: every training with what it was made of, and the alias that says which one is used.

The only file that knows MLflow. Its database is a file of its own; a model is stored as plain arrays and JSON with
the name of our own loader (`model_files.py`). What a stored model says of its loader is looked at before it is
loaded, for MLflow would import whatever is named there, with code that lies beside it.
"""

import json
import logging
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import AssistantError
from assistant.settings import Settings, keep_mlflow_quiet
from assistant.triage.model import TriageModel
from assistant.triage.model_files import LOADER, read_model, shortened, write_model
from assistant.triage.training import Training
from assistant.triage.values import Ticket

if TYPE_CHECKING:
    from mlflow import MlflowClient

MODEL, CHAMPION = "triage", "champion"
DATABASE_FILE, ARTIFACTS = "mlflow.sqlite", "mlflow"
"""Where a home keeps them, unless a server does."""
_FOLDER = "model"
_HELD_BACK = "held-back.json"


class RegistryFailed(AssistantError):
    """MLflow did not do what was asked of it."""


@dataclass(frozen=True, slots=True)
class Version:
    """A registered model: its number, when it was made, and its figures by name."""

    number: int
    is_champion: bool
    trained_at: datetime
    fingerprint: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model with the version that it is."""

    number: int
    model: TriageModel


class Registry:
    """The models at an MLflow address. Each call asks it anew, so that a promotion is seen everywhere."""

    def __init__(self, address: str, artifacts: str | None) -> None:
        self._address = address
        self._artifacts = artifacts

    def add(self, training: Training, comparison: Mapping[str, float]) -> Version:
        """Log a training and register its model; the first one becomes the champion.

        `comparison` has what both models reach on the tickets that are held back from both.
        """
        with self._mlflow() as client:
            run = client.create_run(self._experiment(client), run_name=training.fingerprint[:12])
            run_id = run.info.run_id
            _log(client, run_id, training, comparison)
            self._store(client, run_id, training.model)
            client.log_dict(run_id, {"tickets": [shortened(ticket) for ticket in training.held_back]}, _HELD_BACK)
            if not client.search_registered_models(f"name='{MODEL}'"):
                client.create_registered_model(MODEL)
            version = client.create_model_version(MODEL, f"runs:/{run_id}/{_FOLDER}", run_id)
            client.set_terminated(run_id)
            if _champion(client) is None:
                client.set_registered_model_alias(MODEL, CHAMPION, version.version)
        return next(each for each in self.versions() if each.number == int(version.version))

    def versions(self) -> tuple[Version, ...]:
        """All of them, the newest first."""
        with self._mlflow() as client:
            champion = _champion(client)
            found = client.search_model_versions(f"name='{MODEL}'")
            made = [_version(client, each, champion) for each in found]
        return tuple(sorted(made, key=lambda version: -version.number))

    def promote(self, number: int) -> None:
        """Make a version the one that is used from now on. Raises RegistryFailed where there is none of that number."""
        if number not in {version.number for version in self.versions()}:
            raise RegistryFailed(f"There is no triage model {number}; `citewell triage models` lists them.")
        with self._mlflow() as client:
            client.set_registered_model_alias(MODEL, CHAMPION, str(number))

    def champion_number(self) -> int | None:
        """The version that is used, None before the first training."""
        with self._mlflow() as client:
            return _champion(client)

    def champion(self) -> Loaded | None:
        """The model that is used, None before the first training. Raises RegistryFailed where it is not one of ours."""
        number = self.champion_number()
        return None if number is None else Loaded(number, self.load(number))

    def held_back(self, number: int) -> tuple[Ticket, ...]:
        """The tickets that a version did not learn from, to compare it by; none of one that was made before they were kept."""
        with self._mlflow() as client, tempfile.TemporaryDirectory(prefix="citewell-triage-") as folder:
            run_id = str(client.get_model_version(MODEL, str(number)).run_id)
            if _HELD_BACK not in {each.path for each in client.list_artifacts(run_id)}:
                return ()
            place = Path(client.download_artifacts(run_id, _HELD_BACK, folder))
            return tuple(Ticket(**ticket) for ticket in json.loads(place.read_text("utf-8"))["tickets"])

    def load(self, number: int) -> TriageModel:
        """The model of a version, read by us: of what MLflow stores nothing is run."""
        with self._mlflow() as client, tempfile.TemporaryDirectory(prefix="citewell-triage-") as folder:
            version = client.get_model_version(MODEL, str(number))
            place = client.download_artifacts(str(version.run_id), _FOLDER, folder)
            _check_loader(Path(place))
            return read_model(Path(place) / "data" / "files")

    def _store(self, client: "MlflowClient", run_id: str, model: TriageModel) -> None:
        from mlflow import pyfunc

        with tempfile.TemporaryDirectory(prefix="citewell-triage-") as folder:
            files = Path(folder) / "files"
            write_model(model, files)
            pyfunc.save_model(
                str(Path(folder) / _FOLDER), loader_module=LOADER, data_path=str(files), pip_requirements=[]
            )
            client.log_artifacts(run_id, str(Path(folder) / _FOLDER), _FOLDER)

    def _experiment(self, client: "MlflowClient") -> str:
        known = client.get_experiment_by_name(MODEL)
        return str(known.experiment_id if known else client.create_experiment(MODEL, self._artifacts))

    @contextmanager
    def _mlflow(self) -> Iterator["MlflowClient"]:
        """A client; its own errors become ours. It warns of its own use of SQLAlchemy, which nobody here can mend."""
        keep_mlflow_quiet()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow
            from mlflow.exceptions import MlflowException

            logging.getLogger("mlflow").setLevel(logging.ERROR)
            try:
                mlflow.set_tracking_uri(self._address)
                yield mlflow.MlflowClient(self._address, self._address)
            except MlflowException as error:
                first = (str(error).strip().splitlines() or ["no reason given"])[0][:200].rstrip(".")
                raise RegistryFailed(f"MLflow failed ({first}); check CITEWELL_MLFLOW_URI and try again.") from error


def open_registry(settings: Settings) -> Registry:
    """The registry of the settings: a server's, else the home's own."""
    if settings.mlflow_uri:
        return Registry(settings.mlflow_uri, None)
    home = settings.home.expanduser().absolute()
    home.mkdir(parents=True, exist_ok=True)
    return Registry(f"sqlite:///{home / DATABASE_FILE}", (home / ARTIFACTS).as_uri())


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


def _champion(client: "MlflowClient") -> int | None:
    for model in client.search_registered_models(f"name='{MODEL}'"):
        number = model.aliases.get(CHAMPION)
        return None if number is None else int(number)
    return None


def _version(client: "MlflowClient", found: Any, champion: int | None) -> Version:
    run = client.get_run(found.run_id)
    return Version(
        number=int(found.version),
        is_champion=int(found.version) == champion,
        trained_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        fingerprint=str(run.data.params.get("fingerprint", "")),
        figures=dict(run.data.metrics),
    )


def _log(client: "MlflowClient", run_id: str, training: Training, comparison: Mapping[str, float]) -> None:
    facts: dict[str, Any] = {
        "fingerprint": training.fingerprint,
        "tickets": len(training.model.tickets),
        "embedding": training.model.embedding,
    }
    for name, head in training.model.heads.items():
        facts |= {f"{name}.{key}": value for key, value in asdict(head.choice).items()}
    for key, value in facts.items():
        client.log_param(run_id, key, value)
    figures: dict[str, float] = dict(comparison)
    for name, measured in training.figures.items():
        plain = {key: value for key, value in asdict(measured).items() if key != "confusion"}
        figures |= {f"{name}.{key}": float(value) for key, value in plain.items()}
        confusion = [asdict(each) for each in measured.confusion]
        client.log_dict(run_id, {"confusion": confusion}, f"confusion-{name}.json")
    for key, number in figures.items():
        client.log_metric(run_id, key, number)


def _check_loader(folder: Path) -> None:
    """Raises RegistryFailed for a model that would be loaded by anything but our own loader.

    The description is read as text: the line that names the loader, and none that names code.
    """
    described = (folder / "MLmodel").read_text("utf-8").splitlines()
    loaders = [line.split(":", 1)[1].strip() for line in described if line.strip().startswith("loader_module:")]
    code = [line.split(":", 1)[1].strip() for line in described if line.strip().startswith("code:")]
    if loaders != [LOADER] or any(each not in ("", "null") for each in code):
        raise RegistryFailed("The triage model in MLflow was not made by Citewell and is not loaded; train a new one.")


def as_json(version: Version) -> dict[str, Any]:
    """A version as programs read it."""
    return json.loads(json.dumps(asdict(version) | {"trained_at": version.trained_at.isoformat(timespec="seconds")}))  # type: ignore[no-any-return]
