"""What our own code never does, read from the source: turn data into code or objects, or speak through a shell."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.threat("T28")

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("assistant", "retrieval", "prompts", "ui", "views", "migrations")
FILES = sorted([ROOT / "chat_app.py", *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))])
MAKES_OBJECTS = frozenset(
    [
        "pickle",
        "cPickle",
        "_pickle",
        "cloudpickle",
        "dill",
        "joblib",
        "marshal",
        "shelve",
        "jsonpickle",
        "yaml",
        "ruamel",
        "torch",
        "xmlrpc",
        "langchain.load",
        "langchain_core.load",
    ]
)
RUNS_TEXT = frozenset({"eval", "exec", "compile", "__import__"})
SPEAKS_TO_A_SHELL = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"})


def breaches(tree: ast.Module) -> Iterator[str]:
    """Each place that the gate does not let through."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (f"line {node.lineno}: {name}" for name in imported(node) if is_banned(name))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            unsafe = {k.arg for k in node.keywords if not isinstance(k.value, ast.Constant) or k.value.value}
            if called in RUNS_TEXT | SPEAKS_TO_A_SHELL or unsafe & {"shell", "allow_pickle"}:
                yield f"line {node.lineno}: {ast.unparse(node)}"


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    else:
        yield from (alias.name for alias in node.names)


def is_banned(name: str) -> bool:
    return any(f"{name}.".startswith(f"{banned}.") for banned in MAKES_OBJECTS)


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) > 150


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_data_become_code_or_objects(path: Path) -> None:
    assert list(breaches(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import yaml",
        "from marshal import loads",
        "from langchain_core.load import load",
        "from langchain_core import load",
        "import langchain.load.load as l",
        "eval(text)",
        "exec(text)",
        "compile(text, '', 'exec')",
        "__import__(name)",
        "numpy.load(file, allow_pickle=True)",
        "subprocess.run(command, shell=True)",
        "subprocess.run(command, shell=wanted)",
        "os.system(command)",
    ],
)
def test_the_gate_notices_what_it_is_for(code: str) -> None:
    assert list(breaches(ast.parse(code)))


@pytest.mark.parametrize("code", ["re.compile(p)", "json.load(f)", "numpy.load(f)", "subprocess.run(c, shell=False)"])
def test_the_gate_lets_the_ordinary_through(code: str) -> None:
    assert list(breaches(ast.parse(code))) == []
