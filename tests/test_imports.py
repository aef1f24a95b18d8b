"""The never-rules of docs/architecture.md, read from the source: who may import what."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("api", "assistant", "retrieval", "prompts", "ui", "views")
FORBIDDEN = {
    "retrieval": {"api", "assistant", "prompts", "ui", "views", "streamlit"},
    "prompts": {"api", "assistant", "ui", "views", "streamlit"},
    "assistant": {"api", "ui", "views", "streamlit"},
    "api": {"ui", "views", "streamlit"},
    "ui": {"api", "views"},
    "views": {"api"},
}
NOWHERE = {"chat_app", "views", "tests", "benchmarks", "torture"}
ADAPTERS = {
    "openai": {"assistant/llm.py"},
    "httpx2": {"assistant/llm.py", "assistant/provider.py", "retrieval/rerank.py"},
    "chromadb": {"retrieval/vectors.py"},
    "psycopg": {"retrieval/postgres.py"},
    "tenacity": {"retrieval/outage.py"},
    "tantivy": {"retrieval/lexical.py"},
    "tiktoken": {"retrieval/tokens.py"},
    "onnxruntime": {"retrieval/minilm.py"},
    "onnx": {"retrieval/minilm_graph.py"},
    "sentencex": {"retrieval/sentences.py"},
    "pypdfium2": {"retrieval/parsing/pdf.py", "retrieval/parsing/pdf_hidden.py"},
    "docx": {"retrieval/parsing/docx.py"},
    "pptx": {"retrieval/parsing/pptx.py"},
    "openpyxl": {"retrieval/parsing/xlsx.py", "assistant/triage/sheets.py"},
    "py3langid": {"retrieval/language.py"},
    "charset_normalizer": {"retrieval/parsing/text.py"},
    "selectolax": {"retrieval/parsing/html.py", "retrieval/parsing/html_hidden.py"},
    "fpdf": {"assistant/export/paper.py"},
    "phonenumbers": {"assistant/personal.py"},
    "stdnum": {"assistant/personal.py"},
    "sklearn": {"assistant/triage/features.py", "assistant/gaps/grouping.py"},
    "mlflow": {"assistant/mlflow_client.py"},
    "prometheus_client": {"assistant/metrics.py"},
    "fastapi": {"api/app.py", "api/asking.py", "api/call.py", "api/documents.py", "api/finding.py"},
    "ir_measures": {"retrieval/evaluation/measures.py"},
}
"""The file that may import each client; several where it has several uses."""


@cache
def sources() -> tuple[tuple[str, ast.Module], ...]:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    files.append(ROOT / "chat_app.py")
    return tuple((path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))) for path in files)


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize(("package", "forbidden"), FORBIDDEN.items(), ids=FORBIDDEN)
def test_a_package_imports_only_what_lies_below_it(package: str, forbidden: set[str]) -> None:
    files = [(path, tree) for path, tree in sources() if path.startswith(f"{package}/")]
    assert files
    found = {(path, name) for path, tree in files for name in imported(tree) if name.split(".")[0] in forbidden}
    assert found == set()


def test_nothing_imports_the_front_door_or_the_tests() -> None:
    found = {
        (path, name)
        for path, tree in sources()
        for name in imported(tree)
        if name.split(".")[0] in NOWHERE and path != "chat_app.py"
    }
    assert found == set()


@pytest.mark.parametrize(("client", "adapters"), ADAPTERS.items(), ids=ADAPTERS)
def test_a_client_is_imported_by_its_adapter_alone(client: str, adapters: set[str]) -> None:
    found = {path for path, tree in sources() if client in {name.split(".")[0] for name in imported(tree)}}
    assert found == adapters


def test_the_environment_is_read_in_one_file() -> None:
    def reads_environment(tree: ast.AST) -> bool:
        """To tell a library something by a variable, just before it is imported, is not to read."""
        written = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
        }
        return any(
            isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"} and node not in written
            for node in ast.walk(tree)
        )

    assert {path for path, tree in sources() if reads_environment(tree)} == {"assistant/settings.py"}


def test_no_module_imports_itself_by_a_circle() -> None:
    graph = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): set(_module_level_imports(tree))
        for path, tree in sources()
    }
    resolved = {module: {name for name in names if name in graph and name != module} for module, names in graph.items()}
    assert _circle(resolved) == []


def _module_level_imports(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _circle(graph: dict[str, set[str]]) -> list[str]:
    done: set[str] = set()

    def visit(module: str, way: list[str]) -> list[str]:
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return []
        for target in sorted(graph[module]):
            if circle := visit(target, [*way, module]):
                return circle
        done.add(module)
        return []

    return next((circle for module in sorted(graph) if (circle := visit(module, []))), [])
