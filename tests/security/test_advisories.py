"""Every package of the lock is audited, and what is accepted is shown not to be reached."""

import ast
import importlib.util
import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings
from chromadb.utils.embedding_functions import register_embedding_function

from retrieval.vectors import VectorIndex
from tests.conftest import Shelf

pytestmark = pytest.mark.threat("T35")

ROOT = Path(__file__).resolve().parents[2]


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_audit", ROOT / "docs" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["docs_audit"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


AUDIT = _loaded()
LOCKED: dict[str, str] = AUDIT.locked((ROOT / "requirements.lock").read_text("utf-8"))
ACCEPTED = AUDIT.accepted()


def report(**changed: Any) -> dict[str, Any]:
    """What pip-audit says of the whole lock where only the accepted advisories are known."""
    vulns: dict[str, list[dict[str, Any]]] = {}
    for one in ACCEPTED:
        vulns.setdefault(one.package, []).append({"id": "PYSEC-0", "aliases": [one.id], "fix_versions": []})
    found = {name: {"name": name, "version": version, "vulns": vulns.get(name, [])} for name, version in LOCKED.items()}
    found |= {name.replace("_", "-"): value for name, value in changed.items()}
    return {"dependencies": [each for each in found.values() if each], "fixes": []}


def told(**changed: Any) -> list[str]:
    return list(AUDIT.problems(report(**changed), LOCKED, ACCEPTED))


def test_each_accepted_advisory_names_a_locked_package_a_reason_and_a_test_that_is_there() -> None:
    assert len({one.id for one in ACCEPTED}) == len(ACCEPTED) > 0
    for one in ACCEPTED:
        assert re.fullmatch(r"(?:CVE|GHSA|PYSEC)-[\w-]+", one.id)
        assert one.package in LOCKED
        assert len(one.reason) > 40
        path, _, name = one.test.partition("::")
        functions = {
            node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)
        }
        assert name in functions, one.test


def test_a_report_on_every_package_with_nothing_but_what_is_accepted_is_well() -> None:
    assert told() == []
    assert len(LOCKED) > 100


@pytest.mark.parametrize(
    "found", [None, {"name": "authlib", "skip_reason": "not found"}, {"name": "authlib", "version": "0.1", "vulns": []}]
)
def test_a_package_that_was_not_looked_up_in_its_version_is_told(found: Any) -> None:
    """pip-audit itself ends with success there."""
    (line,) = told(authlib=found)
    assert line.startswith(f"{len(LOCKED) - 1} of {len(LOCKED)} packages were audited; not: authlib")


def test_an_advisory_that_nobody_accepted_is_told_with_what_fixes_it() -> None:
    new = {"id": "PYSEC-9", "aliases": ["CVE-9"], "fix_versions": ["99.0"]}
    (line,) = told(authlib={"name": "Authlib", "version": LOCKED["authlib"], "vulns": [new]})
    assert "PYSEC-9, fixed by 99.0" in line


def test_what_is_accepted_and_applies_no_more_is_told() -> None:
    gone = told(chromadb={"name": "chromadb", "version": LOCKED["chromadb"], "vulns": []})
    assert len(gone) == len([one for one in ACCEPTED if one.package == "chromadb"])


# Not reached.


def test_chroma_s_server_in_python_is_nowhere_used(shelf: Shelf) -> None:
    """Chroma is opened as files, or is the server in Rust that its command starts: nothing of the other is loaded."""
    shelf.add("company", leave="Everybody has 30 days of paid leave.")
    assert shelf.search.passages("How many days of leave?", scope=frozenset()).passages == ()
    assert vars(import_module("chromadb.cli.cli"))["chromadb_rust_bindings"].cli
    assert not [name for name in sys.modules if name.startswith("chromadb.server")]
    source = (ROOT / "retrieval" / "vectors.py").read_text("utf-8")
    assert set(re.findall(r"chromadb\.(\w+)", source)) == {"PersistentClient", "api", "config", "errors"}


class _Trap:
    """An embedding function that a collection may name; making one is noticed."""

    made: list[object] = []  # noqa: RUF012 - Chroma makes its own instance

    def __call__(self, input: Any) -> Any:
        return [np.ones(8, np.float32) for _ in input]

    @staticmethod
    def name() -> str:
        return "citewell_trap"

    def get_config(self) -> dict[str, Any]:
        return {"command": "run"}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> Any:
        _Trap.made.append(config)
        return _Trap()

    def is_legacy(self) -> bool:
        return False

    def default_space(self) -> str:
        return "cosine"

    def supported_spaces(self) -> list[str]:
        return ["cosine"]

    @staticmethod
    def validate_config(config: dict[str, Any]) -> None:
        del config

    def validate_config_update(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        del old, new


def test_what_a_collection_says_of_its_embedding_is_not_carried_out(tmp_path: Path) -> None:
    register_embedding_function(_Trap)  # type: ignore[arg-type,type-var]
    index = VectorIndex(tmp_path, model="m", dimension=8)
    client = chromadb.PersistentClient(path=str(tmp_path / "0"), settings=Settings(anonymized_telemetry=False))
    client.create_collection(index._chroma_name("company"), embedding_function=_Trap())  # type: ignore[arg-type]
    _Trap.made.clear()
    assert index.search("company", np.ones(8, np.float32), 3) == ()
    assert index.count("company") == 0
    index.remove("company", [1])
    assert _Trap.made == []
    index.close()
