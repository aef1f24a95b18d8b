"""Answers questions about the collection itself from the catalogue and the index of whole documents.

The number is complete, the list names the first few. What is said of the catalogue is no claim from a passage;
each document in the list has a citation that opens it where the words stand, or at its beginning.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from assistant.draft import Draft
from assistant.events import AnswerFinished, Citation, DocumentList, Event, PassagesFound, SentenceChecked, TextDelta
from assistant.inventory_questions import InventoryQuestion, recognise
from assistant.periods import Period
from retrieval.catalogue import Catalogue, Entry
from retrieval.chunk_reader import Hit
from retrieval.dates import full_date, utc_now
from retrieval.filters import NO_FILTERS, Filters
from retrieval.folding import fold
from retrieval.mentions import Mentions, alternatives, words_of
from retrieval.queries import Query
from retrieval.search import Search
from retrieval.sentences import sentence_spans
from retrieval.trace import SearchTrace
from retrieval.values import Passage, Scope

SHOWN = 10
_NEAREST = 3
_RECENT_DAYS = 7
_MOST_TITLE_CHARS = 120
_NOT_DONE = {"any": "added, read in anew or deleted", "added": "added", "removed": "deleted"}
_BRACKETS = str.maketrans("[]", "()")
_WORDLIKE = re.compile(r"\w")


def utc_today() -> date:
    """The day on which documents are read in now."""
    return utc_now().date()


@dataclass(frozen=True, slots=True)
class Counted:
    """The documents that are meant, in the order of the list; `among` is how many they were chosen from."""

    entries: tuple[Entry, ...]
    among: int
    in_title: int = 0
    anew: frozenset[int] = frozenset()
    """Those that took the place of an earlier version."""
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Inventory:
    """Counts and lists documents. Safe to share between threads."""

    catalogue: Catalogue
    mentions: Mentions
    search: Search
    today: Callable[[], date] = utc_today

    def recognise(self, question: str, scope: Scope, *, is_follow_up: bool) -> InventoryQuestion | None:
        """What a question asks about the collections in scope; None for any other question."""
        names = [collection.name for collection in self.mentions.library.collections() if collection.id in scope]
        return recognise(question, today=self.today(), collections=names, is_follow_up=is_follow_up)

    def answer(
        self, question: str, asked: InventoryQuestion, *, scope: Scope, filters: Filters, draft: Draft
    ) -> Iterator[Event]:
        """The events of the turn after its beginning."""
        today = self.today()
        scope = self._scope(asked, scope)
        wanted = filters.and_also(_own_filters(asked, today))
        counted = self._counted(asked, scope, wanted, today)
        passages = self._passages(counted.entries[:SHOWN], asked.words, scope)
        nearest = self._nearest(asked, scope, wanted) if asked.words and not passages else ()
        draft.lap("search")
        trace = SearchTrace((Query(question, 1.0),), collections=len(scope))
        yield PassagesFound(nearest or tuple(passage for passage, _, _ in passages), trace)
        yield TextDelta(draft.write(_head(asked, counted, filters, today) + _named(nearest)))
        for n, (entry, (passage, start, end)) in enumerate(zip(counted.entries, passages, strict=False), 1):
            quote = passage.text[start - passage.start : end - passage.start]
            citation = Citation(n, passage, quote, start, end)
            delta, sentence = draft.item(_line(entry, asked, counted, several=len(scope) > 1), citation)
            yield TextDelta(delta)
            yield SentenceChecked(sentence)
        if (left := len(counted.entries) - len(passages)) > 0:
            yield TextDelta(draft.write(f"\n\nAnd {left:,} more."))
        listed = DocumentList(len(counted.entries), len(passages), asked.words, asked.collection, wanted or NO_FILTERS)
        answer = draft.answer("answered" if draft.has_citations else "unanswerable")
        yield AnswerFinished(replace(answer, listed=listed))

    def entries(self, listed: DocumentList, scope: Scope) -> frozenset[int]:
        """The documents of such a list as they are now."""
        ids = self.catalogue.ids(scope, listed.filters)
        if not listed.words:
            return ids if ids is not None else frozenset(e.id for e in self.catalogue.documents(scope) if e.id)
        found = frozenset(self.mentions.documents(listed.words, scope))
        return found if ids is None else found & ids

    def _scope(self, asked: InventoryQuestion, scope: Scope) -> Scope:
        if asked.collection is None:
            return scope
        return scope & {c.id for c in self.mentions.library.collections() if c.name == asked.collection}

    def _counted(self, asked: InventoryQuestion, scope: Scope, wanted: Filters | None, today: date) -> Counted:
        entries = self.catalogue.documents(scope, wanted) if wanted is not None else ()
        found, in_title = self._with_words(asked.words, entries, scope) if asked.words else (entries, 0)
        if asked.kind != "changed":
            return Counted(found, len(entries), in_title)
        anew = self.catalogue.read_anew([entry.id for entry in found if entry.id is not None], scope)
        shown = {"any": found, "added": [entry for entry in found if entry.id not in anew], "removed": ()}[asked.change]
        newest = tuple(sorted(shown, key=lambda entry: (entry.at, entry.path), reverse=True))
        # Of what was deleted only the day is kept, not what it was.
        period, is_of_any = _period(asked, today), wanted == _own_filters(replace(asked, formats=frozenset()), today)
        counts_deleted = is_of_any and asked.change != "added" and not asked.words
        deleted = self.catalogue.deleted(scope, period.first, period.last) if counts_deleted else 0
        return Counted(newest, len(entries), anew=anew, deleted=deleted)

    def _with_words(self, words: str, entries: Sequence[Entry], scope: Scope) -> tuple[tuple[Entry, ...], int]:
        """Those that have the words, first those that have them in the title, and how many these are."""
        scores = self.mentions.documents(words, scope)
        found = [entry for entry in entries if entry.id in scores]
        titled = {entry.id for entry in found if _in_title(words, entry)}
        found.sort(key=lambda entry: (entry.id not in titled, -scores[entry.id or 0], entry.path))
        return tuple(found), len(titled)

    def _nearest(self, asked: InventoryQuestion, scope: Scope, wanted: Filters | None) -> tuple[Passage, ...]:
        """Passages that come near in meaning, where no document has the words."""
        if wanted is None:
            return ()
        documents = self.catalogue.ids(scope, wanted)
        return self.search.passages(asked.words, scope=scope, limit=_NEAREST, documents=documents).passages

    def _passages(self, entries: Sequence[Entry], words: str, scope: Scope) -> list[tuple[Passage, int, int]]:
        """A passage of each document and the sentence in it that is marked."""
        library = self.mentions.library
        best = self.mentions.best_chunks(words, scope) if words else {}
        chosen = {
            entry.id: best.get(entry.id) or library.chunks_of(entry.id)[0][0]
            for entry in entries
            if entry.id is not None
        }
        hits = library.hits(list(chosen.values()), scope)
        stems = frozenset(self.mentions.lexical.stems(words, scope))
        return [self._marked(hits[chunk], stems, scope) for chunk in chosen.values() if chunk in hits]

    def _marked(self, hit: Hit, stems: frozenset[str], scope: Scope) -> tuple[Passage, int, int]:
        chunk = hit.chunk
        passage = Passage(hit.source, chunk.start, chunk.end, chunk.text, chunk.heading, chunk.page, 0.0)
        spans = [span for span in sentence_spans(chunk.text) if _WORDLIKE.search(chunk.text, *span)]
        best = max(
            spans or [(0, len(chunk.text))],
            key=lambda span: len(stems & frozenset(self.mentions.lexical.stems(chunk.text[slice(*span)], scope))),
        )
        return passage, chunk.start + best[0], chunk.start + best[1]


def _own_filters(asked: InventoryQuestion, today: date) -> Filters:
    """What the question itself narrows."""
    dated = (asked.dated.first, asked.dated.last) if asked.dated else (None, None)
    period = _period(asked, today)
    read = (period.first, period.last) if asked.kind == "changed" else (None, None)
    return Filters(asked.formats, dated_from=dated[0], dated_to=dated[1], read_from=read[0], read_to=read[1])


def _period(asked: InventoryQuestion, today: date) -> Period:
    return asked.period or Period(today - timedelta(_RECENT_DAYS - 1), today)


def _in_title(words: str, entry: Entry) -> bool:
    title = fold(entry.title)
    return all(fold(word) in title for word in words_of(words))


# The words


def _head(asked: InventoryQuestion, counted: Counted, filters: Filters, today: date) -> str:
    """The sentence above the list."""
    said = _changes(asked, counted, filters, today) if asked.kind == "changed" else _number(asked, counted, filters)
    return f"{said}:\n" if counted.entries else f"{said}."


def _named(nearest: Sequence[Passage]) -> str:
    titles = dict.fromkeys(_title(passage.source.title) for passage in nearest)
    if not titles:
        return ""
    return f" The nearest in meaning {'is' if len(titles) == 1 else 'are'} {'; '.join(titles)}."


def _title(title: str) -> str:
    return f"“{' '.join(title.translate(_BRACKETS).split())[:_MOST_TITLE_CHARS]}”"


def _number(asked: InventoryQuestion, counted: Counted, filters: Filters) -> str:
    total, among = len(counted.entries), _documents(counted.among, asked, filters)
    if not counted.among:
        return f"There are no {among.partition(' ')[2]}"
    if not asked.words:
        return f"There {'is' if total == 1 else 'are'} {among}"
    titled = f", {counted.in_title:,} of them in the title" if counted.in_title else ""
    return f"{f'{total:,}' if total else 'None'} of {among} {_mention(asked.words, total)}{titled}"


def _documents(count: int, asked: InventoryQuestion, filters: Filters) -> str:
    """`25 documents`, `4 PDF files in “HR” that fit the filters`."""
    noun = f"{' or '.join(sorted(asked.formats))} file" if asked.formats else "document"
    parts = [f"{count:,} {noun}{'' if count == 1 else 's'}"]
    parts += [f"in “{asked.collection}”"] if asked.collection else []
    parts += [f"dated {_days(asked.dated)}"] if asked.dated else []
    parts += [f"that {'fits' if count == 1 else 'fit'} the filters"] if filters else []
    return " ".join(parts)


def _mention(words: str, count: int) -> str:
    either, one = alternatives(words), count == 1
    several = len(either) == 1 and len(words_of(words)) > 1
    verb = ("has the words" if one else "have the words") if several else ("mentions" if one else "mention")
    return f"{verb} {' or '.join(f'“{part}”' for part in either)}"


def _changes(asked: InventoryQuestion, counted: Counted, filters: Filters, today: date) -> str:
    anew = sum(entry.id in counted.anew for entry in counted.entries)
    done = {"added": len(counted.entries) - anew, "read in anew": anew, "deleted": counted.deleted}
    first, *rest = [(count, what) for what, count in done.items() if count] or [(0, _NOT_DONE[asked.change])]
    about = f" that {_mention(asked.words, first[0])}" if asked.words else ""
    noun = f"{_documents(first[0], asked, filters)}{about}"
    was = "was" if first[0] == 1 else "were"
    parts = [f"{noun} {was} {first[1]}", *(f"{count:,} {what}" for count, what in rest)]
    days = _days(_period(asked, today))
    said = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f"{days[0].upper()}{days[1:]}, {said if first[0] else 'no ' + said.partition(' ')[2]}"


def _days(period: Period) -> str:
    first, last = (full_date(day) for day in (period.first, period.last))
    return f"on {first}" if first == last else f"from {first} to {last}"


def _line(entry: Entry, asked: InventoryQuestion, counted: Counted, *, several: bool) -> str:
    """`- “Leave policy” · 4 March 2026 · HR`"""
    read = full_date(entry.at)
    if asked.kind == "changed":
        when = f"{'read in anew' if entry.id in counted.anew else 'added'} {read}"
    else:
        when = full_date(entry.dated) if entry.dated else f"read in {read}"
    return "\n- " + " · ".join(
        filter(None, (_title(entry.title), when, entry.collection.translate(_BRACKETS) if several else ""))
    )
