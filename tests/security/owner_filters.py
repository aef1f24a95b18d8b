"""Every place in the source that narrows by who asks, each of them once without it.

A filter is a comparison that names an owner, a person or a scope, a question about a role, a call that only refuses,
or a call that makes a scope. Without it a comparison is always met, a refusal never comes, and a scope is everything.
"""

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from sqlalchemy import ClauseElement, true

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("assistant", "retrieval")
_OWNERS = {"owner", "actor", "asked_by", "person_id", "issuer", "subject"}
_OWN_IDS = {"conversation_id"}
"""A column of these beside a value of the same name: what belongs to another one is left out."""
_SCOPES = {"scope", "editable", "own_groups", "everyone"}
_ROLES = {"is_admin", "reads_all", "may_edit"}
_ASKS = {"may_create", "allowed"}
_ACTS = {"_start", "_change", "_follow_up", "_spend", "_tell", "log_asked", "spend", "sync", "take_uploads"}
"""They take a person and do something, refuse nobody; what narrows within them is found there."""
_SCOPED_CALLS = {"scope_of", "readable_by", "editable_by", "_granted"}
_SHUT_OUT = {"WAITING", "None"}
"""Who is compared with these gets nothing; who is compared with any other role gets something."""


def always(condition: Any) -> Any:
    """A condition that is met, in SQL where it was one."""
    return true() if isinstance(condition, ClauseElement) else True


def never(condition: Any) -> Any:
    """A condition that is not met."""
    del condition
    return False


@dataclass(frozen=True, slots=True)
class Mutant:
    """A function without one of its filters; `function` is the outermost one, by its name in the module."""

    module: str
    function: str
    line: int
    removed: str
    code: CodeType

    @property
    def name(self) -> str:
        """Module, function and what was removed."""
        return f"{self.module}.{self.function}: {self.removed}"

    @property
    def target(self) -> FunctionType:
        """The function itself, out of whatever wraps it."""
        return target(self.module, self.function)


def mutants() -> Iterator[Mutant]:
    """One for each filter of the packages."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield from _of_module(path)


def target(module: str, function: str) -> FunctionType:
    """The function of that name, out of whatever wraps it."""
    found: Any = importlib.import_module(module)
    for part in function.split("."):
        found = inspect.getattr_static(found, part)
    found = inspect.unwrap(found.fget if isinstance(found, property) else found)
    assert isinstance(found, FunctionType)
    return found


@contextmanager
def alive(mutant: Mutant) -> Iterator[None]:
    """The filter is gone for as long as this lasts, wherever its function is used."""
    function = mutant.target
    whole = function.__code__
    forget_statements(mutant.module, mutant.function)
    function.__code__ = mutant.code
    try:
        yield
    finally:
        function.__code__ = whole
        forget_statements(mutant.module, mutant.function)


def forget_statements(module: str, function: str) -> None:
    """Where a function keeps what it returned, have it forget that."""
    with suppress(AttributeError):
        getattr(importlib.import_module(module), function).cache_clear()


# Finding them.


def _of_module(path: Path) -> Iterator[Mutant]:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    tree = ast.parse(path.read_text("utf-8"))
    whole = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    # A copy is walked in the same order as the original.
    for at, node in enumerate(ast.walk(tree)):
        without = None if id(node) in whole else _without(node)
        if without is None:
            continue
        function = _outermost(tree, node)
        assert function is not None, f"{path}:{node.lineno} narrows outside any function, where it cannot be tried"  # type: ignore[attr-defined]
        code = compile(_replaced(tree, at, without), str(path), "exec")
        yield Mutant(module, function, node.lineno, ast.unparse(node), _code(code, function.split(".")))  # type: ignore[attr-defined]


def _without(node: ast.AST) -> Callable[[ast.AST], ast.AST] | None:
    """What stands in place of a filter; None for anything else."""
    match node:
        case ast.Compare(ops=[ast.Eq() | ast.NotEq() | ast.In() | ast.NotIn() | ast.Is() as op]) if _narrows(node):
            return _never if _shuts_out(node, op) and not _is_column(node.left) else _always
        case ast.Call(func=ast.Attribute(attr="in_")) if _names(node) & _SCOPES:
            return _always
        case ast.Call(func=ast.Attribute(attr="is_", value=ast.Attribute(attr="is_disabled"))):
            return _always
        case ast.Attribute(attr=attr, ctx=ast.Load()) if attr in _ROLES and not _is_value(node):
            return _always
        case ast.Call(func=ast.Name(id=name)) if name in _ASKS:
            return _always
        case ast.Expr(value=ast.Call(func=function, args=arguments)) if any(_is_principal(one) for one in arguments):
            return None if ast.unparse(function).rpartition(".")[2] in _ACTS else lambda _: ast.Pass()
        case ast.Call(func=ast.Name(id=name), args=[who, library, *_]) if name in _SCOPED_CALLS and _is_principal(who):
            return lambda _: ast.parse(f"frozenset({ast.unparse(library)}.every_collection())", mode="eval").body
        case ast.Call(func=ast.Name(id="editable_collection"), args=[_, library, id_]):
            return lambda _: ast.parse(f"{ast.unparse(library)}.collection({ast.unparse(id_)})", mode="eval").body
    return None


def _narrows(node: ast.Compare) -> bool:
    names, attributes = _names(node), {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    is_of_principal = "principal" in names
    if any(isinstance(side, ast.Constant) and side.value is None for side in node.comparators):
        return is_of_principal and isinstance(node.ops[0], ast.Is)
    is_of_one = bool(_OWN_IDS & attributes & names) and _is_column(node.left)
    is_of_owner = bool(attributes & _OWNERS) or ("person_id" in names and _is_column(node.left))
    return is_of_principal or is_of_owner or is_of_one or bool(names & _SCOPES)


def _shuts_out(node: ast.Compare, op: ast.cmpop) -> bool:
    compared = {n.attr for n in ast.walk(node.comparators[0]) if isinstance(n, ast.Attribute)}
    compared |= {str(n.value) for n in ast.walk(node.comparators[0]) if isinstance(n, ast.Constant)}
    return isinstance(op, ast.NotIn | ast.NotEq) or (isinstance(op, ast.Is) and bool(compared & _SHUT_OUT))


def _is_column(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "c"


def _is_value(node: ast.Attribute) -> bool:
    """A field of a row that is read, not asked."""
    return node.attr == "may_edit" and not _is_column(node)


def _is_principal(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "principal"


def _names(node: ast.AST) -> set[str]:
    """Names, and the words of parameters of a statement."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


# Changing them.


def _always(node: ast.AST) -> ast.AST:
    return _called("always", node)


def _never(node: ast.AST) -> ast.AST:
    return _called("never", node)


def _called(name: str, node: ast.AST) -> ast.AST:
    call = ast.parse(f"__import__('{__name__}', fromlist=['x']).{name}(None)", mode="eval").body
    assert isinstance(call, ast.Call)
    call.args = [node]  # type: ignore[list-item]
    return call


def _replaced(tree: ast.Module, at: int, without: Callable[[ast.AST], ast.AST]) -> ast.Module:
    changed = deepcopy(tree)
    nodes = list(ast.walk(changed))
    old, new = nodes[at], without(nodes[at])
    for parent in nodes:
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(each is old for each in value):
                setattr(parent, field, [new if each is old else each for each in value])
    return ast.fix_missing_locations(changed)


def _outermost(tree: ast.Module, node: ast.AST) -> str | None:
    for statement in tree.body:
        inner = statement.body if isinstance(statement, ast.ClassDef) else [statement]
        for each in inner:
            if isinstance(each, ast.FunctionDef) and any(found is node for found in ast.walk(each)):
                return f"{statement.name}.{each.name}" if isinstance(statement, ast.ClassDef) else each.name
    return None


def _code(code: CodeType, path: list[str]) -> CodeType:
    for name in path:
        code = next(each for each in code.co_consts if isinstance(each, CodeType) and each.co_name == name)
    return code
