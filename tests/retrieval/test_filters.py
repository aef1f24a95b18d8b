"""Filters: each value narrows as a person expects, in SQL, whatever letters it has."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from retrieval.catalogue import Wanted
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.errors import FilterRefused
from retrieval.filters import NO_FILTERS, FilterColumns, Filters, OneDocument, compile_filters, format_called
from retrieval.folding import Folded, fold
from retrieval.library import Failure, FileFacts
from retrieval.retriever import CitewellRetriever
from retrieval.values import ParsedDocument, Section
from tests.conftest import Shelf, opened_shelf

TODAY = datetime.now(UTC).date()
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
SEPARATOR = "x--x"
AWKWARD = st.text(st.sampled_from("%_\\'\"/*?[]^- éÉüßİ😀aA0"), max_size=12)


@pytest.fixture
def shelf(tmp_path: Path, embedder: Embedder, database: str) -> Iterator[Shelf]:
    """An empty library, in each kind of database."""
    yield from opened_shelf(tmp_path, embedder, database)


@pytest.fixture
def four(shelf: Shelf) -> Shelf:
    """Four documents of HR; two give their own day."""
    hr = shelf.library.create_collection("HR").id

    def parsed(title: str, format_: str, day: date | None) -> ParsedDocument:
        return ParsedDocument(title, f"{title}: leave.", (Section((), 0, 3),), dated=day, format=format_)

    shelf.intake.add_parsed(
        hr,
        [
            ("hr/travel.pdf", parsed("Travel and expenses 2026", "PDF", date(2026, 3, 4))),
            ("hr/old.docx", parsed("Travel and expenses 2024", "DOCX", date(2024, 2, 29))),
            ("hr/büro.md", parsed("Bürokosten: 100 %", "Markdown", None)),
            ("it/vpn.md", parsed("VPN_access", "Markdown", None)),
        ],
    )
    return shelf


def paths(shelf: Shelf, filters: Filters) -> set[str]:
    """The paths of what passes, by the list and by the ids alike."""
    scope = frozenset(c.id for c in shelf.library.collections())
    listed = shelf.catalogue.documents(scope, filters)
    ids = shelf.catalogue.ids(scope, filters)
    assert ids is None or ids == {entry.id for entry in listed}
    return {entry.path for entry in listed}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (NO_FILTERS, {"hr/travel.pdf", "hr/old.docx", "hr/büro.md", "it/vpn.md"}),
        (Filters(frozenset({"PDF", "DOCX"})), {"hr/travel.pdf", "hr/old.docx"}),
        (Filters(title="expenses TRAVEL"), {"hr/travel.pdf", "hr/old.docx"}),
        (Filters(title="buro"), {"hr/büro.md"}),
        (Filters(title="BÜRO"), {"hr/büro.md"}),
        (Filters(title="%"), {"hr/büro.md"}),
        (Filters(title="_"), {"it/vpn.md"}),
        (Filters(title="hr"), set()),
        (Filters(name="hr/ 2026"), {"hr/travel.pdf"}),
        (Filters(title="' OR 1=1 --"), set()),
        (Filters(dated_from=date(2026, 3, 4), dated_to=date(2026, 3, 4)), {"hr/travel.pdf"}),
        (Filters(dated_to=date(2024, 12, 31)), {"hr/old.docx"}),
        (Filters(dated_from=TODAY), {"hr/büro.md", "it/vpn.md"}),
        (Filters(read_from=TODAY - timedelta(1), read_to=TODAY), {"hr/travel.pdf", "hr/old.docx", "hr/büro.md", "it/vpn.md"}),
        (Filters(read_to=TODAY - timedelta(2)), set()),
        (Filters(frozenset({"Markdown"}), title="vpn", dated_from=TODAY), {"it/vpn.md"}),
    ],
)  # fmt: skip
def test_a_filter_lets_through_what_a_person_expects(four: Shelf, filters: Filters, expected: set[str]) -> None:
    assert paths(four, filters) == expected


def test_no_filter_is_no_condition_and_asks_nothing(shelf: Shelf) -> None:
    for nothing in (NO_FILTERS, Filters(title="  \t")):
        assert not nothing
        assert compile_filters(nothing) == ()
        assert shelf.catalogue.ids(frozenset({"any"}), nothing) is None


def test_ids_stay_inside_the_scope(four: Shelf) -> None:
    other = four.add("IT", travel="Travel is refunded.")
    assert len(four.catalogue.ids(other, Filters(title="travel")) or ()) == 1
    assert four.catalogue.ids(frozenset(), Filters(title="travel")) == frozenset()


def test_failures_are_filtered_by_the_same_conditions_as_documents(four: Shelf) -> None:
    (hr,) = scope = frozenset(c.id for c in four.library.collections())
    four.library.record_failures(hr, [Failure("hr/scan 100%.pdf", FileFacts("0" * 64, "PDF"), "No text.")])
    page = four.catalogue.page(scope, Wanted(Filters(frozenset({"PDF"}), name="100%")))
    assert [entry.path for entry in page.entries] == ["hr/scan 100%.pdf"]


def test_a_search_and_the_langchain_retriever_keep_to_the_filters(four: Shelf) -> None:
    scope = frozenset(c.id for c in four.library.collections())
    retriever = CitewellRetriever(engine=four.search, catalogue=four.catalogue, scope=scope)
    assert len(retriever.invoke("leave")) == 4
    only_pdf = retriever.model_copy(update={"filters": Filters(frozenset({"PDF"}))})
    assert [found.metadata["document"] for found in only_pdf.invoke("leave")] == ["hr/travel.pdf"]
    nothing = retriever.model_copy(update={"filters": Filters(title="no such title")})
    assert nothing.invoke("leave") == []


def test_a_first_day_after_the_last_is_refused_in_plain_words() -> None:
    with pytest.raises(FilterRefused, match=r"The first day, 2 May 2026, is after the last, 1 May 2026; swap them\."):
        Filters(dated_from=date(2026, 5, 2), dated_to=date(2026, 5, 1))
    with pytest.raises(FilterRefused):
        replace(Filters(read_from=date(2026, 5, 2)), read_to=date(2026, 5, 1))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("pdf", "PDF"), (".docx", "DOCX"), ("Excel", "XLSX"), ("Word files", "DOCX"), ("TSV", "CSV"), ("md", "Markdown")],
)
def test_a_type_is_known_by_its_name_its_ending_and_what_people_call_it(name: str, expected: str) -> None:
    assert format_called(name) == expected


def test_an_unknown_type_names_the_known_ones() -> None:
    with pytest.raises(FilterRefused, match=r"There is no type 'foo'; there are: PDF, DOCX, .*text\."):
        format_called("foo")


def test_filters_are_said_in_words() -> None:
    filters = Filters(frozenset({"PDF"}), "travel", dated_from=date(2026, 3, 4))
    assert filters.in_words() == ("PDF", "title has “travel”", "dated from 4 March 2026")
    assert Filters(read_from=date(2026, 3, 4), read_to=date(2026, 3, 4)).in_words() == ("read in on 4 March 2026",)


# Whatever letters


@pytest.fixture(scope="module")
def engine(shared_database: str) -> Iterator[Engine]:
    """A database whose connections know the folding."""
    opened = open_database(shared_database)
    yield opened
    opened.dispose()


def title_passes(engine: Engine, title: str, filters: Filters) -> bool:
    """Whether a row of that title meets the compiled conditions."""
    row = select(
        literal(title).label("title"),
        *(literal("").label(c) for c in ("collection", "path", "format", "dated", "added_at")),
    )
    files = row.subquery().alias("documents")
    columns = FilterColumns(*(files.c[name] for name in ("collection", "title", "path", "format", "dated", "added_at")))
    with engine.connect() as connection:
        return connection.execute(select(files).where(*compile_filters(filters, columns))).first() is not None


@settings(deadline=None)
@given(title=AWKWARD | TEXT, asked=AWKWARD | TEXT)
def test_a_title_passes_exactly_if_it_holds_each_word(engine: Engine, title: str, asked: str) -> None:
    expected = all(word in fold(title) for word in fold(asked).split())
    assert title_passes(engine, title, Filters(title=asked)) == expected


@settings(deadline=None)
@given(before=TEXT, word=AWKWARD | TEXT, after=TEXT)
def test_a_title_is_found_by_any_part_of_it(engine: Engine, before: str, word: str, after: str) -> None:
    assert title_passes(engine, before + word + after, Filters(title=word.upper() if word.isascii() else word))


def test_a_filter_of_ten_thousand_words_and_odd_characters_is_an_ordinary_filter(engine: Engine) -> None:
    for asked in ("word " * 10_000, "x" * 100_000, "\0", "\ud800", "%" * 5000):
        assert not title_passes(engine, "A title", Filters(title=asked)) or not fold(asked).split()


def test_every_character_is_folded_alike_in_python_and_in_sql(engine: Engine) -> None:
    # Between letters, for some are written otherwise at the end of a word.
    asked = [f"a{chr(n)}b {chr(n)}" for n in range(1, sys.maxunicode + 1) if not 0xD800 <= n < 0xE000]
    wrong: list[str] = []
    with engine.connect() as connection:
        for start in range(0, len(asked), 20_000):
            text = SEPARATOR.join(asked[start : start + 20_000])
            found = str(connection.execute(select(Folded(literal(text)))).scalar_one())
            pairs = zip(found.split(SEPARATOR), fold(text).split(SEPARATOR), strict=True)
            wrong += [one for one, other in pairs if one != other]
    assert wrong == []


def test_postgresql_folds_in_its_own_words() -> None:
    condition = compile_filters(Filters(title="bü%"))[0]
    assert "normalize(documents.title, NFKD)" in str(condition.compile(dialect=postgresql.dialect()))
    assert "citewell_fold(documents.title)" in str(condition.compile(dialect=sqlite.dialect()))


def one(shelf: Shelf, path: str, title: str = "VPN_access") -> OneDocument:
    (collection,) = shelf.library.collections()
    return OneDocument(collection.id, path, title)


def test_one_document_alone_passes_wherever_its_title_stands(four: Shelf) -> None:
    assert paths(four, Filters(only=one(four, "it/vpn.md"))) == {"it/vpn.md"}
    assert paths(four, Filters(frozenset({"PDF"}), only=one(four, "it/vpn.md"))) == set()
    assert paths(four, Filters(only=OneDocument("another", "it/vpn.md", "VPN_access"))) == set()


def test_one_document_stays_the_one_when_it_is_read_in_anew(four: Shelf) -> None:
    only = Filters(only=one(four, "it/vpn.md"))
    scope = frozenset(c.id for c in four.library.collections())
    before = four.catalogue.ids(scope, only)
    four.intake.add_parsed(
        one(four, "").collection, [("it/vpn.md", ParsedDocument("VPN", "VPN: anew.", (Section((), 0, 3),)))]
    )
    after = four.catalogue.ids(scope, only)
    assert after is not None
    assert len(after) == 1
    assert after != before


def test_one_document_in_words_and_with_others() -> None:
    first, second = OneDocument("c", "a.md", "Leave  policy"), OneDocument("c", "b.md", "VPN")
    assert Filters(only=first).in_words() == ("only “Leave policy”",)
    assert bool(Filters(only=first))
    assert Filters(only=first).and_also(Filters(only=second)) is None
    assert Filters(only=first).and_also(Filters(title="x")) == Filters(title="x", only=first)
