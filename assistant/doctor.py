"""Looks at everything an installation needs, and says of each what is wrong and what to do."""

import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing

from assistant.connecting import reranker_of
from assistant.doctor_access import look_at_metrics, look_at_sign_in
from assistant.doctor_data import look_at_backup, look_at_database, look_at_files, look_at_jobs, look_at_workers
from assistant.errors import AssistantError
from assistant.finding import Finding
from assistant.home import Home, cache_of, database_of, home_of
from assistant.llm import list_models
from assistant.models import in_force
from assistant.settings import Settings
from retrieval.database import open_database
from retrieval.embedding import load_embedder
from retrieval.errors import HomeBusy, RetrievalError
from retrieval.sandbox import sandbox_limits_available

_LEAST_FREE_BYTES = 1 << 30


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order a person would look."""
    yield Finding("Python", True, platform.python_version())
    for name, look in (
        ("Data directory", _look_at_home),
        ("Database", look_at_database),
        ("Backup", look_at_backup),
        ("Jobs", look_at_jobs),
        ("Workers", look_at_workers),
        ("Files", look_at_files),
        ("Disk", _look_at_disk),
        ("Embedding", _look_at_embedding),
        ("Reading files", _look_at_sandbox),
        ("Pictures", _look_at_tesseract),
        ("Model", _look_at_model),
        ("Reranker", _look_at_reranker),
        ("Signing in", look_at_sign_in),
        ("Metrics", look_at_metrics),
    ):
        yield _finding(name, look, settings)


def _finding(name: str, look: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return look(settings)
    except (AssistantError, RetrievalError) as error:
        what, _, remedy = error.hint.partition("; ")
        return Finding(name, False, what, remedy or error.hint)


def _look_at_home(settings: Settings) -> Finding:
    path = home_of(settings)
    try:
        with closing(Home(path)):
            open_database(database_of(settings)).dispose()
    except HomeBusy:
        return Finding("Data directory", True, f"{path} is in use by a running Citewell")
    return Finding("Data directory", True, str(path))


def _look_at_disk(settings: Settings) -> Finding:
    path = home_of(settings)
    free = shutil.disk_usage(next(p for p in (path, *path.parents) if p.exists())).free
    enough = free >= _LEAST_FREE_BYTES
    return Finding("Disk", enough, f"{free / 1e9:.1f} GB free", "" if enough else "Free some space.")


def _look_at_embedding(settings: Settings) -> Finding:
    embedder = load_embedder(settings.embedding, cache_of(home_of(settings)))
    return Finding("Embedding", True, f"{embedder.name}, {embedder.dimension} dimensions")


def _look_at_sandbox(_: Settings) -> Finding:
    if sandbox_limits_available():
        return Finding("Reading files", True, "in a child process with limits on memory and time")
    return Finding(
        "Reading files",
        True,
        "in a child process; this system cannot limit its memory",
        "Read only files you trust, or run Citewell on Linux.",
    )


def _look_at_tesseract(_: Settings) -> Finding:
    if shutil.which("tesseract"):
        return Finding("Pictures", True, "pictures and scanned pages are read by Tesseract")
    return Finding(
        "Pictures",
        True,
        "no Tesseract, so pictures and scanned pages are not read",
        "Install it: apt install tesseract-ocr.",
    )


def _look_at_model(given: Settings) -> Finding:
    settings = in_force(given)
    if not settings.has_model:
        return Finding("Model", True, "none configured; answers quote the documents")
    key = settings.openai_api_key
    models = list_models(settings.openai_base_url, key.get_secret_value() if key else None)
    wanted = settings.model
    for variable, names in (("CITEWELL_MODEL", (wanted,)), ("CITEWELL_MODELS", settings.further_models)):
        missing = [name for name in names if name and models and name not in models]
        if missing:
            there = ", ".join(models[:5])
            return Finding(
                "Model", False, f"the endpoint has no model {missing[0]!r}", f"Set {variable} to one of: {there}."
            )
    return Finding("Model", True, f"{wanted or (models[0] if models else 'unnamed')} answers")


def _look_at_reranker(settings: Settings) -> Finding:
    reranker = reranker_of(settings)
    if reranker is None:
        return Finding("Reranker", True, "none configured; passages stand in the order of the search")
    with closing(reranker):
        reranker.relevance("Which of these is about leave?", ("Leave is 26 days.", "The canteen opens at noon."))
    return Finding("Reranker", True, f"{reranker.name} answers")
