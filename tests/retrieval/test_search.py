import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.queries import Query, leans_on_history, queries_for
from retrieval.retriever import CitewellRetriever
from tests.conftest import document, open_shelf

LEAVE = "Employees have 25 days of annual leave. Unused days expire on 31 March."
CATS = "Cats sleep most of the day and hunt at dusk."
VPN = "Error E-4512 means that the VPN certificate has expired. Renew it in the self-service portal."


@pytest.fixture
def scope(shelf):
    return shelf.add("handbook", leave=LEAVE, cats=CATS, vpn=VPN)


def best(shelf, question, scope, **options):
    return shelf.search.passages(question, scope=scope, **options).passages[0].source.path


def test_meaning_finds_what_shares_no_word(shelf, scope):
    assert best(shelf, "how much vacation do people get per year", scope) == "leave"


def test_words_find_a_code_that_has_no_meaning(shelf, scope):
    assert best(shelf, "E-4512", scope) == "vpn"


def test_an_empty_scope_finds_nothing_and_asks_nothing(shelf, scope):
    found = shelf.search.passages("annual leave", scope=frozenset())
    assert found.passages == ()
    assert found.trace.queries == ()


def test_a_search_never_leaves_its_scope(shelf, scope):
    other = shelf.add("secret", secret="The annual leave of the board is 60 days.")
    inside = shelf.search.passages("annual leave", scope=scope).passages
    assert {p.source.collection for p in inside} == set(scope)
    both = shelf.search.passages("annual leave", scope=scope | other).passages
    assert {p.source.path for p in both} >= {"leave", "secret"}


def test_scores_fall_with_rank_and_passages_are_exact(shelf, scope):
    passages = shelf.search.passages("annual leave of cats", scope=scope).passages
    assert [p.score for p in passages] == sorted((p.score for p in passages), reverse=True)
    for passage in passages:
        _, parsed = shelf.library.document(passage.source.id, scope)
        assert parsed.text[passage.start : passage.end] == passage.text


def test_a_follow_up_is_understood_from_the_question_before_it(shelf, scope):
    assert (
        best(shelf, "and when do they expire?", scope, history=["How many days of annual leave are there?"]) == "leave"
    )


def test_a_first_question_is_one_query_and_a_follow_up_two_whose_weights_add_up():
    assert [q.weight for q in queries_for("a question", ())] == [1.0]
    follow_up = queries_for("and then?", ("the question before",))
    assert [q.text for q in follow_up] == ["and then?", "the question before\nand then?"]
    assert sum(q.weight for q in follow_up) == pytest.approx(1.0)


def test_neighbouring_chunks_are_joined_into_one_readable_passage(shelf):
    paragraphs = [
        f"Paragraph {n} says that the boiler number {n} is checked every {n + 2} weeks. " * 8 for n in range(4)
    ]
    scope = shelf.add("manual", boiler="\n\n".join(paragraphs))
    passages = shelf.search.passages("how often is the boiler checked", scope=scope, limit=8).passages
    assert len(passages) < shelf.library.chunk_count(next(iter(scope)))
    _, parsed = shelf.library.document(passages[0].source.id, scope)
    assert all(parsed.text[p.start : p.end] == p.text for p in passages)


def test_the_limit_counts_passages(shelf, scope):
    assert len(shelf.search.passages("day", scope=scope, limit=2).passages) == 2


def test_without_an_embedding_words_alone_answer(tmp_path):
    shelf = open_shelf(tmp_path, None)
    scope = shelf.add("handbook", leave=LEAVE, cats=CATS)
    found = shelf.search.passages("annual leave", scope=scope)
    assert found.passages[0].source.path == "leave"
    assert found.passages[0].found_by == {"lexical"}
    shelf.indexes.close()
    shelf.library.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    question=st.one_of(
        st.text(max_size=200), st.sampled_from(['AND NOT "', "a*b~2^", "[TO]", "🦊🦊", "\x00", "x " * 9999])
    )
)
def test_any_text_is_an_ordinary_query(shelf, scope, question):
    found = shelf.search.passages(question, scope=scope)
    assert len(found.passages) <= 3


def test_the_langchain_retriever_gives_documents_that_say_where_they_stand(shelf, scope):
    documents = CitewellRetriever(engine=shelf.search, catalogue=shelf.catalogue, scope=scope, limit=2).invoke(
        "annual leave"
    )
    assert documents[0].page_content == LEAVE
    assert documents[0].metadata["document"] == "leave"
    assert (documents[0].metadata["start"], documents[0].metadata["end"]) == (0, len(LEAVE))


def test_a_message_without_words_takes_nothing_over_from_the_question_before():
    assert queries_for("\U0001f600\U0001f389", ["How many days of leave do I have?"]) == (
        Query("\U0001f600\U0001f389", 1.0),
    )


@pytest.mark.parametrize(
    ("question", "leans"),
    [("And in the evening?", True), ("How much is it?", True), ("Is Spain one of the allowed countries?", False)],
)
def test_a_question_leans_on_the_one_before_by_its_words(question, leans):
    assert leans_on_history(question) is leans


def test_answerability_is_judged_by_the_better_of_the_two_best_documents(shelf):
    """The first is about what is asked, by its title, without answering it; the second answers."""
    question = "When do cats hunt?"
    (collection,) = scope = shelf.add("c")
    first = document("When do cats hunt, and what do they eat? Ask the vet.", title=question)
    second = document("Cats hunt at dusk and again at dawn.", title="Notes")
    shelf.intake.add_parsed(collection, [("first", first), ("second", second)])
    trace = shelf.search.passages(question, scope=scope).trace
    assert trace.candidates[0].dense > trace.candidates[1].dense
    assert trace.signals.title_cosine < 0.6
