"""The promise of the product, on the sample company: a model gets one figure wrong, and the reader sees which."""

import re
from collections.abc import Iterator

import pytest

from assistant.access import Principal, Role
from assistant.bootstrap import EXAMPLES
from assistant.conversations import Conversations
from assistant.events import Answer, AnswerFinished, CheckedSentence, SentenceChecked
from assistant.llm import OpenAIModel
from assistant.turn import Assistant
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.retriever import CitewellRetriever
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.conftest import Shelf, open_shelf

ANNA = Principal("test", "anna", Role.ADMIN)
QUESTION = "How many days of annual leave do I get, and until when can I carry days over?"
RIGHT = "Everyone who works full time has 26 days of paid annual leave in a calendar year [{leave}]."
CARRIED = "You may take up to five unused days into the next year [{carried}]."
PLANTED = {
    "a number": (RIGHT.replace("26", "28"), "26 days"),
    "another number": (CARRIED.replace("five", "eight"), "five unused days"),
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Shelf]:
    shelf = open_shelf(tmp_path_factory.mktemp("company"), embedder)
    shelf.intake.read_paths([EXAMPLES / "company" / "hr", EXAMPLES / "company" / "it"], collection="company")
    yield shelf
    shelf.indexes.close()
    shelf.library.close()


def answered(company: Shelf, embedder: Embedder, *sentences: str) -> tuple[Answer, tuple[CheckedSentence, ...]]:
    """The answer to a turn in which the model writes these sentences, and the sentences as they were checked."""
    engine = open_database(f"sqlite:///{company.directory / 'library.sqlite'}")
    conversations = Conversations(engine)
    retriever = CitewellRetriever(engine=company.search, catalogue=company.catalogue, limit=8)
    n = {"leave": number_of("26 days", retriever, company), "carried": number_of("five unused", retriever, company)}
    with ScriptedEndpoint([reply(*(sentence.format(**n) + " " for sentence in sentences))]) as endpoint:
        model = OpenAIModel(endpoint.url, None, "scripted", max_retries=0)
        assistant = Assistant(company.library, retriever, conversations, embedder, model, 300)
        conversation = conversations.create(ANNA)
        events = tuple(assistant.ask(QUESTION, conversation_id=conversation, principal=ANNA))
    engine.dispose()
    last = events[-1]
    assert isinstance(last, AnswerFinished)
    return last.answer, tuple(event.sentence for event in events if isinstance(event, SentenceChecked))


def number_of(words: str, retriever: CitewellRetriever, company: Shelf) -> int:
    """The number that the model is given for the first passage with these words."""
    scope = frozenset(collection.id for collection in company.library.collections())
    passages = retriever.find(QUESTION, scope=scope).passages
    return next(n for n, passage in enumerate(passages, 1) if words in passage.text)


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("is_alone", [True, False])
def test_one_wrong_figure_is_contradicted_with_the_right_one_beside_it(planted, is_alone, company, embedder):
    wrong, right = PLANTED[planted]
    others = () if is_alone else (RIGHT, CARRIED)
    answer, told = answered(company, embedder, *others, wrong)
    assert told == answer.sentences
    doubtful = [sentence for sentence in answer.sentences if sentence.support != "supported"]
    assert [(sentence.support, sentence.text) for sentence in doubtful] == [
        ("contradicted", re.sub(r" \[.*\]", "", wrong))
    ]
    compared = doubtful[0].compared
    assert compared is not None
    assert right in compared.quote


def test_the_same_answer_with_the_right_figures_is_supported(company, embedder):
    answer, _ = answered(company, embedder, RIGHT, CARRIED)
    assert {sentence.support for sentence in answer.sentences} == {"supported"}
    assert answer.status == "answered"
