import pytest

from assistant.access import Principal
from assistant.conversations import Conversations, Work
from assistant.errors import ConversationNotFound
from assistant.events import Answer, CheckedSentence, Citation, Usage
from retrieval.database import open_database
from retrieval.values import Passage, Source

ANNA, BELA = Principal("test", "anna"), Principal("test", "bela")


@pytest.fixture
def conversations(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'c.sqlite'}")
    yield Conversations(engine)
    engine.dispose()


def answer() -> Answer:
    passage = Passage(Source(1, "c", "a.md", "A"), 0, 5, "Cats.", ("H",), 2, 0.9, frozenset({"dense"}))
    sentence = CheckedSentence("Cats.", 0, 9, "supported", (1,))
    return Answer("Cats. [1]", "answered", (sentence,), (Citation(1, passage, "Cats.", 0, 5),), Usage(), {"total": 1.0})


def test_the_question_is_stored_before_any_answer(conversations):
    conversation = conversations.create(ANNA)
    conversations.begin(conversation, ANNA, "What do cats do?")
    question, pending = conversations.messages(conversation, ANNA)
    assert (question.role, question.text) == ("user", "What do cats do?")
    assert (pending.role, pending.state, pending.text) == ("assistant", "pending", "")


def test_an_answer_comes_back_exactly_as_it_was_stored(conversations):
    conversation = conversations.create(ANNA)
    message = conversations.begin(conversation, ANNA, "What do cats do?")
    work = Work((answer().citations[0].passage,), None, answer())
    conversations.save(message, state="done", text="Cats. [1]", work=work)
    assert conversations.messages(conversation, ANNA)[-1].work == work


@pytest.mark.parametrize("act", ["messages", "begin"])
def test_anothers_conversation_and_an_absent_one_look_the_same(conversations, act):
    foreign = conversations.create(ANNA)
    arguments = (BELA, "mine now?") if act == "begin" else (BELA,)
    with pytest.raises(ConversationNotFound) as for_foreign:
        getattr(conversations, act)(foreign, *arguments)
    with pytest.raises(ConversationNotFound) as for_absent:
        getattr(conversations, act)("0" * 32, *arguments)
    assert for_foreign.value.hint == for_absent.value.hint


def test_answers_left_open_by_a_stopped_process_are_interrupted_with_what_was_written(conversations):
    conversation = conversations.create(ANNA)
    message = conversations.begin(conversation, ANNA, "q")
    conversations.save(message, state="streaming", text="half an ans")
    assert conversations.mark_interrupted() == 1
    left = conversations.messages(conversation, ANNA)[-1]
    assert (left.state, left.text) == ("interrupted", "half an ans")
    assert left.reason


def test_forgetting_a_person_leaves_the_others(conversations):
    mine, theirs = conversations.create(ANNA), conversations.create(BELA)
    conversations.begin(mine, ANNA, "q")
    conversations.begin(theirs, BELA, "q")
    conversations.forget(ANNA)
    with pytest.raises(ConversationNotFound):
        conversations.messages(mine, ANNA)
    assert len(conversations.messages(theirs, BELA)) == 2
