import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.access import Principal
from assistant.conversations import Conversations, Work
from assistant.errors import ConversationNotFound
from assistant.events import Answer, CheckedSentence, Citation, Usage
from retrieval.database import open_database
from retrieval.values import Passage, Source

ANNA, BELA = Principal("test", "anna"), Principal("test", "bela")


@pytest.fixture
def conversations(database: str):
    engine = open_database(database)
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


# Branches


def said(conversations: Conversations, conversation: str) -> list[str]:
    """The branch on screen, answers named after their ids."""
    return [m.text or f"answer {m.id}" for m in conversations.messages(conversation, ANNA)]


def test_a_question_put_differently_becomes_a_version_and_the_old_branch_is_kept(conversations):
    conversation = conversations.create(ANNA)
    conversations.begin(conversation, ANNA, "one")
    first = conversations.messages(conversation, ANNA)[0]
    old_answer = conversations.begin(conversation, ANNA, "two")
    new_answer = conversations.begin(conversation, ANNA, "one, but better", instead_of=first.id)
    question, answer = conversations.messages(conversation, ANNA)
    assert (question.text, answer.id) == ("one, but better", new_answer)
    assert question.versions == (first.id, question.id)
    assert answer.versions == ()
    conversations.choose(conversation, ANNA, first.id)
    assert [m.text for m in conversations.messages(conversation, ANNA)][::2] == ["one", "two"]
    assert conversations.leaf(conversation, ANNA) == old_answer
    assert conversations.count(conversation, ANNA) == 4


def test_an_answer_given_again_is_a_version_under_the_same_question(conversations):
    conversation = conversations.create(ANNA)
    first = conversations.begin(conversation, ANNA, "one")
    again = conversations.begin(conversation, ANNA, "one", instead_of=first)
    question, answer = conversations.messages(conversation, ANNA)
    assert (question.text, question.versions) == ("one", ())
    assert (answer.id, answer.versions) == (again, (first, again))


def test_a_version_brings_back_the_newest_of_what_follows_it(conversations):
    conversation = conversations.create(ANNA)
    first = conversations.begin(conversation, ANNA, "one")
    conversations.begin(conversation, ANNA, "two")
    two = conversations.messages(conversation, ANNA)[2]
    newest = conversations.begin(conversation, ANNA, "two, again", instead_of=two.id)
    conversations.begin(conversation, ANNA, "one", instead_of=first)
    conversations.choose(conversation, ANNA, first)
    assert conversations.leaf(conversation, ANNA) == newest
    assert [m.text for m in conversations.messages(conversation, ANNA)][::2] == ["one", "two, again"]


def test_a_branch_can_be_read_though_another_is_on_screen(conversations):
    conversation = conversations.create(ANNA)
    old = conversations.begin(conversation, ANNA, "one")
    conversations.begin(conversation, ANNA, "one", instead_of=old)
    assert [m.id for m in conversations.messages(conversation, ANNA, leaf=old)][-1] == old


def test_a_message_of_another_conversation_is_no_place_to_go_on_from(conversations):
    mine, other = conversations.create(ANNA), conversations.create(ANNA)
    conversations.begin(mine, ANNA, "q")
    elsewhere = conversations.begin(other, ANNA, "q")
    before = said(conversations, mine)
    with pytest.raises(ConversationNotFound):
        conversations.begin(mine, ANNA, "q", instead_of=elsewhere)
    with pytest.raises(ConversationNotFound):
        conversations.choose(mine, ANNA, elsewhere)
    assert said(conversations, mine) == before


def test_nobody_else_chooses_or_sees_the_branch_of_a_conversation(conversations):
    conversation = conversations.create(ANNA)
    message = conversations.begin(conversation, ANNA, "q")
    with pytest.raises(ConversationNotFound):
        conversations.choose(conversation, BELA, message)
    with pytest.raises(ConversationNotFound):
        conversations.leaf(conversation, BELA)


def test_a_long_branch_is_read_by_its_newest_messages_and_counted_whole(conversations):
    conversation = conversations.create(ANNA)
    for number in range(520):
        answer_id = conversations.begin(conversation, ANNA, f"question {number}")
    conversations.begin(conversation, ANNA, "again", instead_of=answer_id)
    newest = conversations.messages(conversation, ANNA, newest=4)
    assert [m.text for m in newest] == ["question 518", "", "question 519", ""]
    assert conversations.count(conversation, ANNA) == 1040
    assert len(conversations.messages(conversation, ANNA)) == 1040


def test_what_is_known_of_answers_that_have_ended_is_not_read_again(conversations):
    conversation = conversations.create(ANNA)
    ended = conversations.begin(conversation, ANNA, "one")
    conversations.save(ended, state="done", text="Yes.", work=Work())
    open_ = conversations.begin(conversation, ANNA, "two")
    before = conversations.branch(conversation, ANNA, newest=40)
    assert (before.total, before.leaf) == (4, open_)
    assert before.messages == conversations.messages(conversation, ANNA)
    conversations.save(open_, state="done", text="No.", work=Work())
    conversations.follow_up(ended, ("What else?",), title=None, usage=Usage())
    after = conversations.branch(conversation, ANNA, newest=3, known=before.messages)
    assert after.messages == conversations.messages(conversation, ANNA, newest=3)
    assert after.messages[0].work is before.messages[1].work
    assert (after.messages[0].follow_ups, after.messages[-1].text) == (("What else?",), "No.")


ACTS = st.lists(st.tuples(st.sampled_from(("ask", "edit", "again", "choose")), st.integers(0, 40)), max_size=25)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(acts=ACTS)
def test_whatever_is_asked_again_the_branch_is_well_formed(conversations, acts):
    """It alternates from a first question to the leaf, versions share their place, and nothing said is lost."""
    conversation, asked, known = conversations.create(ANNA), 0, set()
    for act, number in acts:
        shown = conversations.messages(conversation, ANNA)
        questions, answers = shown[::2], shown[1::2]
        versions = sorted({v for m in shown for v in m.versions})
        if act == "ask" or not shown:
            conversations.begin(conversation, ANNA, f"question {number}")
            asked += 2
        elif act == "edit":
            place = questions[number % len(questions)].id
            conversations.begin(conversation, ANNA, f"edited {number}", instead_of=place)
            asked += 2
        elif act == "again":
            place = answers[number % len(answers)]
            conversations.begin(conversation, ANNA, "as before", instead_of=place.id)
            asked += 1
        elif versions:
            chosen = versions[number % len(versions)]
            conversations.choose(conversation, ANNA, chosen)
            assert chosen in [m.id for m in conversations.messages(conversation, ANNA)]
        branch = conversations.messages(conversation, ANNA)
        assert [m.role for m in branch] == ["user", "assistant"] * (len(branch) // 2)
        assert branch[-1].id == conversations.leaf(conversation, ANNA)
        assert [m.id for m in branch] == sorted(m.id for m in branch)
        assert all(m.id in m.versions for m in branch if m.versions)
        known |= {m.id for m in branch} | {v for m in branch for v in m.versions}
        assert len(known) == asked
