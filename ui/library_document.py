"""What can be done with one document: take the file home, read it again, delete it, try a question against it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import streamlit as st

from assistant.extractive import best_quotes
from assistant.markup import visible
from assistant.places import page_word, place_of
from retrieval.blocks import blocks
from retrieval.catalogue import Entry
from retrieval.dates import full_date
from retrieval.language import language_name
from retrieval.parsing import FORMATS
from retrieval.parsing.names import shown_name
from retrieval.values import Passage
from ui.answer_view import as_json, found_words
from ui.component import mount
from ui.library_jobs import start_again
from ui.markdown import literal
from ui.source_view import Span, marked_text
from ui.state import Asked
from ui.visit import Visit
from ui.words import counted, local_time, size

_SHOWN_AS_THEY_ARE = frozenset({"application/pdf", "text/plain"})
_MEDIA_TYPES = {row.name: row.media_type for row in FORMATS}
_EXCERPT_CHARS = 300
_NEARNESS = ((0.75, "a close match"), (0.5, "a fair match"))


def document_facts(entry: Entry, times_quoted: int, timezone: str | None) -> tuple[str, str]:
    """Two lines about a document: what it is, and what Citewell made of it."""
    what = (
        entry.path,
        f"{entry.format} file" if entry.format else "",
        size(entry.bytes),
        language_name(entry.language) if entry.language else "",
        f"dated {full_date(entry.dated)}" if entry.dated else "",
    )
    made = (
        counted(entry.pages, page_word(entry.path)) if entry.pages else "",
        counted(entry.passages, "passage"),
        f"read in {full_date(local_time(entry.at, timezone).date())}",
        f"quoted in {counted(times_quoted, 'answer')}" if times_quoted else "not quoted yet",
    )
    return _joined(what), _joined(made)


def draw_actions(visit: Visit, entry: Entry) -> None:
    """Download, and where the home is one's own: read again, delete."""
    kept = visit.citewell.originals.path_of(entry.sha256)
    with st.container(horizontal=True, key="document_actions", gap="xsmall"):
        if kept is not None:
            _draw_download(entry, kept)
        if entry.collection_id not in visit.scope:
            st.caption("Only in your chat; remove it there.")
            return
        if entry.collection_id not in visit.editable:
            return
        st.button(
            "Read again",
            key="document_again",
            icon=":material/refresh:",
            on_click=start_again,
            args=(visit, entry.collection_id, [entry.path]),
        )
        st.button(
            "Delete", key="document_delete", icon=":material/delete:", on_click=_ask_to_delete, args=(visit, entry)
        )
    if kept is None:
        st.caption("The file itself is not kept here, so it cannot be downloaded.")


def _draw_download(entry: Entry, kept: Path) -> None:
    def opened() -> BinaryIO:
        return kept.open("rb")

    st.download_button(
        "Download the original",
        opened,
        file_name=shown_name(entry.path),
        mime=media_type(entry.format),
        key="download",
        icon=":material/download:",
        on_click="ignore",
    )


def media_type(name: str) -> str:
    """What a browser is told of a file: only PDF and plain text for what they are, for the rest it might run."""
    found = _MEDIA_TYPES.get(name, "")
    return found if found in _SHOWN_AS_THEY_ARE else "application/octet-stream"


def _ask_to_delete(visit: Visit, entry: Entry) -> None:
    assert entry.id is not None
    visit.state.asked = Asked("delete_files", ids=(entry.id,))


def draw_trial(visit: Visit, entry: Entry) -> None:
    """A question against this document alone: its nearest passages, the best sentences in them marked."""
    assert entry.id is not None
    question = st.text_input(
        "Try a question against this document",
        key=f"try_{entry.id}",
        placeholder="What would people ask?",
        max_chars=2000,
        icon=":material/search:",
    )
    if not (question or "").strip():
        return
    passages = visit.citewell.search.within(entry.id, question or "", scope=visit.readable)
    if not passages:
        st.caption("Nothing in this document comes near.")
        return
    quotes = best_quotes(question or "", passages, visit.citewell.embedder)
    spans = {quote.passage.start: Span(quote.start, quote.end) for quote in reversed(quotes)}
    rows = [_result(passage, spans.get(passage.start), passages[0].score) for passage in passages]
    mount("results", {"label": "Nearest passages", "rows": rows}, key="results", on={"show": _show})


def _result(passage: Passage, best: Span | None, top: float) -> dict[str, Any]:
    part = excerpt(passage.text, Span(best.start - passage.start, best.end - passage.start) if best else None)
    start = passage.start + part.start
    inside = Span(best.start - start, best.end - start) if best else None
    opened = best or Span(passage.start, passage.end)
    return {
        "where": visible(place_of(passage) or "In the text"),
        "score": f"{nearness(passage.score, top)}, found by {found_words(passage)}",
        "blocks": as_json(marked_text(passage.text[part.start : part.end], passage.source.markup, inside)),
        "start": opened.start,
        "end": opened.end,
    }


def excerpt(text: str, span: Span | None) -> Span:
    """The paragraphs that hold the span; without one, the beginning."""
    found = blocks(text)
    if span is None:
        return Span(0, next((block.end for block in found if block.end >= _EXCERPT_CHARS), len(text)))
    held = [block for block in found if block.end > span.start and block.start < span.end]
    return Span(held[0].start, held[-1].end) if held else Span(0, len(text))


def nearness(score: float, top: float) -> str:
    """A score in words, beside the best of the same search."""
    share = score / top if top > 0 else 0.0
    if share >= 1:
        return "The nearest"
    return next((words for least, words in _NEARNESS if share >= least), "a distant match").capitalize()


def _show(place: Any) -> None:
    """Open the document at a result; numbers alone are taken from the browser."""
    for name in ("start", "end"):
        value = place.get(name) if isinstance(place, dict) else None
        if isinstance(value, int | float) and value >= 0:
            st.query_params[name] = str(int(value))


def draw_facts(lines: Iterable[str], notes: Sequence[str]) -> None:
    """The lines about a document, and the notes of whoever read it."""
    with st.container(key="document_facts", gap="xsmall"):
        for line in lines:
            st.caption(literal(line))
        for note in notes:
            st.caption(f":material/info: {literal(note)}")


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)
