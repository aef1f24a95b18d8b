"""What the next question is narrowed to: set in a popover beside the input, seen as chips that can be taken away."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import streamlit as st

from assistant.access import scope_of
from assistant.errors import AssistantError
from assistant.markup import visible
from assistant.narrowed import Narrowed
from retrieval.errors import RetrievalError
from retrieval.filters import Filters
from retrieval.values import Scope
from ui.choices import choose
from ui.markdown import literal
from ui.state import seeded
from ui.style import draw_style
from ui.visit import Visit
from ui.words import counted, shortened

_ALL = ""
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
_CHIP_CHARS = 40


def draw_narrowing(visit: Visit) -> None:
    """The popover, a chip for each filter that is set, and how many documents they leave."""
    scope = visit.chat_scope
    if not scope:
        return
    narrowed = visit.state.narrowed
    with st.container(key="narrowing", horizontal=True, vertical_alignment="center", gap="xsmall"):
        with st.popover("Filters", icon=":material/filter_list:", type="tertiary", key="narrowing_popover"):
            _draw_fields(visit, narrowed, scope)
        draw_style(visit)
        for key, words, rest in chips(narrowed):
            st.button(
                f"*Remove* {literal(shortened(words, _CHIP_CHARS))}",  # The verb is heard, not seen: the icon shows it.
                key=f"chip_{key}",
                icon=":material/close:",
                on_click=_narrow,
                args=(visit, rest),
            )
        if narrowed:
            st.caption(literal(_left(visit, narrowed)))


def chips(narrowed: Narrowed) -> Iterator[tuple[str, str, Narrowed]]:
    """Each filter that is set: its key, its words, and what stays without it."""
    filters = narrowed.filters
    if filters.only is not None:
        alone = Filters(only=filters.only)
        yield "only", " ".join(alone.in_words()), replace(narrowed, filters=replace(filters, only=None))
    if narrowed.collection is not None:
        yield "collection", narrowed.collection, replace(narrowed, collection=None)
    for name in sorted(filters.formats):
        without = replace(filters, formats=filters.formats - {name})
        yield f"type_{name}", name, replace(narrowed, filters=without)
    singles: tuple[dict[str, Any], ...] = (
        {"dated_from": None, "dated_to": None},
        {"title": ""},
        {"name": ""},
        {"read_from": None, "read_to": None},
    )
    for single in singles:
        without = replace(filters, **single)
        if without != filters:
            alone = Filters(**{name: getattr(filters, name) for name in single})
            yield next(iter(single)), " ".join(alone.in_words()), replace(narrowed, filters=without)


def _left(visit: Visit, narrowed: Narrowed) -> str:
    try:
        scope = scope_of(
            visit.principal,
            visit.citewell.library,
            collection=narrowed.collection,
            conversation=visit.state.conversation.id,
        )
    except RetrievalError as error:
        return error.hint
    among = visit.citewell.library.document_count(scope)
    ids = visit.citewell.catalogue.ids(scope, narrowed.filters)
    if ids == frozenset():
        return "No document fits"
    return counted(among, "document") if ids is None else f"{len(ids):,} of {counted(among, 'document')}"


def _draw_fields(visit: Visit, narrowed: Narrowed, scope: Scope) -> None:
    names = [collection.name for collection in visit.collections]
    filters = narrowed.filters
    formats = sorted({*visit.citewell.catalogue.formats(scope), *filters.formats})
    fields = _Fields(visit)
    if len(names) > 1:
        options = [_ALL, *names]
        st.selectbox(
            "Collection",
            options,
            key=fields.seeded("collection", narrowed.collection if narrowed.collection in names else _ALL),
            format_func=lambda name: literal(name) if name else "All collections",
            on_change=fields.changed,
        )
    st.multiselect(
        "Type",
        formats,
        key=fields.seeded("formats", sorted(filters.formats)),
        placeholder="All types",
        format_func=visible,
        on_change=fields.changed,
    )
    first, last = st.columns(2)
    for place, label, name in ((first, "Dated from", "dated_from"), (last, "to", "dated_to")):
        place.date_input(
            literal(label),
            value=None,
            key=fields.seeded(name, getattr(filters, name)),
            min_value=_FIRST_DAY,
            max_value=_LAST_DAY,
            format="YYYY-MM-DD",
            on_change=fields.changed,
        )
    st.text_input(
        "Title has",
        key=fields.seeded("title", filters.title),
        max_chars=200,
        placeholder="Words of the title",
        on_change=fields.changed,
    )
    st.caption("A document’s date is its own, else the day it was read in.")
    st.button("Clear filters", key="clear_filters", disabled=not narrowed, on_click=_narrow, args=(visit, Narrowed()))


class _Fields:
    """The widgets of the popover: they begin with what is set, and set what is changed."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._prefix = f"narrow_{visit.state.conversation.id or 'new'}_"

    def seeded(self, name: str, value: object) -> str:
        """The widget's key, holding the value that is set."""
        return seeded(self._prefix + name, value)

    def changed(self) -> None:
        """Take on what the widgets say."""
        try:
            # What is set on another page has no field here, and stays.
            filters = replace(
                self._visit.state.narrowed.filters,
                formats=frozenset(self._value("formats") or ()),
                title=(self._value("title") or "").strip(),
                dated_from=self._value("dated_from"),
                dated_to=self._value("dated_to"),
            )
        except (AssistantError, RetrievalError) as error:
            self._visit.state.problem = error.hint
            return
        _narrow(self._visit, Narrowed(self._value("collection") or None, filters))

    def _value(self, name: str) -> Any:
        return st.session_state.get(self._prefix + name)


def _narrow(visit: Visit, narrowed: Narrowed) -> None:
    visit.state.problem = None
    choose(visit, replace(visit.state.conversation.choices, narrowed=narrowed))
