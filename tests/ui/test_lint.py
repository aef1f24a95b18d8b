"""Nothing reaches Streamlit's Markdown but words of our own and what came through ui/markdown.py."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([ROOT / "chat_app.py", *(ROOT / "ui").glob("*.py"), *(ROOT / "views").glob("*.py")])
READS_MARKDOWN = frozenset(
    [
        "markdown",
        "caption",
        "header",
        "subheader",
        "title",
        "write",
        "button",
        "pills",
        "expander",
        "page_link",
        "text_input",
        "chat_input",
        "info",
        "error",
        "warning",
        "success",
        "toast",
        "metric",
        "checkbox",
        "radio",
        "selectbox",
        "popover",
        "tabs",
        "link_button",
        "progress",
    ]
)
NEVER = frozenset({"html", "write_stream", "latex", "image", "video", "audio", "echo", "exception"})
MAKES_SAFE = frozenset({"literal", "safe_markdown"})
OUR_WORDS = frozenset({"counted", "full_date", "_summary", "_reading"})
"""Functions that put our own words and numbers together."""
TAKES_OUR_WORDS = frozenset({"_draw_strip", "draw_problem"})
"""Functions of ours that pass a parameter on; their callers are checked instead."""


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.Module]:
    yield tree
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield child
            yield from own_nodes(child)


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def is_ours(node: ast.expr | None, scope: ast.AST) -> bool:
    """Whether an expression can only be our own words, numbers, or text made safe."""
    match node:
        case ast.Constant() | None:
            return True
        case ast.JoinedStr(values):
            return all(is_ours(value, scope) for value in values)
        case ast.FormattedValue(value, _, spec):
            # A number's format: given a text it raises.
            return is_ours(value, scope) or (isinstance(spec, ast.JoinedStr) and ast.unparse(spec)[2:-1] in {"d", ",d"})
        case ast.Call():
            if name_of(node) == "join":
                return is_ours(node.args[0], scope)
            return name_of(node) in MAKES_SAFE | OUR_WORDS
        case ast.BinOp(left, ast.Add(), right):
            return is_ours(left, scope) and is_ours(right, scope)
        case ast.IfExp(_, body, orelse):
            return is_ours(body, scope) and is_ours(orelse, scope)
        case ast.List(elements) | ast.Tuple(elements):
            return all(is_ours(element, scope) for element in elements)
        case ast.GeneratorExp(ast.Name(name), [generator]) if getattr(generator.target, "id", None) == name:
            return is_ours(generator.iter, scope)
        case ast.Name(name):
            return name.isupper() or is_assigned_ours(name, scope)
        case _:
            return False


def is_assigned_ours(name: str, scope: ast.AST) -> bool:
    values = [
        node.value
        for node in own_nodes(scope)
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    ]
    return bool(values) and all(is_ours(value, scope) for value in values)


def untrusted(tree: ast.Module) -> Iterator[str]:
    """Calls that may hand text of others to Streamlit's Markdown."""
    for scope in functions(tree):
        if isinstance(scope, ast.FunctionDef) and scope.name in TAKES_OUR_WORDS:
            continue
        for call in own_nodes(scope):
            if not isinstance(call, ast.Call):
                continue
            if isinstance(call.func, ast.Attribute) and call.func.attr in READS_MARKDOWN:
                # The first thing these take is a page and a number.
                first = call.args[: call.func.attr not in {"page_link", "progress"}]
                words = [
                    *first,
                    *(k.value for k in call.keywords if k.arg in {"label", "help", "body", "text"}),
                ]
            elif name_of(call) in TAKES_OUR_WORDS:
                words = call.args[1:] if name_of(call) == "_draw_strip" else call.args[:1]
            else:
                continue
            for argument in words:
                if not is_ours(argument, scope):
                    yield f"line {call.lineno}: {ast.unparse(call)}"


def test_there_are_files_to_check() -> None:
    assert len(FILES) > 15


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_text_of_others_goes_through_the_one_door(path: Path) -> None:
    assert list(untrusted(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_asks_for_raw_html_or_remote_media(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    keywords = {k.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for k in node.keywords}
    assert not keywords & {"unsafe_allow_html", "unsafe_allow_javascript"}
    calls = {
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if getattr(node.func.value, "id", "") == "st" and node.func.attr in NEVER
    }
    # The page's own style sheet, a file of ours.
    assert calls <= {"st.html(HERE / 'ui/assets/page.css')"}


@pytest.mark.parametrize(
    "code",
    [
        "def f(title):\n    st.markdown(title)",
        "def f(d):\n    st.caption(f'in {d.path}')",
        "def f(d):\n    label = d.title\n    st.button(label)",
        "def f(d):\n    st.button('ok', help=d.title)",
        "def f(d):\n    st.markdown(' '.join(d))",
    ],
)
def test_the_check_itself_finds_what_it_is_for(code: str) -> None:
    assert list(untrusted(ast.parse(code)))


def test_the_component_never_parses_html() -> None:
    script = "".join(path.read_text("utf-8") for path in (ROOT / "ui" / "assets").glob("*.js"))
    for risky in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"):
        assert risky not in script
