"""Nothing reaches Streamlit's Markdown but words of our own and what came through ui/markdown.py."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([ROOT / "chat_app.py", *(ROOT / "ui").glob("*.py"), *(ROOT / "views").glob("*.py")])
READS_MARKDOWN = frozenset(
    [
        "badge",
        "button",
        "caption",
        "chat_input",
        "checkbox",
        "date_input",
        "dialog",
        "download_button",
        "error",
        "expander",
        "file_uploader",
        "form_submit_button",
        "header",
        "info",
        "link_button",
        "markdown",
        "menu_button",
        "metric",
        "multiselect",
        "number_input",
        "page_link",
        "pills",
        "popover",
        "progress",
        "radio",
        "segmented_control",
        "selectbox",
        "slider",
        "spinner",
        "status",
        "subheader",
        "success",
        "tabs",
        "text_area",
        "text_input",
        "time_input",
        "title",
        "toast",
        "toggle",
        "warning",
        "write",
    ]
)
READS_NO_MARKDOWN = frozenset(
    [
        "App",
        "Page",
        "cache_data",
        "cache_resource",
        "chat_message",
        "code",
        "columns",
        "container",
        "dataframe",
        "empty",
        "form",
        "fragment",
        "get_option",
        "login",
        "logout",
        "navigation",
        "pagination",
        "rerun",
        "set_page_config",
        "stop",
        "switch_page",
    ]
)
"""Of what is used; whatever Streamlit has beside these and those above must be looked at before it may be used."""
API = frozenset(
    name
    for known in (st, DeltaGenerator)
    for name in dir(known)
    if not name.startswith("_") and callable(getattr(known, name, None))
)
SHOWS_OPTIONS = frozenset({"pills", "radio", "segmented_control"})
"""Their options are Markdown too."""
NEVER = frozenset({"ImageColumn", "LinkColumn", "iframe", "declare_component"})
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
            if name_of(node) in {"join", "list"}:
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
        case ast.ListComp(element):
            return is_ours(element, scope)
        case ast.Lambda(_, body):
            return is_ours(body, scope)
        case ast.Subscript(ast.Name(name)):
            return name.isupper()
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
            for argument in words_of(call):
                if not is_ours(argument, scope):
                    yield f"line {call.lineno}: {ast.unparse(call)}"


def words_of(call: ast.Call) -> Iterator[ast.expr]:
    """What a call hands to Streamlit's Markdown."""
    if name_of(call) in TAKES_OUR_WORDS:
        yield from call.args[1:] if name_of(call) == "_draw_strip" else call.args[:1]
    if not (isinstance(call.func, ast.Attribute) and call.func.attr in READS_MARKDOWN):
        return
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    # The first thing these take is a page and a number.
    yield from call.args[: call.func.attr not in {"page_link", "progress"}]
    yield from (given[name] for name in ("label", "help", "body", "text", "captions") if name in given)
    if call.func.attr in SHOWS_OPTIONS:
        yield given.get("format_func") or given.get("options") or call.args[1]


def test_there_are_files_to_check() -> None:
    assert len(FILES) > 15


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_text_of_others_goes_through_the_one_door(path: Path) -> None:
    assert list(untrusted(ast.parse(path.read_text("utf-8")))) == []


def other_ways(tree: ast.Module) -> Iterator[str]:
    """Calls that could draw text of others in another way than by Markdown made safe."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        known = name not in API or name in READS_MARKDOWN | READS_NO_MARKDOWN
        allows = {k.arg for k in call.keywords} & {"unsafe_allow_html", "unsafe_allow_javascript"}
        # The page's own style sheet is a file of ours.
        if name in NEVER or allows or not (known or ast.unparse(call) == "st.html(HERE / 'ui/assets/page.css')"):
            yield f"line {call.lineno}: {ast.unparse(call)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_draws_in_another_way(path: Path) -> None:
    assert list(other_ways(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "st.html(text)",
        "place.html(text)",
        "st.markdown('x', unsafe_allow_html=True)",
        "st.image(url)",
        "st.logo(url)",
        "st.latex(text)",
        "st.write_stream(text)",
        "st.table(rows)",
        "st.json(value)",
        "st.exception(error)",
        "st.mermaid_chart(text)",
        "st.components.v1.html(text)",
        "st.components.v1.iframe(url)",
        "st.column_config.LinkColumn()",
        "st.column_config.ImageColumn()",
    ],
)
def test_each_other_way_is_noticed(code: str) -> None:
    assert list(other_ways(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "def f(title):\n    st.markdown(title)",
        "def f(d):\n    st.caption(f'in {d.path}')",
        "def f(d):\n    label = d.title\n    st.button(label)",
        "def f(d):\n    st.button('ok', help=d.title)",
        "def f(d):\n    st.markdown(' '.join(d))",
        "def f(d):\n    st.toast(f'{d.title} was read in')",
        "def f(d):\n    st.write(d.title)",
        "def f(d):\n    st.pills('Next', d.questions)",
        "def f(d):\n    st.radio('Next', d.ids, format_func=lambda id: d.names[id])",
        "def f(d):\n    st.radio('Next', [1], format_func=str, captions=[x.title for x in d])",
        "def f(d):\n    st.dialog(d.title)",
    ],
)
def test_the_check_itself_finds_what_it_is_for(code: str) -> None:
    assert list(untrusted(ast.parse(code)))


SCRIPTS = sorted((ROOT / "ui" / "assets").glob("*.js"))
PARSES_OR_RUNS = (
    "innerHTML", "outerHTML", "insertAdjacentHTML", "setHTML", "createContextualFragment", "document.write", "DOMParser",
    "srcdoc", "eval(", "Function(", "javascript:", "onerror", "location.", "window.open",
)  # fmt: skip
OWN_ADDRESSES = {
    "citewell.js": {"href: address", "href: data.address"},
    "printed_page.js": {"src: data.image"},
    "source.js": {"href: data.address"},
    "threads.js": {"href: new URL(`./?c=${thread.id}`"},
}
"""Where an address is set on an element: each was made, or looked at, on the server."""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_the_component_never_parses_html_and_runs_nothing(path: Path) -> None:
    script = path.read_text("utf-8")
    assert [risky for risky in PARSES_OR_RUNS if risky in script] == []
    assert not re.search(r"set(Timeout|Interval)\(\s*[\"'`]", script)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_an_address_is_set_in_known_places_alone(path: Path) -> None:
    script = path.read_text("utf-8")
    found = re.findall(r"\b(?:href|src|srcset|action|poster)\b\s*[:=]\s*[^\s,}]+(?: URL\(`[^`]*`)?", script)
    assert {place.rstrip(")") for place in found} == OWN_ADDRESSES.get(path.name, set())
