"""What whoever helps needs to know of an installation, in one file: versions, settings, findings, counts, last problems.

Nothing in it is anybody's words: no document, no title, no question, no answer, no name, no key. What is given as a
log is gone through line by line, and of each only the code's own words are taken.
"""

import json
import os
import platform
import re
from collections import deque
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from assistant.doctor import examine
from assistant.errors import AssistantError
from assistant.home import database_of, has_database
from assistant.logs import EventName
from assistant.secrecy import MASKER
from assistant.settings import Settings
from assistant.settings_table import setting_rows, value_without_names
from assistant.version import version_of_citewell
from retrieval.dates import utc_now
from retrieval.errors import HomeError
from retrieval.looking import bytes_of, looking, reason_of, rows_in, schema_in

_PACKAGES = ("streamlit", "chromadb", "tantivy", "openai", "langchain", "sqlalchemy", "onnxruntime", "mlflow-skinny")
_MOST_LINES = 1_000
_FACTS = frozenset(("level", "event", "error", "kind", "status", "limit", "leg"))
_IDS = frozenset(("request", "who", "person", "conversation"))
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,60}")
_ID = re.compile(r"[0-9a-f]{12}|[0-9a-f]{32}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_FRAME = re.compile(
    r'File "(?:[^"]*/)?((?:assistant|retrieval|ui|views|prompts)/[\w/]+\.py|chat_app\.py)", line (\d+), in (\w+)'
)
_EVENTS = frozenset(get_args(EventName)) | {"message", "index_rebuilt"}


def write_bundle(settings: Settings, file: Path, log: Iterable[str] = ()) -> tuple[str, ...]:
    """Write the ZIP, which only its owner may read; returns the names of what is in it."""
    parts: Mapping[str, Any] = {
        "versions.json": _versions(settings),
        "settings.json": {row.variable: value_without_names(settings, row.name) for row in setting_rows()},
        "doctor.json": [{"name": f.name, "ok": f.ok, "has_remedy": bool(f.remedy)} for f in examine(settings)],
        "counts.json": _counts(settings),
        "log.json": [clean for line in deque(log, _MOST_LINES) if (clean := clean_line(line))],
    }
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            os.fchmod(target.fileno(), 0o600)
            with ZipFile(target, "w", ZIP_DEFLATED) as bundle:
                for name, value in parts.items():
                    bundle.writestr(name, MASKER.masked(json.dumps(value, indent=1)))
    except OSError as error:
        reason = error.strerror or error
        raise AssistantError(f"{file} could not be written ({reason}); check path and room.") from error
    return tuple(parts)


def clean_line(line: str) -> dict[str, Any] | None:
    """What the code itself said in a line of the log: its event, kinds, ids, numbers and places; None where that is nothing."""
    try:
        facts = json.loads(line)
    except ValueError:
        return None
    if not isinstance(facts, dict) or facts.get("event") not in _EVENTS:
        return None
    clean = {key: value for key, value in facts.items() if _is_own(key, value)}
    if isinstance(trace := facts.get("traceback"), str):
        clean["places"] = [":".join(found) for found in _FRAME.findall(trace)]
    return clean


def _is_own(key: str, value: Any) -> bool:
    if not _WORD.fullmatch(key):
        return False
    if isinstance(value, int | float):
        return True
    if not isinstance(value, str):
        return False
    form = _WORD if key in _FACTS else _ID if key in _IDS else _MOMENT if key == "at" else None
    return form is not None and form.fullmatch(value) is not None


def _versions(settings: Settings) -> dict[str, str]:
    return {
        "made_at": f"{utc_now().isoformat(timespec='seconds')}Z",
        "citewell": version_of_citewell(),
        "schema": _schema(settings),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        **{name: version(name) for name in _PACKAGES},
    }


def _schema(settings: Settings) -> str:
    if not has_database(settings):
        return "none"
    try:
        with looking(database_of(settings)) as connection:
            return schema_in(connection)
    except (DatabaseError, HomeError):  # `_counts` says what is wrong.
        return "unknown"


def _counts(settings: Settings) -> dict[str, Any]:
    """How many rows each table has, and how answers and jobs ended."""
    if not has_database(settings):
        return {}
    try:
        with looking(database_of(settings)) as connection:
            answers = connection.execute(text("SELECT state, count(*) FROM messages GROUP BY state")).all()
            ended = connection.execute(text("SELECT kind, state, count(*) FROM jobs GROUP BY kind, state")).all()
            return {
                "engine": connection.dialect.name,
                "rows": rows_in(connection),
                "answers": {row[0]: row[1] for row in answers},
                "jobs": [{"kind": kind, "state": state, "count": count} for kind, state, count in ended],
                "database_bytes": bytes_of(connection),
            }
    except DatabaseError as error:
        return {"problem": reason_of(error)}
    except HomeError as error:
        return {"problem": type(error).__name__}
