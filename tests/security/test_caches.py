"""What is remembered for all holds nothing of one reader, and no value from outside becomes a filter of the index."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from sqlalchemy.exc import SQLAlchemyError

from retrieval.catalogue import Wanted
from retrieval.errors import RetrievalError
from retrieval.filters import Filters
from tests.conftest import Shelf
from tests.security.test_gates import FILES, ROOT

OF_STREAMLIT = {
    "chat_app.py:retriever",
    "chat_app.py:model",
    "ui/triage_reader.py:_comparison",
    "ui/triage_reader.py:_model",
    "ui/triage_reader.py:_pile",
    "ui/triage_reader.py:_remembering",
}
"""They give back what is one for the whole process, by the path of its home."""
REMEMBERS = {"cache", "lru_cache", "cache_data", "cache_resource", "experimental_memo"}
OF_A_READER = {"principal", "person", "visit", "state", "identity", "scope", "conversation", "conversation_id", "owner"}
ASKS_WHO = ("st.session_state", "st.context", "st.user", "st.query_params", "current_visit", "PageState")
DICTS: list[Any] = [{"$ne": -1}, {"$or": []}, {"$contains": ""}, {"$gt": 0}]


def remembering() -> Iterator[tuple[str, ast.FunctionDef, set[str]]]:
    """Each function that remembers what it returned, with the names of what makes it do so."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                makers = {part for each in node.decorator_list for part in _parts(each)}
                if makers & REMEMBERS:
                    yield f"{path.relative_to(ROOT)}:{node.name}", node, makers


def _parts(node: ast.expr) -> list[str]:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node).split(".")


@pytest.mark.threat("T5")
def test_no_function_that_remembers_is_told_or_asks_who_reads() -> None:
    found = list(remembering())
    for name, function, _ in found:
        assert {
            argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)
        } & OF_A_READER == set(), name
        assert [word for word in ASKS_WHO if word in ast.unparse(function)] == [], name
    assert len(found) >= 20


@pytest.mark.threat("T5")
def test_streamlit_remembers_what_is_one_for_all_alone() -> None:
    kept = {name: (function, makers) for name, function, makers in remembering() if "st" in makers}
    assert set(kept) == OF_STREAMLIT
    assert all("cache_resource" in makers for _, makers in kept.values())


@pytest.mark.threat("T7")
def test_chroma_s_own_filter_is_written_by_us_of_a_number_alone() -> None:
    filters = [
        keyword.value
        for node in ast.walk(ast.parse((ROOT / "retrieval/vectors.py").read_text("utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in {"where", "where_document"}
    ]
    assert [ast.unparse(each) for each in filters] == ["{'document': int(document_id)}"]


@pytest.mark.threat("T7")
@pytest.mark.parametrize("value", DICTS)
def test_a_dictionary_in_place_of_a_value_is_refused_and_removes_and_finds_nothing(shelf: Shelf, value: Any) -> None:
    scope = shelf.add("company", leave="Everybody has 30 days of paid leave.")
    (collection_id,) = scope
    index = shelf.indexes.dense
    assert index is not None
    with pytest.raises(TypeError):
        index.remove(collection_id, [value])
    asks: tuple[Callable[[], object], ...] = (
        lambda: shelf.catalogue.page(scope, Wanted(Filters(title=value))),
        lambda: shelf.catalogue.page(scope, Wanted(sort=value)),
        lambda: shelf.search.passages(value, scope=scope),
        lambda: shelf.search.passages("leave", scope=scope, documents=frozenset([value])),
        lambda: shelf.library.document(value, scope),
        lambda: shelf.library.collection_named(value),
    )
    for ask in asks:
        with pytest.raises((TypeError, AttributeError, KeyError, SQLAlchemyError, RetrievalError)):
            ask()
    assert index.count(collection_id) == 1
    assert len(index.search(collection_id, np.ones(index.dimension, np.float32), 5)) == 1
